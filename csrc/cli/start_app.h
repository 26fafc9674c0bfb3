#ifndef ZPM_CLI_START_APP_H
#define ZPM_CLI_START_APP_H

#include "cli/cli.h"

/* One app that is to be started, beside what is in cli->args.config. */
struct zpm_start_app {
  const char *known; /* its name, if zpm knows it already; or NULL */
  const char *near;  /* another app that may have been meant, or NULL */
};

/* Asks for it, says what came of it, and in dev mode goes on with its output.
 * Returns an exit code. */
int zpm_start_app(struct zpm_cli *cli, struct zpm_talk *talk,
                  const struct zpm_start_app *app, struct zpm_error *err);

#endif
