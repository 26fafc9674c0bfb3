#include "runtime/app.h"

/* What the procs of an app come to together. */

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

/* An app is as well as the best of its instances. */
static unsigned rank_of(enum zpm_status status)
{
  static const unsigned RANKS[ZPM_STATUSES] = {
      [ZPM_STATUS_RUNNING] = 5,  [ZPM_STATUS_STARTING] = 4,
      [ZPM_STATUS_STOPPING] = 3, [ZPM_STATUS_CRASHED] = 2,
      [ZPM_STATUS_ERRORED] = 1,  [ZPM_STATUS_STOPPED] = 0,
  };

  return RANKS[status];
}

enum zpm_status zpm_app_status(const struct zpm_app *app)
{
  enum zpm_status best = ZPM_STATUS_STOPPED;

  for (size_t i = 0; i < app->proc_count; i++) {
    enum zpm_status status = zpm_app_status_of(app->procs[i]->machine.state);

    if (app->procs[i]->role == ZPM_ROLE_CURRENT &&
        rank_of(status) > rank_of(best))
      best = status;
  }
  return best;
}

typedef bool machine_test(const struct zpm_machine *machine);

/* One of its instances is so. */
static bool any_current(const struct zpm_app *app, machine_test *test)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    if (app->procs[i]->role == ZPM_ROLE_CURRENT &&
        test(&app->procs[i]->machine))
      return true;
  }
  return false;
}

static bool any(const struct zpm_app *app, machine_test *test)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    if (test(&app->procs[i]->machine))
      return true;
  }
  return false;
}

static bool is_not_done(const struct zpm_machine *machine)
{
  return machine->state != ZPM_DONE;
}

static bool is_not_running(const struct zpm_machine *machine)
{
  return machine->state != ZPM_RUNNING;
}

static bool lives(const struct zpm_machine *machine)
{
  return zpm_machine_is_alive(machine) || machine->state == ZPM_BACKOFF ||
         machine->state == ZPM_QUEUED;
}

bool zpm_app_wants_up(const struct zpm_app *app)
{
  return any_current(app, zpm_machine_wants_up);
}

bool zpm_app_is_wanted(const struct zpm_app *app)
{
  return zpm_app_wants_up(app) && !app->forget;
}

bool zpm_app_is_running(const struct zpm_app *app)
{
  return !any_current(app, is_not_running);
}

bool zpm_app_runs(const struct zpm_app *app)
{
  return any_current(app, zpm_machine_runs);
}

bool zpm_app_is_done(const struct zpm_app *app)
{
  return !any_current(app, is_not_done);
}

bool zpm_app_is_at_rest(const struct zpm_app *app)
{
  return zpm_app_status(app) == ZPM_STATUS_STOPPED &&
         !any(app, zpm_machine_is_alive);
}

bool zpm_app_is_stuck(const struct zpm_app *app)
{
  return any(app, zpm_machine_is_stuck);
}

bool zpm_app_lives(const struct zpm_app *app)
{
  return any(app, lives);
}

bool zpm_app_is_busy(const struct zpm_app *app)
{
  return zpm_app_lives(app) || zpm_app_awaits_renewal(app);
}

uint64_t zpm_app_starts(const struct zpm_app *app)
{
  uint64_t starts = 0;

  for (size_t i = 0; i < app->proc_count; i++)
    starts += app->procs[i]->starts;
  return starts;
}

int zpm_app_pid(const struct zpm_app *app)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    const struct zpm_run_tree *tree = &app->procs[i]->tree;

    if (tree->leader != 0 && !tree->leader_ended)
      return tree->leader;
  }
  return 0;
}

const char *zpm_app_error(const struct zpm_app *app)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    const struct zpm_error *error = &app->procs[i]->error;

    if (error->code != 0)
      return error->message;
  }
  return NULL;
}
