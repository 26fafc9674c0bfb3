#ifndef ZPM_PROTO_CLUSTER_MESSAGE_H
#define ZPM_PROTO_CLUSTER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "proto/place.h"

/*
 * What a worker of Node's cluster says to its primary, which is us, over the
 * IPC channel.  (cluster_say.h: what we say to it.)
 *
 * What Node itself says is an object whose "cmd" begins with NODE_; all else is
 * a message of the app.  Messages of the cluster are {"cmd":"NODE_CLUSTER",...,
 * "seq":n}, each side counting its own from 0, and "ack" in an answer is the
 * seq of its question.  A worker may be any program, so nothing that it says is
 * believed unseen; Node's own fields are the same from Node 12 to 26, but for
 * those that place.h names.
 */
enum zpm_worker_said {
  ZPM_SAID_USER,         /* a message of the app; it is valid JSON */
  ZPM_SAID_ONLINE,       /* before any code of the app has run */
  ZPM_SAID_QUERY_SERVER, /* wants to listen at `place`: must be answered */
  ZPM_SAID_LISTENING,    /* listens at `place`, with its real port */
  ZPM_SAID_CLOSE,        /* does no longer listen at `key` */
  /* Is about to leave of its own will: must be answered, it waits for that. */
  ZPM_SAID_EXITED_AFTER_DISCONNECT,
  ZPM_SAID_ACCEPTED, /* the answer to our newconn `ack`: `accepted` or not */
  /* A message of the app with a handle, or what claims to be one: must be
   * answered with HANDLE_ACK, or the worker keeps back all that it has to say
   * from now on.  Node sends no message of the cluster in this way. */
  ZPM_SAID_HANDLE,
  ZPM_SAID_HANDLE_ACK,  /* has got our handle, */
  ZPM_SAID_HANDLE_NACK, /* or did not: also the answer to our ping */
  ZPM_SAID_HEAP,        /* our own agent: `heap_bytes` */
  ZPM_SAID_OTHER,       /* something else of Node's: to be passed over */
  /* No JSON, or a message of the cluster whose fields are nonsense.  With a
   * seq, the worker may be waiting for an answer: refuse, with `data`. */
  ZPM_SAID_GARBAGE,
};

struct zpm_worker_message {
  enum zpm_worker_said said;
  int64_t seq; /* of its own, for us to answer to; -1: none */
  /* What follows is set for those of whom it is told above, and empty else. */
  int64_t ack; /* -1: none */
  bool accepted;
  struct zpm_place place;
  char key[ZPM_PLACE_KEY_MAX];
  /* QUERY_SERVER, also one that is GARBAGE: the JSON text of its "data", which
   * every worker is to be given (the keys of TLS tickets).  NULL: null.
   * Owned. */
  char *data;
  uint64_t heap_bytes;
};

#define ZPM_WORKER_MESSAGE_NOTHING                                             \
  {                                                                            \
    .said = ZPM_SAID_GARBAGE, .seq = -1, .ack = -1, .place = {                 \
      .port = -1,                                                              \
      .fd = -1                                                                 \
    }                                                                          \
  }

enum {
  /* Longer than any message of Node's own; what is in a longer one of its name
   * is not looked at. */
  ZPM_WORKER_MESSAGE_MAX = 64 * 1024,
  ZPM_WORKER_DATA_MAX = 16 * 1024, /* of TLS: 115 bytes */
};

/* Reads one line, without its newline; json[len] may be anything.  0, also for
 * garbage, or ZPM_ENOMEM; then nothing is left to release. */
int zpm_worker_message_parse(struct zpm_worker_message *out, const char *json,
                             size_t len);

/* The same for a message that was read already, by whatever codec.  Its strings
 * must not have been cut at a NUL. */
int zpm_worker_message_from_json(struct zpm_worker_message *out,
                                 const cJSON *json);

/* What a "cmd" alone says; NULL: there is none.  GARBAGE: it is a message of
 * the cluster, and other fields say what it is. */
enum zpm_worker_said zpm_worker_said_by_cmd(const char *cmd, size_t len);

void zpm_worker_message_deinit(struct zpm_worker_message *message);

#endif
