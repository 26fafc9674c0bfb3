#ifndef ZPM_RUNTIME_KEEPER_ASK_H
#define ZPM_RUNTIME_KEEPER_ASK_H

#include <stddef.h>

#include "keeper/wire.h"

struct zpm_keeper_link;

/* What keeper_link.c and keeper_ask.c share: sends or queues a request; the
 * descriptors stay the caller's.  ZPM_EKEEPER when the keeper is gone. */
int zpm_keeper_link_request(struct zpm_keeper_link *link,
                            struct zpm_wire_record record, const int *fds,
                            size_t count);

#endif
