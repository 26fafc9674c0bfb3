#include "core/selftest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ALL = (ZPM_SELFTEST_LEFT << 1) - 1, TEXT_SIZE = 512 };

static void a_worker_that_does_all_of_it_passes(void **state)
{
  struct zpm_selftest_state test = ZPM_SELFTEST_BEGIN;

  (void)state;
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_IS_ONLINE),
                   ZPM_SELFTEST_WAIT);
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_LISTENS),
                   ZPM_SELFTEST_SEND);
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_TOOK),
                   ZPM_SELFTEST_WAIT);
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_ECHOED),
                   ZPM_SELFTEST_SHARE_NEXT);
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_LISTENS),
                   ZPM_SELFTEST_SEND_SHARED);
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_ECHOED),
                   ZPM_SELFTEST_ASK);
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_PONGED),
                   ZPM_SELFTEST_DISCONNECT);
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_LEFT),
                   ZPM_SELFTEST_WAIT);
  assert_int_equal(test.step, ZPM_SELFTEST_PASSED);
}

static void an_echo_may_come_before_the_word_that_it_was_taken(void **state)
{
  struct zpm_selftest_state test = {.step = ZPM_SELFTEST_TAKE};

  (void)state;
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_ECHOED),
                   ZPM_SELFTEST_WAIT);
  assert_int_equal(zpm_selftest_hear(&test, ZPM_SELFTEST_TOOK),
                   ZPM_SELFTEST_SHARE_NEXT);
}

static void nothing_but_what_it_waits_for_ends_a_step(void **state)
{
  static const unsigned NEEDS[] = {
      [ZPM_SELFTEST_ONLINE] = ZPM_SELFTEST_IS_ONLINE,
      [ZPM_SELFTEST_LISTEN] = ZPM_SELFTEST_LISTENS,
      [ZPM_SELFTEST_TAKE] = ZPM_SELFTEST_TOOK | ZPM_SELFTEST_ECHOED,
      [ZPM_SELFTEST_SHARE] = ZPM_SELFTEST_LISTENS,
      [ZPM_SELFTEST_ACCEPT] = ZPM_SELFTEST_ECHOED,
      [ZPM_SELFTEST_PING] = ZPM_SELFTEST_PONGED,
      [ZPM_SELFTEST_LEAVE] = ZPM_SELFTEST_LEFT,
  };

  (void)state;
  for (int step = ZPM_SELFTEST_ONLINE; step < ZPM_SELFTEST_PASSED; step++) {
    struct zpm_selftest_state test = {.step = (enum zpm_selftest)step};

    assert_int_equal(zpm_selftest_hear(&test, ALL & ~NEEDS[step]),
                     ZPM_SELFTEST_WAIT);
    assert_int_equal(test.step, step);
    zpm_selftest_hear(&test, NEEDS[step]);
    assert_int_equal(test.step, step + 1);
  }
}

static void what_was_heard_in_one_step_does_not_count_in_the_next(void **state)
{
  struct zpm_selftest_state test = ZPM_SELFTEST_BEGIN;

  (void)state;
  zpm_selftest_hear(&test, ALL);
  assert_int_equal(test.step, ZPM_SELFTEST_LISTEN);
  zpm_selftest_hear(&test, 0);
  assert_int_equal(test.step, ZPM_SELFTEST_LISTEN);
}

static void a_test_that_is_over_stays_as_it_is(void **state)
{
  struct zpm_selftest_state test = {.step = ZPM_SELFTEST_PASSED};

  (void)state;
  assert_int_equal(zpm_selftest_hear(&test, ALL), ZPM_SELFTEST_WAIT);
  assert_int_equal(test.step, ZPM_SELFTEST_PASSED);
}

static void what_was_not_tested_is_trusted(void **state)
{
  (void)state;
  assert_true(zpm_selftest_is_trusted(ZPM_SELFTEST_UNKNOWN));
  assert_true(zpm_selftest_is_trusted(ZPM_SELFTEST_PASSED));
  assert_false(zpm_selftest_is_trusted(ZPM_SELFTEST_DOUBTED));
  for (int step = ZPM_SELFTEST_ONLINE; step < ZPM_SELFTEST_PASSED; step++)
    assert_false(zpm_selftest_is_trusted((enum zpm_selftest)step));
}

static void a_verdict_of_a_test_has_a_word_and_no_other_has(void **state)
{
  (void)state;
  for (int i = ZPM_SELFTEST_ONLINE; i <= ZPM_SELFTEST_PASSED; i++) {
    const char *word = zpm_selftest_word((enum zpm_selftest)i);

    assert_int_equal(zpm_selftest_of_word(word, strlen(word)), i);
    assert_int_equal(zpm_selftest_of_word(word, strlen(word) - 1),
                     ZPM_SELFTEST_UNKNOWN);
  }
  assert_null(zpm_selftest_word(ZPM_SELFTEST_UNKNOWN));
  assert_null(zpm_selftest_word(ZPM_SELFTEST_DOUBTED));
  assert_int_equal(zpm_selftest_of_word("", 0), ZPM_SELFTEST_UNKNOWN);
}

static void a_failure_says_what_is_done_instead(void **state)
{
  char text[TEXT_SIZE];

  (void)state;
  zpm_selftest_explain(ZPM_SELFTEST_TAKE, "/bin/node", 3000, text,
                       sizeof(text));
  assert_string_equal(
      text, "/bin/node does not speak Node's cluster protocol as zpm knows it "
            "(its worker did not take a connection that it was handed): its "
            "processes get a socket that listens at port 3000 instead, as from "
            "systemd (LISTEN_FDS)");
}

static void a_failure_without_a_port_says_what_to_do(void **state)
{
  char text[TEXT_SIZE];

  (void)state;
  zpm_selftest_explain(ZPM_SELFTEST_ONLINE, "/bin/node", 0, text, sizeof(text));
  assert_string_equal(
      text, "/bin/node does not speak Node's cluster protocol as zpm knows it "
            "(its worker did not say that it is online): each of its processes "
            "listens for itself instead (reusePort), and connections are lost "
            "when one ends. Give the app a port (--port), for a socket that "
            "outlives them");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_worker_that_does_all_of_it_passes),
      cmocka_unit_test(an_echo_may_come_before_the_word_that_it_was_taken),
      cmocka_unit_test(nothing_but_what_it_waits_for_ends_a_step),
      cmocka_unit_test(what_was_heard_in_one_step_does_not_count_in_the_next),
      cmocka_unit_test(a_test_that_is_over_stays_as_it_is),
      cmocka_unit_test(what_was_not_tested_is_trusted),
      cmocka_unit_test(a_verdict_of_a_test_has_a_word_and_no_other_has),
      cmocka_unit_test(a_failure_says_what_is_done_instead),
      cmocka_unit_test(a_failure_without_a_port_says_what_to_do),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
