#ifndef ZPM_KEEPER_DAEMON_H
#define ZPM_KEEPER_DAEMON_H

#include "keeper/keeper.h"

/*
 * Starts the daemon with a fresh socketpair, the table and all stored
 * descriptors.  The first one also gets our standard output, where it tells
 * its starter that it is ready; after that ours is /dev/null.  If it cannot be
 * started it is due again later.
 */
void zpm_daemon_start(struct zpm_keeper *keeper);

/* One that runs already, or our host, has lost its keeper and made us in its
 * place: it is at the other end of keeper->ctl.fd. */
void zpm_daemon_join(struct zpm_keeper *keeper);

/* The socket of one that is no child of ours has ended: so has it. */
void zpm_daemon_lose(struct zpm_keeper *keeper);

/* Deals with a death: what the daemon had sent is still done, then the next one
 * is due, or nobody is (keeper->quitting). */
void zpm_daemon_bury(struct zpm_keeper *keeper);

#endif
