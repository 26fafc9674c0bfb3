#include "runtime/supervisor_internal.h"

#include "runtime/waiter.h"

/* What the procs of apps tell their supervisor. */

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

/* One that is no more must not be found by whoever supervises next.  Its
 * snapshot says how its run has ended, so it goes when nothing that is saved
 * speaks of that run. */
static void settle_proc(struct zpm_supervisor *supervisor, struct zpm_app *app,
                        struct zpm_proc *proc)
{
  size_t count = app->proc_count;
  zpm_place place = zpm_app_settle_proc(app, proc);

  if (app->proc_count == count)
    return;
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_WISHES);
  zpm_snapshots_clear(&supervisor->services.snapshots, &place);
}

static void on_proc_changed(void *ctx, struct zpm_proc *proc)
{
  struct zpm_supervisor *supervisor = owner_of(proc);
  bool begun = proc->machine.state == ZPM_STARTING && is_asked_for(ctx, proc);

  zpm_supervisor_save_mark(supervisor,
                           begun ? ZPM_UNSAVED_WISHES : ZPM_UNSAVED_FACTS);
  on_proc_moved(ctx, proc); /* what went wrong has its words now */
  settle_proc(supervisor, ctx, proc);
  zpm_app_sync_renewal(ctx);
  zpm_supervisor_settle(supervisor, ctx);
}

static void on_proc_ended(void *ctx, struct zpm_proc *proc)
{
  struct zpm_app *app = ctx;

  zpm_app_note_exit(app, proc);
  zpm_supervisor_tell(owner_of(proc), ZPM_EVENT_EXIT, app->record.config.name);
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

const struct zpm_proc_events ZPM_SUPERVISOR_PROC_EVENTS = {
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
