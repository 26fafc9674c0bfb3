#ifndef ZPM_RUNTIME_LAUNCH_FIND_H
#define ZPM_RUNTIME_LAUNCH_FIND_H

#include "base/str.h"

/* Where a command may lie.  All of these give the absolute path of an
 * executable file in `out`, and return 0, -EACCES (there is a file, but it may
 * not be executed; its path is in `out`), -ENOENT or ZPM_ENOMEM. */
struct zpm_finder {
  const char *cwd;  /* absolute */
  const char *path; /* PATH */
};

/* In the folders of PATH. */
int zpm_find_in_path(const struct zpm_finder *finder, const char *command,
                     struct zpm_str *out);

/* In node_modules/.bin of cwd and of each folder above it, then in PATH. */
int zpm_find_command(const struct zpm_finder *finder, const char *command,
                     struct zpm_str *out);

/* A path if there is a '/' in it (relative: to cwd), else a command. */
int zpm_find_program(const struct zpm_finder *finder, const char *program,
                     struct zpm_str *out);

#endif
