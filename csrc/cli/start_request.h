#ifndef ZPM_CLI_START_REQUEST_H
#define ZPM_CLI_START_REQUEST_H

#include "cli/cli.h"

/* Completes a start request by --wait and our environment, sends it, and waits
 * for the line of its reply; NULL with err filled. */
const char *zpm_start_request_finish(const struct zpm_cli *cli,
                                     struct zpm_talk *talk,
                                     struct zpm_error *err);

#endif
