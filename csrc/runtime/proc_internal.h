#ifndef ZPM_RUNTIME_PROC_INTERNAL_H
#define ZPM_RUNTIME_PROC_INTERNAL_H

#include "runtime/proc.h"

/* What the files of a proc share. */

/* Moves the machine, and carries out what it says until nothing follows. */
void zpm_proc_step(struct zpm_proc *proc, enum zpm_event event);

/* The part of the effects that must be known before the rest is done. */
void zpm_proc_set_timer(struct zpm_proc *proc, struct zpm_effects effects);

/* Asks it to leave.  Asked twice, many programs leave at once; never asked,
 * they are killed: that it has been asked is noted after it was.  Returns the
 * event that follows at once, or ZPM_EVENTS. */
enum zpm_event zpm_proc_terminate(struct zpm_proc *proc);

/* If it is ready, its worker gets connections. */
void zpm_proc_admit(struct zpm_proc *proc);

/* Asks its leader to end, by a message or a signal. */
void zpm_proc_signal_end(struct zpm_proc *proc);

/* STARTING, and something is to be done before there is a run. */
static inline bool zpm_proc_prepares(const struct zpm_proc *proc)
{
  return proc->clearing != NULL || proc->testing != NULL;
}

/* What a start waits for before its run.  False: it did not. */
bool zpm_proc_give_up_waiting(struct zpm_proc *proc);

/* Whatever is left of its tree. */
void zpm_proc_kill(struct zpm_proc *proc);

/* STARTING, but there is no run: what the machine asked for is done again. */
void zpm_proc_begin_again(struct zpm_proc *proc);

#endif
