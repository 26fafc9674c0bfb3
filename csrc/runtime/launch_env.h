#ifndef ZPM_RUNTIME_LAUNCH_ENV_H
#define ZPM_RUNTIME_LAUNCH_ENV_H

#include "base/str.h"
#include "zpm/error.h"

struct zpm_identity;
struct zpm_launch_options;

/*
 * The environment of an app: the marker first (so that it is found in the first
 * page of /proc/PID/environ), then the caller's, what its user has instead, the
 * variables of envFile over it, the config's over those, then what zpm says.
 * Variables that would make the app take itself for a part of zpm, or of
 * another Node program, are left out.
 *
 * ZPM_ESTART if envFile cannot be used, or ZPM_ENOMEM (perhaps without a
 * message).
 */
int zpm_launch_env_build(struct zpm_strv *env,
                         const struct zpm_launch_options *options,
                         const struct zpm_identity *identity,
                         struct zpm_error *err);

/* What a Node app needs to find its channel. */
int zpm_launch_env_add_channel(struct zpm_strv *env,
                               const struct zpm_launch_options *options);

#endif
