#ifndef ZPM_CORE_DISPATCH_H
#define ZPM_CORE_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Which worker of a cluster gets the next connection: the one with the fewest
 * that it has not taken yet, and of those the one whose turn was longest ago.
 * What nobody has room for waits in the queue of the kernel.
 */
enum {
  /* Connections on their way to one worker.  One would be fair, too, but has
   * the worker wait for each; a dead worker loses none of them. */
  ZPM_DISPATCH_WINDOW = 4,
};

struct zpm_dispatch_load {
  unsigned in_flight; /* handed to it, and not taken yet */
  uint64_t last_turn; /* grows with every connection of the cluster */
};

bool zpm_dispatch_has_room(const struct zpm_dispatch_load *load);
/* Whether `a` comes before `b`. */
bool zpm_dispatch_prefers(const struct zpm_dispatch_load *a,
                          const struct zpm_dispatch_load *b);

#endif
