#include "runtime/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "platform/platform.h"

/*
 * The clock is the test's: these stand in for platform/clock.c.  The alarm is
 * the real one, so what is planned for a time that was long ago comes at once.
 */
enum { HOUR = 3600 };

static struct {
  int64_t now_s;
  int looks;
} wall;

int64_t zpm_platform_wall_s(void)
{
  wall.looks++;
  return wall.now_s;
}

int32_t zpm_platform_utc_offset(int64_t at_s)
{
  (void)at_s;
  return HOUR;
}

struct place {
  uv_loop_t loop;
  struct zpm_schedule *schedule;
  int times;
  bool close_when_due;
};

static int setup(void **state)
{
  static struct place place;

  place = (struct place){0};
  wall.now_s = 1000000000;
  wall.looks = 0;
  assert_int_equal(uv_loop_init(&place.loop), 0);
  *state = &place;
  return 0;
}

static int teardown(void **state)
{
  struct place *place = *state;

  zpm_schedule_close(place->schedule);
  uv_run(&place->loop, UV_RUN_DEFAULT);
  return uv_loop_close(&place->loop);
}

static void on_due(void *ctx)
{
  struct place *place = ctx;

  place->times++;
  if (!place->close_when_due)
    return;
  zpm_schedule_close(place->schedule);
  place->schedule = NULL;
}

static void begin(struct place *place, const char *cron)
{
  struct zpm_error err = {0};

  assert_int_equal(zpm_schedule_open(&place->loop, cron, on_due, place,
                                     &place->schedule, &err),
                   0);
}

static void on_too_late(uv_timer_t *timer)
{
  (void)timer;
  fail_msg("nothing came");
}

/* Runs the loop until the schedule has looked at the clock once more. */
static void await_look(struct place *place)
{
  enum { DEADLINE_MS = 30000 };
  int looks = wall.looks;
  uv_timer_t deadline;

  uv_timer_init(&place->loop, &deadline);
  uv_timer_start(&deadline, on_too_late, DEADLINE_MS, 0);
  while (wall.looks == looks)
    uv_run(&place->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&deadline, NULL);
  uv_run(&place->loop, UV_RUN_NOWAIT);
}

static void nothing_keeps_the_loop_alive(void **state)
{
  struct place *place = *state;

  wall.now_s = 4000000000; /* later than the machine's clock says */
  begin(place, "30 2 * * *");
  assert_false(uv_loop_alive(&place->loop));
  assert_int_equal(place->times, 0);
}

static void a_time_that_comes_is_told_once(void **state)
{
  struct place *place = *state;

  begin(place, "*/5 * * * *");
  await_look(place);
  assert_int_equal(place->times, 0);
  wall.now_s += 5 * 60;
  await_look(place);
  assert_int_equal(place->times, 1);
  await_look(place);
  assert_int_equal(place->times, 1);
}

static void times_that_were_slept_through_are_told_once(void **state)
{
  struct place *place = *state;

  begin(place, "*/5 * * * *");
  wall.now_s += 1000 * HOUR;
  await_look(place);
  await_look(place);
  assert_int_equal(place->times, 1);
}

static void it_may_be_closed_when_it_comes(void **state)
{
  struct place *place = *state;

  place->close_when_due = true;
  begin(place, "* * * * *");
  wall.now_s += 60;
  await_look(place);
  assert_int_equal(place->times, 1);
  assert_null(place->schedule);
}

static void what_is_no_schedule_is_refused(void **state)
{
  struct place *place = *state;
  struct zpm_error err = {0};

  assert_int_equal(zpm_schedule_open(&place->loop, "61 * * * *", on_due, place,
                                     &place->schedule, &err),
                   ZPM_ECONFIG);
  assert_null(place->schedule);
  zpm_schedule_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(nothing_keeps_the_loop_alive),
      TEST(a_time_that_comes_is_told_once),
      TEST(times_that_were_slept_through_are_told_once),
      TEST(it_may_be_closed_when_it_comes),
      TEST(what_is_no_schedule_is_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
