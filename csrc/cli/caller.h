#ifndef ZPM_CLI_CALLER_H
#define ZPM_CLI_CALLER_H

#include <stdbool.h>

#include "cli/args.h"
#include "proto/writer.h"

/*
 * What a command line means, put in a form that means the same to the daemon:
 * it lives in another folder and has another environment.
 */

/* Completes args->config by --args, --with, --cluster and what follows "--";
 * its paths become absolute.  ZPM_EARG and such: wrong usage. */
int zpm_caller_settle(struct zpm_args *args, struct zpm_error *err);

/* `path` as seen from `folder` (NULL: the current one), appended. */
int zpm_caller_put_absolute(struct zpm_str *out, const char *folder,
                            const char *path, struct zpm_error *err);

/* "x/y", ".", "..": no name of a command. */
bool zpm_caller_is_path(const char *text);

/* The script as a daemon can find it: absolute if it is a path, or a file of
 * that name in `folder` (NULL: the current one); else as it is, a command to
 * search for. */
int zpm_caller_put_script(struct zpm_str *out, const char *folder,
                          const char *script, struct zpm_error *err);

/* The given fields, secrets included, as JSON text. */
int zpm_caller_put_config(struct zpm_str *out, const struct zpm_config *config,
                          struct zpm_error *err);

/* "callerEnv": our own environment, less what is private to us. */
int zpm_caller_write_environment(struct zpm_writer *writer,
                                 struct zpm_error *err);

/* Sets a field by its JSON name. */
int zpm_caller_set(struct zpm_config *config, const char *field,
                   const char *text, struct zpm_error *err);

#endif
