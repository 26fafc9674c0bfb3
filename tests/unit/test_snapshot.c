#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/snapshot.h"

/* It began 3 s ago, at 1 000 000 on the wall. */
enum { NOW_MS = 5000, WALL_MS = 1003000, STARTED_MS = 1000000, SEAT = 3 };

static const struct zpm_policy NOT_WAITED_FOR = {.min_backoff_ms = 1000};

static struct zpm_snapshot snapshot_of(const struct zpm_record *record,
                                       const struct zpm_policy *policy)
{
  struct zpm_snapshot snapshot;

  zpm_snapshot_of_record(&snapshot, record, SEAT, policy, NOW_MS, WALL_MS);
  return snapshot;
}

static void a_record_tells_what_it_knows(void **state)
{
  struct zpm_life life = {
      .seat = SEAT,
      .restart_count = 3,
      .total_restarts = 7,
      .proven = {.mtime_ns = 5, .size = 6},
      .run = {.id = 42,
              .started_ms = STARTED_MS,
              .ready = true,
              .pid = 4711,
              .start_ticks = 99,
              .build = {.mtime_ns = 1, .size = 2}},
  };
  struct zpm_record record = {
      .want_up = true,
      .lives = &life,
      .life_count = 1,
      .past = {.len = 1, .exits = {{.known = true, .code = 9, .at_ms = 17}}},
  };
  struct zpm_snapshot snapshot = snapshot_of(&record, &NOT_WAITED_FOR);

  (void)state;
  assert_int_equal(snapshot.machine.state, ZPM_RUNNING);
  assert_int_equal(snapshot.machine.started_ms, NOW_MS - 3000);
  assert_int_equal(snapshot.machine.crashes, 3);
  assert_int_equal(snapshot.machine.total_restarts, 7);
  assert_int_equal(snapshot.machine.proven.size, 6);
  assert_int_equal(snapshot.run, 42);
  assert_int_equal(snapshot.leader, 4711);
  assert_int_equal(snapshot.start_ticks, 99);
  assert_int_equal(snapshot.build.size, 2);
  assert_int_equal(snapshot.last.code, 9);
  assert_true(snapshot.want_up);
  assert_true(snapshot.executed);
  assert_int_equal(snapshot.timer_due_ms, 0);
}

static void who_was_not_ready_yet_gets_its_time_again(void **state)
{
  struct zpm_policy policy = {.ready_timeout_ms = 30000};
  struct zpm_life life = {.seat = SEAT,
                          .run = {.id = 1, .started_ms = STARTED_MS}};
  struct zpm_record record = {.lives = &life, .life_count = 1};
  struct zpm_snapshot snapshot = snapshot_of(&record, &policy);

  (void)state;
  assert_int_equal(snapshot.machine.state, ZPM_WARMING);
  assert_int_equal(snapshot.timer_due_ms, NOW_MS + 30000);
  assert_true(snapshot.wants_word);
}

static void
a_clock_that_was_put_back_makes_nobody_older_than_the_system(void **state)
{
  struct zpm_life lives[] = {
      {.seat = SEAT, .run = {.id = 1, .started_ms = WALL_MS + 1000}},
      {.seat = SEAT, .run = {.id = 1, .started_ms = 1}},
  };
  struct zpm_record ahead = {.lives = &lives[0], .life_count = 1};
  struct zpm_record ancient = {.lives = &lives[1], .life_count = 1};

  (void)state;
  assert_int_equal(snapshot_of(&ahead, &NOT_WAITED_FOR).machine.started_ms,
                   NOW_MS);
  assert_int_equal(snapshot_of(&ancient, &NOT_WAITED_FOR).machine.started_ms,
                   0);
}

static void without_a_run_it_rests(void **state)
{
  struct zpm_record down = {.want_up = true};
  struct zpm_life well = {.seat = SEAT, .done = true};
  struct zpm_record done = {.lives = &well, .life_count = 1};

  (void)state;
  assert_int_equal(snapshot_of(&down, &NOT_WAITED_FOR).machine.state,
                   ZPM_STOPPED);
  assert_int_equal(snapshot_of(&done, &NOT_WAITED_FOR).machine.state, ZPM_DONE);
}

static void what_the_next_one_does_about_a_run(void **state)
{
  struct zpm_snapshot none = {.machine.state = ZPM_BACKOFF};
  struct zpm_snapshot live = {.machine.state = ZPM_RUNNING, .run = 7};
  struct zpm_snapshot rest = {
      .machine.state = ZPM_STOPPING, .run = 7, .leader_ended = true};

  (void)state;
  assert_int_equal(zpm_snapshot_succession(&none, false), ZPM_SUCCEED_NONE);
  assert_int_equal(zpm_snapshot_succession(&live, true), ZPM_SUCCEED_RUN);
  assert_int_equal(zpm_snapshot_succession(&live, false), ZPM_SUCCEED_SEARCH);
  /* Its exit may be acknowledged or not: the machine knows of it. */
  assert_int_equal(zpm_snapshot_succession(&rest, true), ZPM_SUCCEED_REMAINS);
  assert_int_equal(zpm_snapshot_succession(&rest, false), ZPM_SUCCEED_REMAINS);
}

static void what_is_not_found_has_ended_or_never_was(void **state)
{
  static const struct {
    enum zpm_state state;
    enum zpm_succession wanted;
  } CASES[] = {
      {ZPM_STARTING, ZPM_SUCCEED_NONE},    /* to be started again */
      {ZPM_WARMING, ZPM_SUCCEED_RUN},      /* its end is to be told */
      {ZPM_RUNNING, ZPM_SUCCEED_RUN},      /* the same */
      {ZPM_STOPPING, ZPM_SUCCEED_REMAINS}, /* it was to end */
      {ZPM_HELD, ZPM_SUCCEED_NONE},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
    struct zpm_snapshot snapshot = {.machine.state = CASES[i].state, .run = 7};

    assert_int_equal(zpm_snapshot_lost(&snapshot), CASES[i].wanted);
  }
}

static void a_run_of_another_time_is_forgotten(void **state)
{
  struct zpm_snapshot snapshot = {.machine.state = ZPM_WARMING,
                                  .machine.crashes = 3,
                                  .run = 7,
                                  .timer_due_ms = 5,
                                  .want_up = true};

  (void)state;
  zpm_snapshot_forget_run(&snapshot);
  assert_int_equal(snapshot.machine.state, ZPM_STOPPED);
  assert_int_equal(snapshot.machine.crashes, 3);
  assert_int_equal(snapshot.run, 0);
  assert_int_equal(snapshot.timer_due_ms, 0);
  assert_true(snapshot.want_up);
}

static void a_timer_goes_on_for_what_is_left_of_it(void **state)
{
  struct zpm_snapshot snapshot = {.timer_due_ms = 0};
  uint64_t delay_ms = 1;

  (void)state;
  assert_false(zpm_snapshot_timer(&snapshot, 100, &delay_ms));
  snapshot.timer_due_ms = 150;
  assert_true(zpm_snapshot_timer(&snapshot, 100, &delay_ms));
  assert_int_equal(delay_ms, 50);
  assert_true(zpm_snapshot_timer(&snapshot, 900, &delay_ms));
  assert_int_equal(delay_ms, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_record_tells_what_it_knows),
      cmocka_unit_test(who_was_not_ready_yet_gets_its_time_again),
      cmocka_unit_test(
          a_clock_that_was_put_back_makes_nobody_older_than_the_system),
      cmocka_unit_test(without_a_run_it_rests),
      cmocka_unit_test(what_the_next_one_does_about_a_run),
      cmocka_unit_test(what_is_not_found_has_ended_or_never_was),
      cmocka_unit_test(a_run_of_another_time_is_forgotten),
      cmocka_unit_test(a_timer_goes_on_for_what_is_left_of_it),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
