#include "runtime/supervisor_internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "core/suggest.h"
#include "platform/platform.h"
#include "runtime/keeper_link.h"
#include "runtime/reload.h"
#include "runtime/waiter.h"

/* ---- telling ---- */

static void tell(struct zpm_supervisor *supervisor, enum zpm_event_kind kind,
                 const char *name)
{
  struct zpm_supervisor_event event = {.kind = kind, .name = name};

  supervisor->observer(supervisor->observer_ctx, &event);
}

void zpm_supervisor_on_output(void *ctx, const struct zpm_log_output *output)
{
  struct zpm_supervisor *supervisor = ctx;
  struct zpm_app *app = zpm_supervisor_find_app(supervisor, output->app);
  struct zpm_supervisor_event event = {
      .kind = ZPM_EVENT_LOG,
      .name = output->app,
      .stream = (int)output->stream,
      .bytes = output->bytes,
      .len = output->len,
      .place = &output->place,
  };

  if (app != NULL)
    app->last_stream = output->stream;
  supervisor->observer(supervisor->observer_ctx, &event);
}

static bool is_busy(const struct zpm_supervisor *supervisor)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    const struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    /* What cannot be ended must not keep the host from leaving. */
    if (zpm_app_is_busy(app) &&
        !(supervisor->suspended && zpm_app_is_stuck(app)))
      return true;
  }
  return false;
}

static void tell_idle(struct zpm_supervisor *supervisor)
{
  zpm_done_cb *done = supervisor->suspend_done;
  bool busy = is_busy(supervisor);

  zpm_keeper_link_ref(supervisor->services.link, busy);
  if (busy)
    return;
  tell(supervisor, ZPM_EVENT_IDLE, NULL);
  if (done == NULL)
    return;
  supervisor->suspend_done = NULL;
  zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_FACTS);
  zpm_supervisor_save_sync(supervisor);
  done(supervisor->suspend_ctx, "all apps are stopped", NULL);
}

static void on_dropped(void *ctx)
{
  zpm_closer_release(ctx);
}

void zpm_supervisor_drop_app(struct zpm_supervisor *supervisor,
                             struct zpm_app *app)
{
  zpm_closer_hold(&supervisor->closer);
  supervisor->app_count--;
  zpm_app_close(app, on_dropped, &supervisor->closer);
}

static void delete_app(struct zpm_supervisor *supervisor, struct zpm_app *app)
{
  zpm_list_remove(&app->link);
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_WISHES);
  for (size_t i = 0; i < app->proc_count; i++)
    zpm_snapshots_clear(&supervisor->services.snapshots, &app->procs[i]->place);
  tell(supervisor, ZPM_EVENT_DELETED, app->record.config.name);
  zpm_reload_cancel(app, ZPM_ESUPERSEDED);
  zpm_waiter_dismiss(app, 0);
  zpm_supervisor_drop_app(supervisor, app);
}

void zpm_supervisor_settle(struct zpm_supervisor *supervisor,
                           struct zpm_app *app)
{
  if (app != NULL && app->feeding)
    return; /* it is settled when all have heard of it */
  if (app != NULL && app->forget && zpm_app_is_at_rest(app)) {
    delete_app(supervisor, app);
  } else if (app != NULL) {
    tell(supervisor, ZPM_EVENT_APP, app->record.config.name);
    zpm_supervisor_limits_settle(supervisor, app);
    zpm_reload_step(app);
    if (zpm_waiter_any_due(app))
      zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_WISHES);
    zpm_waiter_settle(app);
  }
  tell_idle(supervisor);
}

void zpm_supervisor_feed(struct zpm_supervisor *supervisor, struct zpm_app *app,
                         enum zpm_event wish)
{
  app->feeding = true;
  zpm_app_feed(app, wish);
  app->feeding = false;
  zpm_supervisor_settle(supervisor, app);
}

/* ---- what the procs say ---- */

static struct zpm_supervisor *owner_of(const struct zpm_proc *proc)
{
  return ZPM_CONTAINER_OF(proc->services, struct zpm_supervisor, services);
}

/* When it is suspended, what was wanted before still is. */
static void on_proc_moved(void *ctx, struct zpm_proc *proc)
{
  struct zpm_supervisor *supervisor = owner_of(proc);
  const struct zpm_app *app = ctx;
  struct zpm_snapshot snapshot;

  if (supervisor->services.snapshots.fd < 0)
    return;
  zpm_proc_snapshot(proc, &snapshot);
  snapshot.forget = app->forget;
  snapshot.role = (uint8_t)proc->role;
  snapshot.want_up =
      supervisor->suspended ? app->record.want_up : zpm_app_is_wanted(app);
  zpm_snapshots_write(&supervisor->services.snapshots, &proc->place,
                      app->record.config.name, proc->seat, &snapshot);
}

/* Its run was not begun by the app's own end. */
static bool is_asked_for(const struct zpm_app *app, const struct zpm_proc *proc)
{
  return !app->record.want_up || proc->machine.cause == ZPM_CAUSE_ASKED;
}

/* A wish, or a run, that nothing on the disk speaks of is lost to whoever takes
 * over when keeper and daemon have died at once.  In a storm of crashes one
 * write speaks for all restarts of a tenth of a second. */
static void on_proc_begins(void *ctx, struct zpm_proc *proc)
{
  struct zpm_supervisor *supervisor = owner_of(proc);
  const struct zpm_app *app = ctx;

  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_FACTS);
  if (is_asked_for(app, proc) || zpm_supervisor_save_is_due(supervisor))
    zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_FACTS);
}

static void on_proc_changed(void *ctx, struct zpm_proc *proc)
{
  struct zpm_supervisor *supervisor = owner_of(proc);
  bool begun = proc->machine.state == ZPM_STARTING && is_asked_for(ctx, proc);

  zpm_supervisor_save_mark(supervisor,
                           begun ? ZPM_UNSAVED_WISHES : ZPM_UNSAVED_FACTS);
  on_proc_moved(ctx, proc); /* what went wrong has its words now */
  zpm_app_settle_proc(ctx, proc);
  zpm_app_sync_renewal(ctx);
  zpm_supervisor_settle(supervisor, ctx);
}

static void on_proc_ended(void *ctx, struct zpm_proc *proc)
{
  struct zpm_app *app = ctx;

  zpm_app_note_exit(app, proc);
  tell(owner_of(proc), ZPM_EVENT_EXIT, app->record.config.name);
  zpm_supervisor_tell_crash(owner_of(proc), proc);
}

static void on_proc_failed(void *ctx, struct zpm_proc *proc)
{
  (void)ctx;
  zpm_supervisor_tell_failure(owner_of(proc), proc);
}

static void on_proc_released(void *ctx, struct zpm_proc *proc, uint64_t id)
{
  struct zpm_supervisor *supervisor = owner_of(proc);

  zpm_app_note_lines(ctx, proc, supervisor->logs_folder);
  zpm_supervisor_save_ack(supervisor, id);
}

static void on_proc_worker_changed(void *ctx, struct zpm_proc *proc)
{
  (void)proc;
  zpm_supervisor_settle(owner_of(proc), ctx);
}

static void on_proc_heap(void *ctx, struct zpm_proc *proc)
{
  (void)ctx;
  zpm_supervisor_measure_on_heap(owner_of(proc));
}

static void on_proc_trouble(void *ctx, struct zpm_proc *proc, const char *text)
{
  struct zpm_app *app = ctx;
  struct zpm_error line = {0};

  zpm_error_set(&line, ZPM_ESTART, "app '%s': %s", app->record.config.name,
                text);
  zpm_supervisor_tell_trouble(owner_of(proc), line.message);
  zpm_waiter_note(app, text);
}

static const struct zpm_proc_events PROC_EVENTS = {
    .moved = on_proc_moved,
    .begins = on_proc_begins,
    .changed = on_proc_changed,
    .ended = on_proc_ended,
    .failed = on_proc_failed,
    .released = on_proc_released,
    .worker_changed = on_proc_worker_changed,
    .heap = on_proc_heap,
    .trouble = on_proc_trouble,
};

/* ---- what the keeper says ---- */

static struct zpm_run_tree *tree_of(const struct zpm_supervisor *supervisor,
                                    uint64_t id)
{
  return zpm_run_tree_of(&supervisor->services, id);
}

static void on_spawned(void *ctx, uint64_t id, int pid, int error)
{
  struct zpm_run_tree *tree = tree_of(ctx, id);

  if (tree != NULL && pid != 0)
    tree->start_ticks = zpm_platform_start_ticks(pid);
  if (tree != NULL)
    tree->events->spawned(tree->ctx, pid, error);
  else if (pid == 0) /* for a former daemon: no exit will follow */
    zpm_supervisor_save_ack(ctx, id);
}

/* The keeper that was asked to start it is lost, and has not said whether it
 * did.  False: it had not. */
static bool find_and_tell(struct zpm_run_tree *tree, enum zpm_spawn_stage stage)
{
  int pid = 0;

  if (stage == ZPM_STAGE_NONE && zpm_run_tree_find_leader(tree))
    pid = tree->leader;
  tree->events->spawned(tree->ctx, pid, EOWNERDEAD);
  if (pid != 0)
    zpm_run_tree_hand_over(tree);
  return pid != 0;
}

static void confirm_and_tell(struct zpm_run_tree *tree,
                             enum zpm_spawn_stage stage, int error)
{
  if (tree->leader == 0 && !find_and_tell(tree, stage))
    return;
  if (stage == ZPM_STAGE_NONE)
    zpm_run_tree_confirm(tree);
  tree->events->exec_result(tree->ctx, stage, error);
}

static void on_exec_result(void *ctx, uint64_t id, enum zpm_spawn_stage stage,
                           int error)
{
  struct zpm_run_tree *tree = tree_of(ctx, id);

  if (tree != NULL)
    confirm_and_tell(tree, stage, error);
}

/* A run that nobody knows any more is over: a former daemon's, or told twice.
 */
static void on_exited(void *ctx, uint64_t id, int pid, int wait_status)
{
  struct zpm_run_tree *tree = tree_of(ctx, id);

  (void)pid;
  if (tree != NULL)
    tree->events->exited(tree->ctx, wait_status);
  else
    zpm_supervisor_save_ack(ctx, id);
}

const struct zpm_keeper_events ZPM_SUPERVISOR_KEEPER_EVENTS = {
    .spawned = on_spawned,
    .exec_result = on_exec_result,
    .exited = on_exited,
    .lost = zpm_supervisor_on_keeper_lost,
    .pong = zpm_supervisor_on_keeper_pong,
    .stays = zpm_supervisor_on_keeper_stays,
};

/* ---- apps ---- */

int zpm_supervisor_add_app(struct zpm_supervisor *supervisor,
                           struct zpm_record *record, struct zpm_app **out,
                           struct zpm_error *err)
{
  int rc =
      zpm_app_create(&supervisor->services, &PROC_EVENTS, record, out, err);

  if (rc != 0)
    return rc;
  zpm_list_append(&supervisor->apps, &(*out)->link);
  supervisor->app_count++;
  return 0;
}

/* ---- looking ---- */

size_t zpm_supervisor_count(const struct zpm_supervisor *supervisor)
{
  return supervisor->app_count;
}

const struct zpm_app *
zpm_supervisor_app(const struct zpm_supervisor *supervisor, size_t index)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    if (index-- == 0)
      return ZPM_CONTAINER_OF(it, struct zpm_app, link);
  }
  return NULL;
}

struct zpm_app *zpm_supervisor_find_app(const struct zpm_supervisor *supervisor,
                                        const char *name)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    if (strcmp(app->record.config.name, name) == 0)
      return app;
  }
  return NULL;
}

const struct zpm_app *
zpm_supervisor_find(const struct zpm_supervisor *supervisor, const char *name)
{
  return zpm_supervisor_find_app(supervisor, name);
}

const char *zpm_supervisor_suggest(const struct zpm_supervisor *supervisor,
                                   const char *name)
{
  const char **names =
      zpm_alloc((supervisor->app_count + 1) * sizeof(const char *));
  const char *near = NULL;
  size_t count = 0;

  if (names == NULL)
    return NULL;
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    names[count++] =
        ZPM_CONTAINER_OF(it, struct zpm_app, link)->record.config.name;
  }
  near = zpm_suggest(name, names, count);
  zpm_free(names);
  return near;
}

const char *zpm_supervisor_logs_folder(const struct zpm_supervisor *supervisor)
{
  return supervisor->logs_folder;
}

const char *zpm_supervisor_may_escape(const struct zpm_supervisor *supervisor)
{
  const struct zpm_run_groups *groups = &supervisor->services.groups;

  return groups->folder == NULL ? groups->lack.message : NULL;
}

int zpm_supervisor_keeper_pid(const struct zpm_supervisor *supervisor)
{
  return zpm_keeper_link_pid(supervisor->services.link);
}

const char *zpm_status_name(enum zpm_status status)
{
  static const char *const NAMES[ZPM_STATUSES] = {
      [ZPM_STATUS_STOPPED] = "stopped", [ZPM_STATUS_STARTING] = "starting",
      [ZPM_STATUS_RUNNING] = "running", [ZPM_STATUS_STOPPING] = "stopping",
      [ZPM_STATUS_CRASHED] = "crashed", [ZPM_STATUS_ERRORED] = "errored",
  };

  return NAMES[status];
}
