#ifndef ZPM_RUNTIME_PROC_RUN_H
#define ZPM_RUNTIME_PROC_RUN_H

#include <stdint.h>

#include "core/machine.h"

/*
 * What one run of a proc owns outside of it: pipes, the IPC channel, the
 * keeper's copies of them, and the request to start it.
 */
struct zpm_proc;

enum {
  ZPM_RUN_CHANNEL_FD = 3,
  /* No descriptors of the child: */
  ZPM_RUN_NOTIFY = 4, /* it knows a name for it */
  ZPM_RUN_EXEC,       /* the result of its start (keeper_exec.h) */
  ZPM_RUN_WATCH,      /* its leader, if that is no child of the keeper */
  ZPM_RUN_FDS
};

/* Asks for a new process.  Returns ZPM_EVENTS, or what to feed because it could
 * not even be asked for (CANNOT, FORK_FAILED; proc->error says why). ZPM_EVENTS
 * without a run: the keeper is lost, and the next one is to be asked. */
enum zpm_event zpm_proc_run_begin(struct zpm_proc *proc);

/* The keeper's name for our end of the child's fd (1, 2, the channel), or
 * of what else belongs to the run. */
void zpm_proc_run_name(char *name, int fd, uint64_t id);

/* Goes on with a run that another supervisor began.  `fds` are our ends by the
 * child's fd (-1: not there) and are taken over, but for EXEC, which the caller
 * has taken. */
int zpm_proc_run_adopt(struct zpm_proc *proc, uint64_t id, int *fds);

/* Nobody goes on with that run: closes `fds`, here and in the keeper. */
void zpm_proc_run_discard(const struct zpm_proc *proc, uint64_t id, int *fds);

/* The keeper is a new one: gives it what it is to hold of the run. */
void zpm_proc_run_hand_over(struct zpm_proc *proc);

/* The keeper lets go of our end of the child's fd. */
void zpm_proc_run_forget(const struct zpm_proc *proc, int fd);

/* What is in the log pipes goes to the files, then all is closed. */
void zpm_proc_run_end(struct zpm_proc *proc);

#endif
