#ifndef ZPM_CORE_BUDGET_H
#define ZPM_CORE_BUDGET_H

#include <stdint.h>

/*
 * The host's budget of restarts: so many at once, then so many a second, in the
 * order in which they were asked for.  An app has at most one open, so each
 * gets its turn, and 500 that crash together leave the machine to the others.
 * Starts by people are not counted.
 */
struct zpm_budget {
  uint64_t next_ms; /* monotonic; up to when turns have been given away */
};

enum {
  ZPM_BUDGET_BURST = 32,
  ZPM_BUDGET_EACH_MS = 25, /* 40 a second */
};

/* Takes a turn: milliseconds until it comes; 0: now. */
uint64_t zpm_budget_take(struct zpm_budget *budget, uint64_t now_ms);

#endif
