#include "runtime/port_standing.h"

#include <stdio.h>
#include <stdlib.h>

#include <uv.h>

#include "core/config.h"
#include "platform/platform.h"
#include "runtime/keeper_link.h"
#include "runtime/run_group.h"
#include "runtime/run_tree.h"
#include "runtime/services.h"

enum { BASE_16 = 16, CLIENTS = 1024 };

static const char KEEPER[] = "zpm-keeper";

/* What is found on the way from an owner up to the first process. */
struct ancestry {
  const struct zpm_run_tree *run; /* of ours that it belongs to */
  uint64_t id;       /* of a run of somebody's app: its marker; 0: none */
  bool under_keeper; /* of whatever zpm */
  bool under_us;     /* and not by way of our keeper */
};

/* In its environment, or by the group that it lives in. */
static void look_for_marker(const struct zpm_process *process,
                            struct ancestry *found)
{
  char id[ZPM_RUN_MARKER_SIZE];

  if (found->id == 0 &&
      (zpm_platform_env(process->pid, ZPM_RUN_MARKER, id, sizeof(id)) ||
       zpm_run_group_of(process->pid, id, sizeof(id))))
    found->id = strtoull(id, NULL, BASE_16);
}

static void look_at(const struct zpm_services *services,
                    const struct zpm_process *process, struct ancestry *found)
{
  bool is_our_keeper = process->pid == zpm_keeper_link_pid(services->link);

  found->run = zpm_run_tree_of_leader(services, process->pid);
  if (found->run == NULL && process->pgid > 0)
    found->run = zpm_run_tree_of_leader(services, process->pgid);
  look_for_marker(process, found);
  /* Every zpm counts its runs: below our keeper alone the number is ours. */
  if (found->run == NULL && is_our_keeper && found->id != 0)
    found->run = zpm_run_tree_of(services, found->id);
  if (is_our_keeper || zpm_platform_is_called(process->pid, KEEPER))
    found->under_keeper = true;
  if (process->pid == uv_os_getpid())
    found->under_us = !found->under_keeper;
}

static struct ancestry trace(const struct zpm_services *services,
                             const struct zpm_process_table *table, int pid)
{
  const struct zpm_process *process = zpm_process_find(table, pid);
  struct ancestry found = {0};

  /* As many steps as there are processes: a torn table may have cycles. */
  for (size_t i = 0; process != NULL && found.run == NULL && i < table->len;
       i++) {
    look_at(services, process, &found);
    process = zpm_process_parent(table, process);
  }
  return found;
}

/* Whether `pid` is `descendant` or an ancestor of it. */
static bool is_above(const struct zpm_process_table *table, int pid,
                     int descendant)
{
  const struct zpm_process *process = zpm_process_find(table, descendant);

  for (size_t i = 0; process != NULL && i < table->len; i++) {
    if (process->pid == pid)
      return true;
    process = zpm_process_parent(table, process);
  }
  return false;
}

static bool is_above_a_client(const struct zpm_services *services,
                              const struct zpm_process_table *table, int pid)
{
  int clients[CLIENTS];
  size_t count =
      services->clients != NULL
          ? services->clients(services->clients_ctx, clients, CLIENTS)
          : 0;

  for (size_t i = 0; i < count; i++) {
    if (is_above(table, pid, clients[i]))
      return true;
  }
  return false;
}

static enum zpm_port_standing standing_of(const struct ancestry *found,
                                          const struct zpm_config *config)
{
  if (found->run != NULL && found->run->config == config)
    return ZPM_PORT_SIBLING;
  if (found->run != NULL)
    return ZPM_PORT_MANAGED;
  if (found->under_us)
    return ZPM_PORT_OURSELF;
  return found->id != 0 && found->under_keeper ? ZPM_PORT_MANAGED_ELSEWHERE
                                               : ZPM_PORT_STRANGER;
}

void zpm_port_standing_fill(const struct zpm_services *services,
                            const struct zpm_config *config,
                            const struct zpm_process_table *table,
                            struct zpm_port_owners *owners)
{
  for (size_t i = 0; i < owners->len; i++) {
    struct zpm_port_owner *owner = &owners->items[i];
    struct ancestry found = {0};

    if (owner->pid == zpm_keeper_link_pid(services->link) ||
        is_above(table, owner->pid, uv_os_getpid())) {
      owner->standing = ZPM_PORT_OURSELF;
      continue;
    }
    found = trace(services, table, owner->pid);
    owner->standing = standing_of(&found, config);
    if (owner->standing == ZPM_PORT_STRANGER &&
        is_above_a_client(services, table, owner->pid))
      owner->standing = ZPM_PORT_CLIENT;
    if (found.run != NULL && found.run->config != NULL)
      snprintf(owner->app, sizeof(owner->app), "%s", found.run->config->name);
  }
}
