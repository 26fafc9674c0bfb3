#ifndef ZPM_RUNTIME_IDENTITY_H
#define ZPM_RUNTIME_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * Who an app runs as: from config.user, uid and gid to numbers, with the user's
 * supplementary groups.  Nothing asked for: as the daemon.
 *
 * Never root by mistake: an unknown user or group is refused, so is a gid alone
 * while we are root (the app would still be root), and anything but ourselves
 * while we are not.
 */
struct zpm_config;

struct zpm_identity {
  int uid; /* ZPM_SPEC_KEEP */
  int gid; /* ZPM_SPEC_KEEP */
  uint32_t *groups;
  size_t group_count;
  char *name; /* of the user, for USER and LOGNAME; NULL: as it was */
  char *home; /* for HOME; NULL: as it was */
};

/* ZPM_ESTART with a message, or ZPM_ENOMEM. */
int zpm_identity_resolve(struct zpm_identity *identity,
                         const struct zpm_config *config,
                         struct zpm_error *err);
void zpm_identity_deinit(struct zpm_identity *identity);

#endif
