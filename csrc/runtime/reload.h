#ifndef ZPM_RUNTIME_RELOAD_H
#define ZPM_RUNTIME_RELOAD_H

#include <stdbool.h>

#include "zpm/supervisor.h"

/*
 * Replaces the processes of an app, instance by instance, under its traffic:
 * the new one is ready before the old one gets its last connection, and has the
 * old one's sockets.  core/replacement.h says what happens to each.  When one
 * cannot be replaced the reload is over: what is not replaced yet goes on.
 *
 * In cluster mode the sockets are the app's; in fork mode the old process is
 * asked for its own.
 */
struct zpm_app;
struct zpm_reload;

enum zpm_reload_kind {
  ZPM_RELOAD_REPLACE,
  ZPM_RELOAD_RETIRE, /* nobody succeeds them: the second half alone */
};

struct zpm_reload_options {
  enum zpm_reload_kind kind;
  unsigned first;    /* instance */
  unsigned end;      /* the one after the last */
  unsigned parallel; /* successors that come at a time, while as many old ones
                        leave; at least 1 */
  /* In place of `done`, which it is given: the process in fork mode has not
   * given its sockets.  The reload is over. */
  void (*refused)(struct zpm_app *app, zpm_done_cb *done, void *ctx);
  zpm_done_cb *done;
  void *ctx;
};

/* Begins with the next zpm_reload_step.  0 or ZPM_ENOMEM; then `done` is not
 * called. */
int zpm_reload_begin(struct zpm_app *app,
                     const struct zpm_reload_options *options);
/* After any change of the app: does what is to be done next.  What is over is
 * answered, and app->reload is NULL after that. */
void zpm_reload_step(struct zpm_app *app);
/* The app is about to go: answers `code`. */
void zpm_reload_cancel(struct zpm_app *app, int code);

#endif
