#ifndef ZPM_CORE_RECORD_H
#define ZPM_CORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"

/*
 * What is remembered of one app across daemon restarts and reboots: how it is
 * configured, what is wanted of it, and what its past decides about its future.
 * proto/state_json.c turns a list of records into state.json and back.
 */

/* The environment that the caller of `start` had, shared by all apps that were
 * started from the same one (reference counted; 100 apps cost one copy). */
struct zpm_environment {
  unsigned references;
  struct zpm_strv vars; /* "KEY=value" */
};

struct zpm_environment *zpm_environment_create(void); /* one reference */
struct zpm_environment *zpm_environment_ref(struct zpm_environment *env);
void zpm_environment_unref(struct zpm_environment *env); /* NULL is legal */

/* The script as it was when a run of it was last stable: a build that has
 * proved itself.  All zero: none has. */
struct zpm_build {
  uint64_t mtime_ns;
  uint64_t size;
};

/* A process that was running when the state was written: whoever supervises
 * next finds it by its id, if the keeper still has it.  id 0: none. */
struct zpm_run {
  uint64_t id;
  uint64_t started_ms; /* wall clock */
  bool leaving; /* it had been told to: a stop or restart was under way */
  bool ready;   /* its program ran, and had become ready if it had to */
  struct zpm_build build;
  /* For whoever finds it without its keeper, in the same run of the system: */
  uint64_t boot;        /* hash of the system's boot id */
  int pid;              /* of its leader; 0: not known yet */
  uint64_t start_ticks; /* when that began, since the system started */
  uint64_t pipes[2];    /* inodes of its output, by enum zpm_stream; 0: none */
};

/* What made a process end, as far as can be told. */
enum zpm_cause {
  ZPM_CAUSE_ITSELF,
  ZPM_CAUSE_ASKED,     /* a stop or restart by somebody */
  ZPM_CAUSE_RENEWED,   /* a changed file, a schedule, too much memory */
  ZPM_CAUSE_UNHEALTHY, /* liveness */
  ZPM_CAUSE_NOT_READY, /* it did not become ready in time */
  ZPM_CAUSE_OOM,       /* the kernel ran out of memory */
  ZPM_CAUSES
};

/* "itself", "asked", "renewed", "unhealthy", "not-ready", "out-of-memory". */
const char *zpm_cause_name(int cause);
/* ZPM_CAUSE_ITSELF for a name that is not known. */
int zpm_cause_of_name(const char *name);

/* How a process ended. */
struct zpm_exit {
  bool known;     /* false: nobody could tell (or it never ran) */
  int code;       /* exit code, or -1 if a signal ended it */
  int signal;     /* 0 if it exited by itself */
  int cause;      /* enum zpm_cause */
  uint64_t at_ms; /* wall clock, milliseconds since 1970 */
  uint64_t uptime_ms;
};

/* The last exits of an app, newest first, with what it said before each. */
enum { ZPM_PAST_MAX = 5 };

struct zpm_past {
  struct zpm_exit exits[ZPM_PAST_MAX];
  char *lines[ZPM_PAST_MAX];   /* last lines of stderr, or NULL */
  char *reasons[ZPM_PAST_MAX]; /* a sentence, or NULL */
  size_t len;
};

/* Takes `lines` and `reason` over. */
void zpm_past_add(struct zpm_past *past, const struct zpm_exit *end,
                  char *lines, char *reason);
void zpm_past_deinit(struct zpm_past *past);

enum { ZPM_EXIT_TEXT_SIZE = 80 };

/* "exit code 1 after 66 ms", "SIGSEGV (11) after 3.2 s", "SIGKILL (9), out of
 * memory, after 3.2 s"; "exit ? (nobody could tell) after 3.2 s". Returns
 * `text`. */
const char *zpm_exit_text(const struct zpm_exit *end,
                          char text[ZPM_EXIT_TEXT_SIZE]);

/* As a shell tells it: the exit code, or 128 + N after signal N; 1 if nobody
 * could tell. */
int zpm_exit_shell_code(const struct zpm_exit *end);

/* A process slot of an app, by the number of its instance (from 0) and a bit
 * that tells the two apart which it has while one takes over from the other. */
typedef unsigned zpm_seat;

enum { ZPM_SEAT_OTHER = 1 << 16 };

unsigned zpm_seat_instance(zpm_seat seat);

/* What is remembered of one of them. */
struct zpm_life {
  zpm_seat seat;
  bool done; /* it ended by itself with exit 0 */
  struct zpm_build proven;
  uint32_t restart_count;  /* crashes in a row */
  uint32_t total_restarts; /* of its life, by hand or not */
  struct zpm_run run;
  char *last_error; /* or NULL */
};

struct zpm_record {
  struct zpm_config config;
  struct zpm_environment *environment; /* one reference held; may be NULL */
  bool want_up;
  uint64_t created_ms; /* wall clock */
  /* Grows with each start that somebody asked for: what was started last has
   * the greatest, whatever the clock says. 0: never, or before this was noted.
   */
  uint64_t start_order;
  struct zpm_past past;
  struct zpm_life *lives; /* none: it never ran */
  size_t life_count;
};

void zpm_record_init(struct zpm_record *record);
void zpm_record_deinit(struct zpm_record *record);

/* NULL: nothing is remembered of that seat. */
struct zpm_life *zpm_record_life(const struct zpm_record *record,
                                 zpm_seat seat);
/* The same, which is begun if need be; NULL: out of memory. */
struct zpm_life *zpm_record_add_life(struct zpm_record *record, zpm_seat seat);
/* Nothing is to be remembered of that seat any more. */
void zpm_record_drop_life(struct zpm_record *record, zpm_seat seat);

/* Brings records into the order in which they were started; those of the same
 * `start_order` stay as they are. */
void zpm_records_sort_by_start(struct zpm_record **records, size_t count);

struct zpm_roster {
  struct zpm_record *items;
  size_t len;
};

void zpm_roster_deinit(struct zpm_roster *roster);
/* A new, initialised record at the end, or NULL. */
struct zpm_record *zpm_roster_add(struct zpm_roster *roster);

#endif
