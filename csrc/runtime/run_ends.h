#ifndef ZPM_RUNTIME_RUN_ENDS_H
#define ZPM_RUNTIME_RUN_ENDS_H

#include <stdbool.h>

#include "runtime/proc_run.h"

/* Both ends of what a new process is given. -1: not there. */
struct zpm_run_ends {
  int child[ZPM_RUN_FDS]; /* its 0, 1, 2 and the channel */
  int ours[ZPM_RUN_FDS];  /* 0 is never used */
};

#define ZPM_RUN_ENDS_NONE                                                      \
  {                                                                            \
    {-1, -1, -1, -1, -1, -1, -1},                                              \
    {                                                                          \
      -1, -1, -1, -1, -1, -1, -1                                               \
    }                                                                          \
  }

/* Standard input, two pipes, and a channel if it is to have one.  0 or a
 * negative errno; then some may be open. */
int zpm_run_ends_open(struct zpm_run_ends *ends, bool channel);
/* One side of them: ZPM_RUN_FDS descriptors, -1 afterwards. */
void zpm_run_ends_close(int *fds);

#endif
