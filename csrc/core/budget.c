#include "core/budget.h"

/* The generic cell rate algorithm: one number says how far ahead of its rate
 * the host is; a burst is being ahead by that many turns at most. */
uint64_t zpm_budget_take(struct zpm_budget *budget, uint64_t now_ms)
{
  const uint64_t lead_ms = (uint64_t)ZPM_BUDGET_BURST * ZPM_BUDGET_EACH_MS;
  uint64_t turn_ms = budget->next_ms > now_ms ? budget->next_ms : now_ms;

  budget->next_ms = turn_ms + ZPM_BUDGET_EACH_MS;
  return turn_ms + ZPM_BUDGET_EACH_MS > now_ms + lead_ms
             ? turn_ms + ZPM_BUDGET_EACH_MS - now_ms - lead_ms
             : 0;
}
