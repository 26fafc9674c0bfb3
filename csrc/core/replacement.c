#include "core/replacement.h"

static uint64_t patience_ms(const struct zpm_replacement *replacement)
{
  switch (replacement->phase) {
  case ZPM_REPLACE_ASKING:
    return ZPM_REPLACE_ASK_MS;
  case ZPM_REPLACE_STARTING:
    return replacement->ready_ms;
  case ZPM_REPLACE_DRAINING:
    return ZPM_REPLACE_DRAIN_MS;
  case ZPM_REPLACE_LEAVING: /* the machine of its process sees to it */
  case ZPM_REPLACE_IDLE:
    break;
  }
  return 0;
}

void zpm_replacement_begin(struct zpm_replacement *replacement,
                           enum zpm_replacement_phase phase, uint64_t now_ms)
{
  uint64_t limit_ms;

  replacement->phase = phase;
  limit_ms = patience_ms(replacement);
  replacement->due_ms = limit_ms > 0 ? now_ms + limit_ms : 0;
}

static bool is_late(const struct zpm_replacement *replacement,
                    const struct zpm_replace_facts *facts)
{
  return replacement->due_ms != 0 && facts->now_ms >= replacement->due_ms;
}

static bool is_ready(const struct zpm_replace_facts *facts)
{
  return facts->successor == ZPM_SUCCESSOR_RUNS &&
         (facts->successor_listens || !facts->old_listens);
}

static enum zpm_replace_act
while_asking(const struct zpm_replacement *replacement,
             const struct zpm_replace_facts *facts)
{
  if (facts->sockets == ZPM_SOCKETS_GIVEN)
    return ZPM_REPLACE_START;
  if (facts->sockets == ZPM_SOCKETS_NONE || is_late(replacement, facts))
    return ZPM_REPLACE_REFUSE;
  return ZPM_REPLACE_WAIT;
}

static enum zpm_replace_act
while_starting(const struct zpm_replacement *replacement,
               const struct zpm_replace_facts *facts)
{
  if (facts->successor == ZPM_SUCCESSOR_OVERTAKEN)
    return ZPM_REPLACE_YIELD;
  if (facts->successor == ZPM_SUCCESSOR_ENDED)
    return ZPM_REPLACE_ABANDON;
  if (is_ready(facts))
    return ZPM_REPLACE_PROMOTE;
  return is_late(replacement, facts) ? ZPM_REPLACE_EXPIRE : ZPM_REPLACE_WAIT;
}

static enum zpm_replace_act choose(const struct zpm_replacement *replacement,
                                   const struct zpm_replace_facts *facts)
{
  switch (replacement->phase) {
  case ZPM_REPLACE_ASKING:
    return while_asking(replacement, facts);
  case ZPM_REPLACE_STARTING:
    return while_starting(replacement, facts);
  case ZPM_REPLACE_DRAINING:
    return facts->old_lives && facts->old_drains && !is_late(replacement, facts)
               ? ZPM_REPLACE_WAIT
               : ZPM_REPLACE_DISMISS;
  case ZPM_REPLACE_LEAVING:
    return facts->leaver_lives ? ZPM_REPLACE_WAIT : ZPM_REPLACE_FINISH;
  case ZPM_REPLACE_IDLE:
    break;
  }
  return ZPM_REPLACE_WAIT;
}

static enum zpm_replacement_phase phase_after(enum zpm_replace_act act,
                                              enum zpm_replacement_phase phase)
{
  switch (act) {
  case ZPM_REPLACE_WAIT:
    break;
  case ZPM_REPLACE_START:
    return ZPM_REPLACE_STARTING;
  case ZPM_REPLACE_PROMOTE:
    return ZPM_REPLACE_DRAINING;
  case ZPM_REPLACE_ABANDON:
  case ZPM_REPLACE_EXPIRE:
  case ZPM_REPLACE_YIELD:
  case ZPM_REPLACE_DISMISS:
    return ZPM_REPLACE_LEAVING;
  case ZPM_REPLACE_REFUSE:
  case ZPM_REPLACE_FINISH:
    return ZPM_REPLACE_IDLE;
  }
  return phase;
}

enum zpm_replace_act zpm_replacement_step(struct zpm_replacement *replacement,
                                          const struct zpm_replace_facts *facts)
{
  enum zpm_replace_act act = choose(replacement, facts);

  if (act != ZPM_REPLACE_WAIT)
    zpm_replacement_begin(replacement, phase_after(act, replacement->phase),
                          facts->now_ms);
  return act;
}
