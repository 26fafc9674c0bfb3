#ifndef ZPM_KEEPER_CHILDREN_H
#define ZPM_KEEPER_CHILDREN_H

#include "keeper/keeper.h"

/* Whether the pid still is the child's: of our own always, a foreign one may
 * have been reaped by whoever its parent is now. */
bool zpm_children_is_there(const struct zpm_child *child);

/* Signals a child, or its whole group. 0, or -1 with errno. */
int zpm_children_signal(pid_t pid, int number, bool group);

/*
 * Looks at who has died.  An app stays a zombie, its status read but not
 * reaped, until the daemon acknowledges its exit: the kernel is the queue, and
 * the number cannot be used again before.  Orphans are reaped at once.  The
 * daemon's death is noted in keeper->daemon_died.
 */
void zpm_children_reap(struct zpm_keeper *keeper);

#endif
