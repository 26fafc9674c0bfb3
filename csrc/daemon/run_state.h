#ifndef ZPM_DAEMON_RUN_STATE_H
#define ZPM_DAEMON_RUN_STATE_H

#include <stdbool.h>

#include <uv.h>

#include "base/str.h"
#include "daemon/home.h"
#include "daemon/outlet.h"
#include "zpm/supervisor.h"

/*
 * What the files of `zpm daemon --run` share: run.c (its life), run_output.c
 * (the way of what the app says).
 */
enum { ZPM_RUN_SIGNALS = 8 };

enum zpm_run_stage {
  ZPM_RUN_ON,
  ZPM_RUN_TOLD, /* to leave: its app is being stopped */
  ZPM_RUN_LEAVING,
  ZPM_RUN_LAST_WORDS, /* only output is left to be written */
};

struct zpm_run_host {
  uv_loop_t loop;
  uv_signal_t signals[ZPM_RUN_SIGNALS];
  uv_timer_t leave; /* leaving begins from the loop, not from a callback */
  struct zpm_home home;
  struct zpm_supervisor *supervisor;
  enum zpm_run_stage stage;
  bool was_told; /* to leave, by a signal or for want of a reader */
  int exit_code;
  struct zpm_str farewell; /* said when all output of the app has been */

  /* run_output.c */
  struct zpm_outlet outlets[2]; /* by enum zpm_stream */
  bool holds;                   /* the app waits for its reader */
  bool lost;                    /* some output, and that has been said */
  bool exited;                  /* a run of the app, the moment before */
  struct zpm_str verdict; /* on that run; said unless it was the last one */
};

/* The output is of no use to anybody any more, or told to leave. */
void zpm_run_tell(struct zpm_run_host *run);
/* Nothing is left to be written. */
void zpm_run_finish(struct zpm_run_host *run);

/* ---- run_output.c ---- */

void zpm_run_output_init(struct zpm_run_host *run);
void zpm_run_output_close(struct zpm_run_host *run);
/* Of the supervisor. */
zpm_observer_cb zpm_run_output_observe;
/* "zpm: <text>" on standard error. */
void zpm_run_output_say(struct zpm_run_host *run, const char *text);
bool zpm_run_output_is_done(const struct zpm_run_host *run);

#endif
