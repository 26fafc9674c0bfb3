#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static size_t size_of(const char *text)
{
  return zpm_utf8_size(text, strlen(text));
}

static void a_character_has_one_to_four_bytes(void **state)
{
  (void)state;
  assert_int_equal(size_of("a"), 1);
  assert_int_equal(size_of("\xC3\xA9"), 2);
  assert_int_equal(size_of("\xE2\x82\xAC"), 3);
  assert_int_equal(size_of("\xF0\x9F\x98\x80"), 4);
  assert_int_equal(zpm_utf8_size("", 0), 0);
}

static void what_is_not_well_formed_is_no_character(void **state)
{
  (void)state;
  assert_int_equal(size_of("\x80"), 0);
  assert_int_equal(size_of("\xC0\x80"), 0);
  assert_int_equal(size_of("\xE0\x80\x80"), 0);
  assert_int_equal(size_of("\xED\xA0\x80"), 0);
  assert_int_equal(size_of("\xF4\x90\x80\x80"), 0);
  assert_int_equal(size_of("\xE2\x82"), 0);
  assert_int_equal(size_of("\xE2\x82g"), 0);
  assert_int_equal(size_of("\xFF"), 0);
}

static void an_unfinished_character_is_found_at_the_end(void **state)
{
  (void)state;
  assert_int_equal(zpm_utf8_unfinished("ab", 2), 0);
  assert_int_equal(zpm_utf8_unfinished("", 0), 0);
  assert_int_equal(zpm_utf8_unfinished("a\xC3", 2), 1);
  assert_int_equal(zpm_utf8_unfinished("\xE2\x82", 2), 2);
  assert_int_equal(zpm_utf8_unfinished("a\xF0\x9F\x98", 4), 3);
  assert_int_equal(zpm_utf8_unfinished("\xE2\x82\xAC", 3), 0);
  assert_int_equal(zpm_utf8_unfinished("\xF0\x9F\x98\x80", 4), 0);
}

static void what_can_never_be_a_character_is_not_waited_for(void **state)
{
  (void)state;
  assert_int_equal(zpm_utf8_unfinished("\xFF", 1), 0);
  assert_int_equal(zpm_utf8_unfinished("\x80\x80\x80\x80", 4), 0);
  assert_int_equal(zpm_utf8_unfinished("\xE0\x80", 2), 0);
  assert_int_equal(zpm_utf8_unfinished("\xC3\xA9\x80", 3), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_character_has_one_to_four_bytes),
      cmocka_unit_test(what_is_not_well_formed_is_no_character),
      cmocka_unit_test(an_unfinished_character_is_found_at_the_end),
      cmocka_unit_test(what_can_never_be_a_character_is_not_waited_for),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
