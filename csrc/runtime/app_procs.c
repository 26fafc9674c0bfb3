#include "runtime/app_internal.h"

#include <string.h>

#include "base/alloc.h"
#include "runtime/cluster.h"

/* ---- one of them ---- */

/* What is remembered of the last life goes on counting. */
static void restore(struct zpm_proc *proc, const struct zpm_record *record)
{
  const struct zpm_life *life = zpm_record_life(record, proc->seat);

  if (record->past.len > 0)
    proc->last_exit = record->past.exits[0];
  if (life == NULL)
    return;
  proc->machine.crashes = life->restart_count;
  proc->machine.total_restarts = life->total_restarts;
  proc->machine.proven = life->proven;
  if (life->done)
    proc->machine.state = ZPM_DONE;
  if (life->last_error != NULL)
    zpm_error_set(&proc->error, ZPM_ESTART, "%s", life->last_error);
}

/* Instances in their order, and of the same one the newer after the older. */
static void insert(struct zpm_app *app, struct zpm_proc *proc)
{
  size_t at = app->proc_count++;

  for (; at > 0 && zpm_seat_instance(app->procs[at - 1]->seat) >
                       zpm_seat_instance(proc->seat);
       at--)
    app->procs[at] = app->procs[at - 1];
  app->procs[at] = proc;
}

static struct zpm_proc *add(struct zpm_app *app, zpm_seat seat,
                            enum zpm_role role)
{
  struct zpm_proc *proc = zpm_alloc(sizeof(*proc));
  struct zpm_proc **procs = zpm_realloc(
      app->procs, (app->proc_count + 1) * sizeof(struct zpm_proc *));

  if (procs != NULL)
    app->procs = procs;
  if (proc == NULL || procs == NULL) {
    zpm_free(proc);
    return NULL;
  }
  zpm_proc_init(proc, app->services, &app->recipe, app->events, app);
  proc->seat = seat;
  proc->role = role;
  restore(proc, &app->record);
  insert(app, proc);
  return proc;
}

struct zpm_proc *zpm_app_in_seat(const struct zpm_app *app, zpm_seat seat)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    if (app->procs[i]->seat == seat)
      return app->procs[i];
  }
  return NULL;
}

struct zpm_proc *zpm_app_add_proc(struct zpm_app *app, unsigned instance,
                                  enum zpm_role role)
{
  zpm_seat seat = instance;

  if (zpm_app_in_seat(app, seat) != NULL)
    seat |= ZPM_SEAT_OTHER;
  return zpm_app_in_seat(app, seat) == NULL ? add(app, seat, role) : NULL;
}

static void on_proc_closed(void *ctx)
{
  struct zpm_proc *proc = ctx;
  struct zpm_app *app = proc->ctx;

  zpm_free(proc);
  zpm_closer_release(&app->closer);
}

void zpm_app_release_proc(struct zpm_app *app, struct zpm_proc *proc)
{
  size_t at = 0;

  while (app->procs[at] != proc)
    at++;
  app->proc_count--;
  memmove(&app->procs[at], &app->procs[at + 1],
          (app->proc_count - at) * sizeof(struct zpm_proc *));
  zpm_closer_hold(&app->closer);
  zpm_proc_close(proc, on_proc_closed, proc);
}

static zpm_place drop(struct zpm_app *app, struct zpm_proc *proc)
{
  zpm_place place = proc->place;

  zpm_record_drop_life(&app->record, proc->seat);
  zpm_app_release_proc(app, proc);
  return place;
}

/* ---- all of them ---- */

struct zpm_proc *zpm_app_current(const struct zpm_app *app, unsigned instance)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    struct zpm_proc *proc = app->procs[i];

    if (proc->role == ZPM_ROLE_CURRENT &&
        zpm_seat_instance(proc->seat) == instance)
      return proc;
  }
  return NULL;
}

unsigned zpm_app_instances(const struct zpm_app *app)
{
  return zpm_config_instances(&app->record.config, app->services->cores);
}

static int fill_up(struct zpm_app *app)
{
  unsigned count = zpm_app_instances(app);

  for (unsigned instance = 0; instance < count; instance++) {
    if (zpm_app_current(app, instance) == NULL &&
        zpm_app_add_proc(app, instance, ZPM_ROLE_CURRENT) == NULL)
      return ZPM_ENOMEM;
  }
  return 0;
}

struct zpm_proc *zpm_app_first(const struct zpm_app *app)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    if (app->procs[i]->role == ZPM_ROLE_CURRENT)
      return app->procs[i];
  }
  return app->procs[0];
}

/* Of two in one instance the older is current, until its successor is ready. */
int zpm_app_restore_procs(struct zpm_app *app)
{
  const struct zpm_record *record = &app->record;
  unsigned count = zpm_app_instances(app);

  for (size_t i = 0; i < record->life_count; i++) {
    zpm_seat seat = record->lives[i].seat;
    unsigned instance = zpm_seat_instance(seat);
    enum zpm_role role = ZPM_ROLE_CURRENT;

    if (instance >= count)
      role = ZPM_ROLE_LEAVING;
    else if (zpm_app_current(app, instance) != NULL)
      role = ZPM_ROLE_SUCCESSOR;
    if (add(app, seat, role) == NULL)
      return ZPM_ENOMEM;
  }
  return fill_up(app);
}

static void close_sockets_at_rest(const struct zpm_app *app)
{
  if (app->cluster != NULL && !zpm_app_lives(app))
    zpm_cluster_close_sockets(app->cluster);
}

zpm_place zpm_app_settle_proc(struct zpm_app *app, struct zpm_proc *proc)
{
  close_sockets_at_rest(app);
  if (proc->role != ZPM_ROLE_LEAVING || zpm_machine_is_alive(&proc->machine))
    return 0;
  if (proc->machine.state == ZPM_STOPPED)
    return drop(app, proc);
  zpm_proc_feed(proc, ZPM_EV_STOP);
  return 0;
}

/* Its end may be the end of its place in the list, too. */
static void feed(struct zpm_app *app, size_t *at, enum zpm_event wish)
{
  struct zpm_proc *proc = app->procs[*at];

  zpm_proc_feed(proc, wish);
  if (*at < app->proc_count && app->procs[*at] == proc)
    ++*at;
}

static void dismiss(struct zpm_app *app, size_t *at)
{
  app->procs[*at]->role = ZPM_ROLE_LEAVING;
  feed(app, at, ZPM_EV_STOP);
}

/* A successor goes with whatever replaces or ends what it was to succeed, and
 * what leaves is not waited for any more. */
void zpm_app_feed(struct zpm_app *app, enum zpm_event wish)
{
  for (size_t i = 0; i < app->proc_count;) {
    struct zpm_proc *proc = app->procs[i];

    if (proc->role == ZPM_ROLE_CURRENT) {
      feed(app, &i, wish);
    } else if (wish != ZPM_EV_START) {
      zpm_proc_hurry(proc);
      dismiss(app, &i);
    } else {
      i++;
    }
  }
}

void zpm_app_fit_procs(struct zpm_app *app)
{
  unsigned count = zpm_app_instances(app);

  for (size_t i = 0; i < app->proc_count;) {
    if (app->procs[i]->role != ZPM_ROLE_LEAVING &&
        zpm_seat_instance(app->procs[i]->seat) >= count)
      dismiss(app, &i);
    else
      i++;
  }
  (void)fill_up(app);
}

static enum zpm_event wish_for(const struct zpm_app *app,
                               const struct zpm_proc *proc)
{
  const struct zpm_life *life = zpm_record_life(&app->record, proc->seat);

  return zpm_machine_resume(&proc->machine, app->record.want_up,
                            life != NULL && life->run.leaving);
}

/* Of two that are current in one instance, one was to be forgotten: the one
 * that has no run. */
static void settle_roles(struct zpm_app *app)
{
  for (size_t i = 1; i < app->proc_count; i++) {
    struct zpm_proc *one = app->procs[i - 1];
    struct zpm_proc *other = app->procs[i];

    if (zpm_seat_instance(one->seat) != zpm_seat_instance(other->seat) ||
        one->role != other->role || one->role != ZPM_ROLE_CURRENT)
      continue;
    if (one->tree.id == 0)
      one->role = ZPM_ROLE_LEAVING;
    else
      other->role = ZPM_ROLE_LEAVING;
  }
}

void zpm_app_resume(struct zpm_app *app)
{
  settle_roles(app);
  for (size_t i = 0; i < app->proc_count; i++)
    zpm_proc_resume(app->procs[i]);
  for (size_t i = 0; i < app->proc_count;) {
    struct zpm_proc *proc = app->procs[i];
    enum zpm_event wish = wish_for(app, proc);

    if (proc->role != ZPM_ROLE_CURRENT) /* nobody hears of its reload */
      dismiss(app, &i);
    else if (wish != ZPM_EVENTS)
      feed(app, &i, wish);
    else
      i++;
  }
  close_sockets_at_rest(app); /* which a former daemon had still to do */
  zpm_app_sync_renewal(app);
}
