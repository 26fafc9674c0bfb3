#ifndef ZPM_CLI_EXITS_H
#define ZPM_CLI_EXITS_H

#include <cjson/cJSON.h>

#include "cli/screen.h"

/* How the last processes of an app ended: the "exits" of `describe`, newest
 * first, each with what it had said last.  Nothing if there are none. */
void zpm_exits_show(struct zpm_screen *screen, const cJSON *exits);

/* Whether the newest one says what its process had written last. */
bool zpm_exits_tell_lines(const cJSON *exits);

#endif
