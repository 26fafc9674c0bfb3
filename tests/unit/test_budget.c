#include "core/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_burst_goes_at_once_and_the_rest_in_order(void **state)
{
  struct zpm_budget budget = {0};
  uint64_t last = 0;

  (void)state;
  for (int i = 0; i < ZPM_BUDGET_BURST; i++)
    assert_int_equal(zpm_budget_take(&budget, 1000), 0);
  for (int i = 0; i < 500; i++) {
    uint64_t wait = zpm_budget_take(&budget, 1000);

    assert_int_equal(wait, last + ZPM_BUDGET_EACH_MS);
    last = wait;
  }
}

static void time_without_restarts_fills_it_up_again(void **state)
{
  struct zpm_budget budget = {0};

  (void)state;
  for (int i = 0; i < ZPM_BUDGET_BURST; i++)
    zpm_budget_take(&budget, 1000);
  assert_int_equal(zpm_budget_take(&budget, 1000 + ZPM_BUDGET_EACH_MS), 0);
  assert_int_not_equal(zpm_budget_take(&budget, 1000 + ZPM_BUDGET_EACH_MS), 0);
  for (int i = 0; i < ZPM_BUDGET_BURST; i++)
    assert_int_equal(zpm_budget_take(&budget, 100000), 0);
  assert_int_not_equal(zpm_budget_take(&budget, 100000), 0);
}

/* Seen over any while, no more than the burst and the rate. */
static void the_rate_is_kept_over_a_storm(void **state)
{
  enum { STORM_MS = 10000 };
  struct zpm_budget budget = {0};
  unsigned begun = 0;

  (void)state;
  for (uint64_t now = 0; now < STORM_MS; now++) {
    for (int i = 0; i < 3; i++) {
      struct zpm_budget before = budget;

      if (zpm_budget_take(&budget, now) == 0)
        begun++;
      else
        budget = before;
    }
  }
  assert_in_range(begun, STORM_MS / ZPM_BUDGET_EACH_MS,
                  STORM_MS / ZPM_BUDGET_EACH_MS + ZPM_BUDGET_BURST);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_burst_goes_at_once_and_the_rest_in_order),
      cmocka_unit_test(time_without_restarts_fills_it_up_again),
      cmocka_unit_test(the_rate_is_kept_over_a_storm),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
