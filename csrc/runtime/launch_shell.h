#ifndef ZPM_RUNTIME_LAUNCH_SHELL_H
#define ZPM_RUNTIME_LAUNCH_SHELL_H

#include "zpm/error.h"

struct zpm_config;
struct zpm_launch;
struct zpm_launch_options;
struct zpm_spawn;

/* A command of the app instead of the app itself: /bin/sh -c `command` with its
 * environment. */
int zpm_launch_shell(struct zpm_launch *launch,
                     const struct zpm_launch_options *options,
                     const char *command, struct zpm_error *err);

/* What the keeper is to start, but for id and fds: the launch in the app's
 * folder, as its user, with its limits.  Borrows from both. */
void zpm_launch_fill_spawn(struct zpm_spawn *spawn,
                           const struct zpm_launch *launch,
                           const struct zpm_config *config);

#endif
