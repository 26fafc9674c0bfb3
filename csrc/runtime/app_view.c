#include "runtime/app.h"

#include "runtime/checks.h"
#include "runtime/cluster.h"

/* What people are shown of an app. */

static uint64_t due_in(const struct zpm_machine *machine, uint64_t now_ms)
{
  bool waits = machine->state == ZPM_BACKOFF || machine->state == ZPM_QUEUED;

  if (!waits || machine->due_ms <= now_ms)
    return 0;
  return machine->due_ms - now_ms;
}

void zpm_app_worker_view(const struct zpm_app *app, size_t index,
                         struct zpm_worker_view *view)
{
  const struct zpm_proc *proc = app->procs[index];
  uint64_t now_ms = uv_now(proc->services->loop);

  *view = (struct zpm_worker_view){
      .instance = zpm_seat_instance(proc->seat),
      .status = zpm_app_status_of(proc->machine.state),
      .pid = proc->tree.leader_ended ? 0 : proc->tree.leader,
      .uptime_ms = zpm_machine_uptime(&proc->machine, now_ms),
      .restart_count = zpm_machine_restart_count(&proc->machine, now_ms),
      .total_restarts = proc->machine.total_restarts,
      .cpu_percent = proc->usage.cpu_percent,
      .rss_bytes = proc->usage.rss_bytes,
      .heap_bytes = proc->heap_bytes,
      .lag_ns = proc->lag_ns,
      .connections = proc->worker != NULL
                         ? (int64_t)zpm_worker_connections(proc->worker)
                         : -1,
      .processes = proc->usage.processes,
      .probe_failures = zpm_checks_failures(proc->checks),
      .stuck = zpm_machine_is_stuck(&proc->machine),
      .next_try_in_ms = due_in(&proc->machine, now_ms),
  };
}

static void add_worker(struct zpm_app_view *view,
                       const struct zpm_worker_view *worker)
{
  view->restart_count += worker->restart_count;
  view->total_restarts += worker->total_restarts;
  view->cpu_percent += worker->cpu_percent;
  view->rss_bytes += worker->rss_bytes;
  view->stuck = view->stuck || worker->stuck;
  if (worker->probe_failures > view->probe_failures)
    view->probe_failures = worker->probe_failures;
  if (worker->uptime_ms > view->uptime_ms)
    view->uptime_ms = worker->uptime_ms;
  if (worker->heap_bytes >= 0)
    view->heap_bytes =
        (view->heap_bytes > 0 ? view->heap_bytes : 0) + worker->heap_bytes;
}

void zpm_app_view(const struct zpm_app *app, struct zpm_app_view *view)
{
  const struct zpm_proc *first = zpm_app_first(app);
  struct zpm_worker_view worker;

  *view = (struct zpm_app_view){
      .name = app->record.config.name,
      .config = &app->record.config,
      .environment = app->record.environment,
      .status = zpm_app_status(app),
      .pid = zpm_app_pid(app),
      .heap_bytes = -1,
      .backoff_ms =
          first->machine.crashes > 0
              ? zpm_policy_backoff(&first->policy, first->machine.crashes)
              : 0,
      .busy = zpm_app_is_busy(app),
      .restarting = first->machine.state == ZPM_STOPPING &&
                    zpm_machine_wants_up(&first->machine),
      .last_error = zpm_app_error(app),
      .past = &app->record.past,
      .pending = zpm_proc_pending(first),
      .last_log = zpm_log_last_line(app->recipe.logs[app->last_stream]),
      .dropped_log_bytes = zpm_log_dropped_bytes(app->recipe.logs[0]) +
                           zpm_log_dropped_bytes(app->recipe.logs[1]),
      .created_ms = app->record.created_ms,
      .instances = zpm_app_instances(app),
      .worker_count = app->proc_count,
  };
  for (size_t i = 0; i < app->proc_count; i++) {
    zpm_app_worker_view(app, i, &worker);
    add_worker(view, &worker);
  }
}
