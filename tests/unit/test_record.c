#include "core/record.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"

static void an_environment_lives_as_long_as_it_is_held(void **state)
{
  struct zpm_environment *env = zpm_environment_create();

  (void)state;
  assert_int_equal(env->references, 1);
  assert_ptr_equal(zpm_environment_ref(env), env);
  zpm_strv_env_set(&env->vars, "A", "1");
  zpm_environment_unref(env);
  assert_string_equal(zpm_strv_env_get(&env->vars, "A"), "1");
  zpm_environment_unref(env);
  zpm_environment_unref(NULL);
  assert_null(zpm_environment_ref(NULL));
  assert_int_equal(failing_alloc.live, 0);
}

static void a_new_record_has_the_default_config(void **state)
{
  struct zpm_roster roster = {0};
  struct zpm_record *record;

  (void)state;
  zpm_roster_add(&roster);
  record = zpm_roster_add(&roster);
  assert_ptr_equal(record, &roster.items[1]);
  assert_int_equal(record->config.kill_timeout_ms, 5000);
  assert_false(record->want_up);
  assert_int_equal(record->past.len, 0);
  zpm_roster_deinit(&roster);
  assert_int_equal(roster.len, 0);
}

static void records_are_sorted_by_the_order_of_their_starts(void **state)
{
  enum { COUNT = 5 };
  struct zpm_record records[COUNT] = {
      {.start_order = 3}, {.start_order = 0}, {.start_order = UINT64_MAX},
      {.start_order = 0}, {.start_order = 1},
  };
  static const int EXPECTED[COUNT] = {1, 3, 4, 0, 2};
  struct zpm_record *sorted[COUNT];

  (void)state;
  for (int i = 0; i < COUNT; i++)
    sorted[i] = &records[i];
  zpm_records_sort_by_start(sorted, COUNT);
  for (int i = 0; i < COUNT; i++)
    assert_ptr_equal(sorted[i], &records[EXPECTED[i]]);
  zpm_records_sort_by_start(NULL, 0);
}

static void an_exit_is_told_as_a_shell_tells_it(void **state)
{
  (void)state;
  assert_int_equal(
      zpm_exit_shell_code(&(struct zpm_exit){.known = true, .code = 7}), 7);
  assert_int_equal(zpm_exit_shell_code(&(struct zpm_exit){
                       .known = true, .code = -1, .signal = 15}),
                   143);
  assert_int_equal(zpm_exit_shell_code(&(struct zpm_exit){.code = 0}), 1);
}

static int build(void *ctx)
{
  struct zpm_roster roster = {0};
  int rc = 0;

  (void)ctx;
  for (int i = 0; rc == 0 && i < 3; i++) {
    struct zpm_record *record = zpm_roster_add(&roster);

    if (record == NULL)
      rc = ZPM_ENOMEM;
    if (rc == 0)
      record->environment = zpm_environment_create();
    if (rc == 0 && record->environment == NULL)
      rc = ZPM_ENOMEM;
  }
  zpm_roster_deinit(&roster);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  failing_alloc_sweep(build, NULL);
}

static void assert_text(struct zpm_exit end, const char *expected)
{
  char text[ZPM_EXIT_TEXT_SIZE];

  assert_string_equal(zpm_exit_text(&end, text), expected);
}

static void an_exit_is_told_in_words(void **state)
{
  (void)state;
  assert_text((struct zpm_exit){.known = true, .code = 1, .uptime_ms = 66},
              "exit code 1 after 66 ms");
  assert_text((struct zpm_exit){.known = true, .uptime_ms = 999},
              "exit code 0 after 999 ms");
  assert_text(
      (struct zpm_exit){
          .known = true, .code = -1, .signal = 11, .uptime_ms = 1250},
      "SIGSEGV (11) after 1.2 s");
  assert_text(
      (struct zpm_exit){
          .known = true, .code = -1, .signal = 40, .uptime_ms = 59999},
      "signal (40) after 59.9 s");
  assert_text((struct zpm_exit){.known = true, .code = 2, .uptime_ms = 60000},
              "exit code 2 after 1 min");
  assert_text(
      (struct zpm_exit){.known = true, .code = 255, .uptime_ms = 7380000},
      "exit code 255 after 2 h 3 min");
  assert_text((struct zpm_exit){.known = true,
                                .code = INT_MIN,
                                .signal = INT_MIN,
                                .cause = ZPM_CAUSE_OOM,
                                .uptime_ms = UINT64_MAX},
              "signal (-2147483648), out of memory, after 5124095576030 h 25 "
              "min");
  assert_text((struct zpm_exit){.code = -1, .uptime_ms = 3200},
              "exit ? (nobody could tell) after 3.2 s");
}

static void an_exit_for_want_of_memory_says_so(void **state)
{
  (void)state;
  assert_text((struct zpm_exit){.known = true,
                                .code = -1,
                                .signal = 9,
                                .cause = ZPM_CAUSE_OOM,
                                .uptime_ms = 3200},
              "SIGKILL (9), out of memory, after 3.2 s");
  assert_text((struct zpm_exit){.known = true,
                                .code = 137,
                                .cause = ZPM_CAUSE_OOM,
                                .uptime_ms = 3200},
              "exit code 137, out of memory, after 3.2 s");
}

static void each_cause_has_a_name_of_its_own(void **state)
{
  (void)state;
  for (int i = 0; i < ZPM_CAUSES; i++)
    assert_int_equal(zpm_cause_of_name(zpm_cause_name(i)), i);
  assert_string_equal(zpm_cause_name(-1), "itself");
  assert_string_equal(zpm_cause_name(ZPM_CAUSES), "itself");
  assert_int_equal(zpm_cause_of_name("of a later version"), ZPM_CAUSE_ITSELF);
}

static void the_last_exits_are_kept_newest_first(void **state)
{
  struct zpm_record record;

  (void)state;
  zpm_record_init(&record);
  for (int i = 0; i < ZPM_PAST_MAX + 2; i++) {
    const struct zpm_exit end = {.known = true, .code = i};

    zpm_past_add(&record.past, &end, zpm_strdup("lines"),
                 i % 2 == 0 ? zpm_strdup("reason") : NULL);
  }
  assert_int_equal(record.past.len, ZPM_PAST_MAX);
  for (int i = 0; i < ZPM_PAST_MAX; i++) {
    assert_int_equal(record.past.exits[i].code, ZPM_PAST_MAX + 1 - i);
    assert_string_equal(record.past.lines[i], "lines");
    assert_int_equal(record.past.reasons[i] != NULL, i % 2 == 0);
  }
  zpm_record_deinit(&record);
  assert_int_equal(failing_alloc.live, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_environment_lives_as_long_as_it_is_held),
      cmocka_unit_test(a_new_record_has_the_default_config),
      cmocka_unit_test(an_exit_is_told_as_a_shell_tells_it),
      cmocka_unit_test(records_are_sorted_by_the_order_of_their_starts),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
      cmocka_unit_test(an_exit_is_told_in_words),
      cmocka_unit_test(an_exit_for_want_of_memory_says_so),
      cmocka_unit_test(each_cause_has_a_name_of_its_own),
      cmocka_unit_test(the_last_exits_are_kept_newest_first),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
