#include "runtime/reload.h"

#include "base/alloc.h"
#include "runtime/app.h"
#include "runtime/cluster.h"

enum {
  /* For requests on their way over connections that are kept alive; over as
   * soon as there is none. */
  DRAIN_MS = 300,
};

enum phase { IDLE, STARTING, DRAINING, LEAVING };

/* One instance that is being replaced. */
struct change {
  struct zpm_reload *reload;
  enum phase phase;
  zpm_seat old; /* in these seats */
  zpm_seat successor;
  bool late;        /* the time of its phase is over */
  uv_timer_t timer; /* of its phase */
};

struct zpm_reload {
  struct zpm_app *app;
  struct zpm_reload_options asked;
  unsigned next;     /* instance */
  unsigned replaced; /* instances */
  bool stepping;     /* what happens meanwhile is seen when it looks again */
  struct zpm_str failure; /* why it has failed, or "" */
  struct zpm_closer closer;
  unsigned change_count;
  struct change changes[];
};

static void look_again(uv_timer_t *timer)
{
  struct change *change = timer->data;
  struct zpm_app *app = change->reload->app;

  change->late = true;
  zpm_reload_step(app);
}

static void enter(struct change *change, enum phase phase, uint64_t limit_ms)
{
  change->phase = phase;
  change->late = false;
  uv_timer_stop(&change->timer);
  if (limit_ms > 0)
    uv_timer_start(&change->timer, look_again, limit_ms, 0);
}

/* ---- one instance ---- */

/* What is said of an app that is held is no help here. */
static void fail(struct zpm_reload *reload, const struct zpm_proc *proc)
{
  char end[ZPM_EXIT_TEXT_SIZE];

  if (proc != NULL && proc->machine.cause == ZPM_CAUSE_ITSELF)
    zpm_str_printf(&reload->failure,
                   "the new process ended by %s (see `zpm logs %s --err`)",
                   zpm_exit_text(&proc->last_exit, end),
                   reload->app->record.config.name);
  else if (proc != NULL && proc->error.code != 0)
    zpm_str_puts(&reload->failure, proc->error.message);
  else
    zpm_str_puts(&reload->failure, "the new process ended");
}

/* False: there is nothing to replace, or nothing to do it with. */
static bool begin_change(struct change *change, unsigned instance)
{
  struct zpm_app *app = change->reload->app;
  struct zpm_proc *old = zpm_app_current(app, instance);
  struct zpm_proc *successor;

  if (old == NULL)
    return true;
  if (change->reload->asked.kind == ZPM_RELOAD_RETIRE) {
    change->old = old->seat;
    enter(change, DRAINING, DRAIN_MS);
    zpm_proc_drain(old);
    return true;
  }
  successor = zpm_app_add_proc(app, instance, ZPM_ROLE_SUCCESSOR);
  if (successor == NULL) {
    zpm_str_puts(&change->reload->failure,
                 "its last reload is not over yet, or there is no memory");
    return false;
  }
  change->old = old->seat;
  change->successor = successor->seat;
  enter(change, STARTING, app->record.config.ready_timeout_ms);
  zpm_proc_feed(successor, ZPM_EV_START);
  return true;
}

static bool listens(const struct zpm_proc *proc)
{
  return proc->worker != NULL && zpm_worker_listens(proc->worker);
}

static bool is_ready(const struct zpm_proc *successor,
                     const struct zpm_proc *old)
{
  return successor->machine.state == ZPM_RUNNING &&
         (listens(successor) || old == NULL || !listens(old));
}

static bool may_become_ready(const struct zpm_proc *successor)
{
  return successor->machine.state == ZPM_STARTING ||
         zpm_machine_runs(&successor->machine);
}

static void promote(struct change *change, struct zpm_proc *successor,
                    struct zpm_proc *old)
{
  successor->role = ZPM_ROLE_CURRENT;
  successor->events->moved(successor->ctx, successor);
  change->reload->replaced++;
  enter(change, DRAINING, DRAIN_MS);
  if (old != NULL)
    zpm_proc_drain(old);
}

/* It has ended, or is to. */
static void give_up(struct change *change, struct zpm_proc *successor)
{
  fail(change->reload, successor);
  enter(change, LEAVING, 0);
  change->old = change->successor;
  if (successor == NULL)
    return;
  successor->role = ZPM_ROLE_LEAVING;
  zpm_proc_feed(successor, ZPM_EV_STOP);
}

static void give_up_late(struct change *change, struct zpm_proc *successor)
{
  zpm_error_set(&successor->error, ZPM_ESTART,
                "the new process was not ready in time (readyTimeout)");
  give_up(change, successor);
}

/* Its app was restarted, or scaled, meanwhile. */
static bool is_overtaken(const struct zpm_proc *successor)
{
  return successor != NULL && successor->role != ZPM_ROLE_SUCCESSOR;
}

static bool step_starting(struct change *change)
{
  const struct zpm_app *app = change->reload->app;
  struct zpm_proc *successor = zpm_app_in_seat(app, change->successor);
  struct zpm_proc *old = zpm_app_in_seat(app, change->old);

  if (is_overtaken(successor)) {
    zpm_str_puts(&change->reload->failure, "another command came in between");
    change->old = change->successor;
    enter(change, LEAVING, 0);
  } else if (successor == NULL || !may_become_ready(successor))
    give_up(change, successor);
  else if (is_ready(successor, old))
    promote(change, successor, old);
  else if (change->late)
    give_up_late(change, successor);
  else
    return false;
  return true;
}

static bool step_draining(struct change *change)
{
  struct zpm_proc *old = zpm_app_in_seat(change->reload->app, change->old);

  if (old != NULL && !change->late && !old->drained && old->worker != NULL)
    return false;
  enter(change, LEAVING, 0);
  if (old != NULL)
    zpm_proc_dismiss(old);
  return true;
}

/* True if something was done, so that there may be more to do. */
static bool step_change(struct change *change)
{
  switch (change->phase) {
  case STARTING:
    return step_starting(change);
  case DRAINING:
    return step_draining(change);
  case LEAVING:
    if (zpm_app_in_seat(change->reload->app, change->old) != NULL)
      return false;
    enter(change, IDLE, 0);
    return true;
  case IDLE:
    break;
  }
  return false;
}

/* ---- all of them ---- */

static bool is_over(const struct zpm_reload *reload)
{
  bool begun_all = reload->next >= reload->asked.end || reload->failure.len > 0;

  for (unsigned i = 0; i < reload->change_count; i++) {
    if (reload->changes[i].phase != IDLE)
      return false;
  }
  return begun_all;
}

static bool begin_next(struct zpm_reload *reload)
{
  if (reload->failure.len > 0)
    return false;
  for (unsigned i = 0; i < reload->change_count; i++) {
    if (reload->changes[i].phase == IDLE && reload->next < reload->asked.end)
      return begin_change(&reload->changes[i], reload->next++);
  }
  return false;
}

static bool step_all(struct zpm_reload *reload)
{
  bool any = false;

  for (unsigned i = 0; i < reload->change_count; i++)
    any = step_change(&reload->changes[i]) || any;
  return begin_next(reload) || any;
}

static void on_closed(void *ctx)
{
  struct zpm_reload *reload = ctx;

  zpm_str_deinit(&reload->failure);
  zpm_free(reload);
}

static void on_timer_closed(uv_handle_t *handle)
{
  const struct change *change = handle->data;

  zpm_closer_release(&change->reload->closer);
}

static void release(struct zpm_reload *reload)
{
  reload->app->reload = NULL;
  zpm_closer_init(&reload->closer, on_closed, reload);
  for (unsigned i = 0; i < reload->change_count; i++) {
    zpm_closer_hold(&reload->closer);
    uv_close((uv_handle_t *)&reload->changes[i].timer, on_timer_closed);
  }
  zpm_closer_release(&reload->closer);
}

static void answer(struct zpm_reload *reload)
{
  struct zpm_app *app = reload->app;
  const char *name = app->record.config.name;
  struct zpm_reload_options asked = reload->asked;
  bool retired = asked.kind == ZPM_RELOAD_RETIRE;
  unsigned count = retired ? asked.first : asked.end;
  struct zpm_str sentence = {0};
  struct zpm_error err;

  if (reload->failure.len == 0) {
    zpm_str_printf(&sentence, "'%s' %s%u process%s", name,
                   retired ? "has now " : "reloaded, ", count,
                   count == 1 ? "" : "es");
    release(reload);
    asked.done(asked.ctx, zpm_str_text(&sentence), NULL);
    zpm_str_deinit(&sentence);
    return;
  }
  zpm_error_set(&err, ZPM_ESTART,
                "was not reloaded: %s. %u of its %u processes %s replaced, the "
                "others go on",
                reload->failure.data, reload->replaced, count,
                reload->replaced == 1 ? "was" : "were");
  app->events->trouble(app, zpm_app_first(app), err.message);
  zpm_error_wrap(&err, "app '%s'", name);
  release(reload);
  asked.done(asked.ctx, "", &err);
}

void zpm_reload_step(struct zpm_app *app)
{
  struct zpm_reload *reload = app->reload;

  if (reload == NULL || reload->stepping)
    return;
  if (!zpm_app_wants_up(app)) {
    zpm_reload_cancel(app, ZPM_ESUPERSEDED);
    return;
  }
  reload->stepping = true;
  while (step_all(reload))
    continue;
  reload->stepping = false;
  if (is_over(reload))
    answer(reload);
}

void zpm_reload_cancel(struct zpm_app *app, int code)
{
  struct zpm_reload *reload = app->reload;
  struct zpm_reload_options asked;
  struct zpm_error err;

  if (reload == NULL)
    return;
  asked = reload->asked;
  zpm_error_set(&err, code, "'%s': %s", app->record.config.name,
                zpm_code_text(code));
  release(reload);
  asked.done(asked.ctx, "", &err);
}

int zpm_reload_begin(struct zpm_app *app,
                     const struct zpm_reload_options *options)
{
  unsigned count = options->end - options->first;
  struct zpm_reload *reload;

  if (options->parallel < count)
    count = options->parallel;
  reload = zpm_alloc_zeroed(1, sizeof(*reload) + count * sizeof(struct change));
  if (reload == NULL)
    return ZPM_ENOMEM;
  reload->app = app;
  reload->asked = *options;
  reload->next = options->first;
  reload->change_count = count;
  for (unsigned i = 0; i < count; i++) {
    struct change *change = &reload->changes[i];

    change->reload = reload;
    uv_timer_init(app->services->loop, &change->timer);
    uv_unref((uv_handle_t *)&change->timer);
    change->timer.data = change;
  }
  app->reload = reload;
  return 0;
}
