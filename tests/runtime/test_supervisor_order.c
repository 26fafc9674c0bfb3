#include "runtime/supervisor_fixture.h"

#include "runtime/app.h"

#define SLEEPER "exec sleep 1000"

/* Apps come back in the order in which people started them. */

/* What is spawned last may run first: of two neighbours, who was asked for
 * first is told by the ids of their runs. */
static uint64_t run_of(const struct world *w, const char *name)
{
  const struct zpm_app *app = zpm_supervisor_find(w->supervisor, name);

  assert_non_null(app);
  return app->procs[0]->tree.id;
}

static void restart_all_of_it(struct world *w)
{
  struct outcome outcome = {0};

  zpm_supervisor_suspend(w->supervisor, on_done, &outcome);
  wait_done(w, &outcome);
  close_supervisor(w);
  open_supervisor(w);
  zpm_supervisor_resume(w->supervisor);
}

static void restart(struct world *w, const char *name)
{
  struct outcome outcome = {0};

  zpm_supervisor_restart(w->supervisor, name, NULL, on_done, &outcome);
  wait_done(w, &outcome);
}

static void wait_all(struct world *w)
{
  wait_status(w, "a", ZPM_STATUS_RUNNING);
  wait_status(w, "b", ZPM_STATUS_RUNNING);
  wait_status(w, "c", ZPM_STATUS_RUNNING);
}

static int start_all(void **state)
{
  struct world *w;

  if (set_up(state) != 0)
    return -1;
  w = *state;
  write_script(w, "a", SLEEPER);
  write_script(w, "b", SLEEPER);
  write_script(w, "c", SLEEPER);
  start(w, config_of(w, "a", NULL));
  start(w, config_of(w, "b", NULL));
  start(w, config_of(w, "c", NULL));
  return 0;
}

static void apps_come_back_in_the_order_of_their_starts(void **state)
{
  struct world *w = *state;

  restart_all_of_it(w);
  wait_all(w);
  assert_true(run_of(w, "a") < run_of(w, "b"));
  assert_true(run_of(w, "b") < run_of(w, "c"));
}

static void one_that_was_started_later_comes_later(void **state)
{
  struct world *w = *state;

  stop(w, "a");
  start(w, config_of(w, "a", NULL));
  stop(w, "b");
  restart(w, "b");
  restart_all_of_it(w);
  wait_all(w);
  assert_true(run_of(w, "c") < run_of(w, "a"));
  assert_true(run_of(w, "a") < run_of(w, "b"));
  /* What people are shown keeps its order. */
  assert_ptr_equal(zpm_supervisor_find(w->supervisor, "a"),
                   zpm_supervisor_app(w->supervisor, 0));
}

static void a_restart_of_one_that_is_up_changes_nothing(void **state)
{
  struct world *w = *state;

  restart(w, "a");
  restart_all_of_it(w);
  wait_all(w);
  assert_true(run_of(w, "a") < run_of(w, "b"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(
          apps_come_back_in_the_order_of_their_starts, start_all, tear_down),
      cmocka_unit_test_setup_teardown(one_that_was_started_later_comes_later,
                                      start_all, tear_down),
      cmocka_unit_test_setup_teardown(
          a_restart_of_one_that_is_up_changes_nothing, start_all, tear_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
