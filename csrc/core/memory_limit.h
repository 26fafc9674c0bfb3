#ifndef ZPM_CORE_MEMORY_LIMIT_H
#define ZPM_CORE_MEMORY_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether an app that has a maxMemory is to be restarted.
 *
 * One look over the limit is not enough: a process that is about to start
 * another one is counted twice for a moment.  So the next look comes soon, and
 * decides.
 *
 * An app that is over its limit as soon as it has begun gains nothing by being
 * restarted: it is left alone for longer each time, until it has been seen
 * within its limit once.
 */
struct zpm_memory_watch {
  bool over;       /* it was, at the last look */
  uint32_t rounds; /* restarts since it was last seen within its limit */
};

struct zpm_memory_look {
  uint64_t limit_bytes;
  uint64_t used_bytes; /* by its whole tree */
  uint64_t uptime_ms;
};

enum zpm_memory_step {
  ZPM_MEMORY_FINE,    /* look again after ZPM_MEMORY_EACH_MS */
  ZPM_MEMORY_SUSPECT, /* look again after ZPM_MEMORY_SOON_MS */
  ZPM_MEMORY_RESTART,
};

enum {
  ZPM_MEMORY_EACH_MS = 5000,
  ZPM_MEMORY_SOON_MS = 1000,
  ZPM_MEMORY_WAIT_MAX_MS = 10 * 60 * 1000, /* of an app that is always over */
  ZPM_MEMORY_TEXT_SIZE = 96,
};

enum zpm_memory_step zpm_memory_watch_step(struct zpm_memory_watch *watch,
                                           const struct zpm_memory_look *look);

/* "uses 312 MB, more than its maxMemory of 200 MB". Returns `text`. */
const char *zpm_memory_text(const struct zpm_memory_look *look,
                            char text[ZPM_MEMORY_TEXT_SIZE]);

#endif
