#ifndef ZPM_CLI_APPFILE_H
#define ZPM_CLI_APPFILE_H

#include <stdbool.h>

#include "base/str.h"
#include "zpm/error.h"

/* A JSON file with the config of one app, or an array of them. */

/* By its name: "apps.json". */
bool zpm_appfile_is_meant(const char *path);

/* By its name, the program that PM2 takes its apps from. */
bool zpm_appfile_is_foreign(const char *path);

/* Reads it and appends the configs as one JSON array.  Paths in it are relative
 * to its own folder, which is also where an app without a cwd runs.  The fields
 * themselves are checked by the daemon. */
int zpm_appfile_read(struct zpm_str *out, const char *path,
                     struct zpm_error *err);

/* The same from memory; `folder` is absolute, `path` is for messages. */
int zpm_appfile_parse(struct zpm_str *out, const char *text, const char *folder,
                      const char *path, struct zpm_error *err);

#endif
