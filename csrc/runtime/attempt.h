#ifndef ZPM_RUNTIME_ATTEMPT_H
#define ZPM_RUNTIME_ATTEMPT_H

#include "core/health.h"
#include "core/probe.h"

/*
 * One attempt of a probe: a page is asked for, a connection made, or a command
 * run, within the probe's timeout in all.
 */
struct zpm_attempt;
struct zpm_recipe;
struct zpm_services;

/* `cause` is for people; "" if it passed. */
typedef void zpm_attempt_done_cb(void *ctx, enum zpm_outcome outcome,
                                 const char *cause);

struct zpm_attempt_options {
  struct zpm_services *services;
  const struct zpm_recipe *recipe; /* exec runs as the app does */
  const struct zpm_probe *probe;   /* valid; the caller's, until it is over */
  int connected; /* http: a connection to ask over, taken over also on failure;
                    -1: one is made */
};

/* What a code means that no attempt came of: void, if we are out of something;
 * else failed. */
enum zpm_outcome zpm_attempt_outcome(int rc);

/* `done` comes once, from the loop, unless the attempt is cancelled before.
 * When it comes, nothing of the attempt is left that the app could notice. */
int zpm_attempt_start(const struct zpm_attempt_options *options,
                      zpm_attempt_done_cb *done, void *ctx,
                      struct zpm_attempt **out, struct zpm_error *err);
/* Memory is released by the loop. */
void zpm_attempt_cancel(struct zpm_attempt *attempt);

#endif
