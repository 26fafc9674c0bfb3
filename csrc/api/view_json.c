#include "api/view_json.h"

#include <string.h>

#include "api/past_json.h"
#include "core/config.h"
#include "core/record.h"
#include "proto/config_json.h"
#include "proto/json.h"

/* ---- values ---- */

static void put_uint(struct zpm_writer *w, const char *key, uint64_t value)
{
  zpm_writer_key(w, key);
  zpm_writer_uint(w, value);
}

static void put_text(struct zpm_writer *w, const char *key, const char *text)
{
  zpm_writer_key(w, key);
  zpm_writer_text(w, text);
}

static void put_bool(struct zpm_writer *w, const char *key, bool value)
{
  zpm_writer_key(w, key);
  zpm_writer_bool(w, value);
}

static void put_cpu(struct zpm_writer *w, double per_cent)
{
  zpm_writer_key(w, "cpu");
  zpm_writer_tenths(w, per_cent);
}

/* null unless `known` */
static void put_maybe(struct zpm_writer *w, const char *key, bool known,
                      uint64_t value)
{
  zpm_writer_key(w, key);
  if (known)
    zpm_writer_uint(w, value);
  else
    zpm_writer_null(w);
}

static void put_heap(struct zpm_writer *w, int64_t bytes)
{
  put_maybe(w, "memoryHeap", bytes >= 0, bytes >= 0 ? (uint64_t)bytes : 0);
}

static void put_lag(struct zpm_writer *w, int64_t ns)
{
  const double ns_per_ms = 1e6;

  zpm_writer_key(w, "eventLoopLag");
  if (ns >= 0)
    zpm_writer_tenths(w, (double)ns / ns_per_ms);
  else
    zpm_writer_null(w);
}

static void put_pid(struct zpm_writer *w, int pid)
{
  put_maybe(w, "pid", pid > 0, pid > 0 ? (uint64_t)pid : 0);
}

/* ---- WorkerStats ---- */

static void put_worker(struct zpm_writer *w, const struct zpm_app *app,
                       size_t index)
{
  struct zpm_worker_view worker;

  zpm_app_worker_view(app, index, &worker);
  zpm_writer_begin_object(w);
  put_uint(w, "instance", worker.instance);
  put_text(w, "status", zpm_status_name(worker.status));
  put_pid(w, worker.pid);
  put_maybe(w, "uptime", worker.pid > 0, worker.uptime_ms);
  put_uint(w, "restartCount", worker.restart_count);
  put_uint(w, "totalRestarts", worker.total_restarts);
  put_cpu(w, worker.cpu_percent);
  put_uint(w, "memoryRss", worker.rss_bytes);
  put_heap(w, worker.heap_bytes);
  put_lag(w, worker.lag_ns);
  put_maybe(w, "connections", worker.connections >= 0,
            worker.connections >= 0 ? (uint64_t)worker.connections : 0);
  put_uint(w, "processes", worker.processes);
  put_maybe(w, "nextTryIn", worker.status == ZPM_STATUS_CRASHED,
            worker.next_try_in_ms);
  put_uint(w, "probeFailures", worker.probe_failures);
  put_bool(w, "stuck", worker.stuck);
  zpm_writer_end_object(w);
}

/* What the figures of all workers come to. */
struct totals {
  uint64_t processes;
  uint64_t next_try_in_ms; /* the soonest; only if `waiting` */
  bool waiting;
};

static struct totals sum_up(const struct zpm_app *app, size_t count)
{
  struct totals totals = {0};

  for (size_t i = 0; i < count; i++) {
    struct zpm_worker_view worker;

    zpm_app_worker_view(app, i, &worker);
    totals.processes += worker.processes;
    if (worker.status != ZPM_STATUS_CRASHED)
      continue;
    if (!totals.waiting || worker.next_try_in_ms < totals.next_try_in_ms)
      totals.next_try_in_ms = worker.next_try_in_ms;
    totals.waiting = true;
  }
  return totals;
}

static void put_config_part(struct zpm_writer *w,
                            const struct zpm_app_view *view)
{
  const struct zpm_config *config = view->config;

  put_text(w, "mode", config->mode == ZPM_MODE_CLUSTER ? "cluster" : "fork");
  put_uint(w, "instances", view->instances);
  put_text(w, "scriptPath", config->script_path);
  put_text(w, "cwd", config->cwd);
  put_maybe(w, "port", config->port > 0, config->port);
}

static void put_past(struct zpm_writer *w, const struct zpm_app_view *view)
{
  const struct zpm_exit *last = zpm_past_json_last(view->past);

  put_text(w, "lastError", view->last_error);
  zpm_past_json_code(w, "lastExitCode", last);
  zpm_past_json_signal(w, "lastExitSignal", last);
  put_text(w, "lastLog", view->last_log);
}

static void put_stats(struct zpm_writer *w, const struct zpm_app *app,
                      const struct zpm_app_view *view)
{
  struct totals totals = sum_up(app, view->worker_count);

  put_text(w, "name", view->name);
  put_text(w, "status", zpm_status_name(view->status));
  put_pid(w, view->pid);
  put_maybe(w, "uptime", view->pid > 0, view->uptime_ms);
  put_uint(w, "restartCount", view->restart_count);
  put_uint(w, "totalRestarts", view->total_restarts);
  put_cpu(w, view->cpu_percent);
  put_uint(w, "memoryRss", view->rss_bytes);
  put_heap(w, view->heap_bytes);
  put_config_part(w, view);
  put_past(w, view);
  put_maybe(w, "nextTryIn", totals.waiting, totals.next_try_in_ms);
  put_uint(w, "processes", totals.processes);
  put_text(w, "pending", view->pending);
  put_uint(w, "probeFailures", view->probe_failures);
  put_bool(w, "stuck", view->stuck);
  zpm_writer_key(w, "workers");
  zpm_writer_begin_array(w);
  for (size_t i = 0; i < view->worker_count; i++)
    put_worker(w, app, i);
  zpm_writer_end_array(w);
}

void zpm_view_json_stats(struct zpm_writer *writer, const struct zpm_app *app)
{
  struct zpm_app_view view;

  zpm_app_view(app, &view);
  zpm_writer_begin_object(writer);
  put_stats(writer, app, &view);
  zpm_writer_end_object(writer);
}

/* ---- store row ---- */

static void put_pids(struct zpm_writer *w, const struct zpm_app *app,
                     size_t count)
{
  size_t children = 0;

  zpm_writer_key(w, "pids");
  zpm_writer_begin_array(w);
  for (size_t i = 0; i < count; i++) {
    struct zpm_worker_view worker;

    zpm_app_worker_view(app, i, &worker);
    if (worker.pid <= 0)
      continue;
    children++;
    zpm_writer_int(w, worker.pid);
  }
  zpm_writer_end_array(w);
  put_uint(w, "childrenCount", children);
}

void zpm_view_json_row(struct zpm_writer *writer, const struct zpm_app *app)
{
  struct zpm_app_view view;

  zpm_app_view(app, &view);
  zpm_writer_begin_object(writer);
  put_text(writer, "name", view.name);
  put_text(writer, "status", zpm_status_name(view.status));
  put_text(writer, "scriptPath", view.config->script_path);
  put_text(writer, "cwd", view.config->cwd);
  put_pids(writer, app, view.worker_count);
  put_uint(writer, "restartCount", view.restart_count);
  put_uint(writer, "backoffTime", view.backoff_ms);
  put_bool(writer, "isRestarting", view.restarting);
  put_uint(writer, "probeFailures", view.probe_failures);
  put_text(writer, "lastError", view.last_error);
  zpm_past_json_code(writer, "lastExitCode", zpm_past_json_last(view.past));
  zpm_writer_end_object(writer);
}

/* ---- describe ---- */

/* Takes `json` over; NULL is "out of memory". */
static void put_tree(struct zpm_writer *w, cJSON *json)
{
  struct zpm_str text = {0};

  if (json == NULL || zpm_json_print(&text, json) != 0)
    w->failed = true;
  else
    zpm_writer_raw(w, text.data, text.len);
  cJSON_Delete(json);
  zpm_str_deinit(&text);
}

static void put_names(struct zpm_writer *w, const struct zpm_strv *vars)
{
  zpm_writer_begin_array(w);
  for (size_t i = 0; i < vars->len; i++)
    zpm_writer_bytes(w, vars->items[i], strcspn(vars->items[i], "="));
  zpm_writer_end_array(w);
}

static void put_environment(struct zpm_writer *w,
                            const struct zpm_environment *environment,
                            bool show_env)
{
  zpm_writer_key(w, "environment");
  if (environment == NULL)
    zpm_writer_null(w);
  else if (show_env)
    put_tree(w, zpm_vars_to_json(&environment->vars, true));
  else
    put_names(w, &environment->vars);
}

static void put_log_file(struct zpm_writer *w, const char *stream,
                         const char *folder, const char *app)
{
  struct zpm_str path = {0};

  if (zpm_str_printf(&path, "%s/%s/%s.log", folder, app, stream) != 0)
    w->failed = true;
  put_text(w, stream, zpm_str_text(&path));
  zpm_str_deinit(&path);
}

void zpm_view_json_config(struct zpm_writer *writer, const struct zpm_app *app,
                          bool show_env)
{
  struct zpm_app_view view;

  zpm_app_view(app, &view);
  put_tree(writer, zpm_config_to_json(view.config, show_env));
}

void zpm_view_json_describe(struct zpm_writer *writer,
                            const struct zpm_app *app, const char *logs_folder,
                            bool show_env)
{
  struct zpm_app_view view;

  zpm_app_view(app, &view);
  zpm_writer_begin_object(writer);
  put_stats(writer, app, &view);
  zpm_writer_key(writer, "config");
  zpm_view_json_config(writer, app, show_env);
  put_uint(writer, "createdAt", view.created_ms);
  zpm_writer_key(writer, "lastExit");
  zpm_past_json_exit(writer, zpm_past_json_last(view.past));
  zpm_writer_key(writer, "exits");
  zpm_past_json_exits(writer, view.past);
  zpm_writer_key(writer, "logFiles");
  zpm_writer_begin_object(writer);
  put_log_file(writer, "out", logs_folder, view.name);
  put_log_file(writer, "err", logs_folder, view.name);
  zpm_writer_end_object(writer);
  put_environment(writer, view.environment, show_env);
  put_uint(writer, "droppedLogBytes", view.dropped_log_bytes);
  zpm_writer_end_object(writer);
}

void zpm_view_json_exit(struct zpm_writer *writer, const struct zpm_app *app)
{
  const struct zpm_exit *last;
  struct zpm_app_view view;

  zpm_app_view(app, &view);
  last = zpm_past_json_last(view.past);
  zpm_writer_begin_object(writer);
  zpm_past_json_how(writer, last);
  put_uint(writer, "uptime", last != NULL ? last->uptime_ms : 0);
  zpm_writer_end_object(writer);
}
