#ifndef ZPM_RUNTIME_CHANNEL_INTERNAL_H
#define ZPM_RUNTIME_CHANNEL_INTERNAL_H

#include "base/str.h"
#include "runtime/channel.h"
#include "runtime/channel_outbox.h"

/* What channel.c (its life, and the bytes) and channel_said.c (what the app
 * says by them) share. */

struct zpm_v8_framer;

/* Handles under way: more than a window of connections and a ping. */
enum { ZPM_CHANNEL_HANDLES = 16, ZPM_CHANNEL_PING = 0 };

/* Whether handles that come from the app are wanted. */
enum zpm_channel_lending {
  ZPM_LENDING_NOTHING,
  ZPM_LENDING_ASKED,
  ZPM_LENDING_SOCKETS, /* the answer has begun */
};

struct zpm_channel {
  uv_poll_t poll;
  int fd;
  const struct zpm_channel_events *events;
  void *ctx;
  struct zpm_v8_framer *framer; /* NULL: lines of JSON */
  struct zpm_str line; /* the beginning of a line whose end is still to come */
  bool skipping;       /* the line is too long: wait for its end */
  bool asked;          /* a question is open */
  uint64_t asked_ns;   /* monotonic */
  struct zpm_channel_outbox outbox;
  int64_t handles[ZPM_CHANNEL_HANDLES]; /* tokens of those that the app has not
                               answered, which it does in their order */
  size_t handle_count;
  enum zpm_channel_lending lending;
  int received; /* the handle of a line that has not come to its end; -1 */
  bool taking;  /* something said, which would be read again */
  bool closing;
};

/* channel_said.c: some bytes have come. */
void zpm_channel_take(struct zpm_channel *channel, const char *bytes,
                      size_t len);
/* After an attempt to write, which came to `rc`. */
void zpm_channel_settle(struct zpm_channel *channel, int rc);

#endif
