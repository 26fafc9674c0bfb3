#ifndef ZPM_RUNTIME_JOB_OUTPUT_H
#define ZPM_RUNTIME_JOB_OUTPUT_H

#include <stdbool.h>

#include <uv.h>

#include "core/last_line.h"
#include "runtime/closer.h"
#include "zpm/error.h"

/*
 * What a job writes: to the logs of its app, or read and forgotten but for the
 * last line.  Either way it is never blocked for long, and no amount of it
 * takes memory.
 */
struct zpm_log;
struct zpm_log_source;

struct zpm_job_output {
  struct zpm_log_source *sources[2];
  int fd;         /* of the pipe that is read here; -1: none */
  uv_poll_t poll; /* of the fd */
  struct zpm_last_line last;
};

/* `logs` (by enum zpm_stream), or NULL: only the last line is kept.  child[1]
 * and child[2] become the ends that the child writes to: the caller's to close,
 * also on failure (-1: none). */
int zpm_job_output_open(struct zpm_job_output *output, uv_loop_t *loop,
                        struct zpm_log *const *logs, int child[3],
                        struct zpm_error *err);

/* What is in the pipes now is read, then they are closed: what writes to them
 * later gets SIGPIPE.  Harmless when nothing is open. */
void zpm_job_output_close(struct zpm_job_output *output,
                          struct zpm_closer *closer);

#endif
