#ifndef ZPM_CLIENT_RIGHT_H
#define ZPM_CLIENT_RIGHT_H

#include <stdbool.h>

#include "platform/paths.h"

/*
 * What it takes to be the one who starts a daemon.
 *
 * `start` keeps other commands out for the moment.  `log` becomes the standard
 * error of keeper and daemon, and of nobody else: while its lock is held, one
 * of the two is alive, and a daemon that cannot be reached is being started
 * again by its keeper.  A second pair would start a second copy of every app.
 */
struct zpm_right {
  int start;
  int log;
};

/* Opens both files, in folders that are made if need be. */
int zpm_right_open(const struct zpm_paths *paths, struct zpm_right *right,
                   struct zpm_error *err);
/* Whether both locks are ours now. */
bool zpm_right_win(const struct zpm_right *right);
/* A lock stays with who has inherited its descriptor. */
void zpm_right_close(const struct zpm_right *right);

#endif
