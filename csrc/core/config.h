#ifndef ZPM_CORE_CONFIG_H
#define ZPM_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/field.h"
#include "core/probe.h"
#include "zpm/error.h"

/*
 * The configuration of one app, and the one table that describes it.
 *
 * ZPM_FIELDS is the only place that knows a field's JSON name, command line
 * flag, type, default, bounds and help text.  JSON decoding and encoding
 * (proto/config_json.c), the flags of `zpm start` (cli/), validation, merging,
 * diffing and docs/configuration.md all walk it.
 *
 * `given` has one bit per field: what the user really said, as against what is
 * there by default.  Merging copies the given fields only.
 *
 * Members named like a path are absolute once a config has been through
 * zpm_config_validate().
 */

enum zpm_interpreter {
  ZPM_INTERPRETER_AUTO, /* by extension; none: executed itself */
  ZPM_INTERPRETER_NODE,
  ZPM_INTERPRETER_PYTHON3,
  ZPM_INTERPRETER_BASH,
  ZPM_INTERPRETER_CUSTOM, /* config.interpreter_command */
};

enum zpm_mode { ZPM_MODE_FORK, ZPM_MODE_CLUSTER };

enum zpm_scheduling {
  ZPM_SCHEDULING_AUTO,      /* as rr, and as reuseport when there are many */
  ZPM_SCHEDULING_RR,        /* the daemon accepts, and hands on */
  ZPM_SCHEDULING_REUSEPORT, /* each worker accepts from a socket of its own */
  ZPM_SCHEDULING_SHARED,    /* all workers accept from the same socket */
};

/* Of the messages on a Node app's IPC channel. */
enum zpm_serialization { ZPM_SERIALIZATION_JSON, ZPM_SERIALIZATION_ADVANCED };

/* "json", "advanced": as Node calls them, too. */
extern const char *const ZPM_SERIALIZATIONS[];

enum zpm_autorestart {
  ZPM_AUTORESTART_NEVER,      /* false */
  ZPM_AUTORESTART_ON_FAILURE, /* true, the default: exit 0 is an end */
  ZPM_AUTORESTART_ALWAYS,     /* "always" */
};

enum zpm_immediate_crash {
  ZPM_IMMEDIATE_AUTO,  /* hold, unless the build has proved itself */
  ZPM_IMMEDIATE_HOLD,  /* "hold" */
  ZPM_IMMEDIATE_RETRY, /* "retry" */
};

enum zpm_log_format { ZPM_LOG_RAW, ZPM_LOG_JSON };

/* The limits of setrlimit that can be given, by their names there. */
enum zpm_rlimit_kind {
  ZPM_RLIMIT_AS,
  ZPM_RLIMIT_CORE,
  ZPM_RLIMIT_CPU,
  ZPM_RLIMIT_DATA,
  ZPM_RLIMIT_FSIZE,
  ZPM_RLIMIT_MEMLOCK,
  ZPM_RLIMIT_NOFILE,
  ZPM_RLIMIT_NPROC,
  ZPM_RLIMIT_STACK,
  ZPM_RLIMIT_KINDS
};

#define ZPM_RLIMIT_UNLIMITED UINT64_MAX
/* The largest size that can be given: exact as a JSON number of 15 digits. */
#define ZPM_SIZE_MAX ((uint64_t)1 << 48)

struct zpm_rlimit {
  uint64_t soft;
  uint64_t hard;
};

struct zpm_rlimits {
  uint32_t given; /* bit: enum zpm_rlimit_kind */
  struct zpm_rlimit of[ZPM_RLIMIT_KINDS];
};

#define ZPM_ID_KEEP UINT32_MAX /* uid, gid: as the daemon's */
enum {
  ZPM_UMASK_KEEP = -1,
  ZPM_NICE_KEEP = INT32_MIN,
};

struct zpm_config {
  uint64_t given; /* bit i: ZPM_FIELDS[i] was given */

  char *name;
  char *script_path; /* path, or a bare command to search for */
  struct zpm_strv args;
  char *cwd;
  struct zpm_strv env; /* "KEY=value", merged over the caller's environment */
  uint32_t port;       /* 0: none; else PORT in the environment */

  int interpreter; /* enum zpm_interpreter */
  char *interpreter_command;
  struct zpm_strv interpreter_args;

  int mode;       /* enum zpm_mode */
  int instances;  /* asked for; see zpm_config_instances */
  int scheduling; /* enum zpm_scheduling */
  uint32_t drain_timeout_ms;

  uint32_t kill_timeout_ms;
  int kill_signal; /* signal number */
  uint32_t min_backoff_ms;
  uint32_t max_backoff_ms;
  int autorestart;       /* enum zpm_autorestart */
  int immediate_crash;   /* enum zpm_immediate_crash */
  int serialization;     /* enum zpm_serialization */
  bool shutdown_message; /* the stop begins with an IPC message "shutdown" */

  struct zpm_probes probes;
  uint32_t event_loop_timeout_ms; /* Node apps; 0: not watched */
  bool wait_ready;                /* starting until the app says it is ready */
  uint32_t ready_timeout_ms;      /* > 0 */

  bool dev_mode;         /* restart on changes under the script's folder */
  struct zpm_strv watch; /* restart on changes under these, absolute; "" until
                            validated: the script's folder */
  struct zpm_strv ignore_watch; /* globs */
  char *reload_command; /* run first; if it fails, the old process stays */

  char *user;   /* a name; or: */
  uint32_t uid; /* ZPM_ID_KEEP */
  uint32_t gid; /* ZPM_ID_KEEP */
  int umask;    /* ZPM_UMASK_KEEP */
  int nice;     /* -20..19, ZPM_NICE_KEEP */
  struct zpm_rlimits rlimits;
  uint64_t max_memory_bytes; /* of the whole tree; 0: no limit */
  char *cron;                /* restarts, five fields; core/cron.h */
  char *env_file;            /* absolute; read at every start */
  bool clear_port;           /* end whoever holds the port before a start */

  uint64_t log_max_size_bytes; /* 0: no rotation */
  uint32_t log_max_files;      /* rotated parts kept */
  bool log_timestamps;
  int log_format; /* enum zpm_log_format */
};

extern const struct zpm_field ZPM_FIELDS[];
extern const size_t ZPM_FIELD_COUNT; /* at most 64 */

/* All defaults, nothing given. Needs no release until something is set. */
void zpm_config_init(struct zpm_config *config);
void zpm_config_deinit(struct zpm_config *config);
int zpm_config_copy(struct zpm_config *to, const struct zpm_config *from);

/* Index in ZPM_FIELDS, or -1. */
int zpm_config_field_of_name(const char *name, size_t len);
int zpm_config_field_of_flag(const char *flag);

/* Sets one field from text as on a command line ("5000", "true", "K=V" adds
 * one variable, a STRINGS field gets one more item).  Marks it given. */
int zpm_config_set_text(struct zpm_config *config, int field, const char *text,
                        struct zpm_error *err);

/* Whether the field of this JSON name was given. */
bool zpm_config_has(const struct zpm_config *config, const char *name);

/* Puts the given fields of `changes` over `config`; env is merged by key. */
int zpm_config_merge(struct zpm_config *config,
                     const struct zpm_config *changes);

/* The given fields of `changes` whose value differs from `config`'s, as bits.
 * An env key that `config` has not, or has otherwise, counts as different. */
uint64_t zpm_config_diff(const struct zpm_config *config,
                         const struct zpm_config *changes);

/* Fills a missing name from the script, and checks what no single field can:
 * script given, name fit for a folder (1-64 of letters, digits, . _ - @ + and
 * space inside; not ".", "..", "all"), paths absolute, minBackoff <=
 * maxBackoff, interpreterCommand there if interpreter is custom, ... */
int zpm_config_validate(struct zpm_config *config, struct zpm_error *err);

/* How many processes it is to have on a machine of so many CPU cores. */
unsigned zpm_config_instances(const struct zpm_config *config, unsigned cores);

/* Whether a start is over only when the app is ready: it has a readiness probe,
 * or says so itself. */
bool zpm_config_waits_ready(const struct zpm_config *config);

/* Whether it is to be restarted when files change, however well it runs. */
bool zpm_config_watches_files(const struct zpm_config *config);

/* Appends the folder of the script; cwd, if that is a command to search for. */
int zpm_config_put_script_folder(const struct zpm_config *config,
                                 struct zpm_str *out);

/* "nofile"; and back, or -1. Static. */
const char *zpm_rlimit_name(int kind);
int zpm_rlimit_of_name(const char *name, size_t len);
/* Sets one limit; soft above hard is ZPM_ECONFIG. */
int zpm_rlimits_set(struct zpm_rlimits *limits, int kind,
                    struct zpm_rlimit limit, const char *label,
                    struct zpm_error *err);
/* "nofile=4096", "nofile=4096:8192", "core=unlimited", "as=2G". */
int zpm_rlimits_set_text(struct zpm_rlimits *limits, const char *text,
                         const char *label, struct zpm_error *err);
/* "unlimited" or a number, perhaps with a unit. */
bool zpm_rlimit_read(const char *text, size_t len, uint64_t *value);
bool zpm_rlimits_equal(const struct zpm_rlimits *a,
                       const struct zpm_rlimits *b);

/* "SIGTERM" for 15; NULL for a number without a name. Static. */
const char *zpm_signal_name(int number);
/* 15 for "SIGTERM", "TERM" or "15"; -1 if there is none. */
int zpm_signal_number(const char *name);

#endif
