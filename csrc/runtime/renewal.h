#ifndef ZPM_RUNTIME_RENEWAL_H
#define ZPM_RUNTIME_RENEWAL_H

#include <stdbool.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * What starts an app anew without anybody's doing: files that change, and its
 * schedule.  With a reloadCommand, files that change start that first, and the
 * app only once it has succeeded; what changes meanwhile leads to one more.
 */
struct zpm_recipe;
struct zpm_renewal;
struct zpm_services;

struct zpm_renewal_events {
  /* `why` is a sentence: "src/a.js changed". */
  void (*renew)(void *ctx, const char *why);
  /* For the host's log. */
  void (*trouble)(void *ctx, const char *text);
};

struct zpm_renewal_options {
  struct zpm_services *services;
  const struct zpm_recipe *recipe;
  const struct zpm_renewal_events *events;
  void *ctx;
};

/* What the app wants of it at the moment. */
struct zpm_renewal_wish {
  bool files;
  bool schedule;
  uint64_t run; /* number of the run that is up; 0: none is */
};

/* NULL: out of memory. */
struct zpm_renewal *
zpm_renewal_create(const struct zpm_renewal_options *options);
/* No callback comes after this. NULL is legal. */
void zpm_renewal_destroy(struct zpm_renewal *renewal);

/* Begins and ends to watch.  What fails is told as trouble. */
void zpm_renewal_sync(struct zpm_renewal *renewal,
                      const struct zpm_renewal_wish *wish);

#endif
