#ifndef ZPM_PROTO_CLUSTER_SAY_H
#define ZPM_PROTO_CLUSTER_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * What we, as its primary, say to a worker of Node's cluster.  (Its side, and
 * what `seq` and `ack` are: cluster_message.h.)
 *
 * Each appends one line, newline included, to `out`, and returns 0 or
 * ZPM_ENOMEM; then `out` is as it was.  `seq` is ours, and grows for each
 * worker.  Lines that say "with a handle" must have it attached to their first
 * byte; the worker answers NODE_HANDLE_ACK, or NODE_HANDLE_NACK if it was lost.
 */

/* An answer to a queryServer, the question `ack`. */
struct zpm_cluster_answer {
  int64_t seq;
  int64_t ack;
  /* What the worker is to call the place, unique in it; in a refusal, of no use
   * and may be NULL. */
  const char *key;
  /* JSON text, as a queryServer brought it; NULL: null.  A TLS server needs it
   * in every answer, even in a refusal, and throws without. */
  const char *data;
};

/* What a socket is bound to. */
struct zpm_cluster_sockname {
  const char *address;
  bool is_ipv6;
  uint16_t port;
};

/* It is to listen to us: connections come by newconn.  `sockname` NULL: it is a
 * path. */
int zpm_cluster_say_newconns_come(struct zpm_str *out,
                                  const struct zpm_cluster_answer *answer,
                                  const struct zpm_cluster_sockname *sockname);
/* It is to listen by itself, with a handle: a socket that is bound. */
int zpm_cluster_say_shared(struct zpm_str *out,
                           const struct zpm_cluster_answer *answer,
                           bool is_udp);
/* It cannot listen there; `error` is negative, a code of libuv. */
int zpm_cluster_say_refused(struct zpm_str *out,
                            const struct zpm_cluster_answer *answer, int error);

/* A connection for the server `key`, with a handle.  It answers ACCEPTED. */
int zpm_cluster_say_newconn(struct zpm_str *out, int64_t seq, const char *key);
/* It is to close its servers, finish what it has, and close the channel. */
int zpm_cluster_say_disconnect(struct zpm_str *out, int64_t seq);
/* To its exitedAfterDisconnect. */
int zpm_cluster_say_ack(struct zpm_str *out, int64_t seq, int64_t ack);

#endif
