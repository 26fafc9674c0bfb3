#include "runtime/run_tree.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/platform.h"
#include "runtime/keeper_link.h"
#include "runtime/reaper.h"
#include "runtime/services.h"
#include "runtime/wall.h"

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
  tree->leader_ended = false;
  tree->confined = false;
  tree->signal = 0;
  tree->oom_kills = zpm_run_tree_oom_kills(tree);
  snprintf(tree->marker, sizeof(tree->marker), ZPM_RUN_MARKER "%016" PRIx64,
           tree->id);
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

void zpm_run_tree_end(struct zpm_run_tree *tree)
{
  if (tree->id != 0)
    zpm_run_group_remove(&tree->services->groups, tree->id);
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
  tree->outsiders_only = !tree->leader_ended;
  if (!tree->leader_ended) {
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
  bool signaled = WIFSIGNALED(wait_status);

  return (struct zpm_exit){
      .known = true,
      .code = signaled ? -1 : WEXITSTATUS(wait_status),
      .signal = signaled ? WTERMSIG(wait_status) : 0,
      .at_ms = zpm_wall_ms(),
      .uptime_ms = uptime_ms,
  };
}

/* What is told may end any of them and begin new ones: the list is emptied
 * first, and each goes back before it is told. */
void zpm_run_tree_lose_keeper(struct zpm_services *services)
{
  struct zpm_list untold;

  zpm_list_init(&untold);
  while (!zpm_list_empty(&services->trees)) {
    struct zpm_list *link = services->trees.next;

    zpm_list_remove(link);
    zpm_list_append(&untold, link);
  }
  while (!zpm_list_empty(&untold)) {
    struct zpm_run_tree *tree =
        ZPM_CONTAINER_OF(untold.next, struct zpm_run_tree, link);

    zpm_list_remove(&tree->link);
    zpm_list_append(&services->trees, &tree->link);
    tree->events->keeper_lost(tree->ctx);
  }
}
