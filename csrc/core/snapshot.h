#ifndef ZPM_CORE_SNAPSHOT_H
#define ZPM_CORE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/health.h"
#include "core/machine.h"
#include "core/record.h"
#include "zpm/error.h"

/*
 * What one process slot was doing a moment ago, for whoever supervises it next:
 * its machine with all clocks, its run, how the last one ended.  All times are
 * monotonic: it means something until the system stops, and outlives the
 * supervisor alone (runtime/snapshots.c keeps it in memory that the keeper
 * holds).  What must outlive the system is a struct zpm_record.
 *
 * It is written before what it leads to is done, so the next supervisor finds
 * either the step before, or one that it can take once more.
 */
enum { ZPM_SNAPSHOT_NAME_SIZE = 65 }; /* of an app, with its NUL */

struct zpm_snapshot {
  struct zpm_machine machine;
  uint64_t timer_due_ms;  /* of the machine's one timer; 0: none runs */
  struct zpm_exit last;   /* how the last run that ended did */
  struct zpm_error error; /* why it does not run, or is being restarted */
  uint64_t run;           /* id; 0: there is none */
  uint64_t start_ticks;   /* when its leader began; 0: not known */
  int32_t leader;         /* pid; 0: not known yet */
  struct zpm_build build; /* of the program that it starts */
  bool leader_ended;      /* and the machine knows */
  bool executed;          /* its program runs, or has */
  bool told;              /* STOPPING: it has been asked to leave */
  bool want_up;           /* as in struct zpm_record */
  bool forget;            /* to be deleted once it is stopped */
  bool wants_word;        /* waitReady: it has not said that it is ready */
  uint8_t role;           /* what it is to its app, by its number there */
  struct zpm_health_probe probes[ZPM_PROBES_MAX]; /* of its probes so far */
};

/* As much of it as a record tells, after everything else was lost.  `now_ms` is
 * monotonic, `wall_ms` the same moment on the clock on the wall. */
void zpm_snapshot_of_record(struct zpm_snapshot *snapshot,
                            const struct zpm_record *record, zpm_seat seat,
                            const struct zpm_policy *policy, uint64_t now_ms,
                            uint64_t wall_ms);

/* What the next supervisor has to do about its run. */
enum zpm_succession {
  ZPM_SUCCEED_NONE,    /* there is none: state and timer go on */
  ZPM_SUCCEED_RUN,     /* it goes on, or its end is to be told */
  ZPM_SUCCEED_REMAINS, /* its leader is done with: the rest is waited for */
  ZPM_SUCCEED_SEARCH,  /* the keeper does not have it: it is looked for */
};

/* `held`: the keeper has the run among its processes. */
enum zpm_succession zpm_snapshot_succession(const struct zpm_snapshot *snapshot,
                                            bool held);

/* The run was of another time: there is nothing to go on with. */
void zpm_snapshot_forget_run(struct zpm_snapshot *snapshot);

/* The search has found nothing. */
enum zpm_succession zpm_snapshot_lost(const struct zpm_snapshot *snapshot);

/* Milliseconds until its timer is due, 0 if that is over; false: none runs. */
bool zpm_snapshot_timer(const struct zpm_snapshot *snapshot, uint64_t now_ms,
                        uint64_t *delay_ms);

#endif
