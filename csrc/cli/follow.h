#ifndef ZPM_CLI_FOLLOW_H
#define ZPM_CLI_FOLLOW_H

#include <stdbool.h>

#include "cli/cli.h"

/* The output of apps on the screen, as `zpm logs` shows it. */
struct zpm_follow {
  const char *name; /* of one app, whose output is shown as it is; NULL: all */
  const char *stream;  /* "out", "err", or NULL: both */
  unsigned long lines; /* of history */
  bool live;           /* go on with what comes */
  bool until_ctrl_c;   /* which then ends the showing, not the program */
};

/* Until the end of what was asked for, Ctrl-C (if that is waited for), or
 * nobody reads what is written.  When the daemon dies, and its keeper starts
 * the next one, the output goes on where it was left: nothing is missing, and
 * nothing is shown twice. */
int zpm_follow_show(const struct zpm_follow *follow, struct zpm_cli *cli,
                    struct zpm_talk *talk, struct zpm_error *err);

#endif
