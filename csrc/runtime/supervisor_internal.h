#ifndef ZPM_RUNTIME_SUPERVISOR_INTERNAL_H
#define ZPM_RUNTIME_SUPERVISOR_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/list.h"
#include "runtime/app.h"
#include "runtime/closer.h"
#include "runtime/keeper_link.h"
#include "runtime/metrics.h"
#include "runtime/proc.h"
#include "zpm/supervisor.h"

/*
 * What the files of the supervisor share: supervisor_life.c (birth and death),
 * supervisor.c and supervisor_procs.c (what its parts tell it),
 * supervisor_commands.c (what is asked of it), supervisor_reload.c (of an app
 * in cluster mode), supervisor_save.c (state.json and the acknowledging of
 * exits), supervisor_measure.c (figures), supervisor_limits.c (maxMemory),
 * supervisor_order.c (who comes after whom), supervisor_takeover.c (apps that
 * outlived their supervisor), supervisor_search.c (and their keeper),
 * supervisor_rebirth.c (a new keeper), supervisor_update.c (one daemon follows
 * another), supervisor_trouble.c (what the host's log is told).
 */

/* What state.json does not know yet. */
enum zpm_unsaved {
  ZPM_SAVED,
  ZPM_UNSAVED_FACTS,  /* exits, counters: soon */
  ZPM_UNSAVED_WISHES, /* what was asked for, and runs that began: at once, so
                         that whoever supervises next finds them */
};

struct zpm_limits;       /* supervisor_limits.c */
struct zpm_measure_call; /* supervisor_measure.c */

/* supervisor_update.c */
struct zpm_update {
  bool on_trial; /* we are to confirm that we serve */
  enum { ZPM_KEEPER_UNKNOWN, ZPM_KEEPER_CHANGES, ZPM_KEEPER_KNOWN } keeper;
  char keeper_version[ZPM_WIRE_NAME_MAX];
};

struct zpm_supervisor {
  struct zpm_services services;
  struct zpm_list apps; /* zpm_app.link, in the order they were added */
  size_t app_count;
  struct zpm_metrics *metrics;
  zpm_observer_cb *observer;
  void *observer_ctx;
  char *logs_folder;
  char *state_path; /* or NULL */
  char *agent_path; /* or NULL */

  /* supervisor_rebirth.c */
  char *keeper_path;
  struct zpm_strv daemon; /* empty: the keeper is ours alone */
  uv_timer_t rebirth_timer;
  uint64_t rebirth_pause_ms;
  uint64_t reborn_ms; /* monotonic; 0: the keeper is the first one */

  /* supervisor_save.c */
  uv_timer_t save_timer;
  uv_timer_t sync_timer;
  enum zpm_unsaved unsaved;
  uint64_t saved_at_ms;
  int save_error; /* of the last write; 0: it worked */
  uint64_t *acks; /* ids of runs that are over, to be told to the keeper */
  size_t ack_count;
  size_t ack_room;

  /* supervisor_measure.c */
  uv_timer_t measure_timer;
  struct zpm_list measure_calls;
  size_t heaps_awaited;

  struct zpm_update update;

  struct zpm_limits *limits; /* NULL until an app has a maxMemory */

  /* In zpm_supervisor_resume: the wish of an app that was not reached yet is in
   * its record alone, so nothing is saved. */
  bool resuming;

  /* Set by zpm_supervisor_suspend: what is wanted is not touched any more. */
  bool suspended;
  zpm_done_cb *suspend_done;
  void *suspend_ctx;

  struct zpm_closer closer; /* first its apps, then its parts */
  void (*closed)(void *ctx);
  void *closed_ctx;
};

/* What it listens to: the keeper, procs, and its logs. */
extern const struct zpm_keeper_events ZPM_SUPERVISOR_KEEPER_EVENTS;
extern const struct zpm_proc_events ZPM_SUPERVISOR_PROC_EVENTS;
zpm_log_output_cb zpm_supervisor_on_output;

/* That something is different; `name` of an app, or NULL. */
void zpm_supervisor_tell(struct zpm_supervisor *supervisor,
                         enum zpm_event_kind kind, const char *name);
/* A sentence for the host's log. */
void zpm_supervisor_tell_trouble(struct zpm_supervisor *supervisor,
                                 const char *text);
/* After a run has ended, and the machine knows: how, and what follows. */
void zpm_supervisor_tell_crash(struct zpm_supervisor *supervisor,
                               const struct zpm_proc *proc);
void zpm_supervisor_tell_failure(struct zpm_supervisor *supervisor,
                                 const struct zpm_proc *proc);
void zpm_supervisor_tell_taken_over(struct zpm_supervisor *supervisor,
                                    size_t count);
struct zpm_app *zpm_supervisor_find_app(const struct zpm_supervisor *supervisor,
                                        const char *name);
/* Takes the record over (on success). */
int zpm_supervisor_add_app(struct zpm_supervisor *supervisor,
                           struct zpm_record *record, struct zpm_app **out,
                           struct zpm_error *err);
/* Takes it off the list and frees it once the loop has closed its handles. */
void zpm_supervisor_drop_app(struct zpm_supervisor *supervisor,
                             struct zpm_app *app);
/* The app that a command is for; NULL if it is not known, or none is taken. */
struct zpm_app *
zpm_supervisor_expect_app(const struct zpm_supervisor *supervisor,
                          const char *name, struct zpm_error *err);
/* Puts what an order gives over its config. */
int zpm_supervisor_reconfigure(struct zpm_supervisor *supervisor,
                               struct zpm_app *app,
                               const struct zpm_order *order,
                               struct zpm_error *err);
/* A wish, for all instances of an app at once. */
void zpm_supervisor_feed(struct zpm_supervisor *supervisor, struct zpm_app *app,
                         enum zpm_event wish);
/* After any change of an app: tells, answers who waits, deletes, ... */
void zpm_supervisor_settle(struct zpm_supervisor *supervisor,
                           struct zpm_app *app);

/* Somebody has started it: it is the last one now, also after the next boot. */
void zpm_supervisor_note_start(const struct zpm_supervisor *supervisor,
                               struct zpm_app *app);

/* What a supervisor that died left with the keeper. 0 or ZPM_ENOMEM. */
int zpm_supervisor_take_over(struct zpm_supervisor *supervisor,
                             struct zpm_keeper_table *table);
/* One run of that, which the keeper does not have: goes on with it if its
 * process lives (`fds` are taken over). */
void zpm_supervisor_search(struct zpm_supervisor *supervisor,
                           struct zpm_app *app, struct zpm_proc *proc,
                           struct zpm_snapshot *snapshot, int *fds);

void zpm_supervisor_rebirth_init(struct zpm_supervisor *supervisor);
void zpm_supervisor_on_keeper_lost(void *ctx);
/* Gives the keeper the snapshots, for the next daemon. */
void zpm_supervisor_keep_snapshots(struct zpm_supervisor *supervisor);

/* Asks who the keeper is, and does what is left of an update when it answers.
 */
void zpm_supervisor_succeed(struct zpm_supervisor *supervisor,
                            const struct zpm_keeper_table *table);
void zpm_supervisor_on_keeper_pong(void *ctx, uint64_t id, const char *version);
void zpm_supervisor_on_keeper_stays(void *ctx, uint64_t id, int error);

void zpm_supervisor_save_init(struct zpm_supervisor *supervisor);
void zpm_supervisor_save_mark(struct zpm_supervisor *supervisor,
                              enum zpm_unsaved what);
/* Writes now what is unsaved at least to this degree; a daemon that dies later
 * loses none of it.  It reaches the disk within a second, or by _sync. */
void zpm_supervisor_save_flush(struct zpm_supervisor *supervisor,
                               enum zpm_unsaved at_least);
/* Whether the last write is so long ago that a fact may be written at once. */
bool zpm_supervisor_save_is_due(const struct zpm_supervisor *supervisor);
void zpm_supervisor_save_sync(struct zpm_supervisor *supervisor);
/* The exit of this run is acknowledged as soon as it is saved. */
void zpm_supervisor_save_ack(struct zpm_supervisor *supervisor, uint64_t id);

void zpm_supervisor_measure_init(struct zpm_supervisor *supervisor);
void zpm_supervisor_measure_on_heap(struct zpm_supervisor *supervisor);
void zpm_supervisor_measure_dismiss(struct zpm_supervisor *supervisor);

/* maxMemory.  After any change of an app, also one that was taken over: looks
 * at its memory every few seconds while it runs and has a limit. */
void zpm_supervisor_limits_settle(struct zpm_supervisor *supervisor,
                                  const struct zpm_app *app);
/* No look comes after this; memory is released by the loop. */
void zpm_supervisor_limits_close(struct zpm_supervisor *supervisor);

#endif
