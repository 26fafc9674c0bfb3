#include "runtime/supervisor_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "platform/platform.h"
#include "runtime/supervisor_internal.h"

/*
 * Runs in control groups.  Where these cannot be had (no cgroup2, no right to
 * make any) each test asserts that there are none and that the reason is told;
 * the rest of the suite then shows that all works without.
 */
static struct zpm_services *services_of(struct world *w)
{
  return &w->supervisor->services;
}

static bool has_groups(const struct zpm_run_groups *groups)
{
  if (groups->folder == NULL)
    assert_true(groups->lack.message[0] != '\0');
  return groups->folder != NULL;
}

/* A session of its own, an orphan, and nothing in its environment. */
static void write_escape(const struct world *w)
{
  write_script(w, "api",
               "env -i /bin/sh -c 'setsid /bin/sh -c \"echo \\$\\$ >out; "
               "trap : TERM; while :; do sleep 0.05; done\" &' &\n"
               "wait\n"
               "exec sleep 1000");
}

/* A child of ours in the group. */
static pid_t live_in(const struct zpm_run_groups *groups, uint64_t id)
{
  int group = zpm_run_group_create(groups, id);
  int procs = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  pid_t pid;

  assert_true(group >= 0 && procs >= 0);
  pid = fork();
  if (pid == 0) {
    if (write(procs, "0", 1) != 1)
      _exit(1);
    pause();
    _exit(0);
  }
  close(group);
  close(procs);
  return pid;
}

static bool somebody_lives(const struct zpm_run_groups *groups, uint64_t id)
{
  for (int i = 0; i < 3000 && zpm_run_group_is_empty(groups, id); i++)
    usleep(10000);
  return !zpm_run_group_is_empty(groups, id);
}

static int signal_of(pid_t pid)
{
  int status = 0;

  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* ---- runs ---- */

static void
a_program_that_escapes_by_all_means_is_ended_with_its_app(void **state)
{
  struct world *w = *state;
  int pid;

  if (!has_groups(&services_of(w)->groups))
    return;
  write_escape(w);
  assert_int_equal(
      start(w, config_of(w, "api", "killTimeout", "300", NULL)).code, 0);
  pid = wait_pid(w, "out");
  assert_int_equal(stop(w, "api").code, 0);
  assert_true(is_dead(pid));
}

static void
what_a_crash_leaves_behind_is_ended_before_the_next_start(void **state)
{
  struct world *w = *state;
  int pid;

  if (!has_groups(&services_of(w)->groups))
    return;
  write_escape(w);
  assert_int_equal(
      start(w, config_of(w, "api", "killTimeout", "300", "minBackoff", "20",
                         "immediateCrash", "retry", NULL))
          .code,
      0);
  pid = wait_pid(w, "out");
  unlink(in_folder(w, "out"));
  assert_int_equal(
      kill(zpm_app_pid(zpm_supervisor_find(w->supervisor, "api")), SIGKILL), 0);
  wait_pid(w, "out"); /* of the next one */
  assert_true(is_dead(pid));
  assert_int_equal(stop(w, "api").code, 0);
}

/* Its main process is a sleep by then, without children. */
static bool is_asleep(void *ctx)
{
  struct world *w = ctx;
  char name[32];

  zpm_platform_name(zpm_app_pid(zpm_supervisor_find(w->supervisor, "api")),
                    name, sizeof(name));
  return strcmp(name, "sleep") == 0;
}

static bool counts_more_than_one(void *ctx)
{
  struct world *w = ctx;
  struct outcome outcome = {0};
  struct zpm_worker_view worker;

  zpm_supervisor_measure(w->supervisor, NULL, on_done, &outcome);
  zpm_app_worker_view(zpm_supervisor_find(w->supervisor, "api"), 0, &worker);
  return worker.processes > 1;
}

static void what_escapes_is_counted_with_its_app(void **state)
{
  struct world *w = *state;

  if (!has_groups(&services_of(w)->groups))
    return;
  write_escape(w);
  assert_int_equal(
      start(w, config_of(w, "api", "killTimeout", "300", NULL)).code, 0);
  wait_pid(w, "out");
  wait_until(w, is_asleep, w);
  wait_until(w, counts_more_than_one, w);
  assert_int_equal(stop(w, "api").code, 0);
}

static void no_group_is_left_when_all_is_over(void **state)
{
  struct world *w = *state;
  char folder[512];

  if (!has_groups(&services_of(w)->groups))
    return;
  snprintf(folder, sizeof(folder), "%s", services_of(w)->groups.folder);
  write_script(w, "api", "exec sleep 1000");
  assert_int_equal(start(w, config_of(w, "api", NULL)).code, 0);
  assert_int_equal(access(folder, F_OK), 0);
  assert_int_equal(stop(w, "api").code, 0);
  close_supervisor(w);
  assert_int_equal(access(folder, F_OK), -1);
  open_supervisor(w);
}

/* ---- groups ---- */

static void a_group_is_found_again_by_the_state_file_and_the_run(void **state)
{
  struct world *w = *state;
  struct zpm_run_groups first, second;
  pid_t pid;

  zpm_run_groups_open(&first, in_folder(w, "state"), 1);
  if (!has_groups(&first))
    return;
  pid = live_in(&first, 7);
  assert_true(somebody_lives(&first, 7));
  zpm_run_groups_close(&first); /* who lives there lives on */
  zpm_run_groups_open(&second, in_folder(w, "state"), 2);
  assert_false(zpm_run_group_is_empty(&second, 7));
  assert_true(zpm_run_group_is_empty(&second, 8));
  zpm_run_group_kill(&second, 7);
  assert_int_equal(signal_of(pid), SIGKILL);
  assert_true(zpm_run_group_is_empty(&second, 7));
  zpm_run_group_remove(&second, 7);
  zpm_run_groups_close(&second);
}

static void strays_of_this_state_are_ended_and_of_others_are_not(void **state)
{
  struct world *w = *state;
  struct zpm_services services = {.link = NULL};
  struct zpm_run_groups other;
  struct zpm_run_tree known = {.id = 9};
  pid_t stray, kept, theirs;

  zpm_list_init(&services.trees);
  zpm_list_append(&services.trees, &known.link);
  zpm_run_groups_open(&services.groups, in_folder(w, "state"), 1);
  if (!has_groups(&services.groups))
    return;
  zpm_run_groups_open(&other, in_folder(w, "other"), 1);
  stray = live_in(&services.groups, 8);
  kept = live_in(&services.groups, 9);
  theirs = live_in(&other, 8);
  assert_true(somebody_lives(&services.groups, 8));
  assert_true(somebody_lives(&services.groups, 9));
  assert_true(somebody_lives(&other, 8));
  zpm_run_groups_sweep(&services);
  assert_int_equal(signal_of(stray), SIGKILL);
  assert_false(zpm_run_group_is_empty(&services.groups, 9));
  assert_false(zpm_run_group_is_empty(&other, 8));
  zpm_run_group_kill(&services.groups, 9);
  zpm_run_group_kill(&other, 8);
  assert_int_equal(signal_of(kept), SIGKILL);
  assert_int_equal(signal_of(theirs), SIGKILL);
  zpm_run_group_remove(&services.groups, 9);
  zpm_run_group_remove(&other, 8);
  zpm_run_groups_close(&services.groups);
  zpm_run_groups_close(&other);
}

static void groups_that_an_app_makes_belong_to_it(void **state)
{
  struct world *w = *state;
  struct zpm_run_groups groups, below;
  char folder[600];
  pid_t pid;

  zpm_run_groups_open(&groups, in_folder(w, "state"), 1);
  if (!has_groups(&groups))
    return;
  close(zpm_run_group_create(&groups, 7));
  snprintf(folder, sizeof(folder), "%s/%016x", groups.folder, 7);
  below = (struct zpm_run_groups){.folder = folder};
  pid = live_in(&below, 1);
  assert_true(somebody_lives(&groups, 7));
  assert_int_equal(zpm_platform_group_remove(folder), -EBUSY);
  zpm_run_group_kill(&groups, 7);
  assert_int_equal(signal_of(pid), SIGKILL);
  zpm_run_group_remove(&groups, 7);
  assert_int_equal(access(folder, F_OK), -1);
  zpm_run_groups_close(&groups);
}

static void folders_of_hosts_that_died_are_removed(void **state)
{
  struct world *w = *state;
  struct zpm_run_groups groups;
  char folder[600];
  pid_t pid = fork();

  if (pid == 0)
    _exit(0);
  assert_int_equal(signal_of(pid), 0);
  zpm_run_groups_open(&groups, in_folder(w, "state"), 1);
  if (!has_groups(&groups))
    return;
  snprintf(folder, sizeof(folder), "%s", groups.folder);
  snprintf(strrchr(folder, '/'), 64, "/zpm-%d-abc", (int)pid);
  assert_int_equal(mkdir(folder, 0700), 0);
  snprintf(folder + strlen(folder), 16, "/1");
  assert_int_equal(mkdir(folder, 0700), 0);
  *strrchr(folder, '/') = '\0';
  zpm_run_groups_close(&groups);
  zpm_run_groups_open(&groups, in_folder(w, "state"), 1);
  assert_int_equal(access(folder, F_OK), -1);
  zpm_run_groups_close(&groups);
}

static void a_folder_that_somebody_removed_is_made_again(void **state)
{
  struct world *w = *state;
  struct zpm_run_groups groups;
  int group;

  zpm_run_groups_open(&groups, in_folder(w, "state"), 1);
  if (!has_groups(&groups))
    return;
  rmdir(groups.folder);
  group = zpm_run_group_create(&groups, 7);
  assert_true(group >= 0);
  close(group);
  zpm_run_group_remove(&groups, 7);
  zpm_run_groups_close(&groups);
}

/* ---- out of memory ---- */

static void
there_is_a_count_of_processes_killed_for_lack_of_memory(void **state)
{
  struct zpm_str source = {0};

  (void)state;
  assert_int_equal(zpm_platform_oom_source(&source), 0);
  assert_int_equal(access(source.data, R_OK), 0);
  zpm_platform_oom_kills(source.data);
  assert_int_equal(zpm_platform_oom_kills("/not/there"), 0);
  zpm_str_deinit(&source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_program_that_escapes_by_all_means_is_ended_with_its_app),
      TEST(what_a_crash_leaves_behind_is_ended_before_the_next_start),
      TEST(what_escapes_is_counted_with_its_app),
      TEST(no_group_is_left_when_all_is_over),
      TEST(a_group_is_found_again_by_the_state_file_and_the_run),
      TEST(strays_of_this_state_are_ended_and_of_others_are_not),
      TEST(groups_that_an_app_makes_belong_to_it),
      TEST(folders_of_hosts_that_died_are_removed),
      TEST(a_folder_that_somebody_removed_is_made_again),
      cmocka_unit_test(there_is_a_count_of_processes_killed_for_lack_of_memory),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
