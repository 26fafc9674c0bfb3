#ifndef ZPM_PROTO_V8_FRAME_H
#define ZPM_PROTO_V8_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/str.h"

/*
 * The framing of an IPC channel with serialization "advanced": a length of four
 * bytes, the highest first, which does not count itself, then a message of
 * V8's structured clone.  Source: `advanced` in
 * lib/internal/child_process/serialization.js of Node (since Node 24
 * src/ipc_serdes.cc), the same in Node 12 to 26.
 *
 * Memory is held only while a message is incomplete, and for what has arrived
 * of it: not for what its length promises.
 */
struct zpm_v8_framer {
  size_t max; /* bytes of a message; set by the owner, the rest is zero */
  struct zpm_str partial;
  uint32_t size;            /* of the message, as far as its length is read */
  uint32_t seen;            /* bytes of it */
  unsigned char size_bytes; /* read of the four */
};

/* Called per message; valid during the call only.  `bytes` is NULL for one over
 * the limit, which is passed over: it is told when its last byte has come, so
 * that a file descriptor that came with it is not taken for that of the next.
 * Non-zero ends the feed with that value. */
typedef int zpm_v8_frame_cb(void *ctx, const unsigned char *bytes, size_t len);

void zpm_v8_framer_deinit(struct zpm_v8_framer *framer);
/* 0, ZPM_ENOMEM or what the callback returned; after any of these but 0 the
 * framer must not be fed again, and after the callback's is not touched. */
int zpm_v8_framer_feed(struct zpm_v8_framer *framer, const void *bytes,
                       size_t len, zpm_v8_frame_cb *on_message, void *ctx);

/* Appends the length and the message.  Fails like zpm_v8_write(). */
int zpm_v8_frame_write(struct zpm_str *out, const cJSON *value);

#endif
