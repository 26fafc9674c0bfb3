#include "core/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "core/config.h"
#include "core/record.h"

enum { TARGET_MAX = 80, SECOND_MS = 1000 };

/* How much of the bytes may be shown: not the beginning of a character. */
static size_t whole(const char *bytes, size_t len)
{
  return len - zpm_utf8_unfinished(bytes, len);
}

/* "tcp :3000", or a URL as it is; cut. */
static size_t put_target(char *text, const struct zpm_probe *probe)
{
  bool is_url =
      probe->type != ZPM_PROBE_EXEC && strstr(probe->target, "://") != NULL;
  size_t len = strlen(probe->target);
  bool is_long = len > TARGET_MAX;

  if (is_long)
    len = whole(probe->target, TARGET_MAX);
  return (size_t)snprintf(text, ZPM_HEALTH_TEXT_SIZE, "%s probe %s%s%.*s%s",
                          zpm_probe_kind_name(probe->kind),
                          is_url ? "" : zpm_probe_type_name(probe->type),
                          is_url ? "" : " ", (int)len, probe->target,
                          is_long ? "..." : "");
}

/* A target may be a command of several lines, and the text may have been cut.
 */
static const char *on_one_line(char *text)
{
  for (char *c = text; *c != '\0'; c++) {
    if ((*c > 0 && *c < ' ') || *c == 0x7f)
      *c = ' ';
  }
  text[whole(text, strlen(text))] = '\0';
  return text;
}

static void put_cause(char *text, size_t used, const char *cause)
{
  if (cause != NULL && cause[0] != '\0' && used < ZPM_HEALTH_TEXT_SIZE)
    snprintf(text + used, ZPM_HEALTH_TEXT_SIZE - used, ": %s", cause);
}

const char *zpm_health_why_failing(const struct zpm_health *health,
                                   size_t probe, const char *cause,
                                   char text[ZPM_HEALTH_TEXT_SIZE])
{
  const struct zpm_probe *config = &health->probes[probe];
  uint32_t failures = health->of[probe].failures;
  size_t used = put_target(text, config);

  used += (size_t)snprintf(text + used, ZPM_HEALTH_TEXT_SIZE - used, " failed");
  if (failures > 1)
    used += (size_t)snprintf(text + used, ZPM_HEALTH_TEXT_SIZE - used,
                             " %" PRIu32 " times%s", failures,
                             config->success_threshold > 1 ? "" : " in a row");
  put_cause(text, used, cause);
  return on_one_line(text);
}

const char *zpm_health_why_pending(const struct zpm_health *health,
                                   size_t probe, const char *cause,
                                   char text[ZPM_HEALTH_TEXT_SIZE])
{
  size_t used = put_target(text, &health->probes[probe]);

  put_cause(text, used, cause);
  return on_one_line(text);
}

const char *zpm_health_why_silent(uint32_t port,
                                  char text[ZPM_HEALTH_TEXT_SIZE])
{
  if (port != 0)
    snprintf(text, ZPM_HEALTH_TEXT_SIZE,
             "it does not listen on port %" PRIu32
             ", and has not said that it is ready",
             port);
  else
    snprintf(text, ZPM_HEALTH_TEXT_SIZE, "it has not said that it is ready");
  return text;
}

const char *zpm_pulse_why(const struct zpm_pulse *pulse,
                          char text[ZPM_HEALTH_TEXT_SIZE])
{
  char time[ZPM_HEALTH_TIME_SIZE];

  snprintf(text, ZPM_HEALTH_TEXT_SIZE, "its event loop has not answered for %s",
           zpm_health_time(pulse->timeout_ms, time));
  return text;
}

const char *zpm_health_status_cause(const struct zpm_probe *probe,
                                    unsigned status,
                                    char text[ZPM_HEALTH_CAUSE_SIZE])
{
  if (probe->expect_status != 0)
    snprintf(text, ZPM_HEALTH_CAUSE_SIZE, "status %u, not %" PRIu32, status,
             probe->expect_status);
  else
    snprintf(text, ZPM_HEALTH_CAUSE_SIZE, "status %u", status);
  return text;
}

const char *zpm_health_exit_cause(const struct zpm_probe *probe,
                                  const struct zpm_exit *end,
                                  const char *last_line,
                                  char text[ZPM_HEALTH_CAUSE_SIZE])
{
  char time[ZPM_HEALTH_TIME_SIZE];
  const char *colon = last_line[0] != '\0' ? ": " : "";
  const char *signal =
      end != NULL && end->signal != 0 ? zpm_signal_name(end->signal) : NULL;

  if (end == NULL)
    snprintf(text, ZPM_HEALTH_CAUSE_SIZE, "no end within %s%s%s",
             zpm_health_time(probe->timeout_ms, time), colon, last_line);
  else if (signal != NULL)
    snprintf(text, ZPM_HEALTH_CAUSE_SIZE, "%s%s%s", signal, colon, last_line);
  else if (end->signal != 0)
    snprintf(text, ZPM_HEALTH_CAUSE_SIZE, "signal %d%s%s", end->signal, colon,
             last_line);
  else
    snprintf(text, ZPM_HEALTH_CAUSE_SIZE, "exit code %d%s%s", end->code, colon,
             last_line);
  return text;
}

const char *zpm_health_time(uint64_t ms, char text[ZPM_HEALTH_TIME_SIZE])
{
  enum { TENTH_MS = SECOND_MS / 10 };

  if (ms < SECOND_MS)
    snprintf(text, ZPM_HEALTH_TIME_SIZE, "%" PRIu64 " ms", ms);
  else if (ms % SECOND_MS < TENTH_MS)
    snprintf(text, ZPM_HEALTH_TIME_SIZE, "%" PRIu64 " s", ms / SECOND_MS);
  else
    snprintf(text, ZPM_HEALTH_TIME_SIZE, "%" PRIu64 ".%" PRIu64 " s",
             ms / SECOND_MS, ms % SECOND_MS / TENTH_MS);
  return text;
}
