#ifndef ZPM_RUNTIME_PROC_HEALTH_H
#define ZPM_RUNTIME_PROC_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The checks of a proc's run: from its machine's wishes to runtime/checks.h and
 * back.
 */
struct zpm_proc;
struct zpm_snapshot;

/* Its program runs: since now (NULL), or since another supervisor looked after
 * it, who came as far as `before` tells.  Without the memory to check it, it is
 * not checked. */
void zpm_proc_health_begin(struct zpm_proc *proc,
                           const struct zpm_snapshot *before);
/* It has ended, or has been told to. */
void zpm_proc_health_end(struct zpm_proc *proc);
/* proc->error: why it is not ready in time. */
void zpm_proc_health_explain(struct zpm_proc *proc);

#endif
