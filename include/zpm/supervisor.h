#ifndef ZPM_SUPERVISOR_H
#define ZPM_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "zpm/error.h"

/*
 * The supervisor: starts apps, keeps them running, ends whole process trees,
 * keeps their logs and their figures.
 *
 * It borrows the loop that it is given: it never runs or stops it, never
 * touches signals, the working directory or the environment of its host, and
 * prints nothing.  Everything happens on the loop's thread.
 *
 * Commands may finish later; each takes a `done` callback that is called
 * exactly once, from the loop or before the command returns.  What a command
 * asked for and a later one took back ends with ZPM_ESUPERSEDED: the last wish
 * wins.
 */
struct zpm_supervisor;
struct zpm_config;
struct zpm_environment;
struct zpm_past;
struct zpm_log_place;
struct zpm_app; /* valid until its DELETED event, or the next command */

/* `err` is NULL on success; `text` is a sentence for people, never NULL. */
typedef void zpm_done_cb(void *ctx, const char *text,
                         const struct zpm_error *err);

enum zpm_status {
  ZPM_STATUS_STOPPED,
  ZPM_STATUS_STARTING,
  ZPM_STATUS_RUNNING,
  ZPM_STATUS_STOPPING,
  ZPM_STATUS_CRASHED, /* waits for its backoff */
  ZPM_STATUS_ERRORED, /* gave up, or cannot start: waits for a command */
  ZPM_STATUSES
};

/* "stopped", "starting", ... Static. */
const char *zpm_status_name(enum zpm_status status);

enum zpm_event_kind {
  ZPM_EVENT_APP,     /* added, or something of it changed */
  ZPM_EVENT_EXIT,    /* a process of it ended (see its last exit) */
  ZPM_EVENT_DELETED, /* it is gone */
  ZPM_EVENT_LOG,     /* output: stream, bytes, len */
  ZPM_EVENT_IDLE,    /* nothing is supervised any more: no process lives */
  ZPM_EVENT_TROUBLE, /* for the host's log: a sentence in bytes, len */
};

struct zpm_supervisor_event {
  enum zpm_event_kind kind;
  const char *name; /* of the app; NULL for the last two kinds */
  int stream;       /* LOG: enum zpm_stream */
  const char *bytes;
  size_t len;
  const struct zpm_log_place *place; /* LOG: where it ends in its file */
};

/* Must not call a command of the supervisor: queue, and do it later. */
typedef void zpm_observer_cb(void *ctx,
                             const struct zpm_supervisor_event *event);

/* Writes the pids of those who ask the host for things at this moment to `pids`
 * (room for `room`) and returns how many: neither they nor who started them is
 * ever ended to free a port. */
typedef size_t zpm_clients_cb(void *ctx, int *pids, size_t room);

struct zpm_supervisor_options {
  const char *logs_folder;
  const char *state_path;    /* NULL: nothing is remembered */
  const char *inflight_path; /* NULL: logs need no recovery */
  const char *keeper_path;   /* zpm-keeper: one of our own is started from it */
  char *const *daemon;    /* we are a daemon, which inherits its keeper; these
                             words (NULL-terminated) start the next one.  NULL:
                             nobody comes after us, and all apps end with us */
  const char *agent_path; /* agent.cjs; NULL: no heap figures */
  zpm_observer_cb *observer;
  zpm_clients_cb *clients; /* NULL: only the host itself asks */
  void *ctx;
};

/* Reads the state and takes the keeper over; starts nothing yet. */
int zpm_supervisor_create(uv_loop_t *loop,
                          const struct zpm_supervisor_options *options,
                          struct zpm_supervisor **out, struct zpm_error *err);

/* Starts the apps that were wanted when the state was saved, in the order in
 * which people had started them. */
void zpm_supervisor_resume(struct zpm_supervisor *supervisor);

/* Releases everything; `closed` comes from the loop.  Apps that still run are
 * not waited for: an owned keeper ends them.  Open commands end ECLOSING. */
void zpm_supervisor_close(struct zpm_supervisor *supervisor,
                          void (*closed)(void *ctx), void *ctx);

/* What goes with a start or a restart. */
struct zpm_order {
  const struct zpm_config *config; /* restart: NULL: as before */
  struct zpm_environment
      *environment; /* of the caller; NULL: as before, ours */
  bool until_ready; /* done when the app is ready, or has failed; else as soon
                       as its program runs */
};

/* Starts an app: a new one, or a known one whose given fields are put over what
 * is stored.  A running one is left alone, and `text` says so, and what to do
 * if given fields differ. */
void zpm_supervisor_start(struct zpm_supervisor *supervisor,
                          const struct zpm_order *order, zpm_done_cb *done,
                          void *ctx);
/* Makes it known without starting it. */
void zpm_supervisor_add(struct zpm_supervisor *supervisor,
                        const struct zpm_order *order, zpm_done_cb *done,
                        void *ctx);
/* Done when nothing of its tree is left. */
void zpm_supervisor_stop(struct zpm_supervisor *supervisor, const char *name,
                         zpm_done_cb *done, void *ctx);
/* The given fields of `order` (NULL: none) are put over its config first. */
void zpm_supervisor_restart(struct zpm_supervisor *supervisor, const char *name,
                            const struct zpm_order *order, zpm_done_cb *done,
                            void *ctx);
/* Replaces its processes one after the other, `parallel` at a time (0: one),
 * each by one that is ready before the old one leaves; no connection is lost.
 * Should a new one not become ready, the old ones go on, and it has failed.  An
 * app that is not in cluster mode, or does not run, is restarted, and `text`
 * says so. */
void zpm_supervisor_reload(struct zpm_supervisor *supervisor, const char *name,
                           unsigned parallel, zpm_done_cb *done, void *ctx);
/* How many processes it has from now on, of an app in cluster mode. */
void zpm_supervisor_scale(struct zpm_supervisor *supervisor, const char *name,
                          unsigned instances, zpm_done_cb *done, void *ctx);
/* Stops it, then forgets it. Its logs stay. */
void zpm_supervisor_delete(struct zpm_supervisor *supervisor, const char *name,
                           zpm_done_cb *done, void *ctx);
/* Sees to it that all that is known of the apps is on the disk now; that comes
 * about by itself within a second. */
int zpm_supervisor_save(struct zpm_supervisor *supervisor,
                        struct zpm_error *err);
/* Stops all processes but not the wish: the next supervisor of this state
 * starts them again.  For the end of the host. No command is taken after it. */
void zpm_supervisor_suspend(struct zpm_supervisor *supervisor,
                            zpm_done_cb *done, void *ctx);
/* Tells the keeper that its daemon leaves for good (after suspend). */
void zpm_supervisor_release_keeper(struct zpm_supervisor *supervisor);

/* ---- for a host that is in the place of its app ---- */

/* While it is held, output of apps stays in their pipes, and they wait. */
void zpm_supervisor_hold_output(struct zpm_supervisor *supervisor, bool held);
/* A signal for the first process of each run of the app, as if it had been sent
 * by hand.  No run: nothing happens. */
void zpm_supervisor_signal(struct zpm_supervisor *supervisor, const char *name,
                           int number);
/* For an update under running apps: when this process ends, the keeper starts
 * that program in its place; should it die before it serves, this one again. */
int zpm_supervisor_hand_over(struct zpm_supervisor *supervisor,
                             const char *program, struct zpm_error *err);
/* The last call before such an end.  Nothing is closed, as closing would end
 * what must go on: the process is to end as it is. */
void zpm_supervisor_part(struct zpm_supervisor *supervisor);

/* ---- looking ---- */

size_t zpm_supervisor_count(const struct zpm_supervisor *supervisor);
/* In the order they were added. NULL past the end. */
const struct zpm_app *
zpm_supervisor_app(const struct zpm_supervisor *supervisor, size_t index);
const struct zpm_app *
zpm_supervisor_find(const struct zpm_supervisor *supervisor, const char *name);
/* The nearest known name, or NULL: "did you mean". */
const char *zpm_supervisor_suggest(const struct zpm_supervisor *supervisor,
                                   const char *name);

/* One process slot of an app. */
struct zpm_worker_view {
  unsigned instance;
  enum zpm_status status;
  int pid; /* 0: none */
  uint64_t uptime_ms;
  uint32_t restart_count;
  uint32_t total_restarts;
  double cpu_percent;
  uint64_t rss_bytes;
  int64_t heap_bytes;      /* -1: unknown or not a Node app */
  int64_t lag_ns;          /* of its event loop; -1 as above */
  int64_t connections;     /* handed to it; -1: not in cluster mode */
  uint32_t processes;      /* in its tree */
  uint32_t probe_failures; /* in a row, of its worst liveness probe */
  bool stuck;              /* STOPPING: it survives SIGKILL */
  uint64_t next_try_in_ms; /* CRASHED: until the backoff ends */
};

/* What can be told of an app. Strings belong to the app. */
struct zpm_app_view {
  const char *name;
  const struct zpm_config *config;
  const struct zpm_environment *environment; /* of its caller; NULL: ours */
  enum zpm_status status; /* of the app: the best of its workers */
  int pid;                /* of the first worker; 0: none */
  uint64_t uptime_ms;
  uint32_t restart_count; /* crashes in a row; 0 once stable */
  uint32_t total_restarts;
  double cpu_percent; /* sums over workers */
  uint64_t rss_bytes;
  int64_t heap_bytes;          /* -1: unknown */
  uint64_t backoff_ms;         /* the last or next delay; 0: none */
  bool busy;                   /* a process of it lives, or is going to
                                  without anybody's doing */
  bool restarting;             /* stopping, but wanted up */
  const char *last_error;      /* or NULL */
  const char *pending;         /* STARTING: what it waits for; or NULL */
  const struct zpm_past *past; /* its last exits, newest first */
  uint32_t probe_failures;     /* in a row, of its worst liveness probe */
  bool stuck;                  /* STOPPING: it survives SIGKILL */
  const char *last_log;        /* "" if none */
  uint64_t dropped_log_bytes;
  uint64_t created_ms; /* wall clock */
  unsigned instances; /* that it is to have */
  size_t worker_count;
};

void zpm_app_view(const struct zpm_app *app, struct zpm_app_view *view);
void zpm_app_worker_view(const struct zpm_app *app, size_t index,
                         struct zpm_worker_view *view);

/* Refreshes cpu, memory and heap of one app (NULL name: all), then calls
 * `done`. Waits at most 100 ms for Node apps to tell their heap. */
void zpm_supervisor_measure(struct zpm_supervisor *supervisor, const char *name,
                            zpm_done_cb *done, void *ctx);

/* Where the logs lie. */
const char *zpm_supervisor_logs_folder(const struct zpm_supervisor *supervisor);
/* Why a process that means to may escape a stop: its app has no control group
 * of its own here.  NULL: it has, and nothing escapes. */
const char *zpm_supervisor_may_escape(const struct zpm_supervisor *supervisor);
/* pid of the keeper; 0 unknown. */
int zpm_supervisor_keeper_pid(const struct zpm_supervisor *supervisor);
/* Its version, "" if it tells none; NULL while that is not known, or about to
 * change. */
const char *
zpm_supervisor_keeper_version(const struct zpm_supervisor *supervisor);

#endif
