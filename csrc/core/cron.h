#ifndef ZPM_CORE_CRON_H
#define ZPM_CORE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * When a schedule of five fields comes due: minute, hour, day of the month,
 * month, day of the week, as cron knows them.
 *
 * A field is a list ("1,15"), a range ("9-17"), a step ("*" or a range, then
 * "/15"), or a name for months and weekdays; 7 is Sunday, too.  If both the
 * day of the month and that of the week say something (do not begin with "*"),
 * either will do.  "@hourly", "@daily" (or "@midnight"), "@weekly", "@monthly"
 * and "@yearly" (or "@annually") are short for what they say.
 */
struct zpm_cron {
  uint64_t minutes;  /* bits 0..59 */
  uint32_t hours;    /* bits 0..23 */
  uint32_t days;     /* bits 1..31 */
  uint32_t months;   /* bits 1..12 */
  uint32_t weekdays; /* bits 0..6, Sunday is 0 */
  bool either_day;   /* a day of the month or one of the week, not both */
};

/* A minute as clocks on walls show it. */
struct zpm_calendar {
  int year;   /* 1970.. */
  int month;  /* 1..12 */
  int day;    /* 1..31 */
  int hour;   /* 0..23 */
  int minute; /* 0..59 */
};

/* ZPM_ECONFIG, with a message that names the field ("the hour: 24 is not
 * within 0-23"); also for what never comes (30 February). */
int zpm_cron_parse(const char *text, struct zpm_cron *cron,
                   struct zpm_error *err);

/* The first minute after `after` that the schedule names.  False if there is
 * none, which zpm_cron_parse lets nobody write. */
bool zpm_cron_next(const struct zpm_cron *cron,
                   const struct zpm_calendar *after, struct zpm_calendar *out);

/* Seconds east of Greenwich at an instant: the time zone. */
typedef int32_t zpm_cron_offset_cb(void *ctx, int64_t at_s);

/*
 * The same in real time: the first instant after `after_s` (seconds since 1970)
 * at which the clock on the wall reaches a minute of the schedule for the first
 * time.  So when clocks are put forward, what falls into the hour that is left
 * out is due once, right after it; when they are put back, what falls into the
 * hour that comes twice is due the first time only.  -1: never.
 */
int64_t zpm_cron_next_time(const struct zpm_cron *cron, int64_t after_s,
                           zpm_cron_offset_cb *offset, void *ctx);

/*
 * What a sleeper has to do when it wakes, at its time or because the clock was
 * set.  Times that were missed, however many, are made up for once.
 */
struct zpm_cron_plan {
  const struct zpm_cron *cron;
  zpm_cron_offset_cb *offset;
  void *ctx;
  int64_t due_s;  /* sleep until then; -1: for ever */
  int64_t done_s; /* the last one that was looked after */
};

void zpm_cron_plan_begin(struct zpm_cron_plan *plan, int64_t now_s);
/* Whether it is due.  Plans anew in any case; what has been done is not done
 * again if the clock is put back by less than an hour. */
bool zpm_cron_plan_look(struct zpm_cron_plan *plan, int64_t now_s);

#endif
