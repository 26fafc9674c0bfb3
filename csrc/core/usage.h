#ifndef ZPM_CORE_USAGE_H
#define ZPM_CORE_USAGE_H

#include <stdint.h>

/*
 * CPU per cent of one process, from what it had used at two looks.  100 is one
 * core.  Two looks within ZPM_USAGE_WINDOW_NS give the same figure: the kernel
 * counts in steps of 10 ms, so a shorter look would tell nothing.
 */
enum { ZPM_USAGE_WINDOW_NS = 200 * 1000 * 1000 };

struct zpm_usage_mark {
  uint64_t cpu_ns; /* used until then */
  uint64_t at_ns;  /* when that was looked at */
  double percent;  /* what came of it */
};

/* The first look: over the whole life of the process. */
void zpm_usage_begin(struct zpm_usage_mark *mark, uint64_t cpu_ns,
                     uint64_t age_ns, uint64_t now_ns);
/* The next: over the time since the one before.  Ignored within the window. */
void zpm_usage_advance(struct zpm_usage_mark *mark, uint64_t cpu_ns,
                       uint64_t now_ns);

#endif
