#ifndef ZPM_RUNTIME_LAUNCH_SHELL_H
#define ZPM_RUNTIME_LAUNCH_SHELL_H

#include "zpm/error.h"

struct zpm_launch;
struct zpm_launch_options;

/* A command of the app instead of the app itself: /bin/sh -c `command` with its
 * environment. */
int zpm_launch_shell(struct zpm_launch *launch,
                     const struct zpm_launch_options *options,
                     const char *command, struct zpm_error *err);

#endif
