#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/log_place.h"

static void a_place_goes_over_the_wire_and_back(void **state)
{
  const struct zpm_log_place places[] = {
      {1, 0}, {4711, 99}, {UINT64_MAX, UINT64_MAX}};
  char text[ZPM_LOG_PLACE_SIZE];

  (void)state;
  for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
    struct zpm_log_place read;

    zpm_log_place_put(&places[i], text);
    assert_true(zpm_log_place_read(text, &read));
    assert_true(read.file == places[i].file);
    assert_true(read.offset == places[i].offset);
  }
  assert_string_equal(text, "18446744073709551615:18446744073709551615");
}

static void what_is_no_place_is_refused(void **state)
{
  static const char *const WRONG[] = {
      "",     ":",      "1",    "1:",    ":1",
      "1:2:", "1:2 ",   " 1:2", "-1:2",  "1:+2",
      "1;2",  "0x1:02", "1:2a", "1:\n2", "18446744073709551616:0",
  };
  struct zpm_log_place place;

  (void)state;
  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++)
    assert_false(zpm_log_place_read(WRONG[i], &place));
}

static void going_back_ends_where_the_file_begins(void **state)
{
  const struct zpm_log_place place = {7, 10};

  (void)state;
  assert_int_equal(zpm_log_place_before(place, 0).offset, 10);
  assert_int_equal(zpm_log_place_before(place, 3).offset, 7);
  assert_int_equal(zpm_log_place_before(place, 10).offset, 0);
  assert_int_equal(zpm_log_place_before(place, 11).offset, 0);
  assert_int_equal(zpm_log_place_before(place, 11).file, 7);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_place_goes_over_the_wire_and_back),
      cmocka_unit_test(what_is_no_place_is_refused),
      cmocka_unit_test(going_back_ends_where_the_file_begins),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
