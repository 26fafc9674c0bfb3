#ifndef ZPM_CLI_LAST_ERRORS_H
#define ZPM_CLI_LAST_ERRORS_H

#include "cli/screen.h"
#include "cli/talk.h"

/* Asks for the last lines of the app's err.log and shows them, if there are
 * any. */
int zpm_last_errors_show(struct zpm_screen *screen, struct zpm_talk *talk,
                         const char *name, struct zpm_error *err);

/* After a start that failed: on standard error, what the process that ended
 * since `asked_ms` had said last.  Nothing if there is none. */
void zpm_last_errors_tell(struct zpm_talk *talk, const char *name,
                          double asked_ms);
/* Milliseconds since 1970. */
double zpm_last_errors_now(void);

#endif
