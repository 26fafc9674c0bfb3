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
  ZPM_RUN_NOTIFY = 4, /* no descriptor of the child: it knows a name */
  ZPM_RUN_FDS
};

/* Asks for a new process.  Returns ZPM_EVENTS, or what to feed because it could
 * not even be asked for (CANNOT, FORK_FAILED; proc->error says why). */
enum zpm_event zpm_proc_run_begin(struct zpm_proc *proc);

/* The keeper's name for our end of the child's fd (1, 2, the channel), or
 * of the notify socket. */
void zpm_proc_run_name(char *name, int fd, uint64_t id);

/* Goes on with a run that another supervisor began.  `fds` are our ends by the
 * child's fd (-1: not there) and are taken over. */
int zpm_proc_run_adopt(struct zpm_proc *proc, uint64_t id, int *fds);

/* What is in the log pipes goes to the files, then all is closed. */
void zpm_proc_run_end(struct zpm_proc *proc);

#endif
