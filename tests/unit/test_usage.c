#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/usage.h"

static const uint64_t MS = 1000000;
static const uint64_t S = 1000000000;

static void assert_percent(const struct zpm_usage_mark *mark, double wanted)
{
  assert_true(mark->percent > wanted - 0.001);
  assert_true(mark->percent < wanted + 0.001);
}

static void the_first_look_is_over_the_whole_life(void **state)
{
  struct zpm_usage_mark mark;

  (void)state;
  zpm_usage_begin(&mark, 1 * S, 4 * S, 100 * S);
  assert_percent(&mark, 25);
}

static void the_next_look_is_over_the_time_since_the_last(void **state)
{
  struct zpm_usage_mark mark;

  (void)state;
  zpm_usage_begin(&mark, 1 * S, 4 * S, 100 * S);
  zpm_usage_advance(&mark, 4 * S, 102 * S);
  assert_percent(&mark, 150);
  zpm_usage_advance(&mark, 4 * S, 103 * S);
  assert_percent(&mark, 0);
}

static void two_looks_in_short_order_tell_the_same(void **state)
{
  struct zpm_usage_mark mark;

  (void)state;
  zpm_usage_begin(&mark, 1 * S, 4 * S, 100 * S);
  zpm_usage_advance(&mark, 9 * S, 100 * S + 199 * MS);
  assert_percent(&mark, 25);
  /* And what came in between is not lost. */
  zpm_usage_advance(&mark, 1 * S + 100 * MS, 100 * S + 200 * MS);
  assert_percent(&mark, 50);
}

static void a_process_without_an_age_has_used_nothing(void **state)
{
  struct zpm_usage_mark mark;

  (void)state;
  zpm_usage_begin(&mark, 10 * MS, 0, 100 * S);
  assert_percent(&mark, 0);
}

static void a_counter_or_a_clock_that_runs_backwards_tells_nothing(void **state)
{
  struct zpm_usage_mark mark;

  (void)state;
  zpm_usage_begin(&mark, 2 * S, 4 * S, 100 * S);
  zpm_usage_advance(&mark, 3 * S, 99 * S);
  assert_percent(&mark, 50);
  zpm_usage_advance(&mark, 1 * S, 101 * S);
  assert_percent(&mark, 0);
}

static void the_largest_figures_do_not_overflow(void **state)
{
  struct zpm_usage_mark mark;

  (void)state;
  zpm_usage_begin(&mark, 0, 1, 0);
  zpm_usage_advance(&mark, UINT64_MAX, UINT64_MAX);
  assert_percent(&mark, 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_look_is_over_the_whole_life),
      cmocka_unit_test(the_next_look_is_over_the_time_since_the_last),
      cmocka_unit_test(two_looks_in_short_order_tell_the_same),
      cmocka_unit_test(a_process_without_an_age_has_used_nothing),
      cmocka_unit_test(a_counter_or_a_clock_that_runs_backwards_tells_nothing),
      cmocka_unit_test(the_largest_figures_do_not_overflow),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
