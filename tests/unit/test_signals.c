#include "core/config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void signals_have_names_and_numbers(void **state)
{
  (void)state;
  assert_int_equal(zpm_signal_number("SIGTERM"), SIGTERM);
  assert_int_equal(zpm_signal_number("sigterm"), SIGTERM);
  assert_int_equal(zpm_signal_number("TERM"), SIGTERM);
  assert_int_equal(zpm_signal_number("15"), 15);
  assert_int_equal(zpm_signal_number("64"), 64);
  assert_int_equal(zpm_signal_number("0"), -1);
  assert_int_equal(zpm_signal_number("65"), -1);
  assert_int_equal(zpm_signal_number("15x"), -1);
  assert_int_equal(zpm_signal_number("99999999999999999999"), -1);
  assert_int_equal(zpm_signal_number(""), -1);
  assert_int_equal(zpm_signal_number("SIG"), -1);
  assert_string_equal(zpm_signal_name(SIGKILL), "SIGKILL");
  assert_null(zpm_signal_name(0));
  assert_null(zpm_signal_name(64));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(signals_have_names_and_numbers),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
