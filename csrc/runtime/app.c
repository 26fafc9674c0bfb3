#include "runtime/app.h"

#include "base/alloc.h"
#include "runtime/wall.h"

static struct zpm_log_rules rules_of(const struct zpm_config *config)
{
  return (struct zpm_log_rules){
      .max_size_bytes = config->log_max_size_bytes,
      .max_files = config->log_max_files,
      .timestamps = config->log_timestamps,
      .json = config->log_format == ZPM_LOG_JSON,
  };
}

static void close_logs(struct zpm_app *app)
{
  for (int i = 0; i < 2; i++) {
    if (app->recipe.logs[i] != NULL)
      zpm_log_close(app->recipe.logs[i]);
  }
}

static int open_logs(struct zpm_app *app, struct zpm_logs *logs,
                     struct zpm_error *err)
{
  struct zpm_log_rules rules = rules_of(&app->record.config);
  int rc = 0;

  for (int i = 0; i < 2 && rc == 0; i++)
    rc = zpm_log_open(logs, app->record.config.name, (enum zpm_stream)i, &rules,
                      &app->recipe.logs[i], err);
  if (rc != 0)
    close_logs(app);
  return rc;
}

bool zpm_app_is_wanted(const struct zpm_app *app)
{
  return zpm_app_wants_up(app) && !app->forget;
}

/* What is remembered of the last life goes on counting. */
static void restore(struct zpm_proc *proc, const struct zpm_record *record)
{
  proc->machine.crashes = record->restart_count;
  proc->machine.total_restarts = record->total_restarts;
  proc->machine.proven = record->proven;
  if (record->done)
    proc->machine.state = ZPM_DONE;
  if (record->past.len > 0)
    proc->last_exit = record->past.exits[0];
  if (record->last_error != NULL)
    zpm_error_set(&proc->error, ZPM_ESTART, "%s", record->last_error);
}

static void init_procs(struct zpm_app *app, struct zpm_services *services,
                       const struct zpm_proc_events *events)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    zpm_proc_init(&app->procs[i], services, &app->recipe, events, app);
    app->procs[i].instance = (unsigned)i;
    restore(&app->procs[i], &app->record);
  }
}

int zpm_app_create(struct zpm_services *services,
                   const struct zpm_proc_events *events,
                   struct zpm_record *record, struct zpm_app **out,
                   struct zpm_error *err)
{
  struct zpm_app *app = zpm_alloc_zeroed(1, sizeof(*app));
  int rc;

  if (app == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  zpm_list_init(&app->link);
  zpm_list_init(&app->waiters);
  app->record = *record;
  app->proc_count = 1;
  app->procs = zpm_alloc_zeroed(app->proc_count, sizeof(*app->procs));
  app->recipe.config = &app->record.config;
  app->recipe.environment = app->record.environment;
  rc = app->procs != NULL ? open_logs(app, services->logs, err)
                          : zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (rc != 0) {
    zpm_free(app->procs);
    zpm_free(app);
    return rc;
  }
  init_procs(app, services, events);
  *record = (struct zpm_record){0};
  *out = app;
  return 0;
}

static void on_procs_closed(void *ctx)
{
  struct zpm_app *app = ctx;
  void (*closed)(void *ctx) = app->closed;
  void *closed_ctx = app->closed_ctx;

  close_logs(app);
  zpm_record_deinit(&app->record);
  zpm_free(app->procs);
  zpm_free(app);
  closed(closed_ctx);
}

void zpm_app_close(struct zpm_app *app, void (*closed)(void *ctx), void *ctx)
{
  zpm_list_remove(&app->link);
  zpm_app_drop_renewal(app);
  app->closed = closed;
  app->closed_ctx = ctx;
  zpm_closer_init(&app->closer, on_procs_closed, app);
  for (size_t i = 0; i < app->proc_count; i++) {
    zpm_closer_hold(&app->closer);
    zpm_proc_close(&app->procs[i], zpm_closer_on_closed, &app->closer);
  }
  zpm_closer_release(&app->closer);
}

void zpm_app_configure(struct zpm_app *app, struct zpm_config *config)
{
  struct zpm_log_rules rules = rules_of(config);

  zpm_app_drop_renewal(app); /* it has looked at the old one */
  zpm_config_deinit(&app->record.config);
  app->record.config = *config;
  *config = (struct zpm_config){0};
  app->recipe.environment = app->record.environment;
  for (int i = 0; i < 2; i++)
    zpm_log_set_rules(app->recipe.logs[i], &rules);
}

void zpm_app_feed(struct zpm_app *app, enum zpm_event wish)
{
  for (size_t i = 0; i < app->proc_count; i++)
    zpm_proc_feed(&app->procs[i], wish);
}

/* ---- looking ---- */

enum zpm_status zpm_app_status_of(enum zpm_state state)
{
  switch (state) {
  case ZPM_STOPPED:
  case ZPM_DONE:
    return ZPM_STATUS_STOPPED;
  case ZPM_STARTING:
  case ZPM_WARMING:
    return ZPM_STATUS_STARTING;
  case ZPM_RUNNING:
    return ZPM_STATUS_RUNNING;
  case ZPM_STOPPING:
    return ZPM_STATUS_STOPPING;
  case ZPM_BACKOFF:
  case ZPM_QUEUED:
    return ZPM_STATUS_CRASHED;
  case ZPM_HELD:
  case ZPM_STATES:
    break;
  }
  return ZPM_STATUS_ERRORED;
}

enum zpm_status zpm_app_status(const struct zpm_app *app)
{
  return zpm_app_status_of(app->procs[0].machine.state);
}

bool zpm_app_wants_up(const struct zpm_app *app)
{
  return zpm_machine_wants_up(&app->procs[0].machine);
}

bool zpm_app_runs(const struct zpm_app *app)
{
  return zpm_machine_runs(&app->procs[0].machine);
}

bool zpm_app_is_done(const struct zpm_app *app)
{
  return app->procs[0].machine.state == ZPM_DONE;
}

bool zpm_app_is_stuck(const struct zpm_app *app)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    if (zpm_machine_is_stuck(&app->procs[i].machine))
      return true;
  }
  return false;
}

bool zpm_app_is_busy(const struct zpm_app *app)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    const struct zpm_machine *machine = &app->procs[i].machine;

    if (zpm_machine_is_alive(machine) || machine->state == ZPM_BACKOFF ||
        machine->state == ZPM_QUEUED)
      return true;
  }
  return zpm_app_awaits_renewal(app);
}

uint64_t zpm_app_starts(const struct zpm_app *app)
{
  uint64_t starts = 0;

  for (size_t i = 0; i < app->proc_count; i++)
    starts += app->procs[i].starts;
  return starts;
}

int zpm_app_pid(const struct zpm_app *app)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    if (app->procs[i].tree.leader != 0 && !app->procs[i].tree.leader_ended)
      return app->procs[i].tree.leader;
  }
  return 0;
}

const char *zpm_app_error(const struct zpm_app *app)
{
  const struct zpm_error *error = &app->procs[0].error;

  return error->code != 0 ? error->message : NULL;
}

static struct zpm_run run_of(const struct zpm_proc *proc)
{
  uint64_t now_ms = uv_now(proc->services->loop);

  if (proc->tree.id == 0)
    return (struct zpm_run){0};
  return (struct zpm_run){
      .id = proc->tree.id,
      .started_ms = zpm_wall_ms() - zpm_machine_uptime(&proc->machine, now_ms),
      .leaving =
          proc->machine.state == ZPM_STOPPING && !proc->tree.leader_ended,
      .ready = proc->machine.state == ZPM_RUNNING ||
               proc->machine.state == ZPM_STOPPING,
      .build = proc->machine.build,
      .boot = proc->services->boot,
      .pid = proc->tree.leader_ended ? 0 : proc->tree.leader,
      .start_ticks = proc->tree.start_ticks,
      .pipes = {proc->pipes[0], proc->pipes[1]},
  };
}

void zpm_app_sync_record(struct zpm_app *app)
{
  const struct zpm_proc *proc = &app->procs[0];
  const char *error = zpm_app_error(app);

  app->record.want_up = zpm_app_is_wanted(app);
  app->record.proven = proc->machine.proven;
  app->record.restart_count = proc->machine.crashes;
  app->record.total_restarts = proc->machine.total_restarts;
  app->record.done = zpm_app_is_done(app);
  app->record.run = run_of(proc);
  zpm_free(app->record.last_error);
  app->record.last_error = error != NULL ? zpm_strdup(error) : NULL;
}
