#include "base/alloc.h"
#include "core/left_text.h"
#include "platform/platform.h"
#include "runtime/keeper_link.h"
#include "runtime/run_tree.h"
#include "runtime/services.h"

/* We and the leaders of other runs are children of the keeper as well; no
 * environment need be read to know whose they are. */
static bool carries_marker(void *ctx, int pid)
{
  const struct zpm_run_tree *tree = ctx;

  return pid != uv_os_getpid() &&
         zpm_run_tree_of_leader(tree->services, pid) == NULL &&
         zpm_platform_has_env(pid, tree->marker);
}

size_t zpm_run_tree_members(struct zpm_run_tree *tree,
                            const struct zpm_process_table *table,
                            size_t *members)
{
  struct zpm_tree_query query = {
      .leader = tree->leader,
      .leader_start = tree->is_foreign ? tree->start_ticks : 0,
      .heir = tree->heir,
      .keeper = zpm_keeper_link_pid(tree->services->link),
      .has_marker = carries_marker,
      .ctx = tree,
  };
  struct zpm_pids inside = {0};
  size_t count;

  /* After the table: a number that was used again in between has another start
   * there, and is not signalled. */
  zpm_run_group_members(&tree->services->groups, tree->id, &inside);
  query.inside = inside.items;
  query.inside_count = inside.len;
  count = zpm_tree_members(table, &query, members);
  zpm_pids_deinit(&inside);
  return count;
}

static void describe(const struct zpm_process_table *table,
                     const size_t *members, size_t count, char *text,
                     size_t size)
{
  struct zpm_left left[ZPM_LEFT_SHOWN];
  size_t shown = count < ZPM_LEFT_SHOWN ? count : ZPM_LEFT_SHOWN;

  for (size_t i = 0; i < shown; i++) {
    const struct zpm_process *process = &table->items[members[i]];

    left[i] = (struct zpm_left){.pid = process->pid, .state = process->state};
    zpm_platform_name(process->pid, left[i].name, sizeof(left[i].name));
  }
  zpm_left_text(left, shown, count, text, size);
}

void zpm_run_tree_describe_left(struct zpm_run_tree *tree, char *text,
                                size_t size)
{
  struct zpm_process_table table = {0};
  size_t *members = NULL;
  size_t count = 0;

  if (zpm_platform_processes(&table) == 0)
    members = zpm_alloc((table.len + 1) * sizeof(*members));
  if (members != NULL)
    count = zpm_run_tree_members(tree, &table, members);
  describe(&table, members, count, text, size);
  zpm_free(members);
  zpm_process_table_deinit(&table);
}
