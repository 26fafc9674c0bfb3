#include "core/health.h"

#include <string.h>

#include "core/record.h"

enum {
  LISTEN_OFTEN_MS = 50,
  LISTEN_OFTEN = 20, /* looks at its port, for one second */
  LISTEN_MS = 250,
  LISTEN_WIDE = 4,  /* every fourth */
  SOON_MS = 100,    /* from the first to the second look for readiness */
  DOUBLINGS = 16,   /* of it, at most */
  HELD_UP_MS = 250, /* so late may we be ourselves, and: */
  HELD_UP_PART = 4, /* 1/4 of what was waited for */
};

static bool is_readiness(const struct zpm_health *health, size_t probe)
{
  return health->probes[probe].kind == ZPM_PROBE_READINESS;
}

static uint32_t at_least_one(uint32_t threshold)
{
  return threshold > 0 ? threshold : 1;
}

bool zpm_health_probe_passed(const struct zpm_health *health, size_t probe)
{
  return health->of[probe].passes >=
         at_least_one(health->probes[probe].success_threshold);
}

/* Whether nothing is left to wait for. */
static bool became_ready(struct zpm_health *health)
{
  if (health->state != ZPM_HEALTH_WARMING || health->wants_word)
    return false;
  for (size_t i = 0; i < health->len; i++) {
    if (is_readiness(health, i) && !zpm_health_probe_passed(health, i))
      return false;
  }
  health->state = ZPM_HEALTH_READY;
  return true;
}

void zpm_health_init(struct zpm_health *health, const struct zpm_probes *probes,
                     bool wants_word, bool is_ready)
{
  *health = (struct zpm_health){
      .state = is_ready ? ZPM_HEALTH_READY : ZPM_HEALTH_WARMING,
      .wants_word = wants_word && !is_ready,
      .probes = probes->items,
      .len = probes->len < ZPM_PROBES_MAX ? probes->len : ZPM_PROBES_MAX,
  };
  became_ready(health);
}

static bool on_passed(struct zpm_health *health, size_t probe)
{
  struct zpm_health_probe *of = &health->of[probe];

  if (of->passes < UINT32_MAX)
    of->passes++;
  if (zpm_health_probe_passed(health, probe))
    of->failures = 0;
  return became_ready(health);
}

static bool on_failed(struct zpm_health *health, size_t probe)
{
  struct zpm_health_probe *of = &health->of[probe];

  of->passes = 0;
  if (of->failures < UINT32_MAX)
    of->failures++;
  if (is_readiness(health, probe) ||
      of->failures < at_least_one(health->probes[probe].failure_threshold))
    return false;
  health->state = ZPM_HEALTH_FAILING;
  return true;
}

/* Whether this probe has a say in this state. */
static bool is_asked(const struct zpm_health *health, size_t probe)
{
  if (is_readiness(health, probe))
    return health->state == ZPM_HEALTH_WARMING &&
           !zpm_health_probe_passed(health, probe);
  return health->state == ZPM_HEALTH_READY;
}

bool zpm_health_on_outcome(struct zpm_health *health, size_t probe,
                           enum zpm_outcome outcome)
{
  if (!is_asked(health, probe))
    return false;
  if (health->of[probe].attempts < UINT32_MAX)
    health->of[probe].attempts++;
  switch (outcome) {
  case ZPM_OUTCOME_PASSED:
    return on_passed(health, probe);
  case ZPM_OUTCOME_FAILED:
    return on_failed(health, probe);
  case ZPM_OUTCOME_VOID:
  default:
    return false;
  }
}

bool zpm_health_on_word(struct zpm_health *health)
{
  health->wants_word = false;
  return became_ready(health);
}

void zpm_health_on_silence(struct zpm_health *health)
{
  health->state = ZPM_HEALTH_FAILING;
}

/* ---- when ---- */

static uint64_t soon(uint32_t attempts, uint64_t interval_ms)
{
  uint32_t doublings = attempts <= DOUBLINGS ? attempts - 1 : DOUBLINGS;
  uint64_t delay_ms = (uint64_t)SOON_MS << doublings;

  return delay_ms < interval_ms ? delay_ms : interval_ms;
}

uint64_t zpm_health_delay(const struct zpm_health *health, size_t probe)
{
  const struct zpm_probe *config = &health->probes[probe];
  const struct zpm_health_probe *of = &health->of[probe];

  if (!is_asked(health, probe))
    return ZPM_HEALTH_NEVER;
  if (of->attempts == 0 && !is_readiness(health, probe))
    return config->initial_delay_ms > 0 ? config->initial_delay_ms
                                        : config->interval_ms;
  if (of->attempts == 0)
    return config->initial_delay_ms;
  if (is_readiness(health, probe) && of->passes == 0)
    return soon(of->attempts, config->interval_ms);
  return config->interval_ms;
}

uint64_t zpm_health_listen_delay(uint32_t looks)
{
  return looks < LISTEN_OFTEN ? LISTEN_OFTEN_MS : LISTEN_MS;
}

bool zpm_health_listen_wide(uint32_t looks)
{
  return looks % LISTEN_WIDE == LISTEN_WIDE - 1;
}

uint32_t zpm_health_failures(const struct zpm_health *health)
{
  uint32_t worst = 0;

  for (size_t i = 0; i < health->len; i++) {
    if (!is_readiness(health, i) && health->of[i].failures > worst)
      worst = health->of[i].failures;
  }
  return worst;
}

bool zpm_health_is_late(uint64_t span_ms, uint64_t due_ms, uint64_t now_ms)
{
  return now_ms > due_ms &&
         now_ms - due_ms > HELD_UP_MS + span_ms / HELD_UP_PART;
}

bool zpm_health_status_passes(const struct zpm_probe *probe, unsigned status)
{
  enum { SERVER_ERRORS = 500 };

  return probe->expect_status != 0 ? status == probe->expect_status
                                   : status < SERVER_ERRORS;
}

bool zpm_health_exit_passes(const struct zpm_exit *end)
{
  return end->known && end->signal == 0 && end->code == 0;
}

/* ---- the event loop ---- */

uint64_t zpm_pulse_period(const struct zpm_pulse *pulse)
{
  return ((uint64_t)pulse->timeout_ms + 1) / 2;
}

bool zpm_pulse_tick(struct zpm_pulse *pulse, uint64_t now_ms)
{
  bool held_up = pulse->due_ms != 0 &&
                 zpm_health_is_late(pulse->timeout_ms, pulse->due_ms, now_ms);

  if (!pulse->open || held_up) {
    pulse->open = true;
    pulse->asked_ms = now_ms;
  }
  pulse->due_ms = now_ms + zpm_pulse_period(pulse);
  /* While it is silent it is asked again: one question may have been lost. */
  return now_ms - pulse->asked_ms < pulse->timeout_ms;
}

void zpm_pulse_on_answer(struct zpm_pulse *pulse)
{
  pulse->open = false;
}

/* ---- the app's word ---- */

static bool is_text(const char *bytes, size_t len, const char *text)
{
  return len == strlen(text) && memcmp(bytes, text, len) == 0;
}

bool zpm_health_is_ready_json(const char *json, size_t len)
{
  return is_text(json, len, "\"ready\"");
}

bool zpm_health_is_ready_notify(const char *message, size_t len)
{
  while (len > 0) {
    const char *newline = memchr(message, '\n', len);
    size_t line = newline != NULL ? (size_t)(newline - message) : len;

    if (is_text(message, line, "READY=1"))
      return true;
    if (newline == NULL)
      return false;
    message += line + 1;
    len -= line + 1;
  }
  return false;
}
