#ifndef ZPM_API_STATE_H
#define ZPM_API_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "api/api.h"

/* What the api holds; private to csrc/api. */
struct zpm_api {
  uv_loop_t *loop;
  struct zpm_supervisor *supervisor;
  void (*on_shutdown)(void *ctx); /* NULL: `shutdown` is refused */
  int (*on_update)(void *ctx, const char *program, struct zpm_error *err);
  void *ctx;
  char *home;           /* or NULL */
  char *namespace_name; /* or NULL */
  struct zpm_list peers;
  size_t log_listeners;  /* subscriptions that want output */
  size_t listeners;      /* all subscriptions */
  struct zpm_list tails; /* characters cut in two, see tail.h */
  bool shutting_down;    /* the apps are being stopped */
  bool shut_down;        /* they have been */
};

#endif
