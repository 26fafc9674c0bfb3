#ifndef ZPM_RUNTIME_JOB_H
#define ZPM_RUNTIME_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/record.h"
#include "zpm/error.h"

/*
 * A command that is run once beside an app: an exec probe, a reloadCommand, the
 * worker of a self-test.
 *
 * It is started as an app is (by the keeper, in a session of its own, with the
 * app's folder, environment, user and limits), and ended as one is: at its
 * deadline, or when it is cancelled, the whole of its tree is killed, and what
 * its shell leaves behind is too.  `done` comes when nothing of it is left, so
 * that no two jobs of the same owner ever overlap.
 */
struct zpm_closer;
struct zpm_job;
struct zpm_recipe;
struct zpm_services;

enum { ZPM_JOB_OUTPUT_MAX = 160 };

/* The recipe's program, as a Node worker that has this channel. */
struct zpm_job_worker {
  int fd;     /* its end, which stays the caller's */
  int32_t id; /* NODE_UNIQUE_ID */
};

struct zpm_job_options {
  const struct zpm_recipe *recipe;
  const char *command;                 /* given to /bin/sh -c, or: */
  const struct zpm_job_worker *worker; /* else NULL */
  uint64_t timeout_ms;                 /* 0: none */
  bool to_logs; /* its output goes to the app's logs; else only its last
                   line is kept, and no amount of it does harm */
};

struct zpm_job_result {
  bool timed_out;
  struct zpm_error error; /* code != 0: it could not be started */
  struct zpm_exit end; /* of the shell or worker, unless error or timed_out */
  char output[ZPM_JOB_OUTPUT_MAX + 1]; /* last line that is not blank */
};

typedef void zpm_job_done_cb(void *ctx, const struct zpm_job_result *result);

/* `done` comes once, from the loop, unless the job is cancelled before. */
int zpm_job_start(struct zpm_services *services,
                  const struct zpm_job_options *options, zpm_job_done_cb *done,
                  void *ctx, struct zpm_job **out, struct zpm_error *err);
/* Kills its tree and forgets who asked: `done` does not come, nothing of
 * recipe or ctx is touched again. */
void zpm_job_cancel(struct zpm_job *job);

/* For the end of a supervisor, once its apps are closed and before its reaper
 * and link are: kills what is left of all jobs (they have been cancelled by
 * their owners) and lets go of them.  Each holds the closer until then. */
void zpm_job_drop_all(struct zpm_services *services, struct zpm_closer *closer);

#endif
