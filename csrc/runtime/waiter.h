#ifndef ZPM_RUNTIME_WAITER_H
#define ZPM_RUNTIME_WAITER_H

#include <stdbool.h>
#include <stdint.h>

#include "zpm/supervisor.h"

/*
 * A command whose outcome is still to come.  It waits at its app, is looked at
 * whenever that app changes, and is answered once: when what it wanted has come
 * about, cannot, or was taken back by a later command.
 */
enum zpm_wish {
  ZPM_WISH_START,
  ZPM_WISH_RESTART,
  ZPM_WISH_SCALE, /* up to as many as there are to be */
  ZPM_WISH_STOP,
  ZPM_WISH_GONE
};

struct zpm_app;
struct zpm_waiter;

struct zpm_waiter_options {
  enum zpm_wish wish;
  bool until_ready; /* START, RESTART: not only until its program runs */
  zpm_done_cb *done;
  void *ctx;
};

/* Registers the command.  Out of memory: it is answered so, and ZPM_ENOMEM is
 * returned: the caller must not go on. */
int zpm_waiter_add(struct zpm_app *app,
                   const struct zpm_waiter_options *options);

/* What whoever starts the app should know, too, although it succeeds: put
 * behind the answer.  Out of memory: it is left out. */
void zpm_waiter_note(struct zpm_app *app, const char *text);

/* Whether there is something to answer now. */
bool zpm_waiter_any_due(const struct zpm_app *app);

/* Answers those whose time has come. */
void zpm_waiter_settle(struct zpm_app *app);

/* Answers all that are left: with `code`, or (0) that the app is gone: which is
 * what some of them wished. */
void zpm_waiter_dismiss(struct zpm_app *app, int code);

#endif
