#ifndef ZPM_CLIENT_H
#define ZPM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "zpm/error.h"

/*
 * A client of the daemon: connects to its socket, starts it when none runs,
 * sends request lines and receives reply and event lines.
 *
 * Two faces on one connection: a blocking one for the CLI and an asynchronous
 * one on a borrowed uv loop for the addon.
 */

struct zpm_client_options {
  const char *home;           /* NULL: ZPM_HOME, else ~/.zpm */
  const char *namespace_name; /* NULL: ZPM_NAMESPACE, else "zuz-pm" */
  const char *zpm_path;       /* the zpm binary to start as the daemon */
  bool start_daemon;          /* start one when none runs */
  int wait_ms; /* if none is to be started: how long to wait for one that its
                  keeper starts again; 0: 10 s */
};

/*
 * Connects to the daemon, or starts one and connects.  Exactly one starts, even
 * when many callers race: start.lock is taken first, the connection tried once
 * more, and only then is the keeper started; the losers become clients.
 * Blocks; at most 10 s.  Returns a connected, blocking, close-on-exec socket,
 * or a negative code: ZPM_EDAEMON when none runs and none was to be started,
 * or when it would not start (the message quotes what it said); ZPM_EBUSY when
 * its keeper has not started it again within wait_ms.
 * The environment of the daemon is the caller's, less what belongs to an app.
 */
int zpm_client_connect(const struct zpm_client_options *options,
                       struct zpm_error *err);

/* Whether a daemon answers (no error is told, none is started). */
bool zpm_client_daemon_runs(const struct zpm_client_options *options);

/* ---- blocking ---- */

struct zpm_connection; /* one socket with its input buffer */

int zpm_connection_open(const struct zpm_client_options *options,
                        struct zpm_connection **out, struct zpm_error *err);
void zpm_connection_close(struct zpm_connection *connection);
/* Writes one line (newline added). */
int zpm_connection_send(struct zpm_connection *connection, const char *line,
                        struct zpm_error *err);
/* The next line, without newline, NUL-terminated, valid until the next call;
 * NULL at the end (err->code 0) or on failure. `timeout_ms` -1: for ever. */
const char *zpm_connection_receive(struct zpm_connection *connection,
                                   int timeout_ms, struct zpm_error *err);

/* Readable when there is more to receive than came so far; for waiting only. */
int zpm_connection_fd(const struct zpm_connection *connection);

/* ---- asynchronous ---- */

struct zpm_client; /* one connection on a uv loop */

struct zpm_client_events {
  /* One line from the daemon, without newline; valid during the call. */
  void (*line)(void *ctx, const char *line, size_t len);
  /* The connection ended; nothing else comes. */
  void (*ended)(void *ctx, const struct zpm_error *err);
};

/* Takes a connected socket over (from zpm_client_connect). */
int zpm_client_open(uv_loop_t *loop, int fd,
                    const struct zpm_client_events *events, void *ctx,
                    struct zpm_client **out, struct zpm_error *err);
/* Queues one line (copied, newline added). */
int zpm_client_send(struct zpm_client *client, const char *line, size_t len);
/* Keeps the loop alive or not. */
void zpm_client_ref(struct zpm_client *client, bool keep_alive);
/* `closed` comes from the loop; no event after it. */
void zpm_client_close(struct zpm_client *client, void (*closed)(void *ctx),
                      void *ctx);

#endif
