#ifndef ZPM_RUNTIME_LAUNCH_CHECK_H
#define ZPM_RUNTIME_LAUNCH_CHECK_H

#include <stdbool.h>

#include "base/str.h"
#include "core/record.h"
#include "runtime/launch_find.h"
#include "zpm/error.h"

/* What can be found wrong before anything is forked.  All return 0, or
 * ZPM_ESTART (or ZPM_ENOMEM) with a message. */

int zpm_launch_check_cwd(const char *cwd, struct zpm_error *err);

/* Finds the script or command of that name: an absolute path in `out`. */
int zpm_launch_find_script(const struct zpm_finder *finder, const char *name,
                           struct zpm_str *out, struct zpm_build *build,
                           struct zpm_error *err);

/* For a script that an interpreter is to read. */
int zpm_launch_check_readable(const char *script, struct zpm_error *err);

/* For one that is executed itself: the right to, and its first line.
 * `is_node`: that asks for Node.js without options. */
int zpm_launch_check_executable(const struct zpm_finder *finder,
                                const char *script, bool *is_node,
                                struct zpm_error *err);

/* Finds what is to run the script. */
int zpm_launch_find_interpreter(const struct zpm_finder *finder,
                                const char *script, const char *interpreter,
                                struct zpm_str *out, struct zpm_error *err);

#endif
