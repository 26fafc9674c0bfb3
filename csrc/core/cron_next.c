#include "core/cron.h"

#include <stddef.h>

enum {
  DAY_S = 86400,
  HOUR_S = 3600,
  MINUTE_S = 60,
  SCAN_S = 2 * DAY_S,
  YEARS_BOUND = 41, /* 29 February on a given weekday: at most 40 years apart */
};

/* ---- the calendar ---- */

static bool is_leap(int year)
{
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
  static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

  return DAYS[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days since 1970-01-01. Years are counted from March, so that the leap day is
 * the last of one. */
static int64_t day_number(int year, int month, int day)
{
  int64_t y = month > 2 ? year : (int64_t)year - 1;
  int64_t month_from_march = (month + 9) % 12;
  int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;

  return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int weekday_of(const struct zpm_calendar *when)
{
  enum { THURSDAY = 4 }; /* 1970-01-01 */

  return (int)((day_number(when->year, when->month, when->day) + THURSDAY) % 7);
}

static int64_t wall_seconds(const struct zpm_calendar *when)
{
  return day_number(when->year, when->month, when->day) * DAY_S +
         (int64_t)when->hour * HOUR_S + (int64_t)when->minute * MINUTE_S;
}

/* 1969 (a machine without a clock, west of Greenwich) is taken for 1970. */
static struct zpm_calendar calendar_of(int64_t wall_s)
{
  int64_t days = wall_s < 0 ? 0 : wall_s / DAY_S;
  int rest = wall_s < 0 ? 0 : (int)(wall_s % DAY_S);
  int year = 1970 + (int)(days / 366); /* not too late */
  int month = 1;

  while (day_number(year + 1, 1, 1) <= days)
    year++;
  while (month < 12 && day_number(year, month + 1, 1) <= days)
    month++;
  return (struct zpm_calendar){
      .year = year,
      .month = month,
      .day = (int)(days - day_number(year, month, 1)) + 1,
      .hour = rest / HOUR_S,
      .minute = rest % HOUR_S / MINUTE_S,
  };
}

/* ---- the next minute ---- */

static bool names_day(const struct zpm_cron *cron,
                      const struct zpm_calendar *when)
{
  bool day = (cron->days >> when->day & 1) != 0;
  bool weekday = (cron->weekdays >> weekday_of(when) & 1) != 0;

  return cron->either_day ? day || weekday : day && weekday;
}

static void go_to_month(struct zpm_calendar *when)
{
  bool last = when->month == 12;

  *when = (struct zpm_calendar){
      .year = last ? when->year + 1 : when->year,
      .month = last ? 1 : when->month + 1,
      .day = 1,
  };
}

static void go_to_day(struct zpm_calendar *when)
{
  if (when->day >= days_in(when->year, when->month)) {
    go_to_month(when);
    return;
  }
  when->day++;
  when->hour = 0;
  when->minute = 0;
}

/* The first time of day named from when's on, within that day. */
static bool find_time(const struct zpm_cron *cron, struct zpm_calendar *when)
{
  for (; when->hour < 24; when->hour++, when->minute = 0) {
    if ((cron->hours >> when->hour & 1) == 0)
      continue;
    for (; when->minute < 60; when->minute++) {
      if ((cron->minutes >> when->minute & 1) != 0)
        return true;
    }
  }
  return false;
}

bool zpm_cron_next(const struct zpm_cron *cron,
                   const struct zpm_calendar *after, struct zpm_calendar *out)
{
  struct zpm_calendar at = *after;

  at.minute++; /* 60: find_time goes on to the next hour */
  while (at.year <= after->year + YEARS_BOUND) {
    if ((cron->months >> at.month & 1) == 0) {
      go_to_month(&at);
      continue;
    }
    if (names_day(cron, &at) && find_time(cron, &at)) {
      *out = at;
      return true;
    }
    go_to_day(&at);
  }
  return false;
}

/* ---- in real time ---- */

struct zone {
  zpm_cron_offset_cb *offset;
  void *ctx;
};

static int64_t wall_at(const struct zone *zone, int64_t at_s)
{
  return at_s + zone->offset(zone->ctx, at_s);
}

/* The first instant of the new offset; it changes once in (from, to]. */
static int64_t change_between(const struct zone *zone, int64_t from, int64_t to)
{
  int32_t before = zone->offset(zone->ctx, from);

  while (to - from > 1) {
    int64_t middle = from + (to - from) / 2;

    if (zone->offset(zone->ctx, middle) == before)
      from = middle;
    else
      to = middle;
  }
  return to;
}

/* The first instant in (from, to] when the wall clock shows wall_s or later;
 * at `from` it shows less.  -1: none. */
static int64_t reached_between(const struct zone *zone, int64_t from,
                               int64_t to, int64_t wall_s)
{
  int64_t at = wall_s - (wall_at(zone, from) - from);
  int64_t change;

  if (zone->offset(zone->ctx, from) == zone->offset(zone->ctx, to))
    return at <= to ? at : -1;
  change = change_between(zone, from, to);
  if (at < change)
    return at;
  if (wall_at(zone, change) >= wall_s)
    return change; /* left out: right after */
  at = wall_s - (wall_at(zone, change) - change);
  return at <= to ? at : -1;
}

/* The first instant at which the wall clock shows wall_s or later.  Offsets are
 * less than a day, and change less often than hourly. */
static int64_t first_reached(const struct zone *zone, int64_t wall_s)
{
  int64_t from = wall_s - SCAN_S;
  int64_t reached = -1;

  while (reached < 0 && from < wall_s + SCAN_S) {
    reached = reached_between(zone, from, from + HOUR_S, wall_s);
    from += HOUR_S;
  }
  return reached;
}

int64_t zpm_cron_next_time(const struct zpm_cron *cron, int64_t after_s,
                           zpm_cron_offset_cb *offset, void *ctx)
{
  struct zone zone = {offset, ctx};
  struct zpm_calendar at = calendar_of(wall_at(&zone, after_s));

  /* More than one round only while an hour comes twice. */
  while (zpm_cron_next(cron, &at, &at)) {
    int64_t reached = first_reached(&zone, wall_seconds(&at));

    if (reached > after_s)
      return reached;
  }
  return -1;
}

/* ---- the sleeper ---- */

static void plan_from(struct zpm_cron_plan *plan, int64_t now_s)
{
  /* A clock that is put right by a little must not repeat what was done. */
  bool done = plan->done_s > now_s && plan->done_s - now_s < HOUR_S;

  plan->due_s = zpm_cron_next_time(plan->cron, done ? plan->done_s : now_s,
                                   plan->offset, plan->ctx);
}

void zpm_cron_plan_begin(struct zpm_cron_plan *plan, int64_t now_s)
{
  plan->done_s = 0;
  plan_from(plan, now_s);
}

bool zpm_cron_plan_look(struct zpm_cron_plan *plan, int64_t now_s)
{
  bool due = plan->due_s >= 0 && now_s >= plan->due_s;

  if (due)
    plan->done_s = plan->due_s;
  plan_from(plan, now_s);
  return due;
}
