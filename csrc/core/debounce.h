#ifndef ZPM_CORE_DEBOUNCE_H
#define ZPM_CORE_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Turns a burst of changes into one call: when it has been quiet for
 * ZPM_DEBOUNCE_QUIET_MS, and ZPM_DEBOUNCE_MOST_MS after the first change at the
 * latest.  All zero: nothing is pending.
 */
enum { ZPM_DEBOUNCE_QUIET_MS = 100, ZPM_DEBOUNCE_MOST_MS = 1000 };

struct zpm_debounce {
  bool pending;
  uint64_t first_ms;
  uint64_t last_ms;
};

void zpm_debounce_note(struct zpm_debounce *debounce, uint64_t now_ms);
/* When to call; UINT64_MAX: nothing is pending. */
uint64_t zpm_debounce_due_ms(const struct zpm_debounce *debounce);
void zpm_debounce_reset(struct zpm_debounce *debounce);

#endif
