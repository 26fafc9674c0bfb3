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

/* Path of agent.cjs: beside this program, or in the package that it is part of.
 * ZPM_EIO if there is none. */
int zpm_home_find_agent(struct zpm_str *path);

#endif
