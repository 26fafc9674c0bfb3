#include "core/verdicts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"

static char node_path[] = "/opt/node 22/bin/node";
static char other_path[] = "/usr/bin/node";

static const struct zpm_binary NODE = {node_path, 7, UINT64_MAX, 99};
static const struct zpm_binary OTHER = {other_path, 8, 5, 3};

static const char TEXT[] = "zpm 1.2.3\n"
                           "passed 7 18446744073709551615 99 "
                           "/opt/node 22/bin/node\n"
                           "take 8 5 3 /usr/bin/node\n";

static struct zpm_verdicts read_text(const char *text)
{
  struct zpm_verdicts verdicts = {0};

  assert_int_equal(zpm_verdicts_read(&verdicts, "1.2.3", text, strlen(text)),
                   0);
  return verdicts;
}

static void what_is_written_can_be_read(void **state)
{
  struct zpm_verdicts verdicts = {0};
  struct zpm_str text = {0};

  (void)state;
  assert_int_equal(
      zpm_verdicts_set(&verdicts, &NODE, ZPM_SELFTEST_PASSED, false), 0);
  assert_int_equal(
      zpm_verdicts_set(&verdicts, &OTHER, ZPM_SELFTEST_TAKE, false), 0);
  assert_int_equal(zpm_verdicts_put(&verdicts, "1.2.3", &text), 0);
  assert_string_equal(text.data, TEXT);
  zpm_verdicts_deinit(&verdicts);
  verdicts = read_text(text.data);
  assert_int_equal(zpm_verdicts_find(&verdicts, &NODE), ZPM_SELFTEST_PASSED);
  assert_int_equal(zpm_verdicts_find(&verdicts, &OTHER), ZPM_SELFTEST_TAKE);
  zpm_verdicts_deinit(&verdicts);
  zpm_str_deinit(&text);
}

static void a_binary_that_has_changed_is_not_known(void **state)
{
  struct zpm_verdicts verdicts = read_text(TEXT);
  struct zpm_binary changed[] = {NODE, NODE, NODE, NODE};

  (void)state;
  changed[0].inode++;
  changed[1].mtime_ns--;
  changed[2].size++;
  changed[3].path = other_path;
  for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
    assert_int_equal(zpm_verdicts_find(&verdicts, &changed[i]),
                     ZPM_SELFTEST_UNKNOWN);
  zpm_verdicts_deinit(&verdicts);
}

static void a_new_verdict_takes_the_place_of_the_old_one(void **state)
{
  struct zpm_verdicts verdicts = read_text(TEXT);
  struct zpm_binary changed = NODE;

  (void)state;
  changed.size++;
  assert_int_equal(
      zpm_verdicts_set(&verdicts, &changed, ZPM_SELFTEST_LEAVE, false), 0);
  assert_int_equal(verdicts.len, 2);
  assert_int_equal(zpm_verdicts_find(&verdicts, &changed), ZPM_SELFTEST_LEAVE);
  assert_int_equal(zpm_verdicts_find(&verdicts, &NODE), ZPM_SELFTEST_UNKNOWN);
  assert_int_equal(zpm_verdicts_find(&verdicts, &OTHER), ZPM_SELFTEST_TAKE);
  zpm_verdicts_deinit(&verdicts);
}

static void of_too_many_the_oldest_is_forgotten(void **state)
{
  struct zpm_verdicts verdicts = read_text(TEXT);

  (void)state;
  for (int i = 0; i < ZPM_VERDICTS_MAX - 1; i++) {
    char path[16];
    struct zpm_binary binary = {path, 1, 1, 1};

    snprintf(path, sizeof(path), "/%d", i);
    assert_int_equal(
        zpm_verdicts_set(&verdicts, &binary, ZPM_SELFTEST_PASSED, false), 0);
  }
  assert_int_equal(verdicts.len, ZPM_VERDICTS_MAX);
  assert_int_equal(zpm_verdicts_find(&verdicts, &NODE), ZPM_SELFTEST_UNKNOWN);
  assert_int_equal(zpm_verdicts_find(&verdicts, &OTHER), ZPM_SELFTEST_TAKE);
  zpm_verdicts_deinit(&verdicts);
}

static void what_is_in_doubt_is_not_written(void **state)
{
  static char odd_path[] = "/a\n/b";
  const struct zpm_binary odd = {odd_path, 1, 1, 1};
  struct zpm_verdicts verdicts = {0};
  struct zpm_str text = {0};

  (void)state;
  zpm_verdicts_set(&verdicts, &NODE, ZPM_SELFTEST_DOUBTED, false);
  zpm_verdicts_set(&verdicts, &OTHER, ZPM_SELFTEST_TAKE, true);
  zpm_verdicts_set(&verdicts, &odd, ZPM_SELFTEST_PASSED, false);
  assert_int_equal(zpm_verdicts_put(&verdicts, "1.2.3", &text), 0);
  assert_string_equal(text.data, "zpm 1.2.3\n");
  zpm_str_deinit(&text);
  zpm_verdicts_deinit(&verdicts);
}

static void tests_of_another_version_count_for_nothing(void **state)
{
  static const char *const OTHERS[] = {
      "zpm 1.2.4\ntake 8 5 3 /usr/bin/node\n",
      "zpm 1.2.33\ntake 8 5 3 /usr/bin/node\n",
      "take 8 5 3 /usr/bin/node\ntake 8 5 3 /usr/bin/node\n",
      "\nzpm 1.2.3\ntake 8 5 3 /usr/bin/node\n",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(OTHERS) / sizeof(OTHERS[0]); i++)
    assert_int_equal(read_text(OTHERS[i]).len, 0);
}

static void what_makes_no_sense_is_passed_over(void **state)
{
  struct zpm_verdicts verdicts =
      read_text("zpm 1.2.3\n"
                "\n"
                " \n"
                "passed\n"
                "passed 1 2 3\n"
                "passed 1 2 3 \n"
                "passed 1 2 3 relative\n"
                "passed 1 2 /a\n"
                "passed 1 2 x /a\n"
                "passed 1  2 3 /a\n"
                "passed -1 2 3 /a\n"
                "passed 1 2 99999999999999999999 /a\n"
                "unheard 1 2 3 /a\n"
                "take 8 5 3 /usr/bin/node\n"
                "passed 1 2 3 /cut");

  (void)state;
  assert_int_equal(verdicts.len, 1);
  assert_int_equal(zpm_verdicts_find(&verdicts, &OTHER), ZPM_SELFTEST_TAKE);
  zpm_verdicts_deinit(&verdicts);
}

static int read_and_write(void *ctx)
{
  struct zpm_verdicts verdicts = {0};
  struct zpm_str text = {0};
  int rc = zpm_verdicts_read(&verdicts, "1.2.3", TEXT, sizeof(TEXT) - 1);

  (void)ctx;
  if (rc == 0)
    rc = zpm_verdicts_put(&verdicts, "1.2.3", &text);
  zpm_verdicts_deinit(&verdicts);
  zpm_str_deinit(&text);
  return rc;
}

static void a_lack_of_memory_is_told_and_leaves_nothing(void **state)
{
  (void)state;
  failing_alloc_sweep(read_and_write, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_can_be_read),
      cmocka_unit_test(a_binary_that_has_changed_is_not_known),
      cmocka_unit_test(a_new_verdict_takes_the_place_of_the_old_one),
      cmocka_unit_test(of_too_many_the_oldest_is_forgotten),
      cmocka_unit_test(what_is_in_doubt_is_not_written),
      cmocka_unit_test(tests_of_another_version_count_for_nothing),
      cmocka_unit_test(what_makes_no_sense_is_passed_over),
      cmocka_unit_test(a_lack_of_memory_is_told_and_leaves_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
