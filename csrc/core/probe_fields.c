#include "core/probe.h"

/* The table of what can be said of a probe, and the names in it. */

#define AT(member) offsetof(struct zpm_probe, member)

enum {
  SHORTEST_MS = 100,
  DAY_MS = 24 * 60 * 60 * 1000,
  HOUR_MS = 60 * 60 * 1000,
  MAX_THRESHOLD = 1000,
};

static const char *const TYPES[] = {
    [ZPM_PROBE_HTTP] = "http",
    [ZPM_PROBE_TCP] = "tcp",
    [ZPM_PROBE_EXEC] = "exec",
    NULL,
};
static const char *const KINDS[] = {
    [ZPM_PROBE_LIVENESS] = "liveness",
    [ZPM_PROBE_READINESS] = "readiness",
    NULL,
};

const struct zpm_field ZPM_PROBE_FIELDS[] = {
    {.name = "type",
     .type = ZPM_FIELD_CHOICE,
     .offset = AT(type),
     .choices = TYPES,
     .help = "How it is asked: a request by HTTP or HTTPS, a connection, or a "
             "command. Required"},
    {.name = "target",
     .type = ZPM_FIELD_STRING,
     .offset = AT(target),
     .help = "What is asked: a URL, host:port or a port, or the command line. "
             "Required"},
    {.name = "kind",
     .flag = "kind",
     .type = ZPM_FIELD_CHOICE,
     .offset = AT(kind),
     .choices = KINDS,
     .fallback = "liveness",
     .help = "liveness: the app is restarted when it fails; readiness: the "
             "app is starting until it passes"},
    {.name = "intervalSeconds",
     .flag = "interval",
     .type = ZPM_FIELD_SECONDS,
     .offset = AT(interval_ms),
     .min = SHORTEST_MS,
     .max = DAY_MS,
     .fallback = "10",
     .help = "From the end of one try to the next"},
    {.name = "timeoutSeconds",
     .flag = "timeout",
     .type = ZPM_FIELD_SECONDS,
     .offset = AT(timeout_ms),
     .min = SHORTEST_MS,
     .max = HOUR_MS,
     .fallback = "5",
     .help = "The longest that one try may take"},
    {.name = "failureThreshold",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(failure_threshold),
     .min = 1,
     .max = MAX_THRESHOLD,
     .fallback = "3",
     .help = "Failures in a row that mean that it fails"},
    {.name = "successThreshold",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(success_threshold),
     .min = 1,
     .max = MAX_THRESHOLD,
     .fallback = "1",
     .help = "Successes in a row that mean that it passes"},
    {.name = "initialDelaySeconds",
     .flag = "initialDelay",
     .type = ZPM_FIELD_SECONDS,
     .offset = AT(initial_delay_ms),
     .max = DAY_MS,
     .fallback = "0",
     .help = "Wait before the first try; of a liveness probe, from when the "
             "app is ready"},
    {.name = "expectStatus",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(expect_status),
     .min = 100,
     .max = 599,
     .off = true,
     .fallback = "any below 500",
     .help = "http: the status that it has to answer with"},
    {.name = "insecure",
     .type = ZPM_FIELD_BOOL,
     .offset = AT(insecure),
     .fallback = "false",
     .help = "https: any certificate will do, also one of its own making"},
};

const size_t ZPM_PROBE_FIELD_COUNT =
    sizeof(ZPM_PROBE_FIELDS) / sizeof(ZPM_PROBE_FIELDS[0]);

const char *zpm_probe_type_name(int type)
{
  return TYPES[type >= 0 && type <= ZPM_PROBE_EXEC ? type : 0];
}

const char *zpm_probe_kind_name(int kind)
{
  return KINDS[kind == ZPM_PROBE_READINESS];
}
