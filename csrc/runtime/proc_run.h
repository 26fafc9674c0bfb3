#ifndef ZPM_RUNTIME_PROC_RUN_H
#define ZPM_RUNTIME_PROC_RUN_H

#include "core/machine.h"

/*
 * What one run of a proc owns outside of it: pipes, the IPC channel, the
 * keeper's copies of them, and the request to start it.
 */
struct zpm_proc;

/* Asks for a new process.  Returns ZPM_EVENTS, or what to feed because it could
 * not even be asked for (CANNOT, FORK_FAILED; proc->error says why). */
enum zpm_event zpm_proc_run_begin(struct zpm_proc *proc);

/* What is in the log pipes goes to the files, then all is closed. */
void zpm_proc_run_end(struct zpm_proc *proc);

#endif
