#ifndef ZPM_KEEPER_WATCHDOG_H
#define ZPM_KEEPER_WATCHDOG_H

#include "keeper/keeper.h"

/*
 * The death of a daemon costs nothing, so one that does not do its work is
 * ended, and the next one takes over:
 *
 *   stopped (SIGSTOP) and not continued              patience
 *   on trial ("@next") and not confirmed             3 x patience
 *   told something, then silent, then asked, silent  2 x 3 x patience
 *
 * There is no timer while there is nothing to wait for: the kernel tells its
 * parent when it is stopped, and only one that owes an answer is asked.
 */
enum { ZPM_WATCHDOG_PATIENCE_MS = 10000 };

/* A new daemon owes nothing. */
void zpm_watchdog_reset(struct zpm_keeper *keeper);
/* After SIGCHLD: was it stopped, or continued? */
void zpm_watchdog_look(struct zpm_keeper *keeper);
void zpm_watchdog_on_told(struct zpm_keeper *keeper);
void zpm_watchdog_on_heard(struct zpm_keeper *keeper);

/* When to call _step at the latest; 0: no need. */
uint64_t zpm_watchdog_due(const struct zpm_keeper *keeper);
void zpm_watchdog_step(struct zpm_keeper *keeper);

#endif
