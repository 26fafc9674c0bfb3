#include "core/debounce.h"

void zpm_debounce_note(struct zpm_debounce *debounce, uint64_t now_ms)
{
  if (!debounce->pending)
    debounce->first_ms = now_ms;
  debounce->pending = true;
  debounce->last_ms = now_ms;
}

uint64_t zpm_debounce_due_ms(const struct zpm_debounce *debounce)
{
  uint64_t quiet = debounce->last_ms + ZPM_DEBOUNCE_QUIET_MS;
  uint64_t most = debounce->first_ms + ZPM_DEBOUNCE_MOST_MS;

  if (!debounce->pending)
    return UINT64_MAX;
  return quiet < most ? quiet : most;
}

void zpm_debounce_reset(struct zpm_debounce *debounce)
{
  *debounce = (struct zpm_debounce){0};
}
