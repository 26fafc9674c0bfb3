#ifndef ZPM_DAEMON_HOME_H
#define ZPM_DAEMON_HOME_H

#include "base/str.h"
#include "platform/paths.h"
#include "zpm/error.h"

/*
 * The folder that a daemon lives in, and the lock on it: whoever holds the lock
 * is the daemon of that folder, whatever pid files or sockets lie there.
 */
struct zpm_home {
  struct zpm_paths paths;
  int lock; /* -1: not held */
};

/* Makes the folder, enters it and takes the lock.  ZPM_EBUSY if another daemon
 * has it.  Is to be released also when it fails. */
int zpm_home_take(struct zpm_home *home, const char *folder,
                  const char *namespace_name, struct zpm_error *err);
void zpm_home_leave(struct zpm_home *home);

/* The programs that belong to this one, and the words that start its like. */
struct zpm_heritage {
  struct zpm_str keeper;  /* path of zpm-keeper, beside this program */
  struct zpm_str agent;   /* path of agent.cjs, also in the package that this
                             program is part of; empty: there is none */
  struct zpm_strv daemon; /* for the keeper to start the next daemon with */
};

/* Is to be released also when it fails. */
int zpm_home_heritage(struct zpm_heritage *heritage, const char *namespace_name,
                      struct zpm_error *err);
void zpm_heritage_deinit(struct zpm_heritage *heritage);

#endif
