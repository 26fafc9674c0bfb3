#ifndef ZPM_CORE_TREE_H
#define ZPM_CORE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which processes belong to an app: a pure decision over one reading of the
 * process table.
 *
 * An app's tree is its leader, all descendants, everything in its process
 * group, and every orphan that the keeper adopted (ppid == keeper) whose
 * environment carries the app's marker, with the descendants of those.  So a
 * child that called setsid, or forked twice, is still found.  Where the system
 * can tell for certain (control groups), those it names are added.
 */
struct zpm_process {
  int pid;
  int ppid;
  int pgid;
  char state;           /* 'R', 'S', 'Z', 'T', 'D'... */
  uint64_t start_ticks; /* with the pid: which process this really is */
};

struct zpm_process_table {
  struct zpm_process *items; /* ascending by pid */
  size_t len;
  size_t cap; /* of items, for who fills it */
};

/* NULL: there is none, or it has ended. */
const struct zpm_process *
zpm_process_find(const struct zpm_process_table *table, int pid);
const struct zpm_process *
zpm_process_parent(const struct zpm_process_table *table,
                   const struct zpm_process *process);

struct zpm_tree_query {
  int leader; /* pid; may be dead or a zombie */
  /* When the leader began, if its number may have been used again (nobody keeps
   * its zombie); 0: it cannot have been. */
  uint64_t leader_start;
  int keeper; /* pid; 0: none */
  int heir;   /* pid of another who adopts its orphans; 0: none */
  /* Does this process carry the app's marker?  Asked for orphans only. */
  bool (*has_marker)(void *ctx, int pid);
  void *ctx;
  const int *inside; /* pids that belong to it whatever they look like,
                        ascending; read after the table */
  size_t inside_count;
};

/* Writes the indexes (into table->items) of the living members, zombies left
 * out, to `members` (room for table->len); returns how many. */
size_t zpm_tree_members(const struct zpm_process_table *table,
                        const struct zpm_tree_query *query, size_t *members);

#endif
