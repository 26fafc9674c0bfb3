#ifndef ZPM_RUNTIME_CHANNEL_H
#define ZPM_RUNTIME_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "zpm/error.h"

/*
 * The IPC channel of a Node app: our end of the socketpair that the app knows
 * as NODE_CHANNEL_FD, in Node's "json" serialization (one JSON text per line)
 * or, if the config says so, in its "advanced" one.
 * agent.cjs, preloaded into the app, answers {"cmd":"NODE_ZPM_HEAP"} with
 * {"cmd":"NODE_ZPM_HEAP","used":bytes}; a cmd that begins with NODE_ never
 * reaches the app's own listeners.  What the app itself sends is given on, if
 * anybody wants it.
 *
 * Node itself answers, from its event loop and without any help of the app: a
 * NODE_HANDLE that comes without its handle (as when the kernel could not pass
 * it on) is refused with {"cmd":"NODE_HANDLE_NACK"}.  That is our ping.
 *
 * Memory is bounded: a line over ZPM_CHANNEL_LINE_MAX is skipped to its end.
 */
enum { ZPM_CHANNEL_LINE_MAX = 64 * 1024 };

struct zpm_channel;

struct zpm_channel_events {
  /* `lag_ns`: from the question to this answer of its event loop. */
  void (*heap)(void *ctx, uint64_t used_bytes, uint64_t lag_ns);
  /* The answer to a ping.  NULL: nobody asks. */
  void (*pong)(void *ctx);
  /* The agent has found no connection any more, or NULL. */
  void (*drained)(void *ctx);
  /* The answer to zpm_channel_ask_sockets: each of them, which is the owner's
   * now, then that these were all.  NULL: nobody asks. */
  void (*socket)(void *ctx, int fd);
  void (*all_sockets)(void *ctx);
  /* It listens at a socket that it was given.  NULL: it is given none. */
  void (*took_socket)(void *ctx);
  /* It has closed its servers, and their last connection is gone.  NULL: it is
   * not asked to. */
  void (*finished)(void *ctx);
  /* A handle of ours has not come through.  NULL: none are sent. */
  void (*handle_lost)(void *ctx, int64_t token);
  /* Any other message of the app: one line of JSON.  NULL: nobody listens. */
  void (*message)(void *ctx, const char *json, size_t len);
  /* The app closed its end, or is gone. */
  void (*closed)(void *ctx);
};

/* Takes `fd` over (it is closed on failure, too).  A channel alone does not
 * keep the loop alive; its callbacks may close it. */
int zpm_channel_open(uv_loop_t *loop, int fd,
                     const struct zpm_channel_events *events, void *ctx,
                     struct zpm_channel **out, struct zpm_error *err);
/* Before anything else: the app uses Node's "advanced" serialization.  0 or
 * ZPM_ENOMEM. */
int zpm_channel_speak_advanced(struct zpm_channel *channel);
/* Asks; the answer comes by the heap callback, or never (a busy app).  At most
 * one question is open at a time. */
void zpm_channel_ask_heap(struct zpm_channel *channel);
/* Asks the event loop of the app whether it runs; it answers by the pong
 * callback.  Not put if the app has left no room for it: ask again. */
void zpm_channel_ping(struct zpm_channel *channel);
/* What the agent is told of a reload, in this order; sent, or kept, as by
 * zpm_channel_send. */
enum zpm_channel_word {
  ZPM_WORD_LEND,    /* give what you listen at: answered by socket and
                       all_sockets */
  ZPM_WORD_DRAIN,   /* end what clients keep open: answered by drained */
  ZPM_WORD_FINISH,  /* close the servers: answered by finished */
  ZPM_WORD_RELEASE, /* what you were given and do not listen at is not needed */
};
void zpm_channel_say_word(struct zpm_channel *channel,
                          enum zpm_channel_word word);
/* Tells the app, by process.on('message'), to come to an end: 'shutdown'.
 * False: it could not be put, or the app's end is closed. */
bool zpm_channel_say_shutdown(struct zpm_channel *channel);
/* Sends a line, newline included, or keeps it until the app reads; an app that
 * leaves too much unread is cut off: its end is near. */
void zpm_channel_send(struct zpm_channel *channel, const char *line,
                      size_t len);
/* The same for a NODE_HANDLE with its handle, which stays the caller's.
 * `token`, above 0, is for handle_lost. */
void zpm_channel_send_handle(struct zpm_channel *channel, const char *line,
                             size_t len, int fd, int64_t token);
/* Whether a handle can be sent now: only so many may be under way. */
bool zpm_channel_takes_handle(const struct zpm_channel *channel);
/* Tells at once what the app has said so far, though not its end.  From within
 * a callback: nothing. */
void zpm_channel_listen(struct zpm_channel *channel);
/* Its descriptor, which stays its own. */
int zpm_channel_fd(const struct zpm_channel *channel);
/* No callback comes after this; memory is released by the loop. */
void zpm_channel_close(struct zpm_channel *channel);

#endif
