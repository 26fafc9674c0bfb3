#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/version.h"

static void the_same_major_version_fits(void **state)
{
  (void)state;
  assert_true(zpm_version_compatible("1.0.0", "1.0.0"));
  assert_true(zpm_version_compatible("1.9.2", "1.0.0"));
  assert_false(zpm_version_compatible("2.0.0", "1.9.9"));
  assert_false(zpm_version_compatible("1.0.0", "0.1.0"));
}

static void before_1_0_the_minor_version_counts_as_well(void **state)
{
  (void)state;
  assert_true(zpm_version_compatible("0.1.0", "0.1.7"));
  assert_false(zpm_version_compatible("0.2.0", "0.1.7"));
}

static void what_follows_the_number_does_not_matter(void **state)
{
  (void)state;
  assert_true(zpm_version_compatible("0.1.0-rc.1", "0.1.0+g123"));
}

static void what_is_no_version_fits_nothing(void **state)
{
  static const char *const BAD[] = {
      "",        "1",      "1.2",    "1.2.x",  "v1.2.3",
      "1.2.3.4", "1..2",   "-1.0.0", "1.2.3 ", "99999999999.0.0",
      "a.b.c",   " 1.2.3", "1.2.",   ".1.2",   "1.2.3rc",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++)
    assert_false(zpm_version_compatible(BAD[i], "1.2.3"));
}

static void expect_advice(const char *client, const char *daemon,
                          const char *part)
{
  struct zpm_str text = {0};

  assert_int_equal(zpm_version_advice(&text, client, daemon), 0);
  if (part == NULL)
    assert_int_equal(text.len, 0);
  else
    assert_non_null(strstr(zpm_str_text(&text), part));
  zpm_str_deinit(&text);
}

static void advice_says_which_side_is_newer_and_what_to_do(void **state)
{
  (void)state;
  expect_advice("0.1.0", "0.1.0", NULL);
  expect_advice("0.1.1", "0.1.0",
                "this zpm (0.1.1) is newer than its daemon (0.1.0). Run: zpm "
                "update");
  expect_advice("0.2.0", "0.1.0", "they do not fit together");
  expect_advice("0.1.0", "0.10.0", "is older than its daemon (0.10.0)");
  expect_advice("latest", "0.1.0", "no version number");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_major_version_fits),
      cmocka_unit_test(before_1_0_the_minor_version_counts_as_well),
      cmocka_unit_test(what_follows_the_number_does_not_matter),
      cmocka_unit_test(what_is_no_version_fits_nothing),
      cmocka_unit_test(advice_says_which_side_is_newer_and_what_to_do),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
