#ifndef ZPM_RUNTIME_RUN_TREE_H
#define ZPM_RUNTIME_RUN_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "core/record.h"
#include "core/tree.h"
#include "keeper/wire.h"
#include "zpm/error.h"

/*
 * The processes of one run, whoever it is of: a proc or a job embeds this.
 *
 * A run has an id that is never used again.  By it the keeper, the log pipes
 * and the marker in the environment of the whole tree are known.  It is over
 * when its leader has ended and the reaper found nothing left.
 */
struct zpm_config;
struct zpm_run_tree;
struct zpm_services;
struct zpm_spawn;

/* In the environment of every process of a run: its id, 16 hex digits. */
#define ZPM_RUN_MARKER "ZPM_APP_ID="

enum { ZPM_RUN_MARKER_SIZE = 40 };

/* What becomes of it; any of these may end it, or begin others. */
struct zpm_run_tree_events {
  /* As the keeper tells it (keeper_link.h); the exit maybe twice. */
  void (*spawned)(void *ctx, int pid, int error);
  void (*exec_result)(void *ctx, enum zpm_spawn_stage stage, int error);
  void (*exited)(void *ctx, int wait_status);
  void (*keeper_lost)(void *ctx);
  /* The reaper found that nothing is left of it. */
  void (*gone)(void *ctx);
};

struct zpm_run_tree {
  struct zpm_list link;    /* in services->trees, from begin to end */
  struct zpm_list watched; /* the reaper's */
  struct zpm_services *services;
  const struct zpm_run_tree_events *events;
  void *ctx;
  const struct zpm_config *config; /* of the app it is a process of, set by the
                                      owner; NULL: it is something beside one */

  uint64_t id; /* 0: there is no run */
  int leader;  /* pid; 0: not known yet */
  char marker[ZPM_RUN_MARKER_SIZE];
  bool leader_ended;
  bool confined; /* its leader was seen in the group of the run: so whoever is
                    of it is in there */
  uint64_t oom_kills; /* in all, when it began */

  /* For the reaper's next look. */
  int signal;          /* to send to what is left; 0: none */
  bool outsiders_only; /* the leader's group has had it from the keeper */
};

void zpm_run_tree_init(struct zpm_run_tree *tree, struct zpm_services *services,
                       const struct zpm_run_tree_events *events, void *ctx);

/* A new run: with an id of its own (0), or one that another supervisor began.
 */
void zpm_run_tree_begin(struct zpm_run_tree *tree, uint64_t id);
/* Asks the keeper to start the run: spawn->id and spawn->cgroup are filled in
 * here. */
int zpm_run_tree_spawn(struct zpm_run_tree *tree, struct zpm_spawn *spawn,
                       struct zpm_error *err);
/* Its leader lives, and runs its program. */
void zpm_run_tree_confirm(struct zpm_run_tree *tree);
/* Nothing of it is left, for certain; false: look at the process table. */
bool zpm_run_tree_is_over(const struct zpm_run_tree *tree);
/* The run is over, or let go of: nothing more is heard of it. */
void zpm_run_tree_end(struct zpm_run_tree *tree);

/* The run with this id, or whose leader has this pid; NULL: there is none. */
struct zpm_run_tree *zpm_run_tree_of(const struct zpm_services *services,
                                     uint64_t id);
struct zpm_run_tree *zpm_run_tree_of_leader(const struct zpm_services *services,
                                            int pid);

/* To all of it: the keeper reaches the group without a race as long as its
 * leader is not acknowledged, the reaper reaches the rest.  The stopped ones go
 * on, so that they can act on it. */
void zpm_run_tree_signal(struct zpm_run_tree *tree, int signal);

/* Writes the indexes (into table->items) of its living members to `members`
 * (room for table->len); returns how many. */
size_t zpm_run_tree_members(struct zpm_run_tree *tree,
                            const struct zpm_process_table *table,
                            size_t *members);

/* "pid 4711 (node), state D: uninterruptible sleep...": what is left of it, for
 * when it does not go away.  Reads the process table. */
void zpm_run_tree_describe_left(struct zpm_run_tree *tree, char *text,
                                size_t size);

/* Processes that the kernel has killed so far for lack of memory; and whether
 * there are more than when the run began: if its leader ended by a SIGKILL that
 * was not ours, that is probably why. */
uint64_t zpm_run_tree_oom_kills(const struct zpm_run_tree *tree);
bool zpm_run_tree_met_oom(const struct zpm_run_tree *tree);

/* How a leader ended, now, by its wait status. */
struct zpm_exit zpm_run_tree_exit(int wait_status, uint64_t uptime_ms);

/* Tells every run that there is now that the keeper is lost. */
void zpm_run_tree_lose_keeper(struct zpm_services *services);

#endif
