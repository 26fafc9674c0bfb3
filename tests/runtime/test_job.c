#include "runtime/supervisor_fixture.h"

#include <errno.h>
#include <sys/resource.h>

#include "runtime/job.h"
#include "runtime/supervisor_internal.h"

/*
 * Jobs of a real supervisor, with the real keeper.  The recipe is that of an
 * app which is never started.
 */
struct bench {
  struct world *w;
  struct zpm_config config;
  struct zpm_recipe recipe;
  struct zpm_job *job;
  unsigned done;
  struct zpm_job_result result;
};

static void on_job_done(void *ctx, const struct zpm_job_result *result)
{
  struct bench *bench = ctx;

  bench->done++;
  bench->result = *result;
}

static bool job_is_done(void *ctx)
{
  return ((struct bench *)ctx)->done > 0;
}

static struct zpm_services *services_of(struct world *w)
{
  return &w->supervisor->services;
}

static void open_bench(struct bench *bench, struct world *w)
{
  struct zpm_log_rules rules = {0};
  struct zpm_error err = {0};

  *bench = (struct bench){.w = w, .config = config_of(w, "api", NULL)};
  bench->recipe.config = &bench->config;
  for (int i = 0; i < 2; i++)
    assert_int_equal(zpm_log_open(services_of(w)->logs, "api",
                                  (enum zpm_stream)i, &rules,
                                  &bench->recipe.logs[i], &err),
                     0);
}

static void close_bench(struct bench *bench)
{
  for (int i = 0; i < 2; i++)
    zpm_log_close(bench->recipe.logs[i]);
  zpm_config_deinit(&bench->config);
}

static int begin(struct bench *bench, const char *command, uint64_t timeout_ms,
                 bool to_logs)
{
  struct zpm_job_options options = {
      .recipe = &bench->recipe,
      .command = command,
      .timeout_ms = timeout_ms,
      .to_logs = to_logs,
  };
  struct zpm_error err = {0};

  return zpm_job_start(services_of(bench->w), &options, on_job_done, bench,
                       &bench->job, &err);
}

static const struct zpm_job_result *
run(struct bench *bench, const char *command, uint64_t timeout_ms)
{
  assert_int_equal(begin(bench, command, timeout_ms, false), 0);
  wait_until(bench->w, job_is_done, bench);
  assert_int_equal(bench->done, 1);
  return &bench->result;
}

static bool no_job_is_left(void *ctx)
{
  return zpm_list_empty(&services_of(ctx)->jobs);
}

/* ---- what becomes of it ---- */

static void a_command_that_works_says_so(void **state)
{
  struct bench bench;
  const struct zpm_job_result *result;

  open_bench(&bench, *state);
  result = run(&bench, "echo first; echo; printf last", 5000);
  assert_int_equal(result->error.code, 0);
  assert_false(result->timed_out);
  assert_true(result->end.known);
  assert_int_equal(result->end.code, 0);
  assert_int_equal(result->end.signal, 0);
  assert_string_equal(result->output, "last");
  close_bench(&bench);
}

static void a_command_that_fails_says_how_and_what_it_said_last(void **state)
{
  struct bench bench;
  const struct zpm_job_result *result;

  open_bench(&bench, *state);
  result = run(&bench, "echo no database >&2; exit 7", 5000);
  assert_int_equal(result->error.code, 0);
  assert_int_equal(result->end.code, 7);
  assert_string_equal(result->output, "no database");
  close_bench(&bench);
}

static void a_command_that_a_signal_ends_says_which(void **state)
{
  struct bench bench;
  const struct zpm_job_result *result;

  open_bench(&bench, *state);
  result = run(&bench, "kill -USR1 $$", 5000);
  assert_int_equal(result->end.code, -1);
  assert_int_equal(result->end.signal, SIGUSR1);
  close_bench(&bench);
}

static void it_runs_in_the_folder_of_the_app_and_knows_its_id(void **state)
{
  struct bench bench;
  const struct zpm_job_result *result;

  open_bench(&bench, *state);
  result = run(&bench, "echo $PWD ${#ZPM_APP_ID}", 5000);
  assert_non_null(strstr(result->output, bench.w->folder));
  assert_non_null(strstr(result->output, " 16"));
  close_bench(&bench);
}

static void a_folder_that_is_not_there_is_an_error_with_its_name(void **state)
{
  struct bench bench;
  const struct zpm_job_result *result;

  open_bench(&bench, *state);
  zpm_config_set_text(&bench.config, zpm_config_field_of_name("cwd", 3),
                      "/not/there", NULL);
  result = run(&bench, "true", 5000);
  assert_int_equal(result->error.code, ZPM_ESTART);
  assert_non_null(strstr(result->error.message, "/not/there"));
  close_bench(&bench);
}

static void its_output_can_go_to_the_logs(void **state)
{
  struct bench bench;

  open_bench(&bench, *state);
  assert_int_equal(begin(&bench, "echo building; echo odd >&2", 5000, true), 0);
  wait_until(bench.w, job_is_done, &bench);
  assert_string_equal(bench.result.output, "");
  assert_string_equal(zpm_log_last_line(bench.recipe.logs[0]), "building");
  assert_string_equal(zpm_log_last_line(bench.recipe.logs[1]), "odd");
  close_bench(&bench);
}

/* ---- what is not wanted ---- */

static void at_its_deadline_all_of_its_tree_is_killed(void **state)
{
  struct bench bench;
  const struct zpm_job_result *result;
  int child, stray;

  open_bench(&bench, *state);
  write_script(bench.w, "fork",
               "sleep 1000 & echo $! >child\n"
               "setsid sh -c 'echo $$ >stray; trap \"\" TERM; sleep 1000' &\n"
               "trap '' TERM\n"
               "while [ ! -s stray ]; do sleep 0.01; done\n"
               "while :; do sleep 1000; done");
  result = run(&bench, "./fork", 700);
  assert_true(result->timed_out);
  child = pid_in(bench.w, "child");
  stray = pid_in(bench.w, "stray");
  assert_true(child == 0 || is_dead(child));
  assert_true(stray == 0 || is_dead(stray));
  close_bench(&bench);
}

static void what_its_shell_leaves_behind_is_killed(void **state)
{
  struct bench bench;
  const struct zpm_job_result *result;

  open_bench(&bench, *state);
  result = run(&bench,
               "setsid sleep 1000 & echo $! >stray; sleep 1000 & "
               "echo $! >child; exit 3",
               0);
  assert_false(result->timed_out);
  assert_int_equal(result->end.code, 3);
  assert_true(is_dead(pid_in(bench.w, "child")));
  assert_true(is_dead(pid_in(bench.w, "stray")));
  close_bench(&bench);
}

static void a_flood_neither_blocks_it_nor_takes_memory(void **state)
{
  struct bench bench;
  struct rusage before, after;
  const struct zpm_job_result *result;

  open_bench(&bench, *state);
  getrusage(RUSAGE_SELF, &before);
  result = run(&bench, "head -c 200000000 /dev/zero; echo; echo done", 0);
  getrusage(RUSAGE_SELF, &after);
  assert_int_equal(result->end.code, 0);
  assert_string_equal(result->output, "done");
  assert_true(after.ru_maxrss - before.ru_maxrss < 32L * 1024);
  close_bench(&bench);
}

static void a_flood_without_an_end_is_ended_at_the_deadline(void **state)
{
  struct bench bench;
  const struct zpm_job_result *result;

  open_bench(&bench, *state);
  result = run(&bench, "yes", 200);
  assert_true(result->timed_out);
  close_bench(&bench);
}

static void cancelled_it_is_killed_and_nobody_is_told(void **state)
{
  struct bench bench;
  int pid;

  open_bench(&bench, *state);
  assert_int_equal(begin(&bench, "echo $$ >pid; sleep 1000", 0, true), 0);
  pid = wait_pid(bench.w, "pid");
  zpm_job_cancel(bench.job);
  close_bench(&bench); /* nothing of it may be touched any more */
  wait_until(bench.w, no_job_is_left, bench.w);
  assert_true(is_dead(pid));
  assert_int_equal(bench.done, 0);
}

static void cancelled_at_once_it_is_killed_as_well(void **state)
{
  struct bench bench;

  open_bench(&bench, *state);
  assert_int_equal(begin(&bench, "sleep 1000", 0, false), 0);
  zpm_job_cancel(bench.job);
  close_bench(&bench);
  wait_until(bench.w, no_job_is_left, bench.w);
  assert_int_equal(bench.done, 0);
}

static void a_supervisor_that_closes_takes_its_jobs_along(void **state)
{
  struct bench bench;
  struct world *w = *state;
  int pid;

  open_bench(&bench, w);
  assert_int_equal(begin(&bench, "echo $$ >pid; sleep 1000", 0, false), 0);
  pid = wait_pid(w, "pid");
  zpm_job_cancel(bench.job);
  close_bench(&bench);
  close_supervisor(w);
  wait_until(w, pid_is_gone, &pid);
  open_supervisor(w);
}

static void without_descriptors_it_is_refused(void **state)
{
  struct bench bench;
  struct rlimit limit, none;

  open_bench(&bench, *state);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  none = limit;
  none.rlim_cur = 3;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  assert_int_not_equal(begin(&bench, "true", 0, false), 0);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_null(bench.job);
  close_bench(&bench);
  wait_until(bench.w, no_job_is_left, bench.w);
}

static void a_process_that_could_not_be_made_is_an_error(void **state)
{
  struct bench bench;
  struct zpm_run_tree *tree;

  open_bench(&bench, *state);
  assert_int_equal(begin(&bench, "true", 0, false), 0);
  tree = ZPM_CONTAINER_OF(services_of(bench.w)->trees.next, struct zpm_run_tree,
                          link);
  tree->events->spawned(tree->ctx, 0, EAGAIN); /* as the keeper would */
  assert_int_equal(bench.done, 1);
  assert_int_equal(bench.result.error.code, ZPM_ESTART);
  assert_non_null(strstr(bench.result.error.message, strerror(EAGAIN)));
  wait_until(bench.w, no_job_is_left, bench.w);
  close_bench(&bench);
}

static bool write_number(const char *folder, const char *name, int number)
{
  char path[128];
  FILE *f;
  bool written;

  snprintf(path, sizeof(path), "%s/%s", folder, name);
  f = fopen(path, "we");
  if (f == NULL)
    return false;
  written = fprintf(f, "%d", number) > 0;
  return fclose(f) == 0 && written;
}

/* Where the keeper can be forbidden to fork (pids controller of version 1). */
static void when_the_system_is_out_of_processes_it_is_an_error(void **state)
{
  struct bench bench;
  char folder[64];
  int keeper;

  open_bench(&bench, *state);
  run(&bench, "true", 0);
  bench.done = 0;
  keeper = zpm_supervisor_keeper_pid(bench.w->supervisor);
  assert_true(keeper > 0);
  snprintf(folder, sizeof(folder), "/sys/fs/cgroup/pids/zpm-test-%d", keeper);
  if (mkdir(folder, 0700) == 0) {
    if (write_number(folder, "pids.max", 1) &&
        write_number(folder, "cgroup.procs", keeper)) {
      run(&bench, "true", 0);
      assert_int_equal(bench.result.error.code, ZPM_ESTART);
      assert_true(write_number("/sys/fs/cgroup/pids", "cgroup.procs", keeper));
    }
    assert_int_equal(rmdir(folder), 0);
  }
  close_bench(&bench);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_command_that_works_says_so),
      TEST(a_command_that_fails_says_how_and_what_it_said_last),
      TEST(a_command_that_a_signal_ends_says_which),
      TEST(it_runs_in_the_folder_of_the_app_and_knows_its_id),
      TEST(a_folder_that_is_not_there_is_an_error_with_its_name),
      TEST(its_output_can_go_to_the_logs),
      TEST(at_its_deadline_all_of_its_tree_is_killed),
      TEST(what_its_shell_leaves_behind_is_killed),
      TEST(a_flood_neither_blocks_it_nor_takes_memory),
      TEST(a_flood_without_an_end_is_ended_at_the_deadline),
      TEST(cancelled_it_is_killed_and_nobody_is_told),
      TEST(cancelled_at_once_it_is_killed_as_well),
      TEST(a_supervisor_that_closes_takes_its_jobs_along),
      TEST(without_descriptors_it_is_refused),
      TEST(a_process_that_could_not_be_made_is_an_error),
      TEST(when_the_system_is_out_of_processes_it_is_an_error),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
