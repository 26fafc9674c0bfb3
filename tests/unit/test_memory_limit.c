#include "core/memory_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/policy.h"

enum { MB = 1024 * 1024, LIMIT = 200 * MB };

static enum zpm_memory_step look(struct zpm_memory_watch *watch, uint64_t used,
                                 uint64_t uptime_ms)
{
  struct zpm_memory_look at = {LIMIT, used, uptime_ms};

  return zpm_memory_watch_step(watch, &at);
}

static void up_to_its_limit_all_is_well(void **state)
{
  struct zpm_memory_watch watch = {0};

  (void)state;
  assert_int_equal(look(&watch, 0, 60000), ZPM_MEMORY_FINE);
  assert_int_equal(look(&watch, LIMIT, 60000), ZPM_MEMORY_FINE);
}

static void two_looks_in_a_row_decide(void **state)
{
  struct zpm_memory_watch watch = {0};

  (void)state;
  assert_int_equal(look(&watch, LIMIT + 1, 60000), ZPM_MEMORY_SUSPECT);
  assert_int_equal(look(&watch, LIMIT + 1, 61000), ZPM_MEMORY_RESTART);
}

static void a_peak_is_forgiven(void **state)
{
  struct zpm_memory_watch watch = {0};

  (void)state;
  assert_int_equal(look(&watch, 2 * (uint64_t)LIMIT, 60000),
                   ZPM_MEMORY_SUSPECT);
  assert_int_equal(look(&watch, LIMIT, 61000), ZPM_MEMORY_FINE);
  assert_int_equal(look(&watch, LIMIT + 1, 66000), ZPM_MEMORY_SUSPECT);
}

static void an_app_that_begins_is_left_alone(void **state)
{
  struct zpm_memory_watch watch = {0};

  (void)state;
  assert_int_equal(look(&watch, LIMIT + 1, 0), ZPM_MEMORY_FINE);
  assert_int_equal(look(&watch, LIMIT + 1, ZPM_STABLE_MS - 1), ZPM_MEMORY_FINE);
  assert_int_equal(look(&watch, LIMIT + 1, ZPM_STABLE_MS), ZPM_MEMORY_SUSPECT);
}

static void what_the_last_run_used_says_nothing_of_this_one(void **state)
{
  struct zpm_memory_watch watch = {0};

  (void)state;
  assert_int_equal(look(&watch, LIMIT + 1, 60000), ZPM_MEMORY_SUSPECT);
  assert_int_equal(look(&watch, LIMIT + 1, 100), ZPM_MEMORY_FINE);
  assert_int_equal(look(&watch, LIMIT + 1, 6000), ZPM_MEMORY_SUSPECT);
}

/* How long it has run when it is restarted, if it is always over. */
static uint64_t restarted_at(struct zpm_memory_watch *watch)
{
  uint64_t uptime_ms = 0;

  while (look(watch, LIMIT + 1, uptime_ms) != ZPM_MEMORY_RESTART)
    uptime_ms += ZPM_MEMORY_SOON_MS;
  return uptime_ms;
}

static void who_is_always_over_is_restarted_ever_more_seldom(void **state)
{
  struct zpm_memory_watch watch = {0};
  uint64_t wait = ZPM_STABLE_MS;

  (void)state;
  for (int i = 0; i < 20; i++) {
    assert_int_equal(restarted_at(&watch), wait + ZPM_MEMORY_SOON_MS);
    wait =
        wait * 2 < ZPM_MEMORY_WAIT_MAX_MS ? wait * 2 : ZPM_MEMORY_WAIT_MAX_MS;
  }
  watch.rounds = UINT32_MAX;
  assert_int_equal(look(&watch, LIMIT + 1, ZPM_MEMORY_WAIT_MAX_MS),
                   ZPM_MEMORY_SUSPECT);
}

static void who_was_within_its_limit_begins_anew(void **state)
{
  struct zpm_memory_watch watch = {.rounds = 10};

  (void)state;
  assert_int_equal(look(&watch, LIMIT, ZPM_STABLE_MS), ZPM_MEMORY_FINE);
  assert_int_equal(look(&watch, LIMIT + 1, 10000), ZPM_MEMORY_SUSPECT);
  assert_int_equal(look(&watch, LIMIT + 1, 11000), ZPM_MEMORY_RESTART);
}

static void expect_text(uint64_t used, uint64_t limit, const char *expected)
{
  struct zpm_memory_look at = {.limit_bytes = limit, .used_bytes = used};
  char text[ZPM_MEMORY_TEXT_SIZE];

  assert_string_equal(zpm_memory_text(&at, text), expected);
}

static void the_sentence_shows_that_it_is_more(void **state)
{
  (void)state;
  expect_text((uint64_t)312 * MB, LIMIT,
              "uses 312 MB, more than its maxMemory of 200 MB");
  expect_text(LIMIT + 1, LIMIT,
              "uses 201 MB, more than its maxMemory of 200 MB");
  expect_text(3 * MB, 512 * 1024,
              "uses 3072 KB, more than its maxMemory of 512 KB");
  expect_text(UINT64_MAX, UINT64_MAX - 1,
              "uses 18014398509481984 KB, more than its maxMemory of "
              "18014398509481983 KB");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(up_to_its_limit_all_is_well),
      cmocka_unit_test(two_looks_in_a_row_decide),
      cmocka_unit_test(a_peak_is_forgiven),
      cmocka_unit_test(an_app_that_begins_is_left_alone),
      cmocka_unit_test(what_the_last_run_used_says_nothing_of_this_one),
      cmocka_unit_test(who_is_always_over_is_restarted_ever_more_seldom),
      cmocka_unit_test(who_was_within_its_limit_begins_anew),
      cmocka_unit_test(the_sentence_shows_that_it_is_more),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
