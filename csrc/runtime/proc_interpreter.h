#ifndef ZPM_RUNTIME_PROC_INTERPRETER_H
#define ZPM_RUNTIME_PROC_INTERPRETER_H

#include "core/machine.h"

/*
 * What a run of a worker must know of the program that runs it: whether it is a
 * Node to whom the cluster can be spoken, before it begins; and that it has
 * indeed said something, when it runs.
 */
struct zpm_proc;

/* zpm_proc_run_begin as soon as that is known: the event to feed next, or
 * ZPM_EVENTS.  Meanwhile proc->testing is set. */
enum zpm_event zpm_proc_interpreter_begin(struct zpm_proc *proc);
/* Harmless if nothing is waited for. */
void zpm_proc_interpreter_give_up(struct zpm_proc *proc);

/* Its program runs: it is to be online soon. */
void zpm_proc_interpreter_watch(struct zpm_proc *proc);
/* It is; or its run, or its cluster, is over. */
void zpm_proc_interpreter_unwatch(struct zpm_proc *proc);

#endif
