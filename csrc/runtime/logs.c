#include "runtime/logs.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "platform/platform.h"
#include "runtime/log_recover.h"
#include "runtime/log_source.h"

/*
 * The pace.  To wake for every line would cost more than all the rest, so after
 * little came the pipes are left alone for a moment, longer while it stays
 * little; what is in them is safe there.  A pipe that was well filled is
 * served again at once, for its writer may be blocked.  When nothing is
 * readable, no timer runs: only the poll of the pollset.
 */
enum {
  PAUSE_MIN_MS = 1,
  PAUSE_MAX_MS = 16,
  MUCH = 32 * 1024,       /* of a pipe's 64 KiB */
  BATCH_COST = 4096,      /* what the smallest batch counts for */
  VISIT_MAX = 256 * 1024, /* bytes until others on the loop have their turn */
};

struct visit {
  size_t cost; /* bytes taken, small batches rounded up */
  size_t most; /* found in one pipe */
  bool any;    /* a pipe was readable */
  bool more;   /* and others, or that one, are still */
};

static void on_readable(uv_poll_t *poll, int status, int events);
static void on_pause_over(uv_timer_t *timer);

void zpm_logs_wake(struct zpm_logs *logs)
{
  if (!logs->held && !uv_is_active((uv_handle_t *)&logs->poll))
    uv_poll_start(&logs->poll, UV_READABLE, on_readable);
}

void zpm_logs_sleep(struct zpm_logs *logs)
{
  uv_poll_stop(&logs->poll);
  uv_timer_stop(&logs->timer);
  logs->pause_ms = PAUSE_MIN_MS;
  zpm_inflight_rest(&logs->inflight);
}

void zpm_logs_hold(struct zpm_logs *logs, bool held)
{
  logs->held = held;
  if (held) {
    uv_poll_stop(&logs->poll);
    uv_timer_stop(&logs->timer);
  } else if (logs->source_count > 0) {
    zpm_logs_wake(logs);
  }
}

/* Goes on at once, and looks once more when no more comes. */
static void go_on(struct zpm_logs *logs)
{
  logs->pause_ms = PAUSE_MIN_MS;
  uv_timer_start(&logs->timer, on_pause_over, PAUSE_MAX_MS, 0);
  zpm_logs_wake(logs);
}

static void take_pause(struct zpm_logs *logs)
{
  uv_poll_stop(&logs->poll);
  uv_timer_start(&logs->timer, on_pause_over, logs->pause_ms, 0);
  logs->pause_ms *= 2;
  if (logs->pause_ms > PAUSE_MAX_MS)
    logs->pause_ms = PAUSE_MAX_MS;
}

static void count_batch(struct visit *visit, size_t there)
{
  if (there > visit->most)
    visit->most = there;
  if (there > ZPM_INFLIGHT_MAX) {
    visit->more = true;
    there = ZPM_INFLIGHT_MAX;
  }
  visit->cost += there > BATCH_COST ? there : (size_t)BATCH_COST;
}

/* One batch of each readable pipe; the pollset hands them out in turn. */
static void serve_round(struct zpm_logs *logs, struct visit *visit)
{
  int count =
      zpm_platform_pollset_ready(logs->pollset, logs->ready, ZPM_LOGS_ROUND);

  visit->more = count == ZPM_LOGS_ROUND;
  for (int i = 0; i < count; i++) {
    struct zpm_log_source *source = logs->ready[i];

    logs->ready[i] = NULL;
    visit->any = true;
    if (source != NULL)
      count_batch(visit, zpm_log_source_serve(source));
  }
}

/* The owner of an ended source may close it, others, and all of the logs. */
static void tell_ends(struct zpm_logs *logs)
{
  while (!zpm_list_empty(&logs->ended)) {
    struct zpm_log_source *source =
        ZPM_CONTAINER_OF(logs->ended.next, struct zpm_log_source, link);

    zpm_list_remove(&source->link);
    if (source->on_eof != NULL)
      source->on_eof(source->ctx);
  }
}

static void visit_pipes(struct zpm_logs *logs)
{
  struct visit visit = {0};

  do {
    serve_round(logs, &visit);
  } while (visit.more && visit.cost < VISIT_MAX && !logs->held);
  tell_ends(logs);
  if (logs->closed != NULL || logs->source_count == 0 || logs->held)
    return;
  if (visit.more || visit.most >= MUCH) {
    go_on(logs);
  } else if (visit.any) {
    take_pause(logs);
  } else {
    zpm_logs_sleep(logs);
    zpm_logs_wake(logs);
  }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
  (void)status;
  (void)events;
  visit_pipes(poll->data);
}

static void on_pause_over(uv_timer_t *timer)
{
  visit_pipes(timer->data);
}

/* ---- all logs ---- */

static void release(struct zpm_logs *logs)
{
  zpm_inflight_close(&logs->inflight);
  if (logs->pollset >= 0)
    close(logs->pollset);
  zpm_free(logs->folder);
  zpm_free(logs);
}

static int prepare(struct zpm_logs *logs,
                   const struct zpm_logs_options *options,
                   struct zpm_error *err)
{
  int rc;

  logs->folder = zpm_strdup(options->folder);
  if (logs->folder == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  rc = zpm_inflight_open(&logs->inflight, options->inflight_path, err);
  if (rc < 0)
    return rc;
  logs->pollset = zpm_platform_pollset_create();
  rc = logs->pollset < 0 ? logs->pollset
                         : uv_poll_init(logs->loop, &logs->poll, logs->pollset);
  if (rc < 0)
    return zpm_error_set(err, rc, "cannot watch the output of apps: %s",
                         uv_strerror(rc));
  uv_timer_init(logs->loop, &logs->timer);
  return 0;
}

int zpm_logs_create(uv_loop_t *loop, const struct zpm_logs_options *options,
                    struct zpm_logs **out, struct zpm_error *err)
{
  struct zpm_logs *logs = zpm_alloc(sizeof(*logs));
  int rc;

  if (logs == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  *logs = (struct zpm_logs){.loop = loop,
                            .on_output = options->on_output,
                            .ctx = options->ctx,
                            .pollset = -1,
                            .pause_ms = PAUSE_MIN_MS,
                            .handles = 2};
  zpm_list_init(&logs->ended);
  rc = prepare(logs, options, err);
  if (rc < 0) {
    release(logs);
    return rc;
  }
  logs->poll.data = logs;
  logs->timer.data = logs;
  zpm_log_recover(logs->folder, &logs->inflight);
  zpm_inflight_rest(&logs->inflight);
  *out = logs;
  return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
  struct zpm_logs *logs = handle->data;
  void (*closed)(void *ctx) = logs->closed;
  void *ctx = logs->closed_ctx;

  if (--logs->handles > 0)
    return;
  release(logs);
  closed(ctx);
}

void zpm_logs_close(struct zpm_logs *logs, void (*closed)(void *ctx), void *ctx)
{
  logs->closed = closed;
  logs->closed_ctx = ctx;
  uv_close((uv_handle_t *)&logs->poll, on_handle_closed);
  uv_close((uv_handle_t *)&logs->timer, on_handle_closed);
}

/* ---- one log ---- */

int zpm_log_open(struct zpm_logs *logs, const char *app, enum zpm_stream stream,
                 const struct zpm_log_rules *rules, struct zpm_log **out,
                 struct zpm_error *err)
{
  struct zpm_log *log = zpm_alloc_zeroed(1, sizeof(*log));
  int rc = ZPM_ENOMEM;

  if (log == NULL)
    return zpm_error_set(err, rc, "out of memory");
  log->logs = logs;
  log->app = zpm_strdup(app);
  if (log->app != NULL)
    rc = zpm_log_file_init(&log->file, logs->folder, app, stream, rules);
  if (rc < 0) {
    zpm_free(log->app);
    zpm_free(log);
    return zpm_error_set(err, rc, "out of memory");
  }
  *out = log;
  return 0;
}

void zpm_log_set_rules(struct zpm_log *log, const struct zpm_log_rules *rules)
{
  log->file.rules = *rules;
}

void zpm_log_close(struct zpm_log *log)
{
  zpm_log_file_deinit(&log->file);
  zpm_free(log->last);
  zpm_free(log->app);
  zpm_free(log);
}

const char *zpm_log_last_line(const struct zpm_log *log)
{
  return log->last != NULL ? log->last->text : "";
}

uint64_t zpm_log_total_bytes(const struct zpm_log *log)
{
  return log->total_bytes;
}

uint64_t zpm_log_dropped_bytes(const struct zpm_log *log)
{
  return log->file.dropped_bytes;
}
