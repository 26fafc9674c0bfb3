#ifndef ZPM_CLI_RUNS_H
#define ZPM_CLI_RUNS_H

#include <cjson/cJSON.h>

#include "base/str.h"

/* Appends what runs for a config, as one would type it: "node --inspect
 * /srv/api.js --port 1".  Nothing if it has no script. */
int zpm_runs_put(struct zpm_str *out, const cJSON *config);

/* Appends one word after a blank, quoted as for a shell if it must be. */
int zpm_runs_put_word(struct zpm_str *out, const char *word);

#endif
