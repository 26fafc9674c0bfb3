#include "core/policy.h"

void zpm_policy_of_config(struct zpm_policy *policy,
                          const struct zpm_config *config)
{
  *policy = (struct zpm_policy){
      .min_backoff_ms = config->min_backoff_ms,
      .max_backoff_ms = config->max_backoff_ms,
      .kill_timeout_ms = config->kill_timeout_ms,
      .ready_timeout_ms =
          zpm_config_waits_ready(config) ? config->ready_timeout_ms : 0,
      .autorestart = config->autorestart,
      .immediate_crash = config->immediate_crash,
  };
}

static bool holds_on_immediate_crash(const struct zpm_policy *policy,
                                     bool proven)
{
  if (policy->immediate_crash == ZPM_IMMEDIATE_AUTO)
    return !proven;
  return policy->immediate_crash == ZPM_IMMEDIATE_HOLD;
}

enum zpm_verdict zpm_policy_judge(const struct zpm_policy *policy,
                                  const struct zpm_exit *end, bool proven)
{
  bool clean = end->known && end->code == 0 && end->signal == 0;

  if (clean)
    return policy->autorestart == ZPM_AUTORESTART_ALWAYS ? ZPM_VERDICT_RETRY
                                                         : ZPM_VERDICT_REST;
  if (policy->autorestart == ZPM_AUTORESTART_NEVER)
    return ZPM_VERDICT_HOLD;
  if (end->uptime_ms < ZPM_IMMEDIATE_MS &&
      holds_on_immediate_crash(policy, proven))
    return ZPM_VERDICT_BUILD;
  return ZPM_VERDICT_RETRY;
}

uint64_t zpm_policy_backoff(const struct zpm_policy *policy, uint32_t crash)
{
  uint64_t delay = policy->min_backoff_ms;
  uint64_t cap = policy->max_backoff_ms;

  for (uint32_t i = 1; i < crash && delay > 0 && delay < cap; i++)
    delay *= 2;
  return delay < cap ? delay : cap;
}

bool zpm_policy_tells_crash(uint32_t crash)
{
  return (crash & (crash - 1)) == 0;
}

bool zpm_build_equal(const struct zpm_build *a, const struct zpm_build *b)
{
  bool known = a->mtime_ns != 0 || a->size != 0;

  return known && a->mtime_ns == b->mtime_ns && a->size == b->size;
}
