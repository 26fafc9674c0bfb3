#include "core/cron.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- what it says ---- */

struct reading {
  const char *text;
  const char *after;
  const char *next;
};

static struct zpm_calendar calendar(const char *text)
{
  struct zpm_calendar when = {0};

  assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &when.year, &when.month,
                          &when.day, &when.hour, &when.minute),
                   5);
  return when;
}

static void assert_next(const char *text, const char *after, const char *next)
{
  struct zpm_cron cron;
  struct zpm_error err = {0};
  struct zpm_calendar from = calendar(after);
  struct zpm_calendar to = {0};
  char found[64];

  if (zpm_cron_parse(text, &cron, &err) != 0)
    fail_msg("%s: %s", text, err.message);
  assert_true(zpm_cron_next(&cron, &from, &to));
  snprintf(found, sizeof(found), "%04d-%02d-%02d %02d:%02d", to.year, to.month,
           to.day, to.hour, to.minute);
  if (strcmp(found, next) != 0)
    fail_msg("%s after %s: %s instead of %s", text, after, found, next);
}

static const struct reading READINGS[] = {
    {"* * * * *", "2024-02-28 23:59", "2024-02-29 00:00"},
    {"* * * * *", "2024-12-31 23:59", "2025-01-01 00:00"},
    {"30 4 * * *", "2024-05-01 04:29", "2024-05-01 04:30"},
    {"30 4 * * *", "2024-05-01 04:30", "2024-05-02 04:30"},
    {"*/15 * * * *", "2024-05-01 04:44", "2024-05-01 04:45"},
    {"*/15 * * * *", "2024-05-01 04:45", "2024-05-01 05:00"},
    {"1,31 9-17/4 * * *", "2024-05-01 09:31", "2024-05-01 13:01"},
    {"0 9-17 * * *", "2024-05-01 17:00", "2024-05-02 09:00"},
    {"0 0 31 * *", "2024-03-31 00:00", "2024-05-31 00:00"},
    {"0 0 29 2 *", "2024-02-29 00:00", "2028-02-29 00:00"},
    {"0 0 29 2 *", "2097-01-01 00:00", "2104-02-29 00:00"},
    {"0 0 */28 2 *", "2025-02-01 00:00", "2026-02-01 00:00"},
    {"0 0 * jan,JUL *", "2024-02-01 12:00", "2024-07-01 00:00"},
    {"0 0 * 11-dec *", "2024-02-01 12:00", "2024-11-01 00:00"},
    {"0 0 * * 0", "2024-05-01 00:00", "2024-05-05 00:00"},
    {"0 0 * * 7", "2024-05-01 00:00", "2024-05-05 00:00"},
    {"0 0 * * Sun", "2024-05-01 00:00", "2024-05-05 00:00"},
    {"0 0 * * mon-fri", "2024-05-03 00:00", "2024-05-06 00:00"},
    {"0 0 * * sat-sun", "2024-05-04 00:00", "2024-05-05 00:00"},
    {"0 0 * * 5-7", "2024-05-05 00:00", "2024-05-10 00:00"},
    {"0 0 * * sun-tue", "2024-05-05 00:00", "2024-05-06 00:00"},
    {"  0\t0  1 1   *\n", "2024-05-05 00:00", "2025-01-01 00:00"},
    {"@hourly", "2024-05-01 04:00", "2024-05-01 05:00"},
    {"@daily", "2024-05-01 04:00", "2024-05-02 00:00"},
    {"@midnight", "2024-05-01 04:00", "2024-05-02 00:00"},
    {" @Weekly ", "2024-05-01 04:00", "2024-05-05 00:00"},
    {"@monthly", "2024-05-01 04:00", "2024-06-01 00:00"},
    {"@yearly", "2024-05-01 04:00", "2025-01-01 00:00"},
    {"@annually", "2024-05-01 04:00", "2025-01-01 00:00"},
};

static void the_next_minute_is_the_first_that_is_named(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(READINGS) / sizeof(READINGS[0]); i++)
    assert_next(READINGS[i].text, READINGS[i].after, READINGS[i].next);
}

static void day_of_month_or_of_week_if_both_are_given(void **state)
{
  (void)state;
  /* 13 September 2024 is a Friday, 13 May a Monday. */
  assert_next("0 0 13 * 5", "2024-05-10 00:00", "2024-05-13 00:00");
  assert_next("0 0 13 * 5", "2024-05-13 00:00", "2024-05-17 00:00");
  /* A step of everything is not "given": then it must be both. */
  assert_next("0 0 */2 * 1", "2024-05-06 00:00", "2024-05-13 00:00");
  assert_next("0 0 13 * */5", "2024-05-10 00:00", "2024-09-13 00:00");
  /* Even what does not come in a month comes on the other condition. */
  assert_next("0 0 30 2 1", "2024-02-27 00:00", "2025-02-03 00:00");
}

struct refusal {
  const char *text;
  const char *says;
};

static const struct refusal REFUSALS[] = {
    {"", "a schedule has five fields: minute, hour"},
    {"* * * *", "a schedule has five fields: minute, hour"},
    {"0 * * * * *", "not six (no seconds)"},
    {"* * * * * * *", "a schedule has five fields: minute"},
    {"60 * * * *", "the minute: 60 is not within 0-59"},
    {"* 24 * * *", "the hour: 24 is not within 0-23"},
    {"* * 0 * *", "the day of the month: 0 is not within 1-31"},
    {"* * * 13 *", "the month: 13 is not within 1-12"},
    {"* * * * 8", "the day of the week: 8 is not within 0-7"},
    {"99999999999999999999 * * * *", "more than 9999 is not within 0-59"},
    {"* * * foo *", "the month cannot be read at foo"},
    {"* * * january *", "the month cannot be read at january"},
    {"mon * * * *", "the minute cannot be read at mon"},
    {"1, * * * *", "the minute cannot be read at its end"},
    {"-5 * * * *", "the minute cannot be read at -5"},
    {"*-5 * * * *", "the minute cannot be read at -5"},
    {"1-2-3 * * * *", "the minute cannot be read at -3"},
    {"? * * * *", "the minute cannot be read at ?"},
    {"* * L * *", "the day of the month cannot be read at L"},
    {"* * * * 5#2", "the day of the week cannot be read at #2"},
    {"*/ * * * *", "the minute cannot be read at its end"},
    {"*/0 * * * *", "the minute: a step may be 1 to 59"},
    {"*/90 * * * *", "the minute: a step may be 1 to 59"},
    {"5/15 * * * *", "the minute: a step needs a range: write 5-59/15"},
    {"* 22-4 * * *", "not 22-4. Write it as two: 22-23,0-4"},
    {"* * * * fri-mon", "not 5-1. Write it as two: 5-7,0-1"},
    {"0 0 30 2 *", "\"30 2\" (day of the month, month) never comes"},
    {"0 0 31 2,4,6,9,11 *", "never comes"},
    {"@reboot", "\"@reboot\" is not known: there are @hourly"},
    {"@dailyy", "is not known"},
};

static void what_cannot_be_meant_is_refused_by_field(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(REFUSALS) / sizeof(REFUSALS[0]); i++) {
    struct zpm_cron cron;
    struct zpm_error err = {0};

    if (zpm_cron_parse(REFUSALS[i].text, &cron, &err) != ZPM_ECONFIG)
      fail_msg("%s: was not refused", REFUSALS[i].text);
    if (strstr(err.message, REFUSALS[i].says) == NULL)
      fail_msg("%s: %s", REFUSALS[i].text, err.message);
  }
}

static void a_word_too_long_to_be_a_field_is_refused(void **state)
{
  char text[512];
  struct zpm_cron cron;
  struct zpm_error err;

  (void)state;
  memset(text, '1', sizeof(text) - 1);
  text[sizeof(text) - 1] = '\0';
  assert_int_equal(zpm_cron_parse(text, &cron, &err), ZPM_ECONFIG);
}

/* ---- in real time ---- */

/* The European rule in 2024: an hour ahead, two from 31 March 01:00 UTC to 27
 * October 01:00 UTC. */
enum {
  SPRING = 1711846800,
  AUTUMN = 1729990800,
  MINUTE = 60,
  HOUR = 3600,
  DAY = 86400,
};

static int32_t berlin(void *ctx, int64_t at_s)
{
  (void)ctx;
  return at_s >= SPRING && at_s < AUTUMN ? 2 * HOUR : HOUR;
}

static int32_t fixed(void *ctx, int64_t at_s)
{
  (void)at_s;
  return *(int32_t *)ctx;
}

static struct zpm_cron parsed(const char *text)
{
  struct zpm_cron cron;

  assert_int_equal(zpm_cron_parse(text, &cron, NULL), 0);
  return cron;
}

static int64_t next_in_berlin(const char *text, int64_t after_s)
{
  struct zpm_cron cron = parsed(text);

  return zpm_cron_next_time(&cron, after_s, berlin, NULL);
}

static void a_day_is_the_day_of_the_time_zone(void **state)
{
  struct zpm_cron cron = parsed("0 0 * * *");
  int32_t west = -11 * HOUR;
  int32_t east = 14 * HOUR;
  int32_t nepal = 5 * HOUR + 45 * MINUTE;

  (void)state;
  assert_int_equal(zpm_cron_next_time(&cron, DAY, fixed, &west),
                   DAY + 11 * HOUR);
  assert_int_equal(zpm_cron_next_time(&cron, DAY, fixed, &east),
                   DAY + 10 * HOUR);
  assert_int_equal(zpm_cron_next_time(&cron, DAY, fixed, &nepal),
                   DAY + 18 * HOUR + 15 * MINUTE);
}

static void seconds_do_not_make_it_due_twice(void **state)
{
  int64_t due = next_in_berlin("* * * * *", SPRING - DAY + 1);

  (void)state;
  assert_int_equal(due, SPRING - DAY + MINUTE);
  assert_int_equal(next_in_berlin("* * * * *", due + 59), due + MINUTE);
}

static void what_spring_leaves_out_is_due_once_right_after(void **state)
{
  (void)state;
  /* Clocks go from 02:00 to 03:00. */
  assert_int_equal(next_in_berlin("30 2 * * *", SPRING - HOUR), SPRING);
  assert_int_equal(next_in_berlin("30 2 * * *", SPRING),
                   SPRING + 23 * HOUR + 30 * MINUTE);
  /* Many of them are due once; 03:00 itself as well. */
  assert_int_equal(next_in_berlin("*/10 2,3 * * *", SPRING - 1), SPRING);
  assert_int_equal(next_in_berlin("*/10 2,3 * * *", SPRING),
                   SPRING + 10 * MINUTE);
  assert_int_equal(next_in_berlin("0 2,3 * * *", SPRING), SPRING + 23 * HOUR);
}

static void what_autumn_repeats_is_due_the_first_time_only(void **state)
{
  int64_t first = AUTUMN - HOUR; /* 02:00 summer time */

  (void)state;
  assert_int_equal(next_in_berlin("30 2 * * *", first), first + 30 * MINUTE);
  assert_int_equal(next_in_berlin("30 2 * * *", first + 30 * MINUTE),
                   AUTUMN + DAY + 30 * MINUTE);
  /* Who begins to wait in the second of these hours waits for the next day. */
  assert_int_equal(next_in_berlin("30 2 * * *", AUTUMN),
                   AUTUMN + DAY + 30 * MINUTE);
  assert_int_equal(next_in_berlin("*/30 * * * *", first + 30 * MINUTE),
                   AUTUMN + HOUR);
}

/* Apia had no 30 December 2011: from 10 hours behind to 14 ahead. */
static int32_t apia(void *ctx, int64_t at_s)
{
  (void)ctx;
  return at_s < 1325239200 ? -10 * HOUR : 14 * HOUR;
}

static void a_whole_day_may_be_left_out(void **state)
{
  struct zpm_cron cron = parsed("0 12 30 12 *");
  int64_t due = zpm_cron_next_time(&cron, 1325239200 - DAY, apia, NULL);

  (void)state;
  assert_int_equal(due, 1325239200);
}

/* ---- the sleeper ---- */

static struct zpm_cron_plan planned(const struct zpm_cron *cron, int64_t now_s)
{
  struct zpm_cron_plan plan = {.cron = cron, .offset = berlin};

  zpm_cron_plan_begin(&plan, now_s);
  return plan;
}

static void who_wakes_too_soon_sleeps_again(void **state)
{
  struct zpm_cron cron = parsed("30 2 * * *");
  struct zpm_cron_plan plan = planned(&cron, 0);

  (void)state;
  assert_int_equal(plan.due_s, HOUR + 30 * MINUTE);
  assert_false(zpm_cron_plan_look(&plan, HOUR));
  assert_int_equal(plan.due_s, HOUR + 30 * MINUTE);
}

static void what_is_due_is_due_once(void **state)
{
  struct zpm_cron cron = parsed("30 2 * * *");
  struct zpm_cron_plan plan = planned(&cron, 0);

  (void)state;
  assert_true(zpm_cron_plan_look(&plan, HOUR + 30 * MINUTE));
  assert_int_equal(plan.due_s, DAY + HOUR + 30 * MINUTE);
  assert_false(zpm_cron_plan_look(&plan, HOUR + 30 * MINUTE));
}

static void what_was_slept_through_is_made_up_for_once(void **state)
{
  struct zpm_cron cron = parsed("30 2 * * *");
  struct zpm_cron_plan plan = planned(&cron, 0);

  (void)state;
  assert_true(zpm_cron_plan_look(&plan, 10 * DAY));
  assert_int_equal(plan.due_s, 10 * DAY + HOUR + 30 * MINUTE);
  assert_false(zpm_cron_plan_look(&plan, 10 * DAY));
}

static void a_clock_put_back_by_years_leads_to_its_own_next_time(void **state)
{
  struct zpm_cron cron = parsed("30 2 * * *");
  struct zpm_cron_plan plan = planned(&cron, 1000 * (int64_t)DAY);

  (void)state;
  assert_false(zpm_cron_plan_look(&plan, DAY));
  assert_int_equal(plan.due_s, DAY + HOUR + 30 * MINUTE);
}

static void a_clock_put_back_by_a_little_repeats_nothing(void **state)
{
  struct zpm_cron cron = parsed("30 2 * * *");
  struct zpm_cron_plan plan = planned(&cron, 0);

  (void)state;
  assert_true(zpm_cron_plan_look(&plan, HOUR + 30 * MINUTE + 2));
  assert_false(zpm_cron_plan_look(&plan, HOUR + 29 * MINUTE));
  assert_int_equal(plan.due_s, DAY + HOUR + 30 * MINUTE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_next_minute_is_the_first_that_is_named),
      cmocka_unit_test(day_of_month_or_of_week_if_both_are_given),
      cmocka_unit_test(what_cannot_be_meant_is_refused_by_field),
      cmocka_unit_test(a_word_too_long_to_be_a_field_is_refused),
      cmocka_unit_test(a_day_is_the_day_of_the_time_zone),
      cmocka_unit_test(seconds_do_not_make_it_due_twice),
      cmocka_unit_test(what_spring_leaves_out_is_due_once_right_after),
      cmocka_unit_test(what_autumn_repeats_is_due_the_first_time_only),
      cmocka_unit_test(a_whole_day_may_be_left_out),
      cmocka_unit_test(who_wakes_too_soon_sleeps_again),
      cmocka_unit_test(what_is_due_is_due_once),
      cmocka_unit_test(what_was_slept_through_is_made_up_for_once),
      cmocka_unit_test(a_clock_put_back_by_years_leads_to_its_own_next_time),
      cmocka_unit_test(a_clock_put_back_by_a_little_repeats_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
