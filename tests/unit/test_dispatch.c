#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/dispatch.h"
#include "core/steering.h"

static void the_one_with_the_fewest_in_hand_comes_first(void **state)
{
  const struct zpm_dispatch_load idle = {.in_flight = 0, .last_turn = 9};
  const struct zpm_dispatch_load busy = {.in_flight = 1, .last_turn = 1};

  (void)state;
  assert_true(zpm_dispatch_prefers(&idle, &busy));
  assert_false(zpm_dispatch_prefers(&busy, &idle));
}

static void of_equals_whose_turn_was_longest_ago_comes_first(void **state)
{
  const struct zpm_dispatch_load early = {.in_flight = 2, .last_turn = 4};
  const struct zpm_dispatch_load late = {.in_flight = 2, .last_turn = 5};

  (void)state;
  assert_true(zpm_dispatch_prefers(&early, &late));
  assert_false(zpm_dispatch_prefers(&late, &early));
}

static void a_window_is_soon_full(void **state)
{
  const struct zpm_dispatch_load one_left = {.in_flight =
                                                 ZPM_DISPATCH_WINDOW - 1};
  const struct zpm_dispatch_load full = {.in_flight = ZPM_DISPATCH_WINDOW};

  (void)state;
  assert_true(zpm_dispatch_has_room(&one_left));
  assert_false(zpm_dispatch_has_room(&full));
}

/* ---- few or many ---- */

/* So many within one window that begins at `from_ms`; whether they were many.
 */
static bool come(struct zpm_steering *steering, unsigned count,
                 uint64_t from_ms)
{
  bool many = false;

  for (unsigned i = 0; i < count; i++)
    many = zpm_steering_on_connection(
               steering, from_ms + i * ZPM_STEERING_WINDOW_MS / (count + 1)) ||
           many;
  return many;
}

static void many_within_a_window_are_spread(void **state)
{
  struct zpm_steering steering = {0};

  (void)state;
  assert_false(come(&steering, ZPM_STEERING_MANY - 1, 1000));
  assert_false(steering.spreads);
  assert_true(come(&steering, ZPM_STEERING_MANY, 2000));
  assert_true(steering.spreads);
}

static void as_many_over_two_windows_are_not(void **state)
{
  struct zpm_steering steering = {0};

  (void)state;
  for (uint64_t at_ms = 1000; at_ms < 10000; at_ms += ZPM_STEERING_WINDOW_MS)
    assert_false(come(&steering, ZPM_STEERING_MANY - 1, at_ms));
}

static bool look(struct zpm_steering *steering)
{
  bool few = false;

  for (int i = 0; i < ZPM_STEERING_LOOK_WINDOWS; i++) {
    assert_false(few);
    few = zpm_steering_on_window(steering);
  }
  return few;
}

static void the_sample_tells_when_they_are_few_again(void **state)
{
  struct zpm_steering steering = {0};

  (void)state;
  come(&steering, ZPM_STEERING_MANY, 1000);
  come(&steering, ZPM_STEERING_FEW, 2000);
  assert_false(look(&steering));
  come(&steering, ZPM_STEERING_FEW - 1, 3000);
  assert_true(look(&steering));
  assert_false(steering.spreads);
  assert_true(come(&steering, ZPM_STEERING_MANY, 4000));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_one_with_the_fewest_in_hand_comes_first),
      cmocka_unit_test(of_equals_whose_turn_was_longest_ago_comes_first),
      cmocka_unit_test(a_window_is_soon_full),
      cmocka_unit_test(many_within_a_window_are_spread),
      cmocka_unit_test(as_many_over_two_windows_are_not),
      cmocka_unit_test(the_sample_tells_when_they_are_few_again),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
