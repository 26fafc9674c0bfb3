#ifndef ZPM_CLI_LAST_ERRORS_H
#define ZPM_CLI_LAST_ERRORS_H

#include "cli/screen.h"
#include "cli/talk.h"

/* Asks for the last lines of the app's err.log and shows them, if there are
 * any. */
int zpm_last_errors_show(struct zpm_screen *screen, struct zpm_talk *talk,
                         const char *name, struct zpm_error *err);

#endif
