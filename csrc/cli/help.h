#ifndef ZPM_CLI_HELP_H
#define ZPM_CLI_HELP_H

#include "base/str.h"
#include "proto/commands.h"

/* Help from the command table and the field table, at most 80 columns wide. */

/* All commands, for `zpm help`. */
int zpm_help_overview(struct zpm_str *out);
/* One command, with its options. */
int zpm_help_command(struct zpm_str *out, const struct zpm_command *command);

#endif
