#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/platform.h"
#include "runtime/metrics.h"

/* The test itself plays the keeper: it is the parent of the leaders and adopts
 * orphans.  The clock is given by hand. */
enum { DEADLINE_MS = 30000 };

static const uint64_t MS = 1000000;
static const uint64_t S = 1000000000;

#define MARKER "ZPM_APP_ID=test-one"
#define OTHER_MARKER "ZPM_APP_ID=test-two"

static void nap(void)
{
  const struct timespec pause = {.tv_nsec = 2000000};

  nanosleep(&pause, NULL);
}

#define await(fact)                                                            \
  do {                                                                         \
    int left_ = DEADLINE_MS / 2;                                               \
                                                                               \
    while (!(fact) && left_-- > 0)                                             \
      nap();                                                                   \
    assert_true(left_ > 0);                                                    \
  } while (0)

static int adopt_orphans(void **state)
{
  (void)state;
  return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Ends all that a test has left, adopted ones too. */
static int end_all(void **state)
{
  struct zpm_pids children = {0};

  (void)state;
  do {
    children.len = 0;
    zpm_platform_children(getpid(), 1, &children);
    for (size_t i = 0; i < children.len; i++) {
      kill(children.items[i], SIGKILL);
      waitpid(children.items[i], NULL, 0);
    }
  } while (children.len > 0);
  zpm_pids_deinit(&children);
  return 0;
}

/* ---- processes ---- */

static void run_shell(const char *script, const char *marker)
{
  char *const args[] = {(char[]){"sh"}, (char[]){"-c"},
                        (char *)(uintptr_t)script, NULL};
  char *const env[] = {(char[]){"PATH=/bin:/usr/bin"},
                       (char *)(uintptr_t)marker, NULL};

  setsid();
  execve("/bin/sh", args, env);
  _exit(127);
}

static pid_t start(const char *script, const char *marker)
{
  pid_t pid = fork();

  if (pid == 0)
    run_shell(script, marker);
  await(zpm_platform_has_env(pid, marker));
  return pid;
}

/* A process whose parent has gone at once, so that we adopt it. */
static pid_t start_orphan(const char *script, const char *marker)
{
  pid_t orphan = 0;
  int ends[2];
  pid_t between;

  assert_int_equal(pipe(ends), 0);
  between = fork();
  if (between == 0) {
    orphan = fork();
    if (orphan == 0)
      run_shell(script, marker);
    _exit(write(ends[1], &orphan, sizeof(orphan)) != sizeof(orphan));
  }
  assert_int_equal(read(ends[0], &orphan, sizeof(orphan)), sizeof(orphan));
  assert_int_equal(waitpid(between, NULL, 0), between);
  close(ends[0]);
  close(ends[1]);
  await(zpm_platform_has_env(orphan, marker));
  return orphan;
}

static size_t count_children(pid_t pid)
{
  struct zpm_pids children = {0};
  size_t count;

  zpm_platform_children(pid, 0, &children);
  count = children.len;
  zpm_pids_deinit(&children);
  return count;
}

static uint64_t cpu_of(pid_t pid)
{
  struct zpm_process_sample sample = {0};

  assert_int_equal(zpm_platform_sample(pid, &sample), 0);
  return sample.cpu_ns;
}

/* Lets it run for that long, by its own clock, and stops it again. */
static void burn(pid_t pid, uint64_t cpu_ns)
{
  uint64_t until = cpu_of(pid) + cpu_ns;
  int status;

  kill(pid, SIGCONT);
  await(cpu_of(pid) >= until);
  kill(pid, SIGSTOP);
  assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
  assert_true(WIFSTOPPED(status));
}

static pid_t start_stopped(const char *marker)
{
  pid_t pid = start("while :; do :; done", marker);

  burn(pid, 0);
  return pid;
}

static struct zpm_metrics *create(void)
{
  struct zpm_metrics *metrics = zpm_metrics_create();

  assert_non_null(metrics);
  return metrics;
}

/* ---- tests ---- */

static void a_tree_that_does_not_run_uses_nothing(void **state)
{
  struct zpm_metrics *metrics = create();
  struct zpm_metrics_tree tree = {.marker = MARKER,
                                  .usage = {.cpu_percent = 1, .rss_bytes = 1}};

  (void)state;
  zpm_metrics_sample(metrics, getpid(), &tree, 1, S);
  assert_true(tree.usage.cpu_percent < 0.001);
  assert_int_equal(tree.usage.rss_bytes, 0);
  assert_int_equal(tree.usage.processes, 0);
  zpm_metrics_sample(metrics, getpid(), NULL, 0, S);
  zpm_metrics_destroy(metrics);
  zpm_metrics_destroy(NULL);
}

static void a_tree_is_counted_with_all_its_descendants(void **state)
{
  struct zpm_metrics *metrics = create();
  struct zpm_metrics_tree tree = {.marker = MARKER};
  struct zpm_process_sample leader;

  (void)state;
  tree.leader =
      start("sleep 100 & setsid sh -c 'sleep 100 & wait' & wait", MARKER);
  await(count_children(tree.leader) == 2);
  do {
    zpm_metrics_sample(metrics, getpid(), &tree, 1, S);
    nap();
  } while (tree.usage.processes < 4);
  assert_int_equal(zpm_platform_sample(tree.leader, &leader), 0);
  assert_int_equal(tree.usage.processes, 4);
  assert_true(tree.usage.rss_bytes > leader.rss_bytes);
  zpm_metrics_destroy(metrics);
}

static void cpu_is_told_over_the_time_between_two_looks(void **state)
{
  struct zpm_metrics *metrics = create();
  struct zpm_metrics_tree tree = {.marker = MARKER};
  uint64_t before;
  double wanted;

  (void)state;
  tree.leader = start_stopped(MARKER);
  zpm_metrics_sample(metrics, getpid(), &tree, 1, 10 * S);
  before = cpu_of(tree.leader);
  burn(tree.leader, 50 * MS);
  wanted = 100.0 * (double)(cpu_of(tree.leader) - before) / (double)(2 * S);
  zpm_metrics_sample(metrics, getpid(), &tree, 1, 12 * S);
  assert_true(tree.usage.cpu_percent >= wanted - 0.001);
  assert_true(tree.usage.cpu_percent <= wanted + 0.001);
  /* Once more at once: the same figure. */
  burn(tree.leader, 20 * MS);
  zpm_metrics_sample(metrics, getpid(), &tree, 1, 12 * S + 100 * MS);
  assert_true(tree.usage.cpu_percent >= wanted - 0.001);
  assert_true(tree.usage.cpu_percent <= wanted + 0.001);
  zpm_metrics_destroy(metrics);
}

static void a_look_at_one_tree_does_not_forget_the_others(void **state)
{
  struct zpm_metrics *metrics = create();
  struct zpm_metrics_tree trees[] = {{.marker = MARKER},
                                     {.marker = OTHER_MARKER}};

  (void)state;
  trees[0].leader = start_stopped(MARKER);
  trees[1].leader = start_stopped(OTHER_MARKER);
  burn(trees[1].leader, 50 * MS);
  zpm_metrics_sample(metrics, getpid(), trees, 2, 10 * S);
  assert_true(trees[1].usage.cpu_percent > 0.001);
  zpm_metrics_sample(metrics, getpid(), trees, 1, 11 * S);
  zpm_metrics_sample(metrics, getpid(), trees, 2, 12 * S);
  /* Had it been forgotten, this would be over its whole life again. */
  assert_true(trees[1].usage.cpu_percent < 0.001);
  zpm_metrics_destroy(metrics);
}

static void an_orphan_counts_for_the_tree_whose_marker_it_carries(void **state)
{
  struct zpm_metrics *metrics = create();
  struct zpm_metrics_tree trees[] = {{.marker = MARKER},
                                     {.marker = OTHER_MARKER}};

  (void)state;
  trees[0].leader = start_stopped(MARKER);
  trees[1].leader = start_stopped(OTHER_MARKER);
  start_orphan("sleep 100 & wait", OTHER_MARKER);
  start_orphan("sleep 100 & wait", "ZPM_APP_ID=test");
  do {
    zpm_metrics_sample(metrics, getpid(), trees, 2, S);
    nap();
  } while (trees[1].usage.processes < 3);
  assert_int_equal(trees[0].usage.processes, 1);
  assert_int_equal(trees[1].usage.processes, 3);
  /* The other one's leader is no orphan of the one that is looked at. */
  zpm_metrics_sample(metrics, getpid(), trees, 1, S);
  assert_int_equal(trees[0].usage.processes, 1);
  /* Without a keeper nobody adopts. */
  zpm_metrics_sample(metrics, 0, trees, 2, S);
  assert_int_equal(trees[1].usage.processes, 1);
  zpm_metrics_destroy(metrics);
}

static void a_tree_whose_leader_is_gone_still_has_its_orphans(void **state)
{
  struct zpm_metrics *metrics = create();
  struct zpm_metrics_tree tree = {.marker = MARKER};
  siginfo_t info;

  (void)state;
  tree.leader = start_stopped(MARKER);
  start_orphan("exec sleep 100", MARKER);
  kill(tree.leader, SIGKILL);
  assert_int_equal(waitid(P_PID, (id_t)tree.leader, &info, WEXITED | WNOWAIT),
                   0);
  /* In the midst of an exec it has no memory. */
  do {
    zpm_metrics_sample(metrics, getpid(), &tree, 1, S);
    nap();
  } while (tree.usage.rss_bytes == 0);
  assert_int_equal(tree.usage.processes, 1);
  zpm_metrics_destroy(metrics);
}

static void processes_that_come_and_go_are_forgotten(void **state)
{
  enum { ROUNDS = 6, EACH = 40 };
  struct zpm_metrics *metrics = create();
  struct zpm_metrics_tree trees[EACH] = {0};

  (void)state;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < EACH; i++) {
      trees[i].marker = MARKER;
      trees[i].leader = fork();
      if (trees[i].leader == 0) {
        for (;;)
          pause();
      }
    }
    zpm_metrics_sample(metrics, 0, trees, EACH, (uint64_t)round * S);
    for (int i = 0; i < EACH; i++)
      assert_int_equal(trees[i].usage.processes, 1);
    end_all(state);
  }
  zpm_metrics_sample(metrics, 0, trees, EACH, ROUNDS * S);
  for (int i = 0; i < EACH; i++)
    assert_int_equal(trees[i].usage.processes, 0);
  zpm_metrics_destroy(metrics);
}

#define with_children(test)                                                    \
  cmocka_unit_test_setup_teardown(test, adopt_orphans, end_all)

int main(void)
{
  const struct CMUnitTest tests[] = {
      with_children(a_tree_that_does_not_run_uses_nothing),
      with_children(a_tree_is_counted_with_all_its_descendants),
      with_children(cpu_is_told_over_the_time_between_two_looks),
      with_children(a_look_at_one_tree_does_not_forget_the_others),
      with_children(an_orphan_counts_for_the_tree_whose_marker_it_carries),
      with_children(a_tree_whose_leader_is_gone_still_has_its_orphans),
      with_children(processes_that_come_and_go_are_forgotten),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
