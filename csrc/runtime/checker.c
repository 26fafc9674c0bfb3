#include "runtime/checker.h"

#include <stdio.h>

#include "runtime/attempt.h"
#include "runtime/closer.h"
#include "runtime/services.h"

static void on_attempted(void *ctx, enum zpm_outcome outcome, const char *cause)
{
  struct zpm_checker *checker = ctx;

  checker->attempt = NULL;
  snprintf(checker->cause, sizeof(checker->cause), "%s", cause);
  uv_update_time(checker->services->loop);
  checker->done(checker->ctx, checker, outcome);
}

static const char *cause_of(int rc)
{
  if (rc == UV_ECONNREFUSED)
    return "it does not listen there";
  return rc == UV_EBUSY ? "it takes no connection" : uv_strerror(rc);
}

/* As of zpm_visit_cb: of a tcp probe it is enough that it listens. */
static int visit(struct zpm_checker *checker, int *fd, struct zpm_error *err)
{
  const struct zpm_probe *probe = checker->probe;
  struct zpm_endpoint endpoint;
  int rc;

  if (checker->visit == NULL || probe->type == ZPM_PROBE_EXEC)
    return 0;
  rc = zpm_probe_endpoint((enum zpm_probe_type)probe->type, probe->target,
                          &endpoint, err);
  if (rc != 0)
    return rc;
  rc = checker->visit(checker->visit_ctx, &endpoint,
                      probe->type == ZPM_PROBE_TCP ? NULL : fd);
  return rc >= 0 ? rc : zpm_error_set(err, rc, "%s", cause_of(rc));
}

static void on_due(uv_timer_t *timer)
{
  struct zpm_checker *checker = timer->data;
  struct zpm_attempt_options options = {.services = checker->services,
                                        .recipe = checker->recipe,
                                        .probe = checker->probe,
                                        .connected = -1};
  struct zpm_error err = {0};
  int rc = visit(checker, &options.connected, &err);

  if (rc == 1 && checker->probe->type == ZPM_PROBE_TCP) {
    on_attempted(checker, ZPM_OUTCOME_PASSED, "");
    return;
  }
  if (rc >= 0)
    rc = zpm_attempt_start(&options, on_attempted, checker, &checker->attempt,
                           &err);
  if (rc != 0)
    on_attempted(checker, zpm_attempt_outcome(rc), err.message);
}

void zpm_checker_init(struct zpm_checker *checker)
{
  uv_timer_init(checker->services->loop, &checker->timer);
  uv_unref((uv_handle_t *)&checker->timer);
  checker->timer.data = checker;
}

void zpm_checker_ask_in(struct zpm_checker *checker, uint64_t delay_ms)
{
  uv_timer_start(&checker->timer, on_due, delay_ms, 0);
}

void zpm_checker_stop(struct zpm_checker *checker)
{
  uv_timer_stop(&checker->timer);
  if (checker->attempt != NULL)
    zpm_attempt_cancel(checker->attempt);
  checker->attempt = NULL;
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_checker *checker = handle->data;

  zpm_closer_release(checker->closer);
}

void zpm_checker_close(struct zpm_checker *checker, struct zpm_closer *closer)
{
  zpm_checker_stop(checker);
  checker->closer = closer;
  zpm_closer_hold(closer);
  uv_close((uv_handle_t *)&checker->timer, on_closed);
}
