#include "runtime/supervisor_fixture.h"

/* What an app remembers of how its runs ended. */

static bool has_exits(void *ctx)
{
  return ((struct world *)ctx)->exits >= 1;
}

static bool has_lines(void *ctx)
{
  const struct zpm_past *past = view(ctx, "bad").past;

  return past->len > 0 && past->lines[0] != NULL;
}

static void a_crash_is_remembered_with_its_last_words(void **state)
{
  struct world *w = *state;
  const struct zpm_past *past;

  write_script(w, "bad",
               "echo zero >&2; echo one >&2; echo two >&2\n"
               "echo three >&2; exit 7");
  start(w, config_of(w, "bad", NULL));
  wait_status(w, "bad", ZPM_STATUS_ERRORED);
  wait_until(w, has_lines, w);
  past = view(w, "bad").past;
  assert_int_equal(past->len, 1);
  assert_int_equal(past->exits[0].code, 7);
  assert_int_equal(past->exits[0].cause, ZPM_CAUSE_ITSELF);
  assert_string_equal(past->lines[0], "one\ntwo\nthree\n");
}

static bool is_explained(void *ctx)
{
  const char *why = view(ctx, "bad").last_error;

  return why != NULL && strstr(why, "after") != NULL;
}

static void a_build_error_is_told_in_its_own_words(void **state)
{
  struct world *w = *state;

  write_script(w, "bad",
               "echo 'Error: no config' >&2; echo '    at main' >&2; exit 7");
  start(w, config_of(w, "bad", NULL));
  wait_status(w, "bad", ZPM_STATUS_ERRORED);
  wait_until(w, is_explained, w);
  assert_non_null(strstr(view(w, "bad").last_error,
                         "which looks like a build error: Error: no config. "
                         "See `zpm logs bad --err`, mend it"));
}

/* The log has more than this run said. */
static void the_last_words_of_another_run_are_not_its_own(void **state)
{
  struct world *w = *state;

  write_script(w, "bad", "echo old words >&2; exit 1");
  start(w, config_of(w, "bad", NULL));
  wait_status(w, "bad", ZPM_STATUS_ERRORED);
  write_script(w, "bad", "exit 2");
  start(w, config_of(w, "bad", NULL));
  wait_status(w, "bad", ZPM_STATUS_ERRORED);
  assert_int_equal(view(w, "bad").past->exits[0].code, 2);
  assert_null(view(w, "bad").past->lines[0]);
  assert_int_equal(view(w, "bad").past->exits[1].code, 1);
  assert_string_equal(view(w, "bad").past->lines[1], "old words\n");
}

static void who_asked_is_remembered(void **state)
{
  struct world *w = *state;
  struct outcome restarted = {0};

  write_script(w, "api", "exec sleep 1000");
  start(w, config_of(w, "api", NULL));
  zpm_supervisor_restart(w->supervisor, "api", NULL, on_done, &restarted);
  wait_done(w, &restarted);
  stop(w, "api");
  assert_int_equal(view(w, "api").past->len, 2);
  assert_int_equal(view(w, "api").past->exits[0].cause, ZPM_CAUSE_ASKED);
  assert_int_equal(view(w, "api").past->exits[0].signal, SIGTERM);
  assert_int_equal(view(w, "api").past->exits[1].cause, ZPM_CAUSE_ASKED);
}

static void no_more_than_the_last_few_are_kept(void **state)
{
  struct world *w = *state;

  write_script(w, "bad", "exit 1");
  start(w, config_of(w, "bad", "immediateCrash", "retry", "minBackoff", "1",
                     "maxBackoff", "1", NULL));
  wait_until(
      w, has_status,
      &(struct app_status){w, "bad", ZPM_STATUS_CRASHED, ZPM_PAST_MAX + 3});
  assert_int_equal(view(w, "bad").past->len, ZPM_PAST_MAX);
  stop(w, "bad");
}

static void exits_are_remembered_by_the_next_supervisor(void **state)
{
  struct world *w = *state;

  write_script(w, "job", "exit 0");
  start(w, config_of(w, "job", NULL));
  wait_until(w, has_exits, w);
  wait_status(w, "job", ZPM_STATUS_STOPPED);
  close_supervisor(w);
  open_supervisor(w);
  zpm_supervisor_resume(w->supervisor);
  assert_int_equal(view(w, "job").status, ZPM_STATUS_STOPPED);
  assert_int_equal(view(w, "job").past->len, 1);
  assert_int_equal(view(w, "job").past->exits[0].code, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_crash_is_remembered_with_its_last_words,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_build_error_is_told_in_its_own_words,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(
          the_last_words_of_another_run_are_not_its_own, set_up, tear_down),
      cmocka_unit_test_setup_teardown(who_asked_is_remembered, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(no_more_than_the_last_few_are_kept,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(
          exits_are_remembered_by_the_next_supervisor, set_up, tear_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
