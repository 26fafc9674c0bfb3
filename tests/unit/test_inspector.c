#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>

#include "core/inspector.h"

/* What the worker that is third gets, or "". */
static const char *third(const char *words)
{
  static char option[300];
  struct zpm_inspector inspector = {0};

  zpm_inspector_take_words(&inspector, words);
  if (!zpm_inspector_option(&inspector, 2, option, sizeof(option)))
    option[0] = '\0';
  return option;
}

static void who_is_not_inspected_needs_no_port(void **state)
{
  (void)state;
  assert_string_equal(third(""), "");
  assert_string_equal(third("--max-old-space-size=100 --inspector"), "");
}

static void each_worker_gets_a_port_of_its_own(void **state)
{
  (void)state;
  assert_string_equal(third("--inspect"), "--inspect-port=9231");
  assert_string_equal(third("--inspect-brk=9300"), "--inspect-port=9302");
  assert_string_equal(third("--inspect --inspect-port=9400"),
                      "--inspect-port=9402");
}

static void a_host_stays(void **state)
{
  (void)state;
  assert_string_equal(third("--inspect=0.0.0.0:9230"),
                      "--inspect-port=0.0.0.0:9232");
  assert_string_equal(third("--inspect=localhost"),
                      "--inspect-port=localhost:9231");
  assert_string_equal(third("--inspect=[::1]:9230"),
                      "--inspect-port=[::1]:9232");
}

static void any_port_is_never_taken_twice(void **state)
{
  (void)state;
  assert_string_equal(third("--inspect=0"), "");
  assert_string_equal(third("--inspect=0.0.0.0:0"), "");
}

static void there_is_no_port_above_the_last(void **state)
{
  (void)state;
  assert_string_equal(third("--inspect=65533"), "--inspect-port=65535");
  assert_string_equal(third("--inspect=65534"), "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_is_not_inspected_needs_no_port),
      cmocka_unit_test(each_worker_gets_a_port_of_its_own),
      cmocka_unit_test(a_host_stays),
      cmocka_unit_test(any_port_is_never_taken_twice),
      cmocka_unit_test(there_is_no_port_above_the_last),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
