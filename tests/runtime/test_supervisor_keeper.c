/* The keeper dies, and nothing else does. */
#include "runtime/supervisor_fixture.h"

static int keeper_of(const struct world *w)
{
  return zpm_supervisor_keeper_pid(w->supervisor);
}

struct old_keeper {
  const struct world *w;
  int pid;
};

static bool there_is_a_new_one(void *ctx)
{
  const struct old_keeper *old = ctx;
  int pid = keeper_of(old->w);

  return pid != 0 && pid != old->pid;
}

static void wait_keeper(struct world *w, int but)
{
  wait_until(w, there_is_a_new_one, &(struct old_keeper){w, but});
}

static void kill_keeper(struct world *w)
{
  int old;

  wait_keeper(w, 0);
  old = keeper_of(w);
  kill(old, SIGKILL);
  wait_keeper(w, old);
}

static const struct zpm_exit *last_exit(const struct world *w, const char *name)
{
  const struct zpm_past *past = view(w, name).past;

  return past->len > 0 ? &past->exits[0] : NULL;
}

/* Where the kernel tells it (Linux 6.15), it is right; elsewhere nobody can. */
static void assert_exit(const struct zpm_exit *end, int code, int signal)
{
  assert_non_null(end);
  if (!end->known)
    return;
  assert_int_equal(end->code, code);
  assert_int_equal(end->signal, signal);
}

static void an_app_goes_on_under_a_new_keeper(void **state)
{
  struct world *w = *state;
  struct outcome outcome;
  int pid;

  write_script(w, "api",
               "echo one; until [ -e go ]; do sleep 0.02; done\n"
               "echo two; exec sleep 1000");
  start(w, config_of(w, "api", NULL));
  wait_output(w, "one");
  pid = view(w, "api").pid;
  for (int round = 0; round < 3; round++) {
    kill_keeper(w);
    assert_int_equal(view(w, "api").pid, pid);
    assert_int_equal(view(w, "api").status, ZPM_STATUS_RUNNING);
    assert_int_equal(view(w, "api").total_restarts, 0);
  }
  close(open(in_folder(w, "go"), O_CREAT | O_WRONLY, 0600));
  wait_output(w, "two");
  outcome = stop(w, "api");
  assert_int_equal(outcome.code, 0);
  assert_true(is_dead(pid));
  assert_exit(last_exit(w, "api"), -1, SIGTERM);
}

static void an_end_is_noticed_by_whoever_is_no_parent(void **state)
{
  struct world *w = *state;

  write_script(w, "api", "until [ -e go ]; do sleep 0.02; done; exit 42");
  start(w, config_of(w, "api", "autorestart", "false", NULL));
  kill_keeper(w);
  close(open(in_folder(w, "go"), O_CREAT | O_WRONLY, 0600));
  wait_status(w, "api", ZPM_STATUS_ERRORED);
  assert_exit(last_exit(w, "api"), 42, 0);
}

static void a_crash_of_one_that_went_on_is_a_crash(void **state)
{
  struct world *w = *state;
  struct app_status again = {w, "api", ZPM_STATUS_RUNNING, 1};
  int pid;

  write_script(w, "api", "exec sleep 1000");
  start(w, config_of(w, "api", "immediateCrash", "retry", "minBackoff", "1",
                     NULL));
  pid = view(w, "api").pid;
  kill_keeper(w);
  kill(pid, SIGKILL);
  wait_until(w, has_status, &again);
  assert_exit(last_exit(w, "api"), -1, SIGKILL);
  pid = view(w, "api").pid;
  kill_keeper(w); /* that one is a child of the second keeper */
  assert_int_equal(view(w, "api").pid, pid);
}

static void the_rest_of_a_tree_is_found_at_its_new_parent(void **state)
{
  struct world *w = *state;
  int orphan;

  write_script(w, "api",
               "until [ -e go ]; do sleep 0.02; done\n"
               "(setsid sh -c 'echo $$ > orphan; exec sleep 1000' &)\n"
               "exec sleep 1000");
  start(w, config_of(w, "api", NULL));
  kill_keeper(w);
  close(open(in_folder(w, "go"), O_CREAT | O_WRONLY, 0600));
  orphan = wait_pid(w, "orphan");
  assert_int_equal(stop(w, "api").code, 0);
  assert_true(is_dead(orphan));
}

static void a_restart_that_is_under_way_is_finished(void **state)
{
  struct world *w = *state;
  struct outcome restarted = {0};
  int pid;

  write_script(w, "api", "trap '' TERM; echo up; exec sleep 1000");
  start(w, config_of(w, "api", "killTimeout", "200", NULL));
  wait_output(w, "up");
  wait_keeper(w, 0);
  pid = view(w, "api").pid;
  zpm_supervisor_restart(w->supervisor, "api", NULL, on_done, &restarted);
  kill(keeper_of(w), SIGKILL);
  wait_done(w, &restarted);
  assert_int_equal(restarted.code, 0);
  assert_true(is_dead(pid));
  assert_int_equal(view(w, "api").status, ZPM_STATUS_RUNNING);
}

/* The keeper is stopped, so that it cannot do what it was asked for. */
static void a_start_that_it_did_not_hear_of_is_made_again(void **state)
{
  struct world *w = *state;
  struct outcome started = {0};
  struct zpm_config config;

  write_script(w, "api", "echo up; exec sleep 1000");
  wait_keeper(w, 0);
  config = config_of(w, "api", NULL);
  kill(keeper_of(w), SIGSTOP);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &started);
  kill(keeper_of(w), SIGKILL);
  wait_done(w, &started);
  wait_status(w, "api", ZPM_STATUS_RUNNING);
  zpm_config_deinit(&config);
}

static void a_probe_that_is_under_way_goes_on(void **state)
{
  struct world *w = *state;
  int probe;

  write_script(w, "api", "exec sleep 1000");
  start(w, config_of(w, "api", "probe",
                     "exec:echo $$ > probe; until [ -e go ]; do sleep 0.02; "
                     "done; echo > done,interval=0.1",
                     NULL));
  probe = wait_pid(w, "probe");
  kill_keeper(w);
  assert_false(is_dead(probe));
  close(open(in_folder(w, "go"), O_CREAT | O_WRONLY, 0600));
  wait_until(w, pid_is_gone, &probe);
  assert_int_equal(access(in_folder(w, "done"), F_OK), 0);
}

static bool is_told(void *ctx)
{
  const struct world *w = ctx;

  return strstr(w->trouble, "cannot start ") != NULL;
}

static void without_a_keeper_apps_run_and_it_is_tried_again(void **state)
{
  struct world *w = *state;
  int pid;
  int old;

  write_script(w, "api", "exec sleep 1000");
  write_script(w, "other", "exec sleep 1000");
  start(w, config_of(w, "api", NULL));
  pid = view(w, "api").pid;
  wait_keeper(w, 0);
  old = keeper_of(w);
  assert_int_equal(unlink(in_folder(w, "zpm-keeper")), 0);
  kill(old, SIGKILL);
  wait_until(w, is_told, w);
  assert_int_equal(view(w, "api").pid, pid);
  assert_int_equal(start(w, config_of(w, "other", NULL)).code, ZPM_ESTART);
  assert_int_equal(symlink(ZPM_TEST_KEEPER, in_folder(w, "zpm-keeper")), 0);
  wait_keeper(w, old);
  assert_int_equal(view(w, "api").pid, pid);
  assert_int_equal(start(w, config_of(w, "other", NULL)).code, 0);
  assert_int_equal(stop(w, "api").code, 0);
}

static void the_end_of_its_host_is_the_end_of_all(void **state)
{
  struct world *w = *state;
  int pid;

  write_script(w, "api", "exec sleep 1000");
  start(w, config_of(w, "api", NULL));
  pid = view(w, "api").pid;
  kill_keeper(w);
  close_supervisor(w);
  open_supervisor(w);
  wait_until(w, pid_is_gone, &pid);
}

#define in_a_world(test)                                                       \
  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      in_a_world(an_app_goes_on_under_a_new_keeper),
      in_a_world(an_end_is_noticed_by_whoever_is_no_parent),
      in_a_world(a_crash_of_one_that_went_on_is_a_crash),
      in_a_world(the_rest_of_a_tree_is_found_at_its_new_parent),
      in_a_world(a_restart_that_is_under_way_is_finished),
      in_a_world(a_start_that_it_did_not_hear_of_is_made_again),
      in_a_world(a_probe_that_is_under_way_goes_on),
      in_a_world(without_a_keeper_apps_run_and_it_is_tried_again),
      in_a_world(the_end_of_its_host_is_the_end_of_all),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
