#ifndef ZPM_RUNTIME_APP_H
#define ZPM_RUNTIME_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "core/record.h"
#include "runtime/closer.h"
#include "runtime/proc.h"
#include "zpm/supervisor.h"

/*
 * One app: what is remembered of it, its logs and its process slots.  The
 * supervisor owns it; callers of commands wait at it.
 */
struct zpm_cluster;
struct zpm_reload;
struct zpm_renewal;

struct zpm_app {
  struct zpm_list link; /* in the supervisor's apps */
  struct zpm_record record;
  struct zpm_recipe recipe;
  struct zpm_services *services;
  const struct zpm_proc_events *events;
  struct zpm_proc **procs;
  size_t proc_count;
  struct zpm_cluster *cluster; /* NULL: it never was in cluster mode */
  struct zpm_reload *reload;   /* that is under way; or NULL */
  struct zpm_renewal *renewal; /* NULL: nothing starts it anew by itself */
  struct zpm_list waiters;     /* zpm_waiter.link; runtime/waiter.h */
  bool feeding;                /* some of its procs have heard of a wish, and
                                  some have not */
  bool forget;                 /* wanted: deleted as soon as it is stopped */
  enum zpm_stream last_stream; /* that had output */

  struct zpm_closer closer; /* of it and of procs that it has dropped */
  void (*closed)(void *ctx);
  void *closed_ctx;
};

/* Takes the record over (on success). Starts nothing. `ctx` of `events` is the
 * app. */
int zpm_app_create(struct zpm_services *services,
                   const struct zpm_proc_events *events,
                   struct zpm_record *record, struct zpm_app **out,
                   struct zpm_error *err);
/* Unlinks it; its memory goes when `closed` has been called. */
void zpm_app_close(struct zpm_app *app, void (*closed)(void *ctx), void *ctx);

/* Takes the config over: in force from the next start on.  As many procs as it
 * asks for are current afterwards, for want of memory fewer; what is too much
 * is stopped. */
void zpm_app_configure(struct zpm_app *app, struct zpm_config *config);

/* A wish, for all its instances. */
void zpm_app_feed(struct zpm_app *app, enum zpm_event wish);

/* After a takeover: does for each proc what was wanted of it. */
void zpm_app_resume(struct zpm_app *app);

/* app_procs.c: its procs, and what they come to together. */

/* In a new seat for that instance; NULL: out of memory. */
struct zpm_proc *zpm_app_add_proc(struct zpm_app *app, unsigned instance,
                                  enum zpm_role role);
/* Each NULL: there is none. */
struct zpm_proc *zpm_app_in_seat(const struct zpm_app *app, zpm_seat seat);
struct zpm_proc *zpm_app_current(const struct zpm_app *app, unsigned instance);
/* After any change of it: one that leaves and has stopped is dropped; this
 * returns where its snapshot is, to be cleared when that is saved; or 0. */
zpm_place zpm_app_settle_proc(struct zpm_app *app, struct zpm_proc *proc);
/* As many current ones as the config says. */
void zpm_app_fit_procs(struct zpm_app *app);
/* How many of them are to be current. */
unsigned zpm_app_instances(const struct zpm_app *app);
/* The current one of the lowest instance. */
struct zpm_proc *zpm_app_first(const struct zpm_app *app);

enum zpm_status zpm_app_status(const struct zpm_app *app);
enum zpm_status zpm_app_status_of(enum zpm_state state);
bool zpm_app_wants_up(const struct zpm_app *app);
/* The wish that outlives us: it is to be up, and is not to be deleted. */
bool zpm_app_is_wanted(const struct zpm_app *app);
/* All of its instances are running. */
bool zpm_app_is_running(const struct zpm_app *app);
/* The program of one of them runs, ready or not. */
bool zpm_app_runs(const struct zpm_app *app);
/* It ended well by itself. */
bool zpm_app_is_done(const struct zpm_app *app);
/* No process of it lives, and none is wanted. */
bool zpm_app_is_at_rest(const struct zpm_app *app);
/* Something of it survives SIGKILL. */
bool zpm_app_is_stuck(const struct zpm_app *app);
/* A process of it lives, or will after its backoff. */
bool zpm_app_lives(const struct zpm_app *app);
/* A process of it lives, or is going to without anybody's doing: after its
 * backoff, by its schedule, or (in dev mode) when its files change. */
bool zpm_app_is_busy(const struct zpm_app *app);
/* Runs asked for in its life, over all procs. */
uint64_t zpm_app_starts(const struct zpm_app *app);
/* Of the first proc that has one; 0: none. */
int zpm_app_pid(const struct zpm_app *app);
/* Why it does not run; NULL: nothing is wrong. */
const char *zpm_app_error(const struct zpm_app *app);

/* After any change: watches files and the clock for it, or no more. */
void zpm_app_sync_renewal(struct zpm_app *app);
/* Its schedule starts it anew, or its files do as it was asked for. */
bool zpm_app_awaits_renewal(const struct zpm_app *app);
/* Until the next change: its config is about to be replaced, or it closes. */
void zpm_app_drop_renewal(struct zpm_app *app);

/* A run has ended: remembers how, and (once all its output is in the logs) its
 * last words. */
void zpm_app_note_exit(struct zpm_app *app, const struct zpm_proc *proc);
void zpm_app_note_lines(struct zpm_app *app, struct zpm_proc *proc,
                        const char *logs_folder);

/* Brings the record up to date with the procs, for saving; `wishes` too: that
 * it is wanted up, or has ended well. */
void zpm_app_sync_record(struct zpm_app *app, bool wishes);

#endif
