#ifndef ZPM_RUNTIME_HANDOFF_H
#define ZPM_RUNTIME_HANDOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Listening sockets on their way from a process in fork mode to its successor:
 * the agent of the one sends them, that of the other listens at them instead of
 * new ones.  While both have them, either may accept; no connection is refused
 * in between.
 */
enum {
  ZPM_HANDOFF_MAX = 8, /* what fits into one request to the keeper */
  /* The child's descriptor of the first; the others follow. */
  ZPM_HANDOFF_FIRST_FD = 4,
};

/* Zero: none. */
struct zpm_handoff {
  int fds[ZPM_HANDOFF_MAX];
  size_t count;
};

/* Takes `fd` over.  False, and it is closed: it listens at no TCP port, or it
 * is one too many. */
bool zpm_handoff_add(struct zpm_handoff *handoff, int fd);
/* Whether one listens at that TCP port. */
bool zpm_handoff_has_port(const struct zpm_handoff *handoff, uint16_t port);
/* For NODE_ZPM_SOCKETS: a line for each, "FD PORT ADDRESS".  0 or
 * ZPM_ENOMEM. */
int zpm_handoff_describe(const struct zpm_handoff *handoff,
                         struct zpm_str *text);
void zpm_handoff_close(struct zpm_handoff *handoff);

#endif
