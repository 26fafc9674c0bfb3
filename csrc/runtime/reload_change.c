#include "runtime/reload_internal.h"

#include "runtime/app.h"

static void look_again(uv_timer_t *timer)
{
  const struct zpm_change *change = timer->data;

  zpm_reload_step(change->reload->app);
}

static uint64_t now_of(const struct zpm_change *change)
{
  return uv_now(change->reload->app->services->loop);
}

static void set_timer(struct zpm_change *change)
{
  uint64_t due_ms = change->replacement.due_ms;
  uint64_t now_ms = now_of(change);

  uv_timer_stop(&change->timer);
  if (due_ms != 0)
    uv_timer_start(&change->timer, look_again,
                   due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void enter(struct zpm_change *change, enum zpm_replacement_phase phase)
{
  zpm_replacement_begin(&change->replacement, phase, now_of(change));
  set_timer(change);
}

/* What is said of an app that is held is no help here. */
static void explain(struct zpm_reload *reload, const struct zpm_proc *proc)
{
  char end[ZPM_EXIT_TEXT_SIZE];

  if (proc != NULL && proc->machine.cause == ZPM_CAUSE_ITSELF)
    zpm_error_set(&reload->failure, ZPM_ESTART,
                  "the new process ended by %s (see `zpm logs %s --err`)",
                  zpm_exit_text(&proc->last_exit, end),
                  reload->app->record.config.name);
  else if (proc != NULL && proc->error.code != 0)
    reload->failure = proc->error;
  else
    zpm_error_set(&reload->failure, ZPM_ESTART, "the new process ended");
}

/* With the sockets of the old one, if it has given any. */
static void start_successor(struct zpm_change *change)
{
  struct zpm_app *app = change->reload->app;
  struct zpm_proc *old = zpm_app_in_seat(app, change->old);
  struct zpm_proc *successor =
      zpm_app_add_proc(app, zpm_seat_instance(change->old), ZPM_ROLE_SUCCESSOR);

  if (successor == NULL) {
    zpm_error_set(&change->reload->failure, ZPM_ESTART,
                  "its last reload is not over yet, or there is no memory");
    zpm_proc_drop_sockets(old);
    enter(change, ZPM_REPLACE_IDLE);
    return;
  }
  change->successor = successor->seat;
  successor->handoff = old->handoff;
  old->handoff.count = 0;
  zpm_proc_feed(successor, ZPM_EV_START);
}

void zpm_change_begin(struct zpm_change *change, unsigned instance)
{
  struct zpm_app *app = change->reload->app;
  struct zpm_proc *old = zpm_app_current(app, instance);

  if (old == NULL)
    return;
  change->old = old->seat;
  change->leaver = old->seat;
  change->replacement.ready_ms = app->record.config.ready_timeout_ms;
  if (change->reload->asked.kind == ZPM_RELOAD_RETIRE) {
    enter(change, ZPM_REPLACE_DRAINING);
    zpm_proc_drain(old);
  } else if (app->recipe.cluster == NULL) {
    enter(change, ZPM_REPLACE_ASKING);
    zpm_proc_ask_sockets(old);
  } else {
    enter(change, ZPM_REPLACE_STARTING);
    start_successor(change);
  }
}

static void promote(struct zpm_change *change)
{
  struct zpm_app *app = change->reload->app;
  struct zpm_proc *old = zpm_app_in_seat(app, change->old);
  struct zpm_proc *successor = zpm_app_in_seat(app, change->successor);

  successor->role = ZPM_ROLE_CURRENT;
  successor->events->moved(successor->ctx, successor);
  change->reload->replaced++;
  if (old != NULL)
    zpm_proc_drain(old);
}

/* It has ended, or is to. */
static void give_up(struct zpm_change *change)
{
  struct zpm_proc *successor =
      zpm_app_in_seat(change->reload->app, change->successor);

  explain(change->reload, successor);
  change->leaver = change->successor;
  if (successor == NULL)
    return;
  successor->role = ZPM_ROLE_LEAVING;
  zpm_proc_feed(successor, ZPM_EV_STOP);
}

static void expire(struct zpm_change *change)
{
  struct zpm_proc *successor =
      zpm_app_in_seat(change->reload->app, change->successor);
  const char *pending = zpm_proc_pending(successor);

  zpm_error_set(&successor->error, ZPM_ESTART,
                "the new process was not ready in time (readyTimeout)%s%s",
                pending != NULL && pending[0] != '\0' ? ": " : "",
                pending != NULL ? pending : "");
  give_up(change);
}

/* Its app was restarted, or scaled, meanwhile. */
static void yield(struct zpm_change *change)
{
  zpm_error_set(&change->reload->failure, ZPM_ESTART,
                "another command came in between");
  change->leaver = change->successor;
}

static void dismiss(const struct zpm_change *change)
{
  struct zpm_proc *old = zpm_app_in_seat(change->reload->app, change->old);

  if (old != NULL)
    zpm_proc_dismiss(old);
}

static void drop_sockets(const struct zpm_change *change)
{
  struct zpm_proc *old = zpm_app_in_seat(change->reload->app, change->old);

  if (old != NULL)
    zpm_proc_drop_sockets(old);
}

static void refuse(const struct zpm_change *change)
{
  drop_sockets(change);
  change->reload->refused = true;
}

static void finish(const struct zpm_change *change)
{
  struct zpm_proc *successor =
      zpm_app_in_seat(change->reload->app, change->successor);

  if (successor != NULL)
    zpm_proc_release_sockets(successor);
}

static enum zpm_replace_successor progress_of(const struct zpm_proc *successor)
{
  if (successor == NULL)
    return ZPM_SUCCESSOR_ENDED;
  if (successor->role != ZPM_ROLE_SUCCESSOR)
    return ZPM_SUCCESSOR_OVERTAKEN;
  if (successor->machine.state == ZPM_RUNNING)
    return ZPM_SUCCESSOR_RUNS;
  return successor->machine.state == ZPM_STARTING ||
                 zpm_machine_runs(&successor->machine)
             ? ZPM_SUCCESSOR_COMES
             : ZPM_SUCCESSOR_ENDED;
}

static void look(const struct zpm_change *change,
                 struct zpm_replace_facts *facts)
{
  const struct zpm_app *app = change->reload->app;
  const struct zpm_proc *old = zpm_app_in_seat(app, change->old);
  const struct zpm_proc *successor = zpm_app_in_seat(app, change->successor);

  *facts = (struct zpm_replace_facts){
      .now_ms = now_of(change),
      .old_lives = old != NULL,
      .old_listens = old != NULL && zpm_proc_listens(old),
      .old_drains = old != NULL && old->channel != NULL && !old->drained,
      .sockets = old != NULL ? old->sockets : ZPM_SOCKETS_NONE,
      .successor = progress_of(successor),
      .successor_listens = successor != NULL && zpm_proc_listens(successor),
      .leaver_lives = zpm_app_in_seat(app, change->leaver) != NULL,
  };
}

bool zpm_change_step(struct zpm_change *change)
{
  struct zpm_replace_facts facts;
  enum zpm_replace_act act;

  look(change, &facts);
  act = zpm_replacement_step(&change->replacement, &facts);
  if (act == ZPM_REPLACE_WAIT)
    return false;
  set_timer(change);
  switch (act) {
  case ZPM_REPLACE_START:
    start_successor(change);
    break;
  case ZPM_REPLACE_REFUSE:
    refuse(change);
    break;
  case ZPM_REPLACE_PROMOTE:
    promote(change);
    break;
  case ZPM_REPLACE_ABANDON:
    give_up(change);
    break;
  case ZPM_REPLACE_EXPIRE:
    expire(change);
    break;
  case ZPM_REPLACE_YIELD:
    yield(change);
    break;
  case ZPM_REPLACE_DISMISS:
    dismiss(change);
    break;
  case ZPM_REPLACE_FINISH:
    finish(change);
    break;
  case ZPM_REPLACE_WAIT:
    break;
  }
  return true;
}

void zpm_change_init(struct zpm_change *change, struct zpm_reload *reload)
{
  change->reload = reload;
  uv_timer_init(reload->app->services->loop, &change->timer);
  uv_unref((uv_handle_t *)&change->timer);
  change->timer.data = change;
}

void zpm_change_end(struct zpm_change *change, uv_close_cb closed)
{
  if (change->replacement.phase == ZPM_REPLACE_ASKING)
    drop_sockets(change);
  uv_close((uv_handle_t *)&change->timer, closed);
}
