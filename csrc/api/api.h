#ifndef ZPM_API_API_H
#define ZPM_API_API_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/list.h"
#include "zpm/supervisor.h"

/*
 * The protocol's handlers (docs/protocol.md): a request line in, supervisor
 * calls, reply and event lines out.  It knows no socket: a peer is whoever can
 * take lines, be it a connection of the daemon or the JavaScript side of the
 * addon.
 */
struct zpm_api;
struct zpm_peer;

/* Gives the peer one or more whole lines (copied).  A `droppable` batch (log
 * output) may be refused by returning false when the peer is slow; the api then
 * counts what was lost and tells the peer later.  Other lines must be taken. */
typedef bool zpm_peer_send_cb(struct zpm_peer *peer, const char *lines,
                              size_t len, bool droppable);

/* Embedded in the host's own struct; initialised by zpm_api_peer_init. */
struct zpm_peer {
  struct zpm_api *api;
  zpm_peer_send_cb *send;
  struct zpm_list link;          /* in the api's peers */
  struct zpm_list calls;         /* requests not answered yet */
  struct zpm_list subscriptions; /* what it listens to */
  size_t open_calls;             /* how many are in `calls` */
  size_t held_bytes;             /* replies that wait for their turn */
};

struct zpm_api_options {
  /* NULL in the addon: `shutdown` is then refused. Called when all apps have
   * been stopped and the reply has been sent. */
  void (*shutdown)(void *ctx);
  /* NULL in the addon: `update` is refused.  0: the host leaves in favour of
   * that program as soon as the reply has been sent. */
  int (*update)(void *ctx, const char *program, struct zpm_error *err);
  void *ctx;
  const char *home; /* for doctor and hello */
  const char *namespace_name;
};

/* The api becomes the supervisor's observer: pass zpm_api_observe and the api
 * as ctx in the supervisor's options, then zpm_api_attach it. */
struct zpm_api *zpm_api_create(uv_loop_t *loop,
                               const struct zpm_api_options *options);
void zpm_api_attach(struct zpm_api *api, struct zpm_supervisor *supervisor);
zpm_observer_cb zpm_api_observe;
/* All peers must have been closed. */
void zpm_api_destroy(struct zpm_api *api);

void zpm_api_peer_init(struct zpm_api *api, struct zpm_peer *peer,
                       zpm_peer_send_cb *send);
/* Drops its subscriptions; what it had asked for still happens, unanswered. */
void zpm_api_peer_close(struct zpm_peer *peer);
/* The peer can take droppable lines again (after it refused some). */
void zpm_api_peer_drained(struct zpm_peer *peer);

/* One request line without its newline.  Replies go through peer->send, now or
 * later.  Returns 0, or ZPM_EPROTO if the line is no JSON object: it has been
 * answered, and the host should close this peer. */
int zpm_api_handle(struct zpm_peer *peer, const char *line, size_t len);

/* Whether the peer has so many requests open that the host should not read more
 * from it before some are answered (each answer comes through `send`). */
bool zpm_api_peer_busy(const struct zpm_peer *peer);

/* As the command `shutdown`, without a caller: for SIGTERM. */
void zpm_api_shutdown(struct zpm_api *api);

#endif
