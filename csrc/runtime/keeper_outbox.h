#ifndef ZPM_RUNTIME_KEEPER_OUTBOX_H
#define ZPM_RUNTIME_KEEPER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "keeper/wire.h"

/*
 * Records on their way to the keeper.  What the socket does not take at once
 * waits here, with duplicates of its descriptors.
 */
struct zpm_keeper_outbox {
  int fd; /* non-blocking; somebody else's to close */
  struct zpm_list queue;
};

void zpm_keeper_outbox_init(struct zpm_keeper_outbox *outbox, int fd);
/* Drops what was not sent. */
void zpm_keeper_outbox_deinit(struct zpm_keeper_outbox *outbox);

/* Sends or queues; the descriptors stay the caller's.  0, ZPM_ENOMEM,
 * ZPM_EKEEPER when nobody listens, or another negative code. */
int zpm_keeper_outbox_send(struct zpm_keeper_outbox *outbox,
                           const struct zpm_wire_record *record, const int *fds,
                           size_t count);
/* Writes what the socket takes. */
void zpm_keeper_outbox_flush(struct zpm_keeper_outbox *outbox);
bool zpm_keeper_outbox_empty(const struct zpm_keeper_outbox *outbox);

#endif
