#ifndef ZPM_CLI_HANDOVER_LOG_H
#define ZPM_CLI_HANDOVER_LOG_H

#include "base/str.h"

/*
 * Why a new daemon did not come to serve: the last thing that it said in
 * daemon.log (`text`: what was written there since it was asked for), or else
 * what the keeper said of its end.  Appends nothing if nobody said anything.
 */
int zpm_handover_log_cause(struct zpm_str *out, const char *text);

#endif
