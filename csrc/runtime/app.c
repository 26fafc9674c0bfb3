#include "runtime/app_internal.h"

#include "base/alloc.h"
#include "runtime/cluster.h"
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
  return rc;
}

static void on_procs_closed(void *ctx)
{
  struct zpm_app *app = ctx;
  void (*closed)(void *ctx) = app->closed;
  void *closed_ctx = app->closed_ctx;

  close_logs(app);
  zpm_cluster_destroy(app->cluster);
  zpm_record_deinit(&app->record);
  zpm_free(app->procs);
  zpm_free(app);
  closed(closed_ctx);
}

/* Without memory for a cluster there is none, and no start in its mode. */
static void fit_cluster(struct zpm_app *app)
{
  bool wanted = app->record.config.mode == ZPM_MODE_CLUSTER;

  if (wanted && app->cluster == NULL)
    app->cluster = zpm_cluster_create(app->services, &app->record.config);
  app->recipe.cluster = wanted ? app->cluster : NULL;
}

static void on_unborn_closed(void *ctx)
{
  (void)ctx;
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
  app->services = services;
  app->events = events;
  app->record = *record;
  app->recipe.config = &app->record.config;
  app->recipe.environment = app->record.environment;
  zpm_closer_init(&app->closer, on_procs_closed, app);
  fit_cluster(app);
  rc = open_logs(app, services->logs, err);
  if (rc == 0 && zpm_app_restore_procs(app) != 0)
    rc = zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (rc != 0) {
    app->record = (struct zpm_record){0}; /* it stays the caller's */
    zpm_app_close(app, on_unborn_closed, NULL);
    return rc;
  }
  *record = (struct zpm_record){0};
  *out = app;
  return 0;
}

void zpm_app_close(struct zpm_app *app, void (*closed)(void *ctx), void *ctx)
{
  zpm_list_remove(&app->link);
  zpm_app_drop_renewal(app);
  app->closed = closed;
  app->closed_ctx = ctx;
  while (app->proc_count > 0)
    zpm_app_release_proc(app, app->procs[app->proc_count - 1]);
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
  fit_cluster(app);
  zpm_app_fit_procs(app);
}

/* ---- saving ---- */

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

/* Without the memory for it, it is remembered without its error. */
static void sync_life(struct zpm_life *life, const struct zpm_proc *proc,
                      bool wishes)
{
  const struct zpm_error *error = &proc->error;

  life->proven = proc->machine.proven;
  life->restart_count = proc->machine.crashes;
  life->total_restarts = proc->machine.total_restarts;
  if (wishes)
    life->done = proc->machine.state == ZPM_DONE;
  life->run = run_of(proc);
  zpm_free(life->last_error);
  life->last_error = error->code != 0 ? zpm_strdup(error->message) : NULL;
}

void zpm_app_sync_record(struct zpm_app *app, bool wishes)
{
  if (wishes)
    app->record.want_up = zpm_app_is_wanted(app);
  for (size_t i = 0; i < app->proc_count; i++) {
    struct zpm_life *life =
        zpm_record_add_life(&app->record, app->procs[i]->seat);

    if (life != NULL)
      sync_life(life, app->procs[i], wishes);
  }
}
