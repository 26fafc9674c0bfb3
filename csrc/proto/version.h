#ifndef ZPM_PROTO_VERSION_H
#define ZPM_PROTO_VERSION_H

#include <stdbool.h>

#include "base/str.h"

/*
 * Whether a client and a daemon of two versions may talk: yes, if the major
 * versions are the same (while that is 0: the minor ones as well).  A version
 * that cannot be read is compatible with nothing.
 */
bool zpm_version_compatible(const char *client, const char *daemon);

/* For people: which side is newer, and what to do.  Appends nothing when there
 * is nothing to do (the versions are the same). */
int zpm_version_advice(struct zpm_str *out, const char *client,
                       const char *daemon);

#endif
