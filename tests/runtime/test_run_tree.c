#include "runtime/supervisor_fixture.h"

#include <fcntl.h>

#include "runtime/run_tree.h"
#include "runtime/supervisor_internal.h"

/*
 * What is left of a run that does not go away.  A frozen group (freezer of
 * version 1) makes a process that SIGKILL does not end, as a broken disk does;
 * where there is none, its tests have nothing to do.
 */
#define FREEZER "/sys/fs/cgroup/freezer"

static struct zpm_run_tree *tree_of(struct world *w)
{
  return ZPM_CONTAINER_OF(w->supervisor->services.trees.next,
                          struct zpm_run_tree, link);
}

static bool write_text(const char *folder, const char *name, const char *text)
{
  char path[128];
  int fd;
  bool written;

  snprintf(path, sizeof(path), "%s/%s", folder, name);
  fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  close(fd);
  return written;
}

/* False: it cannot be done here. */
static bool freeze(const char *folder, int pid)
{
  char text[16];

  snprintf(text, sizeof(text), "%d", pid);
  if (mkdir(folder, 0700) != 0)
    return false;
  if (write_text(folder, "cgroup.procs", text) &&
      write_text(folder, "freezer.state", "FROZEN"))
    return true;
  rmdir(folder);
  return false;
}

static void start_sleeper(struct world *w)
{
  write_script(w, "api", "exec sleep 1000");
  assert_int_equal(
      start(w, config_of(w, "api", "killTimeout", "100", NULL)).code, 0);
}

static void what_is_left_of_a_run_is_named(void **state)
{
  struct world *w = *state;
  char text[256], expected[64];

  start_sleeper(w);
  snprintf(expected, sizeof(expected), "pid %d (", tree_of(w)->leader);
  zpm_run_tree_describe_left(tree_of(w), text, sizeof(text));
  assert_non_null(strstr(text, expected));
  assert_non_null(strstr(text, "state "));
  assert_int_equal(stop(w, "api").code, 0);
}

static bool is_killed(void *ctx)
{
  const struct world *w = ctx;
  const struct zpm_app *app = zpm_supervisor_find(w->supervisor, "api");

  return app->procs[0]->machine.kills > 0;
}

static void what_survives_sigkill_is_named_until_it_goes(void **state)
{
  struct world *w = *state;
  struct outcome outcome = {0};
  char folder[64], text[256], expected[64];
  int pid;

  start_sleeper(w);
  pid = tree_of(w)->leader;
  snprintf(folder, sizeof(folder), "%s/zpm-test-%d", FREEZER, pid);
  if (!freeze(folder, pid)) {
    assert_int_equal(stop(w, "api").code, 0);
    return;
  }
  zpm_supervisor_stop(w->supervisor, "api", on_done, &outcome);
  wait_until(w, is_killed, w);
  zpm_run_tree_describe_left(tree_of(w), text, sizeof(text));
  assert_true(write_text(folder, "freezer.state", "THAWED"));
  snprintf(expected, sizeof(expected), "pid %d (sleep), state D: uninter", pid);
  assert_non_null(strstr(text, expected));
  wait_done(w, &outcome);
  assert_true(is_dead(pid));
  for (int i = 0; i < 1000 && rmdir(folder) != 0; i++)
    usleep(1000); /* until the keeper has buried it */
}

/* A count of ours in place of the kernel's. */
static void set_source(struct world *w, int kills)
{
  struct zpm_str *source = &w->supervisor->services.oom_source;
  const char *path = in_folder(w, "memory.events");
  FILE *f = fopen(path, "we");

  assert_non_null(f);
  fprintf(f, "oom 9\noom_kill %d\n", kills);
  fclose(f);
  zpm_str_clear(source);
  assert_int_equal(zpm_str_puts(source, path), 0);
}

static void a_process_killed_for_lack_of_memory_is_noticed(void **state)
{
  struct world *w = *state;

  start_sleeper(w);
  set_source(w, 4);
  tree_of(w)->oom_kills = zpm_run_tree_oom_kills(tree_of(w));
  assert_int_equal(tree_of(w)->oom_kills, 4);
  assert_false(zpm_run_tree_met_oom(tree_of(w)));
  set_source(w, 5);
  assert_true(zpm_run_tree_met_oom(tree_of(w)));
  assert_int_equal(stop(w, "api").code, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(what_is_left_of_a_run_is_named),
      TEST(what_survives_sigkill_is_named_until_it_goes),
      TEST(a_process_killed_for_lack_of_memory_is_noticed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
