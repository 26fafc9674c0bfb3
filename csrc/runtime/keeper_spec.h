#ifndef ZPM_RUNTIME_KEEPER_SPEC_H
#define ZPM_RUNTIME_KEEPER_SPEC_H

#include "zpm/error.h"

struct zpm_spawn;

/* Writes what is to be run as a spec (keeper/wire.h) into an anonymous file.
 * Returns its descriptor, or a negative code. */
int zpm_keeper_spec_create(const struct zpm_spawn *spawn,
                           struct zpm_error *err);

/* Which limit (enum zpm_rlimit_kind) a failed stage speaks of; -1: none. */
int zpm_keeper_spec_rlimit_of(int stage);

#endif
