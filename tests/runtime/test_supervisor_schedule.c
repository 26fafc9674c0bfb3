/* Restarts by cron, with real processes and a clock that is the test's. */
#include "runtime/supervisor_fixture.h"

#include "platform/platform.h"

/* These stand in for platform/clock.c. */
static struct {
  int64_t now_s;
} wall = {1000000000};

int64_t zpm_platform_wall_s(void)
{
  return wall.now_s;
}

int32_t zpm_platform_utc_offset(int64_t at_s)
{
  (void)at_s;
  return 0;
}

static const char SLEEPER[] = "exec sleep 1000";

static void an_app_is_restarted_when_its_time_comes(void **state)
{
  struct world *w = *state;
  int before;

  write_script(w, "app", SLEEPER);
  assert_int_equal(
      start(w, config_of(w, "app", "cron", "*/5 * * * *", NULL)).code, 0);
  before = view(w, "app").pid;
  wall.now_s += 300;
  wait_until(w, has_status,
             &(struct app_status){w, "app", ZPM_STATUS_RUNNING, 1});
  assert_int_not_equal(view(w, "app").pid, before);
  assert_int_equal(view(w, "app").restart_count, 0);
  assert_string_equal(w->trouble,
                      "app 'app': restarted, as its schedule (cron) says\n");
  assert_int_equal(stop(w, "app").code, 0);
}

static void one_that_is_stopped_stays_so(void **state)
{
  struct world *w = *state;

  write_script(w, "app", SLEEPER);
  write_script(w, "other", SLEEPER);
  start(w, config_of(w, "app", "cron", "*/5 * * * *", NULL));
  start(w, config_of(w, "other", "cron", "*/5 * * * *", NULL));
  assert_int_equal(stop(w, "app").code, 0);
  wall.now_s += 300;
  wait_until(w, has_status,
             &(struct app_status){w, "other", ZPM_STATUS_RUNNING, 1});
  assert_int_equal(view(w, "app").status, ZPM_STATUS_STOPPED);
  assert_int_equal(stop(w, "other").code, 0);
}

static void one_that_is_stopped_while_it_restarts_has_no_error(void **state)
{
  struct world *w = *state;

  write_script(w, "app", "trap '' TERM; echo up; while :; do sleep 1; done");
  start(w,
        config_of(w, "app", "cron", "*/5 * * * *", "killTimeout", "300", NULL));
  wait_output(w, "up\n");
  wall.now_s += 300;
  wait_status(w, "app", ZPM_STATUS_STOPPING);
  assert_non_null(view(w, "app").last_error);
  assert_int_equal(stop(w, "app").code, 0);
  assert_null(view(w, "app").last_error);
  assert_string_equal(view(w, "app").past->reasons[0],
                      "restarted, as its schedule (cron) says");
}

static void one_that_has_done_its_work_does_it_again(void **state)
{
  struct world *w = *state;

  write_script(w, "job", "echo done; exit 0");
  start(w, config_of(w, "job", "cron", "*/5 * * * *", NULL));
  wait_status(w, "job", ZPM_STATUS_STOPPED);
  wait_output(w, "done\n");
  assert_true(view(w, "job").busy);
  wall.now_s += 300;
  wait_output(w, "done\ndone\n");
  wait_status(w, "job", ZPM_STATUS_STOPPED);
  assert_int_equal(stop(w, "job").code, 0);
  assert_false(view(w, "job").busy);
}

static void
one_that_has_done_its_work_does_it_again_for_the_next_daemon(void **state)
{
  struct world *w = *state;
  struct outcome suspended = {0};

  write_script(w, "job", "echo done; exit 0");
  start(w, config_of(w, "job", "cron", "*/5 * * * *", NULL));
  wait_status(w, "job", ZPM_STATUS_STOPPED);
  zpm_supervisor_suspend(w->supervisor, on_done, &suspended);
  wait_done(w, &suspended);
  close_supervisor(w);
  open_supervisor(w);
  zpm_supervisor_resume(w->supervisor);
  wall.now_s += 300;
  wait_output(w, "done\ndone\n");
  wait_status(w, "job", ZPM_STATUS_STOPPED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(an_app_is_restarted_when_its_time_comes),
      TEST(one_that_is_stopped_stays_so),
      TEST(one_that_is_stopped_while_it_restarts_has_no_error),
      TEST(one_that_has_done_its_work_does_it_again),
      TEST(one_that_has_done_its_work_does_it_again_for_the_next_daemon),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
