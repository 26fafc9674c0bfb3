#ifndef ZPM_CLI_PROGRAMS_H
#define ZPM_CLI_PROGRAMS_H

#include "platform/paths.h"
#include "platform/platform.h"

/*
 * Copies of zpm, zpm-keeper and their scripts in ZPM_HOME/bin.  What an init
 * system starts must be there after the next update of Node, too, and many
 * people have zpm below the folder of one version of it (nvm, fnm, asdf).
 */

/* Appends the path of the copy of zpm. */
int zpm_programs_put_path(struct zpm_str *out, const struct zpm_paths *paths);

/* Makes the copies, or makes them anew, from what lies beside `zpm_path`.  All
 * that is written is written as `owner`, and belongs to it.  Each is replaced
 * as a whole, so that one that runs is not disturbed. */
int zpm_programs_install(const struct zpm_paths *paths, const char *zpm_path,
                         const struct zpm_platform_user *owner,
                         struct zpm_error *err);

#endif
