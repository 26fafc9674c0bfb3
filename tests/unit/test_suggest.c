#include "core/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const NAMES[] = {"start", "stop",  "restart",
                                    "list",  "stats", "restart-daemon"};

static const char *const LETTER[] = {"s"};

static const char *suggest(const char *word)
{
  return zpm_suggest(word, NAMES, sizeof(NAMES) / sizeof(NAMES[0]));
}

static void a_slip_of_the_finger_is_understood(void **state)
{
  (void)state;
  assert_string_equal(suggest("strat"), "start");
  assert_string_equal(suggest("sotp"), "stop");
  assert_string_equal(suggest("stopp"), "stop");
  assert_string_equal(suggest("lst"), "list");
  assert_string_equal(suggest("lisr"), "list");
  assert_string_equal(suggest("STOP"), "stop");
}

static void the_nearest_wins(void **state)
{
  (void)state;
  assert_string_equal(suggest("stat"), "start");
  assert_string_equal(suggest("restar"), "restart");
  assert_string_equal(suggest("restart-deamon"), "restart-daemon");
}

static void a_shared_beginning_is_near(void **state)
{
  (void)state;
  assert_string_equal(suggest("listing-of-all"), "list");
  assert_string_equal(suggest("restart-d"), "restart");
}

static void nothing_near_is_nothing(void **state)
{
  (void)state;
  assert_null(suggest("frobnicate"));
  assert_null(suggest("x"));
  assert_null(suggest(""));
  assert_null(zpm_suggest("0", LETTER, 1));
  assert_string_equal(zpm_suggest("S", LETTER, 1), "s");
  assert_null(zpm_suggest("start", NULL, 0));
}

static void words_of_any_length_are_safe(void **state)
{
  char word[300];
  const char *const candidates[] = {word, "start"};

  (void)state;
  memset(word, 's', sizeof(word));
  word[sizeof(word) - 1] = '\0';
  assert_null(suggest(word));
  assert_string_equal(zpm_suggest("starr", candidates, 2), "start");
  word[64] = '\0';
  assert_null(suggest(word));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_slip_of_the_finger_is_understood),
      cmocka_unit_test(the_nearest_wins),
      cmocka_unit_test(a_shared_beginning_is_near),
      cmocka_unit_test(nothing_near_is_nothing),
      cmocka_unit_test(words_of_any_length_are_safe),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
