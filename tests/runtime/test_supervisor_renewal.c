#include "runtime/supervisor_fixture.h"

/* What starts an app anew without anybody's doing. */

struct restarts {
  const struct world *w;
  uint32_t total;
};

static bool has_restarted(void *ctx)
{
  struct restarts *r = ctx;
  struct zpm_app_view v = view(r->w, "api");

  return v.total_restarts >= r->total && v.status == ZPM_STATUS_RUNNING;
}

static void wait_restarts(struct world *w, uint32_t total)
{
  wait_until(w, has_restarted, &(struct restarts){w, total});
}

static void a_build_error_waits_for_a_changed_file(void **state)
{
  struct world *w = *state;

  write_script(w, "api", "exit 1");
  start(w, config_of(w, "api", NULL));
  wait_status(w, "api", ZPM_STATUS_ERRORED);
  write_script(w, "api", "exec sleep 1000");
  wait_status(w, "api", ZPM_STATUS_RUNNING);
  stop(w, "api");
}

static void an_added_file_is_enough(void **state)
{
  struct world *w = *state;

  write_script(w, "api", "test -f \"$0.lib\" || exit 1; exec sleep 1000");
  start(w, config_of(w, "api", NULL));
  wait_status(w, "api", ZPM_STATUS_ERRORED);
  write_script(w, "api.lib", "");
  wait_status(w, "api", ZPM_STATUS_RUNNING);
  stop(w, "api");
}

static void in_dev_mode_a_changed_file_restarts(void **state)
{
  struct world *w = *state;

  write_script(w, "api", "exec sleep 1000");
  start(w, config_of(w, "api", "devMode", "true", NULL));
  write_script(w, "other.js", "1");
  wait_restarts(w, 1);
  assert_int_equal(view(w, "api").past->exits[0].cause, ZPM_CAUSE_RENEWED);
  assert_non_null(strstr(view(w, "api").past->reasons[0], "other.js changed"));
  assert_int_equal(view(w, "api").restart_count, 0);
  stop(w, "api");
}

/* Changed files do not start what somebody stopped. */
static void what_is_stopped_stays_stopped(void **state)
{
  struct world *w = *state;

  write_script(w, "api", "exec sleep 1000");
  write_script(w, "other", "exec sleep 1000");
  start(w, config_of(w, "api", "devMode", "true", NULL));
  stop(w, "api");
  start(w, config_of(w, "other", "devMode", "true", NULL));
  write_script(w, "changed.js", "1");
  wait_until(w, has_status,
             &(struct app_status){w, "other", ZPM_STATUS_RUNNING, 1});
  assert_int_equal(view(w, "api").status, ZPM_STATUS_STOPPED);
  stop(w, "other");
}

static void in_dev_mode_what_ended_well_waits_for_a_change(void **state)
{
  struct world *w = *state;

  write_script(w, "api", "exit 0");
  start(w, config_of(w, "api", "devMode", "true", NULL));
  wait_status(w, "api", ZPM_STATUS_STOPPED);
  write_script(w, "api", "exec sleep 1000");
  wait_status(w, "api", ZPM_STATUS_RUNNING);
  stop(w, "api");
}

static void a_reload_command_runs_first(void **state)
{
  struct world *w = *state;

  write_script(w, "api", "exec sleep 1000");
  start(w, config_of(w, "api", "devMode", "true", "reloadCommand",
                     "echo building; touch .built", NULL));
  write_script(w, "source.js", "1");
  wait_output(w, "building");
  wait_restarts(w, 1);
  assert_int_equal(access(in_folder(w, ".built"), F_OK), 0);
  stop(w, "api");
}

static bool is_troubled(void *ctx)
{
  return strstr(((struct world *)ctx)->trouble, "reloadCommand failed") != NULL;
}

static void a_failing_reload_command_keeps_the_old_process(void **state)
{
  struct world *w = *state;
  int pid;

  write_script(w, "api", "exec sleep 1000");
  start(w, config_of(w, "api", "devMode", "true", "reloadCommand",
                     "echo no such type; exit 3", NULL));
  pid = view(w, "api").pid;
  write_script(w, "source.js", "1");
  wait_until(w, is_troubled, w);
  assert_non_null(strstr(w->trouble, "app 'api': reloadCommand failed (exit "
                                     "code 3"));
  assert_int_equal(view(w, "api").pid, pid);
  stop(w, "api");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_build_error_waits_for_a_changed_file,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_added_file_is_enough, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(in_dev_mode_a_changed_file_restarts,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_is_stopped_stays_stopped, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(
          in_dev_mode_what_ended_well_waits_for_a_change, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_reload_command_runs_first, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(
          a_failing_reload_command_keeps_the_old_process, set_up, tear_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
