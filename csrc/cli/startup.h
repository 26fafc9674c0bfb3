#ifndef ZPM_CLI_STARTUP_H
#define ZPM_CLI_STARTUP_H

#include <stdbool.h>

#include "cli/cli.h"
#include "platform/paths.h"
#include "platform/platform.h"
#include "proto/service.h"

/*
 * What `zpm startup` and `zpm unstartup` are about to do: for whom, by which
 * init system, and which file.
 */
struct zpm_startup {
  struct zpm_service service; /* its strings are those below */
  struct zpm_platform_user owner;
  struct zpm_paths paths;
  struct zpm_str program; /* the copy of zpm that it will run */
  struct zpm_str name;    /* of the service */
  struct zpm_str file;    /* path */
  struct zpm_str text;    /* what goes into it */
};

/* Finds all of it out; changes nothing.  To be released also if it failed. */
int zpm_startup_plan(struct zpm_startup *startup, const struct zpm_cli *cli,
                     struct zpm_error *err);
void zpm_startup_deinit(struct zpm_startup *startup);

/* Whether that can be done here and by us: ZPM_EUNSUPPORTED, ZPM_EACCESS. */
int zpm_startup_check(const struct zpm_startup *startup, struct zpm_error *err);

/* Writes its file, with the folders on the way there. */
int zpm_startup_write(const struct zpm_startup *startup, struct zpm_error *err);

/* Runs the commands of one step; what they print goes to standard error. */
int zpm_startup_run(const struct zpm_startup *startup,
                    enum zpm_service_step step, struct zpm_error *err);
/* One command; its exit code, or a negative code if it cannot be run. */
int zpm_startup_run_command(const char *const *words);

#endif
