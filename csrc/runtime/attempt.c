#include "runtime/attempt.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/alloc.h"
#include "runtime/closer.h"
#include "runtime/dial.h"
#include "runtime/exchange.h"
#include "runtime/job.h"
#include "runtime/services.h"

/* Where it asks: http and tcp. */
struct wire {
  uv_timer_t timer; /* the deadline */
  uint64_t due_ms;
  struct zpm_closer closer; /* timer and dial */
  struct zpm_endpoint endpoint;
  struct zpm_dial dial;
  struct zpm_exchange exchange; /* http, once connected */
};

struct zpm_attempt {
  const struct zpm_probe *probe;
  zpm_attempt_done_cb *done; /* NULL: it is over */
  void *ctx;
  struct zpm_job *job; /* exec, while it runs */
  struct wire *wire;   /* NULL: exec */
};

/* ---- its end ---- */

static void on_wire_closed(void *ctx)
{
  struct zpm_attempt *attempt = ctx;

  zpm_free(attempt->wire);
  zpm_free(attempt);
}

static void on_dial_closed(void *ctx)
{
  struct zpm_attempt *attempt = ctx;

  zpm_closer_release(&attempt->wire->closer);
}

static void on_timer_closed(uv_handle_t *handle)
{
  on_dial_closed(handle->data);
}

/* Lets go of everything; the memory may be gone afterwards. */
static void let_go(struct zpm_attempt *attempt)
{
  struct wire *wire = attempt->wire;

  attempt->done = NULL;
  if (wire == NULL) {
    zpm_free(attempt);
    return;
  }
  zpm_exchange_end(&wire->exchange);
  zpm_closer_init(&wire->closer, on_wire_closed, attempt);
  zpm_closer_hold(&wire->closer);
  uv_close((uv_handle_t *)&wire->timer, on_timer_closed);
  zpm_dial_close(&wire->dial, on_dial_closed);
}

static void finish(struct zpm_attempt *attempt, enum zpm_outcome outcome,
                   const char *cause)
{
  zpm_attempt_done_cb *done = attempt->done;
  void *ctx = attempt->ctx;

  let_go(attempt);
  done(ctx, outcome, cause);
}

enum zpm_outcome zpm_attempt_outcome(int rc)
{
  switch (rc) {
  case ZPM_ENOMEM:
  case UV_ENOMEM:
  case UV_EMFILE:
  case UV_ENFILE:
  case UV_ENOBUFS:
  case UV_EAI_MEMORY:
  case ZPM_ESTART: /* exec: the shell cannot be run */
  case ZPM_EKEEPER:
    return ZPM_OUTCOME_VOID;
  default:
    return ZPM_OUTCOME_FAILED;
  }
}

/* ---- http ---- */

static void on_answer(void *ctx, int status, const char *cause)
{
  struct zpm_attempt *attempt = ctx;
  char text[ZPM_HEALTH_CAUSE_SIZE];

  if (status < 0)
    finish(attempt, zpm_attempt_outcome(status), cause);
  else if (status == 0)
    finish(attempt, ZPM_OUTCOME_FAILED, cause);
  else if (zpm_health_status_passes(attempt->probe, (unsigned)status))
    finish(attempt, ZPM_OUTCOME_PASSED, "");
  else
    finish(attempt, ZPM_OUTCOME_FAILED,
           zpm_health_status_cause(attempt->probe, (unsigned)status, text));
}

static int ask(struct zpm_attempt *attempt, struct zpm_error *err)
{
  struct wire *wire = attempt->wire;

  wire->exchange.done = on_answer;
  wire->exchange.ctx = attempt;
  return zpm_exchange_start(&wire->exchange, (uv_stream_t *)&wire->dial.tcp,
                            &wire->endpoint, attempt->probe->insecure, err);
}

/* ---- http and tcp ---- */

static void on_connected(void *ctx, int rc)
{
  struct zpm_attempt *attempt = ctx;
  bool was_found = attempt->wire->dial.next > 0;
  char text[ZPM_HEALTH_CAUSE_SIZE];
  struct zpm_error err = {0};

  if (rc != 0) {
    snprintf(text, sizeof(text), "%s%s",
             was_found ? "" : "its name cannot be resolved: ", uv_strerror(rc));
    finish(attempt, zpm_attempt_outcome(rc), text);
  } else if (attempt->probe->type == ZPM_PROBE_TCP) {
    finish(attempt, ZPM_OUTCOME_PASSED, "");
  } else {
    rc = ask(attempt, &err);
    if (rc != 0)
      finish(attempt, zpm_attempt_outcome(rc), err.message);
  }
}

static const char *what_lacks(const struct wire *wire)
{
  switch (wire->dial.phase) {
  case ZPM_DIAL_LOOKING_UP:
    return "its name was not resolved";
  case ZPM_DIAL_CONNECTED:
    return zpm_exchange_lacks(&wire->exchange);
  case ZPM_DIAL_CONNECTING:
  case ZPM_DIAL_FAILED:
  default:
    return "no connection";
  }
}

/* Late means that we were held up, and the answer may lie there unread. */
static void on_deadline(uv_timer_t *timer)
{
  struct zpm_attempt *attempt = timer->data;
  uint32_t timeout_ms = attempt->probe->timeout_ms;
  bool is_late = zpm_health_is_late(timeout_ms, attempt->wire->due_ms,
                                    uv_now(timer->loop));
  char text[ZPM_HEALTH_CAUSE_SIZE];
  char time[ZPM_HEALTH_TIME_SIZE];

  snprintf(text, sizeof(text), "%s within %s", what_lacks(attempt->wire),
           zpm_health_time(timeout_ms, time));
  finish(attempt, is_late ? ZPM_OUTCOME_VOID : ZPM_OUTCOME_FAILED, text);
}

/* Over the connection that there is, if there is one. */
static int dial(struct zpm_attempt *attempt, struct zpm_services *services,
                int connected, struct zpm_error *err)
{
  struct wire *wire = attempt->wire;
  int rc = connected >= 0
               ? zpm_dial_adopt(&wire->dial, services, connected, attempt)
               : zpm_dial_start(&wire->dial, services, &wire->endpoint,
                                on_connected, attempt);

  if (rc != 0)
    return zpm_error_set(
        err, rc, "%s", rc == ZPM_ENOMEM ? zpm_code_text(rc) : uv_strerror(rc));
  return connected >= 0 ? ask(attempt, err) : 0;
}

static void start_clock(struct zpm_attempt *attempt, uv_loop_t *loop)
{
  struct wire *wire = attempt->wire;

  uv_timer_init(loop, &wire->timer);
  uv_unref((uv_handle_t *)&wire->timer);
  wire->timer.data = attempt;
  uv_update_time(loop);
  wire->due_ms = uv_now(loop) + attempt->probe->timeout_ms;
  uv_timer_start(&wire->timer, on_deadline, attempt->probe->timeout_ms, 0);
}

static int create_wire(const struct zpm_probe *probe, struct wire **out,
                       struct zpm_error *err)
{
  struct wire *wire = zpm_alloc_zeroed(1, sizeof(*wire));
  int rc;

  if (wire == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  rc = zpm_probe_endpoint((enum zpm_probe_type)probe->type, probe->target,
                          &wire->endpoint, err);
  if (rc != 0)
    zpm_free(wire);
  else
    *out = wire;
  return rc;
}

/* 0, or a code; then it is to be let go. */
static int start_wire(struct zpm_attempt *attempt,
                      const struct zpm_attempt_options *options,
                      struct zpm_error *err)
{
  int rc = create_wire(attempt->probe, &attempt->wire, err);

  if (rc != 0) {
    if (options->connected >= 0)
      close(options->connected);
    return rc;
  }
  attempt->wire->dial.ctx = attempt;
  start_clock(attempt, options->services->loop);
  return dial(attempt, options->services, options->connected, err);
}

/* ---- exec ---- */

static void on_job_done(void *ctx, const struct zpm_job_result *result)
{
  struct zpm_attempt *attempt = ctx;
  const struct zpm_exit *end = result->timed_out ? NULL : &result->end;
  char text[ZPM_HEALTH_CAUSE_SIZE];

  attempt->job = NULL;
  if (result->error.code != 0)
    finish(attempt, zpm_attempt_outcome(result->error.code),
           result->error.message);
  else if (end != NULL && zpm_health_exit_passes(end))
    finish(attempt, ZPM_OUTCOME_PASSED, "");
  else
    finish(attempt, ZPM_OUTCOME_FAILED,
           zpm_health_exit_cause(attempt->probe, end, result->output, text));
}

static int start_job(struct zpm_attempt *attempt,
                     const struct zpm_attempt_options *options,
                     struct zpm_error *err)
{
  struct zpm_job_options job = {.recipe = options->recipe,
                                .command = attempt->probe->target,
                                .timeout_ms = attempt->probe->timeout_ms};

  return zpm_job_start(options->services, &job, on_job_done, attempt,
                       &attempt->job, err);
}

/* ---- life ---- */

int zpm_attempt_start(const struct zpm_attempt_options *options,
                      zpm_attempt_done_cb *done, void *ctx,
                      struct zpm_attempt **out, struct zpm_error *err)
{
  struct zpm_attempt *attempt = zpm_alloc_zeroed(1, sizeof(*attempt));
  int rc;

  if (attempt == NULL) {
    if (options->connected >= 0)
      close(options->connected);
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  }
  attempt->probe = options->probe;
  attempt->done = done;
  attempt->ctx = ctx;
  if (options->probe->type == ZPM_PROBE_EXEC)
    rc = start_job(attempt, options, err);
  else
    rc = start_wire(attempt, options, err);
  if (rc != 0)
    let_go(attempt);
  else
    *out = attempt;
  return rc;
}

void zpm_attempt_cancel(struct zpm_attempt *attempt)
{
  if (attempt->job != NULL)
    zpm_job_cancel(attempt->job);
  let_go(attempt);
}
