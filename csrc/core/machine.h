#ifndef ZPM_CORE_MACHINE_H
#define ZPM_CORE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/budget.h"
#include "core/policy.h"

/*
 * The life of one supervised process, as a pure function.
 *
 * zpm_machine_step() takes an event and a clock value, moves the machine and
 * says what must be done.  It does nothing itself: no time, no memory, no I/O.
 * runtime/proc.c carries the effects out and feeds the outcomes back in.
 *
 * What is wanted needs no flag of its own: STOPPED and DONE are wanted down,
 * every other state is wanted up, and STOPPING says in `next` where it leads.
 * A restart is STOPPING with next = STARTING; a crash that leaves children
 * behind is STOPPING with next = BACKOFF until they are gone, so no new process
 * ever meets the rest of the old one.
 */

enum zpm_state {
  ZPM_STOPPED,  /* no process, none wanted */
  ZPM_STARTING, /* a process was asked for, its program does not run yet */
  ZPM_WARMING,  /* its program runs, and is not ready yet */
  ZPM_RUNNING,  /* its program runs, and is ready if that was waited for */
  ZPM_STOPPING, /* what is left of its tree has been told to leave */
  ZPM_BACKOFF,  /* no process, a restart is due at a known time */
  ZPM_QUEUED,   /* no process, its turn comes at a known time */
  ZPM_HELD,     /* no process; wanted, but see `hold` for what starts it */
  ZPM_DONE,     /* it ended well by itself; a command, a changed file or its
                   schedule starts it */
  ZPM_STATES
};

enum zpm_event {
  ZPM_EV_START,       /* somebody wants it up */
  ZPM_EV_STOP,        /* somebody wants it down */
  ZPM_EV_RESTART,     /* somebody wants a new process */
  ZPM_EV_RENEW,       /* something else wants a new process: a changed file, a
                         schedule, too much memory; not if it is stopped */
  ZPM_EV_UP,          /* its program runs (exec worked) */
  ZPM_EV_READY,       /* it is ready */
  ZPM_EV_UNHEALTHY,   /* it fails its liveness probe */
  ZPM_EV_CANNOT,      /* it cannot be started as it is configured */
  ZPM_EV_FORK_FAILED, /* it could not be started now: no memory, no pids */
  ZPM_EV_EXIT,        /* the leader of the tree has ended */
  ZPM_EV_GONE,        /* nothing of the tree is left */
  ZPM_EV_TIMER,       /* the one timer that was asked for has fired */
  ZPM_EVENTS
};

/* What the shell must now do, in this order. */
enum {
  ZPM_DO_TERM = 1 << 0,   /* the stop signal to the whole tree */
  ZPM_DO_KILL = 1 << 1,   /* SIGKILL to whatever is left of it */
  ZPM_DO_SPAWN = 1 << 2,  /* start a process */
  ZPM_DO_TIMER = 1 << 3,  /* (re)arm the timer for effects.delay_ms */
  ZPM_DO_DISARM = 1 << 4, /* stop the timer */
};

/* Why it is HELD. */
enum zpm_hold {
  ZPM_HOLD_CANNOT, /* it cannot be started as it is configured */
  ZPM_HOLD_BUILD,  /* a build error: it crashed at once */
  ZPM_HOLD_NEVER,  /* autorestart is off */
};

struct zpm_machine {
  enum zpm_state state;
  enum zpm_state next;     /* STOPPING only: where to, once it is gone */
  enum zpm_hold hold;      /* HELD, or STOPPING with that as next */
  enum zpm_cause cause;    /* STOPPING: what ended its process, or will;
                              STARTING: what brought the start about */
  uint32_t kills;          /* STOPPING: how often it got SIGKILL */
  uint32_t crashes;        /* in a row; see zpm_machine_restart_count */
  uint32_t total_restarts; /* of its life, by hand or not */
  uint64_t started_ms;     /* monotonic; of the current run */
  uint64_t ready_ms;       /* monotonic; RUNNING: since when */
  uint64_t due_ms;         /* monotonic; BACKOFF, QUEUED: the next try */
  struct zpm_build build;  /* of the current run */
  struct zpm_build proven; /* the last one that has been stable */
};

/* One event with what goes with it. */
struct zpm_fact {
  enum zpm_event event;
  uint64_t now_ms;           /* monotonic */
  struct zpm_budget *budget; /* of restarts, the host's; NULL: no limit */
  struct zpm_build build;    /* UP: of the program that runs */
  struct zpm_exit end; /* EXIT: how it ended; uptime_ms is filled in here */
};

struct zpm_effects {
  unsigned todo; /* ZPM_DO_* */
  uint64_t delay_ms;
};

struct zpm_effects zpm_machine_step(struct zpm_machine *machine,
                                    const struct zpm_policy *policy,
                                    const struct zpm_fact *fact);

/* For a process that already runs, since `started_ms`: a new supervisor takes a
 * process over.  One that is not ready yet gets `ready_timeout_ms` from now. */
struct zpm_effects zpm_machine_adopt(struct zpm_machine *machine,
                                     const struct zpm_policy *policy,
                                     const struct zpm_run *run,
                                     uint64_t started_ms);

/* What a new supervisor has to ask of it, so that what was wanted of it, and
 * what was under way (`leaving`: its process had been told to leave), comes
 * about: a wish, or ZPM_EVENTS if nothing need be asked. */
enum zpm_event zpm_machine_resume(const struct zpm_machine *machine,
                                  bool want_up, bool leaving);

bool zpm_machine_wants_up(const struct zpm_machine *machine);

/* Whether a process of it may exist. */
bool zpm_machine_is_alive(const struct zpm_machine *machine);

/* Whether its program runs, ready or not. */
bool zpm_machine_runs(const struct zpm_machine *machine);

/* Whether a file that changes is to start it anew (RENEW): in dev mode unless
 * it is stopped; otherwise only after a build error. */
bool zpm_machine_heeds_files(const struct zpm_machine *machine, bool dev);

/* Whether its schedule is to start it anew (RENEW): unless it is stopped. */
bool zpm_machine_heeds_clock(const struct zpm_machine *machine);

/* Something of it survives SIGKILL: people must be told. */
bool zpm_machine_is_stuck(const struct zpm_machine *machine);

/* Crashes in a row: 0 again as soon as the current run has become stable. */
uint32_t zpm_machine_restart_count(const struct zpm_machine *machine,
                                   uint64_t now_ms);

/* Milliseconds since its program runs; 0 unless WARMING, RUNNING or STOPPING.
 */
uint64_t zpm_machine_uptime(const struct zpm_machine *machine, uint64_t now_ms);

#endif
