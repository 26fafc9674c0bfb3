#include "core/usage.h"

static double percent(uint64_t part, uint64_t whole)
{
  return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

void zpm_usage_begin(struct zpm_usage_mark *mark, uint64_t cpu_ns,
                     uint64_t age_ns, uint64_t now_ns)
{
  *mark = (struct zpm_usage_mark){
      .cpu_ns = cpu_ns, .at_ns = now_ns, .percent = percent(cpu_ns, age_ns)};
}

void zpm_usage_advance(struct zpm_usage_mark *mark, uint64_t cpu_ns,
                       uint64_t now_ns)
{
  /* Both only ever grow; a reading that says otherwise tells nothing. */
  uint64_t used = cpu_ns > mark->cpu_ns ? cpu_ns - mark->cpu_ns : 0;

  if (now_ns < mark->at_ns || now_ns - mark->at_ns < ZPM_USAGE_WINDOW_NS)
    return;
  *mark =
      (struct zpm_usage_mark){.cpu_ns = cpu_ns,
                              .at_ns = now_ns,
                              .percent = percent(used, now_ns - mark->at_ns)};
}
