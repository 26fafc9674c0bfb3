#ifndef ZPM_DAEMON_OUTBOX_H
#define ZPM_DAEMON_OUTBOX_H

#include <stddef.h>

#include <uv.h>

#include "base/str.h"

/*
 * What is on its way to a client: written at once as far as the socket takes
 * it, the rest queued and written from the loop.  Memory is held only while
 * something is queued.
 */
struct zpm_outbox {
  uv_stream_t *stream; /* whose `data` is free for its owner */
  uv_write_t write;
  struct zpm_str flight; /* being written */
  struct zpm_str queue;  /* to be written after it */
  /* Some of it has been written from the loop; status < 0: the connection is
   * broken. Not called once the stream is being closed. */
  void (*progress)(void *ctx, int status);
  void *ctx;
};

void zpm_outbox_init(struct zpm_outbox *outbox, uv_stream_t *stream,
                     void (*progress)(void *ctx, int status), void *ctx);
/* The stream must have been closed. */
void zpm_outbox_deinit(struct zpm_outbox *outbox);

/* 0, or a negative code: the connection is of no more use. */
int zpm_outbox_put(struct zpm_outbox *outbox, const char *bytes, size_t len);
/* Bytes that wait. */
size_t zpm_outbox_waiting(const struct zpm_outbox *outbox);

#endif
