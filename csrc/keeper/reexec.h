#ifndef ZPM_KEEPER_REEXEC_H
#define ZPM_KEEPER_REEXEC_H

#include "keeper/keeper.h"

/*
 * The keeper becomes another keeper by execve: its pid, children, zombies and
 * descriptors stay, all that it knows goes along in a file (handover.h).
 *
 * There is no way back from an exec, so the other program is asked first: a
 * child runs it with --check, all our words and that file.  Only if it ends
 * with the one exit code that says "I can be you" do we go.  Until then, and
 * when it does not, we serve on.
 */

/* REEXEC. Returns 0 or an errno to refuse with; the answer comes later. */
int zpm_reexec_begin(struct zpm_keeper *keeper,
                     const struct zpm_wire_record *record);
/* The checker has ended. */
void zpm_reexec_on_checked(struct zpm_keeper *keeper, int status);
/* Goes, or refuses, if it is time for that. */
void zpm_reexec_step(struct zpm_keeper *keeper);
/* When to call that at the latest; 0: no need. */
uint64_t zpm_reexec_due(const struct zpm_keeper *keeper);
/* Who asked for it is dead. */
void zpm_reexec_cancel(struct zpm_keeper *keeper);

/* ---- the other program ---- */

/* --check FD: returns the exit code. */
int zpm_reexec_check(struct zpm_keeper *keeper, int handover);
/* --resume FD: 0, or -1 with errno. */
int zpm_reexec_resume(struct zpm_keeper *keeper, int handover);

#endif
