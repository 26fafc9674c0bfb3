#ifndef ZPM_RUNTIME_RELOAD_H
#define ZPM_RUNTIME_RELOAD_H

#include <stdbool.h>

#include "zpm/supervisor.h"

/*
 * Replaces the processes of an app in cluster mode, instance by instance, under
 * its traffic: the new one is ready before the old one gets its last
 * connection, and has the old one's sockets.
 *
 *   STARTING   the successor is not ready yet.  Should it end, or not be ready
 *              within readyTimeout, it is ended and the reload is over: what is
 *              not replaced yet goes on.
 *   DRAINING   it is current now.  The old one ends its kept-alive connections,
 *              as far as they are used in that time.
 *   LEAVING    the old one closes its servers, and has drainTimeout to finish
 *              what it does.
 *
 * A successor is ready when it is running and, if what it succeeds listens,
 * listens as well.
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
  unsigned parallel; /* instances at a time; at least 1 */
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
