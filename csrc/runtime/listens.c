#include "runtime/listens.h"

#include "base/alloc.h"
#include "platform/platform.h"
#include "runtime/run_tree.h"

static bool any_listens(const struct zpm_process_table *table,
                        const size_t *members, size_t count, uint16_t port)
{
  int *pids = zpm_alloc((count + 1) * sizeof(*pids));
  bool found;

  if (pids == NULL)
    return false;
  for (size_t i = 0; i < count; i++)
    pids[i] = table->items[members[i]].pid;
  found = zpm_platform_listens(port, pids, count) == 1;
  zpm_free(pids);
  return found;
}

static bool tree_listens(struct zpm_run_tree *tree, uint16_t port)
{
  struct zpm_process_table table = {0};
  size_t *members = NULL;
  bool found = false;

  if (zpm_platform_processes(&table) == 0)
    members = zpm_alloc((table.len + 1) * sizeof(*members));
  if (members != NULL)
    found = any_listens(&table, members,
                        zpm_run_tree_members(tree, &table, members), port);
  zpm_free(members);
  zpm_process_table_deinit(&table);
  return found;
}

bool zpm_listens_on(struct zpm_services *services, int leader, uint16_t port,
                    bool wide)
{
  struct zpm_run_tree *tree;

  if (zpm_platform_listens(port, &leader, 1) == 1)
    return true;
  tree = wide ? zpm_run_tree_of_leader(services, leader) : NULL;
  return tree != NULL && tree_listens(tree, port);
}
