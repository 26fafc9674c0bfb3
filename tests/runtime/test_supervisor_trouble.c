#include "runtime/supervisor_fixture.h"

static void assert_told(const struct world *w, const char *text)
{
  if (strstr(w->trouble, text) == NULL)
    fail_msg("'%s' was not told, but:\n%s", text, w->trouble);
}

static void a_crash_is_told_with_what_follows(void **state)
{
  struct world *w = *state;

  write_script(w, "bad", "echo s3cret; exit 3");
  start(w, config_of(w, "bad", "env", "KEY=hush", NULL));
  wait_status(w, "bad", ZPM_STATUS_ERRORED);
  assert_told(w, "app 'bad' crashed: exit code 3 after ");
  assert_told(w,
              "; held until one of its files changes, or somebody starts it\n");
  assert_null(strstr(w->trouble, "s3cret"));
  assert_null(strstr(w->trouble, "hush"));
  assert_int_equal(w->troubles, 1);

  write_script(w, "torn", "kill -SEGV $$");
  start(w, config_of(w, "torn", "immediateCrash", "retry", "minBackoff",
                     "12300", NULL));
  wait_status(w, "torn", ZPM_STATUS_CRASHED);
  assert_told(w, "app 'torn' crashed: SIGSEGV (11) after ");
  assert_told(w, "; next try in 12.3 s (crash 1 in a row)\n");
  assert_int_equal(w->troubles, 2);
}

static void a_crash_loop_is_told_ever_less_often(void **state)
{
  struct world *w = *state;
  struct app_status crashed_20_times = {w, "loop", ZPM_STATUS_STARTING, 20};

  write_script(w, "loop", "exit 1");
  start(w, config_of(w, "loop", "immediateCrash", "retry", "minBackoff", "0",
                     NULL));
  wait_until(w, has_status, &crashed_20_times);
  assert_told(w, "(crash 16 in a row)\n");
  assert_in_range(w->troubles, 5, 7);
}

static void what_cannot_start_is_told(void **state)
{
  struct world *w = *state;
  struct outcome outcome = start(w, config_of(w, "none", NULL));

  assert_told(w, "app 'none': cannot run ");
  /* Where the app is named beside it, the reason stands alone. */
  assert_memory_equal(outcome.text, "app 'none': cannot run ", 23);
  assert_memory_equal(view(w, "none").last_error, "cannot run ", 11);
  assert_int_equal(w->troubles, 1);
}

static void an_end_that_was_wanted_is_no_trouble(void **state)
{
  struct world *w = *state;

  write_script(w, "done", "exit 0");
  write_script(w, "api", "exec sleep 1000");
  start(w, config_of(w, "done", NULL));
  start(w, config_of(w, "api", NULL));
  wait_status(w, "done", ZPM_STATUS_STOPPED);
  stop(w, "api");
  assert_string_equal(w->trouble, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_crash_is_told_with_what_follows),
      TEST(a_crash_loop_is_told_ever_less_often),
      TEST(what_cannot_start_is_told),
      TEST(an_end_that_was_wanted_is_no_trouble),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
