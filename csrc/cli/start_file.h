#ifndef ZPM_CLI_START_FILE_H
#define ZPM_CLI_START_FILE_H

#include "cli/cli.h"

/* `zpm start apps.json`: every app of the file. Returns an exit code. */
int zpm_start_file(struct zpm_cli *cli, const char *path,
                   struct zpm_error *err);

#endif
