#ifndef ZPM_RUNTIME_PROC_CHANNEL_H
#define ZPM_RUNTIME_PROC_CHANNEL_H

/*
 * The channel of a run: what its app says goes to its worker, if it is one of a
 * cluster, and to its checks.
 */
struct zpm_proc;

/* In cluster mode; else nothing.  0 or ZPM_ENOMEM. */
int zpm_proc_channel_begin_worker(struct zpm_proc *proc);
/* After its worker has begun.  Takes `fd` over, also on failure. */
int zpm_proc_channel_open(struct zpm_proc *proc, int fd);
/* The worker ends with it. */
void zpm_proc_channel_drop(struct zpm_proc *proc);

#endif
