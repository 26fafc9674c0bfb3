#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/debounce.h"

static void without_a_change_nothing_is_due(void **state)
{
  struct zpm_debounce debounce = {0};

  (void)state;
  assert_true(zpm_debounce_due_ms(&debounce) == UINT64_MAX);
  zpm_debounce_note(&debounce, 5);
  zpm_debounce_reset(&debounce);
  assert_true(zpm_debounce_due_ms(&debounce) == UINT64_MAX);
}

static void it_is_due_when_it_has_been_quiet(void **state)
{
  struct zpm_debounce debounce = {0};

  (void)state;
  zpm_debounce_note(&debounce, 1000);
  assert_int_equal(zpm_debounce_due_ms(&debounce), 1100);
  zpm_debounce_note(&debounce, 1090);
  assert_int_equal(zpm_debounce_due_ms(&debounce), 1190);
}

static void and_after_a_second_if_it_never_is(void **state)
{
  struct zpm_debounce debounce = {0};

  (void)state;
  for (uint64_t now = 5000; now < 6000; now += 50) {
    zpm_debounce_note(&debounce, now);
    assert_true(zpm_debounce_due_ms(&debounce) > now);
  }
  assert_int_equal(zpm_debounce_due_ms(&debounce), 6000);
  zpm_debounce_reset(&debounce);
  zpm_debounce_note(&debounce, 6000);
  assert_int_equal(zpm_debounce_due_ms(&debounce), 6100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_change_nothing_is_due),
      cmocka_unit_test(it_is_due_when_it_has_been_quiet),
      cmocka_unit_test(and_after_a_second_if_it_never_is),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
