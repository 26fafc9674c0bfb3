#ifndef ZPM_CLIENT_DETACH_H
#define ZPM_CLIENT_DETACH_H

#include "zpm/error.h"

/*
 * Starts a program which is nobody's child: forked twice, in a session of its
 * own, with these three descriptors and no other, default signals, and this
 * working directory.
 *
 * Returns once the program has been started or could not be: -errno then.
 */
struct zpm_detach {
  char *const *argv; /* argv[0] is the path */
  char *const *env;
  const char *folder;
  int in, out, err;
};

int zpm_detach_run(const struct zpm_detach *detach);

#endif
