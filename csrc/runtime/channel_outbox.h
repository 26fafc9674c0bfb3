#ifndef ZPM_RUNTIME_CHANNEL_OUTBOX_H
#define ZPM_RUNTIME_CHANNEL_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

/*
 * What is still to be written to an app's channel: lines, each perhaps with a
 * descriptor on its first byte.  It never blocks.  Memory is bounded: an app
 * that does not read is not written to without end.
 */
enum { ZPM_CHANNEL_OUTBOX_MAX = 256 * 1024 };

struct zpm_channel_outbox {
  int fd;
  struct zpm_list queue;
  size_t bytes; /* in the queue */
};

void zpm_channel_outbox_init(struct zpm_channel_outbox *outbox, int fd);
void zpm_channel_outbox_deinit(struct zpm_channel_outbox *outbox);

/* Sends or queues it; `fd` (-1: none) stays the caller's.  0, ZPM_ENOMEM or a
 * negative errno: -ENOBUFS, too much waits already; else nobody reads. */
int zpm_channel_outbox_send(struct zpm_channel_outbox *outbox, const char *line,
                            size_t len, int fd);
/* 0, or a negative errno as above. */
int zpm_channel_outbox_flush(struct zpm_channel_outbox *outbox);
bool zpm_channel_outbox_empty(const struct zpm_channel_outbox *outbox);

#endif
