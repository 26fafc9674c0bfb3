#include "zpm/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_code_has_a_name_that_leads_back(void **state)
{
  (void)state;
#define XX(name, value, text)                                                  \
  assert_string_equal(zpm_code_name(ZPM_##name), "ZPM_" #name);                \
  assert_string_equal(zpm_code_text(ZPM_##name), text);                        \
  assert_int_equal(zpm_code_of_name("ZPM_" #name), ZPM_##name);
  ZPM_ERROR_MAP(XX)
#undef XX
}

static void a_foreign_code_counts_as_io(void **state)
{
  (void)state;
  assert_string_equal(zpm_code_name(-2), "ZPM_EIO");
  assert_int_equal(zpm_code_of_name("ENOENT"), ZPM_EIO);
}

static void nowhere_to_write_is_no_problem(void **state)
{
  (void)state;
  assert_int_equal(zpm_error_set(NULL, ZPM_EARG, "x"), ZPM_EARG);
  assert_int_equal(zpm_error_wrap(NULL, "x"), ZPM_EIO);
}

static void a_prefix_goes_before_the_message(void **state)
{
  struct zpm_error err;

  (void)state;
  zpm_error_set(&err, ZPM_ENOAPP, "no such app");
  assert_int_equal(zpm_error_wrap(&err, "app '%s'", "api"), ZPM_ENOAPP);
  assert_string_equal(err.message, "app 'api': no such app");
}

static void what_is_too_long_is_cut(void **state)
{
  struct zpm_error err;
  char text[600];

  (void)state;
  memset(text, 'x', sizeof(text));
  text[sizeof(text) - 1] = '\0';
  zpm_error_set(&err, ZPM_EARG, "%s", text);
  assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
  zpm_error_wrap(&err, "prefix");
  assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
  assert_memory_equal(err.message, "prefix: xxx", 11);
  zpm_error_wrap(&err, "%s", text);
  assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
  assert_memory_equal(err.message, "xxxx", 4);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_has_a_name_that_leads_back),
      cmocka_unit_test(a_foreign_code_counts_as_io),
      cmocka_unit_test(nowhere_to_write_is_no_problem),
      cmocka_unit_test(a_prefix_goes_before_the_message),
      cmocka_unit_test(what_is_too_long_is_cut),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
