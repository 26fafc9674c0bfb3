#ifndef ZPM_RUNTIME_PROC_EXIT_H
#define ZPM_RUNTIME_PROC_EXIT_H

/*
 * How a run of a proc ended, and what people are told of it.
 */
struct zpm_proc;

/* proc->last_exit from a wait status, with its cause. */
void zpm_proc_exit_note(struct zpm_proc *proc, int wait_status);

/* proc->error: why it is not started again by itself.  `said`: what it said
 * last, or NULL. */
void zpm_proc_exit_explain_hold(struct zpm_proc *proc, const char *said);

/* proc->error: what of it survives SIGKILL. */
void zpm_proc_exit_explain_stuck(struct zpm_proc *proc);

#endif
