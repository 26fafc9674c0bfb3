#ifndef ZPM_RUNTIME_IDENTITY_H
#define ZPM_RUNTIME_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * Who an app runs as: from config.user, uid and gid to numbers, with the user's
 * supplementary groups.  Nothing asked for: as the daemon.
 *
 * Never root by mistake: an unknown user is refused, so is a gid alone while we
 * are root (the app would still be root), and anything but ourselves while we
 * are not.  A uid that has no name is taken as it is if a gid comes with it:
 * containers have such users.
 */
struct zpm_config;
struct zpm_strv;

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

/* HOME, USER and LOGNAME, if they are not as they were. */
int zpm_identity_put_env(const struct zpm_identity *identity,
                         struct zpm_strv *env);

/* Makes the pipes among them its own, so that it may open them again as
 * /dev/stdout.  What cannot be given is left as it is. */
void zpm_identity_give(const struct zpm_identity *identity, const int *fds,
                       size_t count);

#endif
