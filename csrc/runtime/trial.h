#ifndef ZPM_RUNTIME_TRIAL_H
#define ZPM_RUNTIME_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "core/selftest.h"

/*
 * One self-test of a Node binary: a cluster of our own with one worker, to whom
 * is done what core/selftest.h says.  It is a job, so all of it is ended with
 * the test, whatever the binary does.
 */
struct zpm_config;
struct zpm_services;
struct zpm_trial;

struct zpm_trial_options {
  const char *program;             /* absolute */
  const char *script;              /* selftest.cjs */
  const struct zpm_config *config; /* of the app that is to be started: whose
                                      user it runs as */
  const struct zpm_strv *env;      /* of that: what a worker needs of it */
  uint64_t limit_ms;               /* then it has failed */
};

/* PASSED, the step that failed, or UNKNOWN: it could not be run.  `in_vain`: it
 * was waited for until the end, which may be the machine's doing. */
typedef void zpm_trial_done_cb(void *ctx, enum zpm_selftest verdict,
                               bool in_vain);

/* `done` comes once, from the loop, unless the trial is cancelled before; the
 * trial is gone then.  NULL: it cannot be run.  The loop is not kept alive. */
struct zpm_trial *zpm_trial_start(struct zpm_services *services,
                                  const struct zpm_trial_options *options,
                                  zpm_trial_done_cb *done, void *ctx);
/* Ends it; memory is released by the loop. */
void zpm_trial_cancel(struct zpm_trial *trial);

#endif
