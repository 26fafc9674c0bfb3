#include "core/config.h"

/*
 * The table and nothing else.  A row of type LATER is a name that users may
 * know from the documentation of a later version: it is refused by name
 * instead of being called unknown.
 */

#define AT(member) offsetof(struct zpm_config, member)
#define LATER(json, option, what)                                              \
  {                                                                            \
    .name = (json), .flag = (option), .type = ZPM_FIELD_LATER, .help = (what)  \
  }

enum {
  DAY_MS = 24 * 60 * 60 * 1000,
  HOUR_MS = 60 * 60 * 1000,
  MAX_INSTANCES = 1024,
  MAX_LOG_FILES = 1000,
};

/* One tebibyte: far below 2^53, so that JSON numbers are exact. */
#define MAX_LOG_BYTES ((uint64_t)1 << 40)

static const char *const INTERPRETERS[] = {"auto", "node",   "python3",
                                           "bash", "custom", NULL};
static const char *const MODES[] = {"fork", "cluster", NULL};
static const char *const IMMEDIATE[] = {"auto", "hold", "retry", NULL};
static const char *const LOG_FORMATS[] = {"raw", "json", NULL};

const struct zpm_field ZPM_FIELDS[] = {
    {.name = "name",
     .flag = "name",
     .type = ZPM_FIELD_STRING,
     .offset = AT(name),
     .fallback = "the script's name",
     .help = "What the app is called in every other command"},
    {.name = "scriptPath",
     .type = ZPM_FIELD_STRING,
     .offset = AT(script_path),
     .help = "The program: a script, an executable, or a command to search "
             "for in node_modules/.bin and PATH"},
    {.name = "args",
     .flag = "arg",
     .type = ZPM_FIELD_STRINGS,
     .offset = AT(args),
     .help = "Arguments of the program, one per --arg"},
    {.name = "cwd",
     .flag = "cwd",
     .type = ZPM_FIELD_STRING,
     .offset = AT(cwd),
     .fallback = "the caller's folder",
     .help = "The folder it runs in"},
    {.name = "env",
     .flag = "env",
     .type = ZPM_FIELD_ENV,
     .offset = AT(env),
     .help = "Environment variables, put over those of the caller"},
    {.name = "port",
     .flag = "port",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(port),
     .min = 1,
     .max = UINT16_MAX,
     .help = "Given to the program as PORT in its environment"},

    {.name = "interpreter",
     .flag = "interpreter",
     .type = ZPM_FIELD_CHOICE,
     .offset = AT(interpreter),
     .choices = INTERPRETERS,
     .fallback = "auto",
     .help = "What runs the script; auto: chosen by its extension"},
    {.name = "interpreterCommand",
     .flag = "interpreter-command",
     .type = ZPM_FIELD_STRING,
     .offset = AT(interpreter_command),
     .help = "The program that runs the script; makes the interpreter custom"},
    {.name = "interpreterArgs",
     .flag = "interpreter-arg",
     .type = ZPM_FIELD_STRINGS,
     .offset = AT(interpreter_args),
     .help = "Arguments of the interpreter, before the script"},

    {.name = "mode",
     .flag = "mode",
     .type = ZPM_FIELD_CHOICE,
     .offset = AT(mode),
     .choices = MODES,
     .fallback = "fork",
     .help =
         "fork: one process (cluster is not available in this version yet)"},
    {.name = "instances",
     .flag = "instances",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(instances),
     .min = 1,
     .max = MAX_INSTANCES,
     .fallback = "1",
     .help = "How many processes (more than 1 needs cluster mode, which is not "
             "available in this version yet)"},

    {.name = "killTimeout",
     .flag = "kill-timeout",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(kill_timeout_ms),
     .max = HOUR_MS,
     .unit = "ms",
     .fallback = "5000",
     .help = "From the stop signal to SIGKILL"},
    {.name = "killSignal",
     .flag = "kill-signal",
     .type = ZPM_FIELD_SIGNAL,
     .offset = AT(kill_signal),
     .fallback = "SIGTERM",
     .help = "The signal that asks it to stop"},
    {.name = "minBackoff",
     .flag = "min-backoff",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(min_backoff_ms),
     .max = DAY_MS,
     .unit = "ms",
     .fallback = "1000",
     .help = "Wait before the first restart after a crash; doubles each time"},
    {.name = "maxBackoff",
     .flag = "max-backoff",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(max_backoff_ms),
     .max = DAY_MS,
     .unit = "ms",
     .fallback = "16000",
     .help = "The longest wait before a restart"},
    {.name = "autorestart",
     .flag = "autorestart",
     .type = ZPM_FIELD_AUTORESTART,
     .offset = AT(autorestart),
     .fallback = "true",
     .help = "Start it again: true when it crashed, false never, always also "
             "after exit code 0"},
    {.name = "immediateCrash",
     .flag = "immediate-crash",
     .type = ZPM_FIELD_CHOICE,
     .offset = AT(immediate_crash),
     .choices = IMMEDIATE,
     .fallback = "auto",
     .help = "A crash within 1.5 s: hold waits for you, retry tries again, "
             "auto holds unless this build has run well before"},

    {.name = "logs.maxSizeBytes",
     .flag = "log-max-size",
     .type = ZPM_FIELD_UINT64,
     .offset = AT(log_max_size_bytes),
     .max = MAX_LOG_BYTES,
     .unit = "bytes",
     .fallback = "10485760",
     .help = "Rotate a log file at this size; 0: never. On the command line "
             "also 512K, 10M, 1G"},
    {.name = "logs.maxFiles",
     .flag = "log-max-files",
     .type = ZPM_FIELD_UINT32,
     .offset = AT(log_max_files),
     .max = MAX_LOG_FILES,
     .fallback = "5",
     .help = "How many rotated files are kept"},
    {.name = "logs.timestamps",
     .flag = "log-timestamps",
     .type = ZPM_FIELD_BOOL,
     .offset = AT(log_timestamps),
     .fallback = "false",
     .help = "Put the time before each line"},
    {.name = "logs.format",
     .flag = "log-format",
     .type = ZPM_FIELD_CHOICE,
     .offset = AT(log_format),
     .choices = LOG_FORMATS,
     .fallback = "raw",
     .help = "raw: as the program wrote it; json: one object per line"},

    LATER("probe.type", "probe-type", "Health probe: http, tcp or exec"),
    LATER("probe.target", "probe-target", "What the probe asks"),
    LATER("probe.intervalSeconds", "probe-interval", "Time between probes"),
    LATER("probe.timeoutSeconds", "probe-timeout",
          "Longest wait for one probe"),
    LATER("probe.failureThreshold", "probe-threshold",
          "Failures in a row before a restart"),
    LATER("devMode", "dev", "Restart when a source file changes"),
    LATER("watch", "watch", "What is watched for changes"),
    LATER("ignoreWatch", NULL, "What is not watched"),
    LATER("reloadCommand", NULL, "Run before a restart on change"),
    LATER("user", "user", "Run as this user"),
    LATER("uid", NULL, "Run with this user id"),
    LATER("gid", NULL, "Run with this group id"),
    LATER("umask", NULL, "File mode mask"),
    LATER("nice", NULL, "Scheduling priority"),
    LATER("rlimits", NULL, "Resource limits"),
    LATER("maxMemory", "max-memory", "Restart above this much memory"),
    LATER("cron", "cron", "Restart at these times"),
    LATER("envFile", "env-file", "Read variables from a file"),
    LATER("clearPort", "clear-port", "Free the port before the start"),
    LATER("shutdownMessage", NULL, "Ask it to stop by a message"),
    LATER("scheduling", NULL, "How cluster mode spreads connections"),
    LATER("drainTimeout", NULL, "Wait for open connections"),
};

const size_t ZPM_FIELD_COUNT = sizeof(ZPM_FIELDS) / sizeof(ZPM_FIELDS[0]);

_Static_assert(sizeof(ZPM_FIELDS) / sizeof(ZPM_FIELDS[0]) <= 64,
               "zpm_config.given has one bit per field");
