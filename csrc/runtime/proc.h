#ifndef ZPM_RUNTIME_PROC_H
#define ZPM_RUNTIME_PROC_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/list.h"
#include "core/machine.h"
#include "core/memory_limit.h"
#include "core/record.h"
#include "core/replacement.h"
#include "core/verdicts.h"
#include "keeper/wire.h"
#include "runtime/handoff.h"
#include "runtime/launch.h"
#include "runtime/logs.h"
#include "runtime/metrics.h"
#include "runtime/run_tree.h"
#include "runtime/services.h"

/*
 * One process slot of an app: runs the effects of its machine, and feeds the
 * machine with what becomes of them.  No policy here.  A run of it is released
 * when nothing of its tree is left.
 */
struct zpm_channel;
struct zpm_checks;
struct zpm_cluster;
struct zpm_interpreter_wait;
struct zpm_port_clearing;
struct zpm_proc;
struct zpm_worker;

/* What to run, and where its output goes; the app's. */
struct zpm_recipe {
  const struct zpm_config *config;
  const struct zpm_environment *environment; /* or NULL */
  struct zpm_log *logs[2];                   /* by enum zpm_stream */
  struct zpm_cluster *cluster;               /* cluster mode; else NULL */
};

/* What the owner is told, always last in a callback from the loop or at the
 * end of zpm_proc_feed(). */
struct zpm_proc_events {
  /* Its machine has made a step, whose effects are carried out after this; or
   * something else changed that zpm_proc_snapshot tells. */
  void (*moved)(void *ctx, struct zpm_proc *proc);
  /* The keeper is about to be asked for a run: what is unsaved of the app must
   * be saved now, or whoever comes next would not know whose it is. */
  void (*begins)(void *ctx, struct zpm_proc *proc);
  /* Its state, pid or error changed. */
  void (*changed)(void *ctx, struct zpm_proc *proc);
  /* A run ended; proc->last_exit says how. */
  void (*ended)(void *ctx, struct zpm_proc *proc);
  /* It could not be started; proc->error says why. */
  void (*failed)(void *ctx, struct zpm_proc *proc);
  /* All of a run is over and its exit may be acknowledged once it is saved. */
  void (*released)(void *ctx, struct zpm_proc *proc, uint64_t id);
  /* It listens at one socket more, has given its own, or has drained. */
  void (*worker_changed)(void *ctx, struct zpm_proc *proc);
  /* The answer to zpm_proc_ask_heap came. */
  void (*heap)(void *ctx, struct zpm_proc *proc);
  /* A sentence for the host's log, about anything else. */
  void (*trouble)(void *ctx, struct zpm_proc *proc, const char *text);
};

/* How far the exec of the current run has come. */
enum zpm_exec { ZPM_EXEC_UNKNOWN, ZPM_EXEC_DONE, ZPM_EXEC_FAILED };

/* What a proc is to its app. */
enum zpm_role {
  ZPM_ROLE_CURRENT,   /* one of its instances */
  ZPM_ROLE_SUCCESSOR, /* is to become current in its seat's instance */
  ZPM_ROLE_LEAVING,   /* is forgotten as soon as it is stopped */
};

/* Sockets of the process that it succeeds, in fork mode. */
enum zpm_inherited {
  ZPM_INHERITED_NOTHING,
  ZPM_INHERITED_SOCKETS,
  ZPM_INHERITED_TAKEN, /* and it listens there */
};

struct zpm_proc {
  struct zpm_services *services;
  const struct zpm_recipe *recipe;
  const struct zpm_proc_events *events;
  void *ctx;
  zpm_seat seat;
  enum zpm_role role;

  struct zpm_machine machine;
  struct zpm_policy policy;
  uv_timer_t timer;      /* the machine's one timer */
  uint64_t timer_due_ms; /* monotonic; 0: it does not run */
  bool told;             /* STOPPING: it has been asked to leave */
  bool drained;          /* its worker has no connection any more */
  zpm_place place;       /* of its snapshot; the supervisor's */

  /* The current run. */
  struct zpm_run_tree tree;
  enum zpm_exec exec;
  enum zpm_spawn_stage failed_stage;
  int failed_error;
  struct zpm_launch launch;
  struct zpm_log_source *sources[2];
  uint64_t pipes[2];     /* inodes of its output, by enum zpm_stream; 0: none */
  uint64_t log_marks[2]; /* zpm_log_total_bytes when it began */
  struct zpm_channel *channel; /* or NULL */
  struct zpm_worker *worker;   /* of the app's cluster; or NULL */
  int notify_fd;               /* until there are checks; else -1 */
  struct zpm_checks *checks;   /* while its program runs; NULL: there is nothing
                                  to check */
  struct zpm_handoff handoff;  /* what it has given, or is to be given */
  enum zpm_replace_sockets sockets; /* whether it gives its own */
  enum zpm_inherited inherited;
  struct zpm_port_clearing *clearing;   /* STARTING, before there is a run: its
                                           port is freed, or */
  struct zpm_interpreter_wait *testing; /* its interpreter is tested */
  enum zpm_selftest verdict;            /* on that, if it is to be a worker */
  struct zpm_binary binary; /* that, until its worker is online; or none */
  uv_timer_t silence;       /* runs until then */

  uint64_t starts;           /* runs asked for, in all */
  uint64_t turn;             /* of the last of them; services.last_turn */
  struct zpm_exit last_exit; /* of the last run that ended */
  struct zpm_error error; /* without its name: why it does not run, or is being
                             restarted; code 0: nothing is wrong */
  struct zpm_usage usage; /* as last measured, at: */
  uint64_t sampled_ms;    /* monotonic; 0: not in this run */
  struct zpm_memory_watch memory; /* of maxMemory; supervisor_limits.c */
  int64_t heap_bytes;             /* -1: unknown */
  int64_t lag_ns;                 /* of its event loop; -1: unknown */

  void (*closed)(void *ctx); /* for zpm_proc_close */
  void *closed_ctx;
};

/* `proc` is the owner's memory, until `closed`. */
void zpm_proc_init(struct zpm_proc *proc, struct zpm_services *services,
                   const struct zpm_recipe *recipe,
                   const struct zpm_proc_events *events, void *ctx);

/* A wish (START, STOP, RESTART), or what the reaper found (GONE). */
void zpm_proc_feed(struct zpm_proc *proc, enum zpm_event event);

/* Then, when nothing of anybody's former run is left that could be in the way:
 * does what another supervisor had begun to do when it died, or what the last
 * keeper did not hear of. */
void zpm_proc_resume(struct zpm_proc *proc);
/* There is no keeper for now: a start that waits for one has failed. */
void zpm_proc_lack_keeper(struct zpm_proc *proc);

/* Fork mode: asks for what it listens at, into its handoff; `sockets` tells how
 * far that has come. */
void zpm_proc_ask_sockets(struct zpm_proc *proc);
/* They are not needed, also those that are still to come. */
void zpm_proc_drop_sockets(struct zpm_proc *proc);
/* Whether it listens at its port, or, in cluster mode, anywhere. */
bool zpm_proc_listens(const struct zpm_proc *proc);
/* What it has inherited and has not taken is not needed any more. */
void zpm_proc_release_sockets(struct zpm_proc *proc);
/* It is to be replaced: it gets no new connection.  Then zpm_proc_dismiss. */
void zpm_proc_drain(struct zpm_proc *proc);
/* STOP, for one that leaves: it has the time to finish what it does. */
void zpm_proc_dismiss(struct zpm_proc *proc);

/* The same for one that has no more time. */
void zpm_proc_hurry(struct zpm_proc *proc);

/* RENEW: `why` is a sentence without its name ("src/a.js changed"). */
void zpm_proc_renew(struct zpm_proc *proc, const char *why);

/* What it is doing, for whoever supervises it next.  What the app knows (the
 * wishes) is left out. */
void zpm_proc_snapshot(const struct zpm_proc *proc,
                       struct zpm_snapshot *snapshot);

/* Goes on where another supervisor left it: as if it had been here all the
 * time.  `how` is what to do about its run (not SEARCH); `fds` are what is left
 * of that and are taken over (see proc_run.h).  Starts nothing yet. */
void zpm_proc_succeed(struct zpm_proc *proc,
                      const struct zpm_snapshot *snapshot,
                      enum zpm_succession how, int *fds);

/* The keeper says how the leader ended; may be told twice. */
void zpm_proc_on_exited(struct zpm_proc *proc, int wait_status);

/* WARMING, or a start that has not begun its run: what it waits for; else
 * NULL. */
const char *zpm_proc_pending(const struct zpm_proc *proc);

/* False if it has no channel, so that no answer will come. */
bool zpm_proc_ask_heap(struct zpm_proc *proc);

/* Lets go of everything; a run that is alive is not ended by this. */
void zpm_proc_close(struct zpm_proc *proc, void (*closed)(void *ctx),
                    void *ctx);

#endif
