#ifndef ZPM_CORE_FIELD_H
#define ZPM_CORE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * One value that a user can give: what it is called and what it may be.
 *
 * A table of these describes a struct: ZPM_FIELDS that of an app's config,
 * ZPM_PROBE_FIELDS that of a probe in it.  `base` below is such a struct; the
 * functions do with one member of it what its row says.
 *
 * A field that can be `off` has a value that asks for nothing ("false", or
 * --no-x), which is also its default: no text, an empty list, 0, or whatever
 * the daemon has itself.
 */
enum zpm_field_type {
  ZPM_FIELD_STRING,
  ZPM_FIELD_STRINGS,     /* array of strings */
  ZPM_FIELD_ENV,         /* object of strings; secret values */
  ZPM_FIELD_UINT32,      /* min..max */
  ZPM_FIELD_UINT64,      /* bytes, min..max; "200M" */
  ZPM_FIELD_SECONDS,     /* uint32_t of ms, min..max; given in seconds */
  ZPM_FIELD_BOOL,        /* */
  ZPM_FIELD_CHOICE,      /* int; `choices` names the values 0, 1, 2... */
  ZPM_FIELD_AUTORESTART, /* int; true, false or "always" */
  ZPM_FIELD_SIGNAL,      /* int; "SIGTERM", "TERM" or 15 */
  ZPM_FIELD_ID,          /* uint32_t of a user or group, or ZPM_ID_KEEP */
  ZPM_FIELD_UMASK,       /* int, or ZPM_UMASK_KEEP; "022" is octal */
  ZPM_FIELD_NICE,        /* int, or ZPM_NICE_KEEP */
  ZPM_FIELD_INSTANCES,   /* int, up to max; 0 "max", -N: that many fewer */
  ZPM_FIELD_RLIMITS,     /* struct zpm_rlimits; "nofile=4096:8192" */
  ZPM_FIELD_WATCH,       /* array of paths; true: "", the script's folder */
  ZPM_FIELD_PROBES,      /* struct zpm_probes */
};

struct zpm_field {
  const char *name; /* JSON name; "logs.maxSizeBytes" lies in "logs" */
  const char *flag; /* long option of `zpm start` without dashes, or NULL; of a
                       probe: its shorter name in --probe, or NULL */
  enum zpm_field_type type;
  size_t offset;              /* of the member in its struct */
  const char *const *choices; /* NULL-terminated, CHOICE only */
  uint64_t min;
  uint64_t max;
  bool off;             /* false, and a 0 below min, ask for nothing */
  const char *unit;     /* "ms", "bytes" or NULL */
  const char *fallback; /* the default as text, for help and docs */
  const char *help;     /* one line */
};

void *zpm_field_member(void *base, const struct zpm_field *field);
const void *zpm_field_value(const void *base, const struct zpm_field *field);

/* Whether it can be turned off: --no-x. */
bool zpm_field_is_switch(const struct zpm_field *field);

/* Puts the default there, of a member that is all zero. */
void zpm_field_init(void *base, const struct zpm_field *field);
/* Releases what it holds and turns it off. */
void zpm_field_clear(void *base, const struct zpm_field *field);
/* ZPM_ENOMEM leaves `to` as it was. */
int zpm_field_copy(void *to, const void *from, const struct zpm_field *field);
bool zpm_field_equal(const void *a, const void *b,
                     const struct zpm_field *field);

/* Sets it from text as on a command line ("5000", "true", "K=V" adds one
 * variable, a list gets one more item).  Messages call it `label`. */
int zpm_field_set_text(void *base, const struct zpm_field *field,
                       const char *text, const char *label,
                       struct zpm_error *err);
/* Sets one that is a number: UINT32, UINT64, SECONDS, ID, UMASK, NICE,
 * INSTANCES. */
int zpm_field_set_number(void *base, const struct zpm_field *field,
                         double value, const char *label,
                         struct zpm_error *err);
/* The same from text; UMASK is octal, UINT64 may have a unit. */
int zpm_field_set_number_text(void *base, const struct zpm_field *field,
                              const char *text, const char *label,
                              struct zpm_error *err);
/* Says what the number should have been; `found` is put in as it is.  Always
 * ZPM_ECONFIG. */
int zpm_field_refuse_number(const struct zpm_field *field, const char *label,
                            const char *found, struct zpm_error *err);

/* All `len` bytes of text as a size, "200M" or "1.5G" (units of 1024), of `max`
 * at most. */
bool zpm_field_read_size(const char *text, size_t len, uint64_t max,
                         uint64_t *bytes);

/* The row of this name, or -1. */
int zpm_field_find(const struct zpm_field *fields, size_t count,
                   const char *name, size_t len);

#endif
