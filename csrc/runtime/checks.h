#ifndef ZPM_RUNTIME_CHECKS_H
#define ZPM_RUNTIME_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * All that looks after the health of one run of an app: its probes, the ping of
 * a Node app's event loop, and the signals by which it says that it is ready.
 *
 * Begun when its program runs, ended with the run.  Until `ready`, readiness is
 * what is looked for: every readiness probe must have passed once and, with
 * waitReady, the app must have said so (any one of process.send('ready'),
 * READY=1 on its NOTIFY_SOCKET, the first listen on its port).  From then on
 * liveness probes and the ping run; readiness is not looked at again.
 *
 * What a result means is decided in core/health.h.
 */
struct zpm_checks;
struct zpm_recipe;
struct zpm_services;
struct zpm_snapshot;

struct zpm_endpoint;

/* For a probe of that endpoint.  1: the process itself is to answer, it listens
 * there, and `*fd` is a connection to it (`fd` NULL: none is needed).  0:
 * whoever is there may answer.  A negative code of libuv: it does not listen
 * there (UV_ECONNREFUSED), or takes no connection (UV_EBUSY). */
typedef int zpm_visit_cb(void *ctx, const struct zpm_endpoint *endpoint,
                         int *fd);

struct zpm_checks_events {
  /* At most once, and only if the config asks to wait (see
   * zpm_config_waits_ready); never from inside a call below. */
  void (*ready)(void *ctx);
  /* A liveness probe has failed its threshold, or the event loop has not
   * answered: `why` is a sentence ("liveness probe http://localhost:3000/health
   * failed 3 times in a row: status 503").  At most once; nothing comes after
   * it. */
  void (*failing)(void *ctx, const char *why);
  /* What zpm_checks_note tells is another now. */
  void (*changed)(void *ctx);
  /* Asks the app's channel for a pong (zpm_channel_ping); false: it has none,
   * the event loop is not watched. */
  bool (*ping)(void *ctx);
  zpm_visit_cb *visit;
};

struct zpm_checks_options {
  struct zpm_services *services;
  const struct zpm_recipe *recipe;
  const struct zpm_checks_events *events;
  void *ctx;
  int leader;    /* pid: a listener must belong to its tree */
  bool inherits; /* sockets that listen before it does */
  int notify_fd; /* our end of the notify socket (taken over), or -1 */
  const struct zpm_snapshot *before; /* another supervisor began; or NULL */
};

/* NULL in *out (and 0) if there is nothing to check: most apps. */
int zpm_checks_begin(const struct zpm_checks_options *options,
                     struct zpm_checks **out, struct zpm_error *err);
/* No callback comes after this; memory is released by the loop. NULL is legal.
 */
void zpm_checks_end(struct zpm_checks *checks);

/* How far the probes have come, into a snapshot. NULL is legal. */
void zpm_checks_note(const struct zpm_checks *checks,
                     struct zpm_snapshot *snapshot);
/* Our end of the notify socket, as long as it is listened to; -1: not. */
int zpm_checks_notify_fd(const struct zpm_checks *checks);

/* What the app's channel said. NULL is legal. */
void zpm_checks_on_message(struct zpm_checks *checks, const char *json,
                           size_t len);
void zpm_checks_on_pong(struct zpm_checks *checks);

/* For people: why it is not ready yet ("readiness probe tcp :3000: connection
 * refused", "it has not said that it is ready"); never NULL. */
const char *zpm_checks_pending(const struct zpm_checks *checks);
/* Failures in a row of the worst liveness probe. NULL: 0. */
uint32_t zpm_checks_failures(const struct zpm_checks *checks);

/* A datagram socket for NOTIFY_SOCKET: our end in *fd, and what to put into the
 * environment ("@zpm/..." : abstract, so nothing is left behind) in `name`.
 * Messages are taken from the app's own user and ours alone. */
enum { ZPM_NOTIFY_NAME_SIZE = 108 };
int zpm_checks_notify_open(int *fd, char name[ZPM_NOTIFY_NAME_SIZE]);

#endif
