#include "runtime/supervisor_fixture.h"

static const char SLEEPER[] = "echo ready\nexec sleep 1000";

static void a_started_app_runs_and_a_stopped_one_is_gone(void **state)
{
  struct world *w = *state;
  struct outcome outcome;
  int pid;

  write_script(w, "api", SLEEPER);
  outcome = start(w, config_of(w, "api", NULL));
  assert_int_equal(outcome.code, 0);
  assert_non_null(strstr(outcome.text, "'api' started, pid "));
  pid = view(w, "api").pid;
  assert_int_equal(kill(pid, 0), 0);
  assert_int_equal(view(w, "api").status, ZPM_STATUS_RUNNING);

  outcome = stop(w, "api");
  assert_string_equal(outcome.text, "'api' stopped");
  assert_int_equal(view(w, "api").status, ZPM_STATUS_STOPPED);
  wait_until(w, pid_is_gone, &pid);
  assert_string_equal(stop(w, "api").text, "'api' is not running");
}

static void its_output_is_told_and_kept(void **state)
{
  struct world *w = *state;
  char line[16] = {0};
  FILE *f;

  write_script(w, "api", "echo hello; echo oops >&2; exec sleep 1000");
  start(w, config_of(w, "api", NULL));
  wait_output(w, "hello");
  wait_output(w, "oops");
  f = fopen(in_folder(w, "logs/api/out.log"), "re");
  assert_non_null(f);
  assert_non_null(fgets(line, sizeof(line), f));
  assert_string_equal(line, "hello\n");
  fclose(f);
}

static void what_cannot_start_is_told_by_start_itself(void **state)
{
  struct world *w = *state;
  struct outcome outcome;

  outcome = start(w, config_of(w, "missing", NULL));
  assert_int_equal(outcome.code, ZPM_ESTART);
  assert_non_null(strstr(outcome.text, "missing"));
  assert_int_equal(view(w, "missing").status, ZPM_STATUS_ERRORED);
  assert_non_null(view(w, "missing").last_error);

  write_script(w, "locked", "exit 0");
  chmod(in_folder(w, "locked"), 0644);
  outcome = start(w, config_of(w, "locked", NULL));
  assert_int_equal(outcome.code, ZPM_ESTART);
  assert_non_null(strstr(outcome.text, "chmod +x"));

  write_script(w, "api", SLEEPER);
  outcome = start(w, config_of(w, "api", "cwd", "/no/such/folder", NULL));
  assert_int_equal(outcome.code, ZPM_ESTART);
  assert_non_null(strstr(outcome.text, "/no/such/folder"));
}

static void an_app_that_could_not_start_starts_once_it_can(void **state)
{
  struct world *w = *state;

  assert_int_equal(start(w, config_of(w, "late", NULL)).code, ZPM_ESTART);
  write_script(w, "late", SLEEPER);
  assert_int_equal(start(w, config_of(w, "late", NULL)).code, 0);
  assert_null(view(w, "late").last_error);
}

static void an_immediate_crash_is_held(void **state)
{
  struct world *w = *state;

  write_script(w, "broken", "echo no good >&2; exit 3");
  assert_int_equal(start(w, config_of(w, "broken", NULL)).code, 0);
  wait_status(w, "broken", ZPM_STATUS_ERRORED);
  assert_int_equal(view(w, "broken").past->exits[0].code, 3);
  assert_int_equal(w->exits, 1);
}

static void a_crash_is_restarted_and_counted(void **state)
{
  struct world *w = *state;
  struct app_status thrice = {w, "loop", ZPM_STATUS_RUNNING, 3};

  write_script(w, "loop", "sleep 0.05; exit 1");
  start(w, config_of(w, "loop", "immediateCrash", "retry", "minBackoff", "0",
                     NULL));
  wait_until(w, has_status, &thrice);
  assert_true(view(w, "loop").restart_count >= 3);
  assert_int_equal(view(w, "loop").past->exits[0].code, 1);
}

static void exit_0_is_the_end_of_it(void **state)
{
  struct world *w = *state;

  write_script(w, "job", "echo done");
  start(w, config_of(w, "job", NULL));
  wait_status(w, "job", ZPM_STATUS_STOPPED);
  wait_output(w, "done");
  assert_int_equal(view(w, "job").past->exits[0].code, 0);
}

/* The script says the pid of a process that should not outlive it. */
static int pid_in_output(struct world *w, const char *key)
{
  wait_output(w, key);
  return atoi(strstr(w->output, key) + strlen(key));
}

static void a_stop_reaches_what_ignores_the_signal(void **state)
{
  struct world *w = *state;
  int pid;

  write_script(w, "deaf",
               "trap '' TERM\necho pid=$$.\nwhile :; do sleep 1; done");
  start(w, config_of(w, "deaf", "killTimeout", "100", NULL));
  pid = pid_in_output(w, "pid=");
  assert_int_equal(stop(w, "deaf").code, 0);
  wait_until(w, pid_is_gone, &pid);
}

static void a_stop_reaches_a_stopped_process(void **state)
{
  struct world *w = *state;
  int pid;

  write_script(w, "frozen", "echo pid=$$.\nexec sleep 1000");
  start(w, config_of(w, "frozen", NULL));
  pid = pid_in_output(w, "pid=");
  kill(pid, SIGSTOP);
  assert_int_equal(stop(w, "frozen").code, 0);
  wait_until(w, pid_is_gone, &pid);
}

static void a_stop_reaches_children_that_left_the_session(void **state)
{
  struct world *w = *state;
  int pid;

  write_script(w, "forker",
               "setsid sh -c 'trap \"\" TERM; echo pid=$$.; (exec sleep 1000) &"
               " while :; do sleep 1; done' &\n"
               "exec sleep 1000");
  start(w, config_of(w, "forker", "killTimeout", "100", NULL));
  pid = pid_in_output(w, "pid=");
  assert_int_equal(stop(w, "forker").code, 0);
  assert_true(is_dead(pid));
}

static void a_crash_takes_its_orphans_with_it(void **state)
{
  struct world *w = *state;
  int pid;

  write_script(w, "parent",
               "setsid sh -c 'echo pid=$$.; exec sleep 1000' &\n"
               "sleep 0.3; exit 1");
  start(w, config_of(w, "parent", NULL));
  pid = pid_in_output(w, "pid=");
  wait_status(w, "parent", ZPM_STATUS_ERRORED);
  assert_true(is_dead(pid));
}

static void a_restart_gives_a_new_process(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};
  int before;

  write_script(w, "api", SLEEPER);
  start(w, config_of(w, "api", NULL));
  before = view(w, "api").pid;
  zpm_supervisor_restart(w->supervisor, "api", NULL, on_done, &outcome);
  wait_done(w, &outcome);
  assert_int_equal(outcome.code, 0);
  assert_int_not_equal(view(w, "api").pid, before);
  assert_true(is_dead(before));
  assert_int_equal(view(w, "api").total_restarts, 1);
  assert_int_equal(view(w, "api").restart_count, 0);
}

static void the_last_wish_wins(void **state)
{
  struct world *w = *state;
  struct outcome stopped = {0}, restarted = {0}, deleted = {0}, last = {0};
  struct zpm_config config;

  write_script(w, "api", SLEEPER);
  start(w, config_of(w, "api", NULL));
  zpm_supervisor_restart(w->supervisor, "api", NULL, on_done, &restarted);
  zpm_supervisor_stop(w->supervisor, "api", on_done, &stopped);
  wait_done(w, &restarted);
  wait_done(w, &stopped);
  assert_int_equal(restarted.code, ZPM_ESUPERSEDED);
  assert_int_equal(stopped.code, 0);

  start(w, config_of(w, "api", NULL));
  zpm_supervisor_delete(w->supervisor, "api", on_done, &deleted);
  config = config_of(w, "api", NULL);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &last);
  zpm_config_deinit(&config);
  wait_done(w, &deleted);
  wait_done(w, &last);
  assert_int_equal(deleted.code, ZPM_ESUPERSEDED);
  assert_int_equal(last.code, 0);
  assert_int_equal(view(w, "api").status, ZPM_STATUS_RUNNING);
}

static void a_start_of_a_running_app_changes_nothing_and_says_so(void **state)
{
  struct world *w = *state;
  struct outcome outcome;

  write_script(w, "api", SLEEPER);
  start(w, config_of(w, "api", NULL));
  outcome = start(w, config_of(w, "api", NULL));
  assert_int_equal(outcome.code, 0);
  assert_non_null(strstr(outcome.text, "already running"));
  assert_null(strstr(outcome.text, "restart"));
  outcome = start(w, config_of(w, "api", "port", "4000", NULL));
  assert_non_null(strstr(outcome.text, "It runs without your port: "));
  assert_non_null(strstr(outcome.text, "zpm restart api"));
  assert_int_equal(view(w, "api").config->port, 0);
}

static void a_start_of_a_stopped_app_merges_what_is_given(void **state)
{
  struct world *w = *state;
  struct zpm_config only_port;

  write_script(w, "api", "echo port=$PORT arg=$1 x=$X.; exec sleep 1000");
  start(w, config_of(w, "api", "args", "one", "env", "X=1", NULL));
  wait_output(w, "port= arg=one x=1.");
  stop(w, "api");
  zpm_config_init(&only_port);
  zpm_config_set_text(&only_port, zpm_config_field_of_name("name", 4), "api",
                      NULL);
  zpm_config_set_text(&only_port, zpm_config_field_of_name("port", 4), "4000",
                      NULL);
  assert_int_equal(start(w, only_port).code, 0);
  wait_output(w, "port=4000 arg=one x=1.");
}

static void a_wrong_name_suggests_the_near_one(void **state)
{
  struct world *w = *state;
  struct outcome outcome;

  write_script(w, "api-server", SLEEPER);
  start(w, config_of(w, "api-server", NULL));
  outcome = stop(w, "api-sever");
  assert_int_equal(outcome.code, ZPM_ENOAPP);
  assert_non_null(strstr(outcome.text, "Did you mean 'api-server'"));
}

static void a_deleted_app_is_forgotten(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};

  write_script(w, "api", SLEEPER);
  start(w, config_of(w, "api", NULL));
  zpm_supervisor_delete(w->supervisor, "api", on_done, &outcome);
  wait_done(w, &outcome);
  assert_string_equal(outcome.text, "'api' deleted");
  assert_null(zpm_supervisor_find(w->supervisor, "api"));
  assert_int_equal(w->deleted, 1);
  assert_int_equal(zpm_supervisor_count(w->supervisor), 0);
}

static void what_is_wanted_survives_the_supervisor(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};

  write_script(w, "up", SLEEPER);
  write_script(w, "down", SLEEPER);
  start(w, config_of(w, "up", "port", "4000", NULL));
  start(w, config_of(w, "down", NULL));
  stop(w, "down");
  zpm_supervisor_suspend(w->supervisor, on_done, &outcome);
  wait_done(w, &outcome);
  close_supervisor(w);

  open_supervisor(w);
  assert_int_equal(zpm_supervisor_count(w->supervisor), 2);
  zpm_supervisor_resume(w->supervisor);
  wait_status(w, "up", ZPM_STATUS_RUNNING);
  assert_int_equal(view(w, "up").config->port, 4000);
  assert_int_equal(view(w, "down").status, ZPM_STATUS_STOPPED);
}

static bool is_saved(void *ctx)
{
  return access(in_folder(ctx, "state.json"), F_OK) == 0;
}

/* Its daemon may die before it is, and the next one takes it over. */
static void a_run_that_has_just_begun_is_not_saved_as_ready(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};
  struct zpm_config config;
  char text[2048] = "";
  FILE *f;

  write_script(w, "slow", SLEEPER);
  config = config_of(w, "slow", "waitReady", "true", NULL);
  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &outcome);
  wait_until(w, is_saved, w);
  f = fopen(in_folder(w, "state.json"), "re");
  assert_non_null(f);
  assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
  fclose(f);
  assert_non_null(strstr(text, "\"run\""));
  assert_non_null(strstr(text, "\"ready\":false"));
  wait_done(w, &outcome);
  zpm_config_deinit(&config);
  stop(w, "slow");
}

static void a_torn_state_falls_back_to_the_one_before(void **state)
{
  struct world *w = *state;
  struct stat info;
  FILE *torn;

  write_script(w, "api", SLEEPER);
  start(w, config_of(w, "api", NULL));
  stop(w, "api");
  close_supervisor(w);
  torn = fopen(in_folder(w, "torn"), "we");
  assert_non_null(torn);
  fputs("{\"version\":1,\"apps\":[{\"con", torn);
  fclose(torn);
  assert_int_equal(rename(in_folder(w, "torn"), in_folder(w, "state.json")), 0);

  open_supervisor(w);
  assert_int_equal(zpm_supervisor_count(w->supervisor), 1);
  assert_non_null(view(w, "api").name);
  assert_int_equal(stat(in_folder(w, "state.json.damaged"), &info), 0);
  assert_int_equal(w->troubles, 1);
}

static void figures_are_of_the_whole_tree(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};
  struct zpm_worker_view worker;

  write_script(w, "tree", "sleep 1000 & sleep 1000 & echo up\nwait");
  start(w, config_of(w, "tree", NULL));
  wait_output(w, "up");
  zpm_supervisor_measure(w->supervisor, NULL, on_done, &outcome);
  wait_done(w, &outcome);
  zpm_app_worker_view(zpm_supervisor_find(w->supervisor, "tree"), 0, &worker);
  assert_int_equal(worker.processes, 3);
  assert_true(worker.rss_bytes > 0);
}

static bool counts_two(void *ctx)
{
  struct world *w = ctx;
  struct outcome outcome = {0};
  struct zpm_worker_view worker;

  zpm_supervisor_measure(w->supervisor, NULL, on_done, &outcome);
  zpm_app_worker_view(zpm_supervisor_find(w->supervisor, "tree"), 0, &worker);
  return worker.processes == 2;
}

/* What left the session is found by its marker, which "idle" does not have. */
static void figures_do_not_depend_on_an_app_that_never_ran(void **state)
{
  struct world *w = *state;
  struct zpm_config idle = config_of(w, "idle", NULL);
  struct outcome outcome = {0};

  zpm_supervisor_add(w->supervisor, &(struct zpm_order){.config = &idle},
                     on_done, &outcome);
  zpm_config_deinit(&idle);
  write_script(w, "tree",
               "sh -c 'setsid sleep 1000 & echo up'\nexec sleep 1000");
  start(w, config_of(w, "tree", NULL));
  wait_output(w, "up");
  wait_until(w, counts_two, w);
}

static void many_start_and_stop_at_once(void **state)
{
  enum { COUNT = 40 };
  struct world *w = *state;
  struct outcome outcomes[COUNT];
  char name[16];

  memset(outcomes, 0, sizeof(outcomes));
  for (int i = 0; i < COUNT; i++) {
    struct zpm_config config;

    snprintf(name, sizeof(name), "app%d", i);
    write_script(w, name, SLEEPER);
    config = config_of(w, name, NULL);
    zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                         on_done, &outcomes[i]);
    zpm_config_deinit(&config);
  }
  for (int i = 0; i < COUNT; i++) {
    wait_done(w, &outcomes[i]);
    assert_int_equal(outcomes[i].code, 0);
  }
  memset(outcomes, 0, sizeof(outcomes));
  for (int i = 0; i < COUNT; i++) {
    snprintf(name, sizeof(name), "app%d", i);
    zpm_supervisor_stop(w->supervisor, name, on_done, &outcomes[i]);
  }
  for (int i = 0; i < COUNT; i++)
    wait_done(w, &outcomes[i]);
}

static void closing_answers_what_is_open_and_leaves_no_process(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};
  int pid;

  write_script(w, "api",
               "trap '' TERM\necho pid=$$.\nwhile :; do sleep 1; done");
  start(w, config_of(w, "api", NULL));
  pid = pid_in_output(w, "pid=");
  zpm_supervisor_stop(w->supervisor, "api", on_done, &outcome);
  close_supervisor(w);
  assert_true(outcome.done);
  assert_int_equal(outcome.code, ZPM_ECLOSING);
  wait_until(w, pid_is_gone, &pid);
  open_supervisor(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_started_app_runs_and_a_stopped_one_is_gone),
      TEST(its_output_is_told_and_kept),
      TEST(what_cannot_start_is_told_by_start_itself),
      TEST(an_app_that_could_not_start_starts_once_it_can),
      TEST(an_immediate_crash_is_held),
      TEST(a_crash_is_restarted_and_counted),
      TEST(exit_0_is_the_end_of_it),
      TEST(a_stop_reaches_what_ignores_the_signal),
      TEST(a_stop_reaches_a_stopped_process),
      TEST(a_stop_reaches_children_that_left_the_session),
      TEST(a_crash_takes_its_orphans_with_it),
      TEST(a_restart_gives_a_new_process),
      TEST(the_last_wish_wins),
      TEST(a_start_of_a_running_app_changes_nothing_and_says_so),
      TEST(a_start_of_a_stopped_app_merges_what_is_given),
      TEST(a_wrong_name_suggests_the_near_one),
      TEST(a_deleted_app_is_forgotten),
      TEST(what_is_wanted_survives_the_supervisor),
      TEST(a_run_that_has_just_begun_is_not_saved_as_ready),
      TEST(a_torn_state_falls_back_to_the_one_before),
      TEST(figures_are_of_the_whole_tree),
      TEST(figures_do_not_depend_on_an_app_that_never_ran),
      TEST(many_start_and_stop_at_once),
      TEST(closing_answers_what_is_open_and_leaves_no_process),
  };

  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
