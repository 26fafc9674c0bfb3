#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/handover_log.h"

#define HANDED                                                                 \
  "2026-11-28T14:10:37Z handing over to /opt/zpm\n"                            \
  "2026-11-28T14:10:37Z handed over\n"
#define KEEPER "zpm-keeper: the new daemon ended (exit code 1) before it served"
#define AGAIN                                                                  \
  "2026-11-28T14:10:37Z took over 1 app\n"                                     \
  "2026-11-28T14:10:37Z zpm daemon 0.1.0 started\n"

static void expect_cause(const char *log, const char *cause)
{
  struct zpm_str text = {0};

  assert_int_equal(zpm_handover_log_cause(&text, log), 0);
  assert_string_equal(zpm_str_text(&text), cause);
  zpm_str_deinit(&text);
}

static void the_last_words_of_the_new_daemon_are_the_cause(void **state)
{
  (void)state;
  expect_cause(HANDED "2026-11-28T14:10:37Z cannot start: it is late\n" KEEPER
                      "\n" AGAIN,
               "cannot start: it is late");
  expect_cause(HANDED "ld.so: no such library\nSegmentation fault\n" KEEPER
                      "\n" AGAIN,
               "Segmentation fault");
}

static void of_one_that_said_nothing_the_keeper_tells(void **state)
{
  (void)state;
  expect_cause(HANDED KEEPER "\n" AGAIN, KEEPER);
  expect_cause(HANDED "zpm-keeper: cannot run /opt/zpm: No such file\n" KEEPER
                      "\n" AGAIN,
               "zpm-keeper: cannot run /opt/zpm: No such file");
}

static void a_log_that_ends_early_is_no_harm(void **state)
{
  (void)state;
  expect_cause("", "");
  expect_cause("\n\n", "");
  expect_cause("2026-11-28T14:10:37Z handing ov", "");
  expect_cause("2026", "2026");
  expect_cause(HANDED "half a li", "half a li");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_words_of_the_new_daemon_are_the_cause),
      cmocka_unit_test(of_one_that_said_nothing_the_keeper_tells),
      cmocka_unit_test(a_log_that_ends_early_is_no_harm),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
