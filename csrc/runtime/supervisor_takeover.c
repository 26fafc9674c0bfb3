#include "runtime/supervisor_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "platform/platform.h"
#include "runtime/cluster.h"
#include "runtime/proc_run.h"
#include "runtime/wall.h"

/* What the keeper held at the end of the former daemon, and who takes what. */
struct takeover {
  struct zpm_supervisor *supervisor;
  struct zpm_keeper_table *table;
  bool *claimed; /* of each child in the table */
  size_t taken;
};

/* ---- what belongs to a run ---- */

/* Our end by that name, which is the caller's from now on; -1: not there. */
static int claim(struct zpm_keeper_table *table, const char *name)
{
  for (size_t i = 0; i < table->fd_count; i++) {
    struct zpm_keeper_fd *kept = &table->fds[i];
    int fd = kept->fd;

    if (strcmp(kept->name, name) != 0)
      continue;
    kept->fd = -1;
    return fd;
  }
  return -1;
}

static void claim_run(struct takeover *takeover, uint64_t id,
                      int fds[ZPM_RUN_FDS])
{
  char name[ZPM_WIRE_NAME_MAX];

  for (int fd = 0; fd < ZPM_RUN_FDS; fd++) {
    fds[fd] = -1;
    if (fd == 0 || id == 0)
      continue;
    zpm_proc_run_name(name, fd, id);
    fds[fd] = claim(takeover->table, name);
  }
}

static const struct zpm_keeper_child *claim_child(struct takeover *takeover,
                                                  uint64_t id)
{
  for (size_t i = 0; i < takeover->table->child_count && id != 0; i++) {
    if (takeover->table->children[i].id != id)
      continue;
    takeover->claimed[i] = true;
    return &takeover->table->children[i];
  }
  return NULL;
}

/* ---- from a snapshot to a proc ---- */

/* What the former daemon knew but had not saved yet. */
static void complete_record(struct zpm_app *app, zpm_seat seat,
                            const struct zpm_snapshot *snapshot)
{
  struct zpm_life *life = zpm_record_life(&app->record, seat);
  const struct zpm_past *past = &app->record.past;
  bool noted = past->len > 0 && past->exits[0].at_ms == snapshot->last.at_ms;

  app->record.want_up = snapshot->want_up;
  if (life != NULL)
    life->run.leaving = false; /* the machine knows */
  app->forget = snapshot->forget;
  if (snapshot->last.at_ms != 0 && !noted)
    zpm_past_add(&app->record.past, &snapshot->last, NULL, NULL);
}

static void find_snapshot(struct takeover *takeover, struct zpm_app *app,
                          struct zpm_proc *proc, struct zpm_snapshot *snapshot)
{
  struct zpm_services *services = &takeover->supervisor->services;
  struct zpm_policy policy = {0};

  proc->place = zpm_snapshots_find(
      &services->snapshots, app->record.config.name, proc->seat, snapshot);
  if (proc->place != 0) {
    complete_record(app, proc->seat, snapshot);
    proc->role = (enum zpm_role)snapshot->role;
    return;
  }
  zpm_policy_of_config(&policy, &app->record.config);
  zpm_snapshot_of_record(snapshot, &app->record, proc->seat, &policy,
                         uv_now(services->loop), zpm_wall_ms());
}

/* The run goes on under a keeper that knows of it: or it has ended meanwhile.
 */
static void follow(struct zpm_proc *proc, const struct zpm_keeper_child *child,
                   int *watch)
{
  if (child->foreign) {
    zpm_run_tree_make_foreign(&proc->tree, *watch);
    *watch = -1;
  } else if (child->exited) {
    zpm_proc_on_exited(proc, child->wait_status);
  }
}

static void take_over(struct takeover *takeover, struct zpm_app *app,
                      struct zpm_proc *proc, int fds[ZPM_RUN_FDS], int *watch)
{
  const struct zpm_keeper_child *child;
  struct zpm_snapshot snapshot;
  enum zpm_succession how;

  find_snapshot(takeover, app, proc, &snapshot);
  child = claim_child(takeover, snapshot.run);
  claim_run(takeover, snapshot.run, fds);
  *watch = fds[ZPM_RUN_WATCH];
  fds[ZPM_RUN_WATCH] = -1;
  how = zpm_snapshot_succession(&snapshot, child != NULL);
  if (how == ZPM_SUCCEED_SEARCH) {
    zpm_supervisor_search(takeover->supervisor, app, proc, &snapshot, fds);
    return;
  }
  if (child != NULL)
    snapshot.leader = child->pid;
  zpm_proc_succeed(proc, &snapshot, how, fds);
  takeover->taken += how != ZPM_SUCCEED_NONE;
  if (how == ZPM_SUCCEED_RUN && child != NULL)
    follow(proc, child, watch);
}

static void succeed(struct takeover *takeover, struct zpm_app *app,
                    struct zpm_proc *proc)
{
  int fds[ZPM_RUN_FDS];
  int watch;

  take_over(takeover, app, proc, fds, &watch);
  if (watch >= 0)
    close(watch);
}

static int claim_named(void *table, const char *name)
{
  return claim(table, name);
}

static void take_cluster(const struct takeover *takeover, struct zpm_app *app)
{
  char name[ZPM_WIRE_NAME_MAX];

  if (app->cluster == NULL)
    return;
  zpm_cluster_name(name, &app->record.config);
  zpm_cluster_adopt(app->cluster, claim(takeover->table, name), claim_named,
                    takeover->table);
}

static void succeed_all(struct takeover *takeover)
{
  ZPM_LIST_EACH(it, &takeover->supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    take_cluster(takeover, app);
    for (size_t i = 0; i < app->proc_count; i++)
      succeed(takeover, app, app->procs[i]);
    if (app->cluster != NULL)
      zpm_cluster_adopted(app->cluster);
  }
}

/* ---- what belongs to nobody ---- */

/* Of a run that nobody knows (its supervisor died before it could write that
 * down), or of a command beside an app: ended, so that there never are two.
 * What has left its group is found by the marker, below.  One whose end has
 * been dealt with already is only to be acknowledged. */
static void end(struct zpm_supervisor *supervisor,
                const struct zpm_keeper_child *child)
{
  if (child->exited)
    zpm_supervisor_save_ack(supervisor, child->id);
  else
    zpm_keeper_link_kill(supervisor->services.link, child->id, SIGKILL, true);
  if (child->foreign)
    zpm_keeper_link_ack(supervisor->services.link, child->id);
}

static void end_others(const struct takeover *takeover)
{
  for (size_t i = 0; i < takeover->table->child_count; i++) {
    if (!takeover->claimed[i])
      end(takeover->supervisor, &takeover->table->children[i]);
  }
}

/* What begins with '@' is nobody's run, and stays with the keeper. */
static void drop_fds(struct zpm_supervisor *supervisor,
                     struct zpm_keeper_table *table)
{
  for (size_t i = 0; i < table->fd_count; i++) {
    if (table->fds[i].fd < 0)
      continue;
    close(table->fds[i].fd);
    if (table->fds[i].name[0] != '@')
      zpm_keeper_link_del(supervisor->services.link, table->fds[i].name);
  }
}

/* ---- what was lost ---- */

enum { LOOKS = 200, BETWEEN_LOOKS_MS = 10 };

static struct zpm_app *app_of_run(const struct zpm_supervisor *supervisor,
                                  uint64_t id)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    for (size_t i = 0; i < app->record.life_count; i++) {
      if (app->record.lives[i].run.id == id)
        return app;
    }
  }
  return NULL;
}

/* A run of it is remembered, and is not there. */
static bool has_lost_run(const struct zpm_services *services,
                         const struct zpm_record *record)
{
  for (size_t i = 0; i < record->life_count; i++) {
    uint64_t id = record->lives[i].run.id;

    if (id != 0 && zpm_run_tree_of(services, id) == NULL)
      return true;
  }
  return false;
}

static bool any_was_lost(const struct takeover *takeover)
{
  const struct zpm_supervisor *supervisor = takeover->supervisor;

  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    if (has_lost_run(&supervisor->services,
                     &ZPM_CONTAINER_OF(it, struct zpm_app, link)->record))
      return true;
  }
  for (size_t i = 0; i < takeover->table->child_count; i++) {
    if (!takeover->claimed[i])
      return true;
  }
  return false;
}

/* A run of one of our apps that could not be taken over, or a run of our keeper
 * that belongs to no app. */
static bool is_lost_run(const struct takeover *takeover, uint64_t id)
{
  if (zpm_run_tree_of(&takeover->supervisor->services, id) != NULL)
    return false;
  if (app_of_run(takeover->supervisor, id) != NULL)
    return true;
  for (size_t i = 0; i < takeover->table->child_count; i++) {
    if (takeover->table->children[i].id == id)
      return true;
  }
  return false;
}

/* Whether the process belongs to a run that was lost; then it is ended. */
static bool end_stray(const struct takeover *takeover,
                      const struct zpm_process *process)
{
  char id[32];

  if (!zpm_platform_env(process->pid, ZPM_RUN_MARKER, id, sizeof(id)) ||
      !is_lost_run(takeover, strtoull(id, NULL, 16)))
    return false;
  zpm_platform_signal(process->pid, process->start_ticks, SIGKILL);
  return true;
}

/*
 * What was lost is ended before the first start, so that there never are two of
 * an app: processes of a run whose leader is gone, or that belongs to no app.
 * This waits, at most 2 s; the supervisor serves nobody yet.
 */
static void end_strays(const struct takeover *takeover)
{
  struct zpm_process_table table = {0};
  bool found = any_was_lost(takeover);

  for (int look = 0; found && look < LOOKS; look++) {
    found = false;
    if (zpm_platform_processes(&table) != 0)
      break;
    for (size_t i = 0; i < table.len; i++)
      found = end_stray(takeover, &table.items[i]) || found;
    if (found)
      uv_sleep(BETWEEN_LOOKS_MS);
  }
  zpm_process_table_deinit(&table);
}

/* ---- all of it ---- */

/* The snapshots first: whoever comes after us goes by them, too. */
static void take_snapshots(struct takeover *takeover)
{
  struct zpm_services *services = &takeover->supervisor->services;

  zpm_snapshots_open(&services->snapshots,
                     claim(takeover->table, ZPM_WIRE_STATE));
  zpm_supervisor_keep_snapshots(takeover->supervisor);
}

int zpm_supervisor_take_over(struct zpm_supervisor *supervisor,
                             struct zpm_keeper_table *table)
{
  struct takeover takeover = {
      .supervisor = supervisor,
      .table = table,
      .claimed = zpm_alloc_zeroed(table->child_count + 1, sizeof(bool)),
  };

  if (takeover.claimed == NULL)
    return ZPM_ENOMEM;
  take_snapshots(&takeover);
  succeed_all(&takeover);
  zpm_supervisor_tell_taken_over(supervisor, takeover.taken);
  zpm_snapshots_sweep(&supervisor->services.snapshots);
  end_others(&takeover);
  drop_fds(supervisor, table);
  end_strays(&takeover);
  zpm_run_groups_sweep(&supervisor->services);
  zpm_free(takeover.claimed);
  return 0;
}
