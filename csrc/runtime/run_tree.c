#include "runtime/run_tree.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/platform.h"
#include "runtime/foreign.h"
#include "runtime/keeper_link.h"
#include "runtime/reaper.h"
#include "runtime/services.h"
#include "runtime/wall.h"

/* The descriptor by which a foreign leader is watched is stored as p/ID. */
static const char WATCH_KIND = 'p';

void zpm_run_marker(char marker[ZPM_RUN_MARKER_SIZE], uint64_t id)
{
  snprintf(marker, ZPM_RUN_MARKER_SIZE, ZPM_RUN_MARKER "%016" PRIx64, id);
}

void zpm_run_tree_init(struct zpm_run_tree *tree, struct zpm_services *services,
                       const struct zpm_run_tree_events *events, void *ctx)
{
  *tree = (struct zpm_run_tree){
      .services = services,
      .events = events,
      .ctx = ctx,
  };
  zpm_list_init(&tree->link);
  zpm_list_init(&tree->watched);
}

void zpm_run_tree_begin(struct zpm_run_tree *tree, uint64_t id)
{
  struct zpm_services *services = tree->services;

  tree->id = id != 0 ? id : services->last_id + 1;
  if (services->last_id < tree->id)
    services->last_id = tree->id;
  tree->leader = 0;
  tree->start_ticks = 0;
  tree->is_foreign = false;
  tree->heir = 0;
  tree->leader_ended = false;
  tree->confined = false;
  tree->signal = 0;
  tree->oom_kills = zpm_run_tree_oom_kills(tree);
  zpm_run_marker(tree->marker, tree->id);
  zpm_list_append(&services->trees, &tree->link);
}

int zpm_run_tree_spawn(struct zpm_run_tree *tree, struct zpm_spawn *spawn,
                       struct zpm_error *err)
{
  int group = zpm_run_group_create(&tree->services->groups, tree->id);
  int rc;

  spawn->id = tree->id;
  spawn->cgroup = group;
  rc = zpm_keeper_link_spawn(tree->services->link, spawn, err);
  if (group >= 0)
    close(group);
  return rc;
}

void zpm_run_tree_confirm(struct zpm_run_tree *tree)
{
  tree->confined =
      zpm_run_group_is_populated(&tree->services->groups, tree->id);
}

bool zpm_run_tree_is_over(const struct zpm_run_tree *tree)
{
  return tree->leader_ended && tree->confined &&
         zpm_run_group_is_empty(&tree->services->groups, tree->id);
}

static void forget_watch(const struct zpm_run_tree *tree)
{
  char name[ZPM_WIRE_NAME_MAX];

  zpm_keeper_name(name, WATCH_KIND, tree->id);
  zpm_keeper_link_del(tree->services->link, name);
}

void zpm_run_tree_end(struct zpm_run_tree *tree)
{
  if (tree->id != 0)
    zpm_run_group_remove(&tree->services->groups, tree->id);
  if (tree->is_foreign && tree->id != 0)
    forget_watch(tree);
  zpm_foreign_end(tree->foreign);
  tree->foreign = NULL;
  zpm_list_remove(&tree->watched);
  zpm_list_remove(&tree->link);
  tree->id = 0;
  tree->leader = 0;
}

struct zpm_run_tree *zpm_run_tree_of(const struct zpm_services *services,
                                     uint64_t id)
{
  ZPM_LIST_EACH(it, &services->trees)
  {
    struct zpm_run_tree *tree = ZPM_CONTAINER_OF(it, struct zpm_run_tree, link);

    if (tree->id == id)
      return tree;
  }
  return NULL;
}

struct zpm_run_tree *zpm_run_tree_of_leader(const struct zpm_services *services,
                                            int pid)
{
  ZPM_LIST_EACH(it, &services->trees)
  {
    struct zpm_run_tree *tree = ZPM_CONTAINER_OF(it, struct zpm_run_tree, link);

    if (tree->leader == pid)
      return tree;
  }
  return NULL;
}

void zpm_run_tree_signal(struct zpm_run_tree *tree, int signal)
{
  struct zpm_keeper_link *link = tree->services->link;

  tree->signal = signal;
  /* A foreign leader's number may be used again before we know of its end: the
   * reaper looks when who has it began. */
  tree->outsiders_only = !tree->leader_ended && !tree->is_foreign;
  if (tree->outsiders_only) {
    zpm_keeper_link_kill(link, tree->id, signal, true);
    if (signal != SIGKILL)
      zpm_keeper_link_kill(link, tree->id, SIGCONT, true);
  }
  zpm_reaper_watch(tree->services->reaper, tree);
}

uint64_t zpm_run_tree_oom_kills(const struct zpm_run_tree *tree)
{
  const struct zpm_str *source = &tree->services->oom_source;

  return source->len > 0 ? zpm_platform_oom_kills(source->data) : 0;
}

bool zpm_run_tree_met_oom(const struct zpm_run_tree *tree)
{
  return zpm_run_tree_oom_kills(tree) > tree->oom_kills;
}

struct zpm_exit zpm_run_tree_exit(int wait_status, uint64_t uptime_ms)
{
  bool known = wait_status != ZPM_WAIT_UNKNOWN;
  bool signaled = known && WIFSIGNALED(wait_status);

  return (struct zpm_exit){
      .known = known,
      .code = !known || signaled ? -1 : WEXITSTATUS(wait_status),
      .signal = signaled ? WTERMSIG(wait_status) : 0,
      .at_ms = zpm_wall_ms(),
      .uptime_ms = uptime_ms,
  };
}

/* ---- a leader that is no child of the keeper ---- */

bool zpm_run_find(const char *marker, int *pid, uint64_t *start_ticks)
{
  struct zpm_process_table table = {0};
  bool found = false;

  if (zpm_platform_processes(&table) != 0)
    return false;
  for (size_t i = 0; i < table.len && !found; i++) {
    const struct zpm_process *process = &table.items[i];

    found = process->pid == process->pgid && process->state != 'Z' &&
            zpm_platform_has_env(process->pid, marker);
    if (!found)
      continue;
    *pid = process->pid;
    *start_ticks = process->start_ticks;
  }
  zpm_process_table_deinit(&table);
  return found;
}

bool zpm_run_tree_find_leader(struct zpm_run_tree *tree)
{
  return zpm_run_find(tree->marker, &tree->leader, &tree->start_ticks);
}

static void on_foreign_exited(void *ctx, int wait_status)
{
  struct zpm_run_tree *tree = ctx;

  zpm_foreign_end(tree->foreign);
  tree->foreign = NULL;
  tree->events->exited(tree->ctx, wait_status);
}

static void keep_watch(const struct zpm_run_tree *tree, int watch)
{
  char name[ZPM_WIRE_NAME_MAX];

  zpm_keeper_name(name, WATCH_KIND, tree->id);
  zpm_keeper_link_put(tree->services->link, name, watch);
}

void zpm_run_tree_make_foreign(struct zpm_run_tree *tree, int watch)
{
  struct zpm_foreign_options options = {
      .loop = tree->services->loop,
      .watch = watch >= 0 ? watch
                          : zpm_foreign_open(tree->leader, tree->start_ticks),
      .pid = tree->leader,
      .start_ticks = tree->start_ticks,
      .exited = on_foreign_exited,
      .ctx = tree,
  };

  tree->is_foreign = true;
  tree->heir = zpm_platform_parent(tree->leader);
  if (watch < 0 && options.watch >= 0)
    keep_watch(tree, options.watch);
  tree->foreign = zpm_foreign_watch(&options);
}

void zpm_run_tree_hand_over(struct zpm_run_tree *tree)
{
  if (!tree->leader_ended) {
    zpm_keeper_link_adopt(tree->services->link, tree->id, tree->leader,
                          tree->start_ticks);
    zpm_foreign_end(tree->foreign);
    zpm_run_tree_make_foreign(tree, -1);
  }
  tree->events->keeper_renewed(tree->ctx);
}

/* Of those without a leader the result of their start is still to come. */
void zpm_run_tree_hand_over_all(struct zpm_services *services)
{
  ZPM_LIST_EACH(it, &services->trees)
  {
    struct zpm_run_tree *tree = ZPM_CONTAINER_OF(it, struct zpm_run_tree, link);

    if (tree->leader != 0)
      zpm_run_tree_hand_over(tree);
  }
}
