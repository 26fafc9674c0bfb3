#include "core/tree.h"

/*
 * `members` serves as one mark per process while the tree is being found (there
 * is room for each), and only then as the list of indexes.  A process is marked
 * at most once, so a torn table, with cycles or pids used twice, ends as well.
 */
enum { OUTSIDE, MEMBER };

const struct zpm_process *
zpm_process_find(const struct zpm_process_table *table, int pid)
{
  size_t low = 0;
  size_t high = table->len;

  while (low < high) {
    size_t middle = low + (high - low) / 2;

    if (table->items[middle].pid < pid)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == table->len || table->items[low].pid != pid)
    return NULL;
  return &table->items[low];
}

const struct zpm_process *
zpm_process_parent(const struct zpm_process_table *table,
                   const struct zpm_process *process)
{
  const struct zpm_process *parent = zpm_process_find(table, process->ppid);

  /* A child older than its parent: the parent's pid was used again between the
   * two readings. */
  return parent != NULL && process->start_ticks >= parent->start_ticks ? parent
                                                                       : NULL;
}

static bool is_alive(const struct zpm_process *process)
{
  return process->state != 'Z' && process->state != 'X';
}

static bool is_inside(int pid, const struct zpm_tree_query *query)
{
  size_t low = 0;
  size_t high = query->inside_count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;

    if (query->inside[middle] == pid)
      return true;
    if (query->inside[middle] < pid)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

static bool is_orphan(const struct zpm_process *process,
                      const struct zpm_tree_query *query)
{
  return (query->keeper > 0 && process->ppid == query->keeper) ||
         (query->heir > 0 && process->ppid == query->heir);
}

/* The number of the leader is another's now.  As long as one of its group was
 * left, it could not be. */
static bool leader_is_replaced(const struct zpm_process_table *table,
                               const struct zpm_tree_query *query)
{
  const struct zpm_process *process =
      query->leader_start != 0 ? zpm_process_find(table, query->leader) : NULL;

  return process != NULL && process->start_ticks != query->leader_start;
}

static bool is_root(const struct zpm_process *process,
                    const struct zpm_tree_query *query, bool led)
{
  if (query->leader > 0 && led &&
      (process->pid == query->leader || process->pgid == query->leader))
    return true;
  if (is_inside(process->pid, query))
    return true;
  return is_orphan(process, query) && is_alive(process) &&
         query->has_marker(query->ctx, process->pid);
}

static bool is_child_of_member(const struct zpm_process_table *table,
                               const struct zpm_process *process,
                               const size_t *marks)
{
  const struct zpm_process *parent = zpm_process_parent(table, process);

  return parent != NULL && marks[parent - table->items] == MEMBER;
}

static void mark_roots(const struct zpm_process_table *table,
                       const struct zpm_tree_query *query, size_t *marks)
{
  bool led = !leader_is_replaced(table, query);

  for (size_t i = 0; i < table->len; i++) {
    const struct zpm_process *process = &table->items[i];
    bool wanted = process->pid != query->keeper && is_root(process, query, led);

    marks[i] = wanted ? MEMBER : OUTSIDE;
  }
}

/* One pass is enough while pids ascend from parent to child, as they do but for
 * those that began anew at the lowest pid. */
static bool mark_children(const struct zpm_process_table *table,
                          const struct zpm_tree_query *query, size_t *marks)
{
  bool more = false;

  for (size_t i = 0; i < table->len; i++) {
    const struct zpm_process *process = &table->items[i];

    if (marks[i] == OUTSIDE && process->pid != query->keeper &&
        is_child_of_member(table, process, marks)) {
      marks[i] = MEMBER;
      more = true;
    }
  }
  return more;
}

size_t zpm_tree_members(const struct zpm_process_table *table,
                        const struct zpm_tree_query *query, size_t *members)
{
  size_t count = 0;
  bool more;

  mark_roots(table, query, members);
  do
    more = mark_children(table, query, members);
  while (more);
  /* count <= i: no mark is overwritten before it has been read. */
  for (size_t i = 0; i < table->len; i++) {
    if (members[i] == MEMBER && is_alive(&table->items[i]))
      members[count++] = i;
  }
  return count;
}
