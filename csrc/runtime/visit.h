#ifndef ZPM_RUNTIME_VISIT_H
#define ZPM_RUNTIME_VISIT_H

#include <stdint.h>

/*
 * A connection to one of several processes that listen at the same port: its
 * probes are to ask it, and nobody else.  The two ends are ours; one of them is
 * sent to the process, which takes it for one that it has accepted.
 */
struct zpm_channel;

/* Both ends of a TCP connection over the loopback.  0 or UV_ENOBUFS: we could
 * not make one, whatever the reason. */
int zpm_visit_pair(int *ours, int *theirs);

/* In fork mode, by the agent: to its server at that port.  1, and `*fd` is our
 * end; or a negative code of libuv. */
int zpm_visit_agent(struct zpm_channel *channel, uint16_t port, int *fd);

#endif
