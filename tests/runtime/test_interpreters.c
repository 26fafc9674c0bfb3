/* Tests of Node binaries, which are scripts here: with them nothing depends on
 * how long a Node takes.  What a real one does: tests/integration/cluster. */
#include "runtime/supervisor_fixture.h"

#include "runtime/supervisor_internal.h"

/* Notes the pid of a test. */
#define NOTES "case \"$*\" in *selftest.cjs*) echo $$ >> tested ;; esac; "

/* And never says a word. */
static const char SILENT[] = NOTES "exec sleep 1000";

static struct zpm_interpreters *interpreters_of(struct world *w)
{
  return &w->supervisor->services.interpreters;
}

/* The scripts of zpm lie in the folder, too, as does a `node`. */
static void give_node(struct world *w, const char *body)
{
  static _Thread_local char agent[128];
  char text[512];

  snprintf(agent, sizeof(agent), "%s", in_folder(w, "agent.cjs"));
  snprintf(text, sizeof(text), "cd %s; %s", w->folder, body);
  write_script(w, "agent.cjs", "");
  write_script(w, "selftest.cjs", "");
  write_script(w, "app", "");
  write_script(w, "node", text);
  w->supervisor->services.agent_path = agent;
}

static struct zpm_config worker_of(const struct world *w, const char *name)
{
  struct zpm_config config =
      config_of(w, "app", "mode", "cluster", "instances", "3",
                "interpreterCommand", in_folder(w, "node"), NULL);

  zpm_config_set_text(&config, zpm_config_field_of_name("name", 4), name, NULL);
  return config;
}

static bool no_test_runs(void *ctx)
{
  struct world *w = ctx;

  return zpm_list_empty(&interpreters_of(w)->tests) &&
         zpm_list_empty(&w->supervisor->services.jobs);
}

static unsigned lines_in(const struct world *w, const char *name)
{
  FILE *f = fopen(in_folder(w, name), "re");
  unsigned lines = 0;
  int c;

  if (f == NULL)
    return 0;
  while ((c = fgetc(f)) != EOF)
    lines += c == '\n';
  fclose(f);
  return lines;
}

static void begin(struct world *w, const char *name, struct outcome *outcome)
{
  struct zpm_config config = worker_of(w, name);

  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, outcome);
  zpm_config_deinit(&config);
}

static void one_that_is_silent_fails_when_its_time_is_over(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};
  int pid;

  give_node(w, SILENT);
  interpreters_of(w)->limit_ms = 100;
  begin(w, "web", &outcome);
  wait_done(w, &outcome);
  assert_int_equal(outcome.code, 0);
  assert_non_null(strstr(outcome.text, "did not say that it is online"));
  wait_until(w, no_test_runs, w);
  assert_int_equal(lines_in(w, "selftests"), 1); /* it may be the machine */
  pid = pid_in(w, "tested");
  assert_true(pid == 0 || is_dead(pid));
  assert_int_equal(stop(w, "web").code, 0);
}

static void all_who_start_meanwhile_wait_for_one_test(void **state)
{
  struct world *w = *state;
  struct outcome one = {0};
  struct outcome other = {0};

  give_node(w, SILENT);
  interpreters_of(w)->limit_ms = 100;
  begin(w, "one", &one);
  begin(w, "other", &other);
  wait_done(w, &one);
  wait_done(w, &other);
  assert_int_equal(one.code, 0);
  assert_int_equal(other.code, 0);
  assert_int_equal(lines_in(w, "tested"), 1);
  assert_int_equal(stop(w, "one").code, 0);
  assert_int_equal(stop(w, "other").code, 0);
}

static void a_test_goes_on_as_long_as_somebody_waits_for_it(void **state)
{
  struct world *w = *state;
  struct outcome one = {0};
  struct outcome other = {0};
  int pid;

  give_node(w, SILENT);
  begin(w, "one", &one);
  begin(w, "other", &other);
  pid = wait_pid(w, "tested");
  assert_int_equal(stop(w, "one").code, 0);
  assert_int_equal(one.code, ZPM_ESUPERSEDED);
  assert_false(is_dead(pid));
  assert_int_equal(stop(w, "other").code, 0);
  wait_until(w, no_test_runs, w);
  assert_true(is_dead(pid));
  assert_int_equal(lines_in(w, "selftests"), 0);
  assert_int_equal(lines_in(w, "tested"), 1);
}

static void a_supervisor_that_ends_ends_its_tests(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};
  int pid;

  give_node(w, SILENT);
  begin(w, "web", &outcome);
  pid = wait_pid(w, "tested");
  close_supervisor(w);
  assert_int_equal(outcome.code, ZPM_ECLOSING);
  wait_until(w, pid_is_gone, &pid);
  open_supervisor(w);
}

static void without_the_script_there_is_no_test(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};

  give_node(w, SILENT);
  unlink(in_folder(w, "selftest.cjs"));
  begin(w, "web", &outcome);
  wait_done(w, &outcome);
  assert_int_equal(outcome.code, 0);
  assert_int_equal(stop(w, "web").code, 0);
}

static bool is_told(void *ctx)
{
  struct world *w = ctx;

  return strstr(w->trouble, "has not said within") != NULL;
}

static void a_worker_that_stays_silent_makes_its_binary_doubted(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};

  give_node(w, SILENT);
  unlink(in_folder(w, "selftest.cjs"));
  interpreters_of(w)->limit_ms = 100;
  begin(w, "web", &outcome);
  wait_done(w, &outcome);
  assert_int_equal(outcome.code, 0);
  wait_until(w, is_told, w);
  assert_int_equal(stop(w, "web").code, 0);
  outcome = (struct outcome){0};
  begin(w, "web", &outcome);
  wait_done(w, &outcome);
  assert_int_equal(outcome.code, 0);
  assert_non_null(strstr(outcome.text, "did not say in time"));
  assert_int_equal(stop(w, "web").code, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(one_that_is_silent_fails_when_its_time_is_over),
      TEST(all_who_start_meanwhile_wait_for_one_test),
      TEST(a_test_goes_on_as_long_as_somebody_waits_for_it),
      TEST(a_supervisor_that_ends_ends_its_tests),
      TEST(without_the_script_there_is_no_test),
      TEST(a_worker_that_stays_silent_makes_its_binary_doubted),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
