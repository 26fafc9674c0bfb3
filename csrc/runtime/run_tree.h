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
struct zpm_foreign;
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
  /* There is a new keeper, which holds nothing of the run yet. */
  void (*keeper_renewed)(void *ctx);
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

  uint64_t id;          /* 0: there is no run */
  int leader;           /* pid; 0: not known yet */
  uint64_t start_ticks; /* when that began (zpm_platform_start_ticks); 0: not
                           known */
  char marker[ZPM_RUN_MARKER_SIZE];
  bool is_foreign; /* its leader is (or was) no child of the keeper: */
  struct zpm_foreign *foreign; /* it is watched here until it ends */
  int heir; /* pid of whoever adopts what it leaves behind; 0: not known */
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

/* The marker of the run with this id. */
void zpm_run_marker(char marker[ZPM_RUN_MARKER_SIZE], uint64_t id);

/* Finds the leader of a run of which nothing but the marker is known, and that
 * its program runs; false: there is none.  Reads the process table. */
bool zpm_run_find(const char *marker, int *pid, uint64_t *start_ticks);
bool zpm_run_tree_find_leader(struct zpm_run_tree *tree);

/* The leader is no child of the keeper: it is watched from here from now on.
 * `watch` is a descriptor that a former daemon had for that (taken over), or
 * -1. */
void zpm_run_tree_make_foreign(struct zpm_run_tree *tree, int watch);

/* To a new keeper: this run; all runs that there are. */
void zpm_run_tree_hand_over(struct zpm_run_tree *tree);
void zpm_run_tree_hand_over_all(struct zpm_services *services);

#endif
