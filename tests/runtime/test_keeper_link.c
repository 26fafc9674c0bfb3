#include "runtime/keeper_fixture.h"

#include <sys/time.h>

#include <uv.h>

/* What came: "spawned 1 1 0; exec 1 0 0; exited 1 42 0; ". */
struct scene {
  uv_loop_t loop;
  uv_timer_t deadline;
  struct zpm_keeper_link *link;
  char story[512];
  unsigned spawned;
  unsigned execs;
  unsigned exited;
  int pid; /* of the last spawned */
  bool lost;
  bool closed;
  bool close_on_exit; /* from inside the callback */
};

static void tell(struct scene *scene, const char *what, uint64_t id, int a,
                 int b)
{
  size_t used = strlen(scene->story);

  snprintf(scene->story + used, sizeof(scene->story) - used, "%s %u %d %d; ",
           what, (unsigned)id, a, b);
}

static void on_closed(void *ctx)
{
  struct scene *scene = ctx;

  scene->closed = true;
}

static void on_spawned(void *ctx, uint64_t id, int pid, int error)
{
  struct scene *scene = ctx;

  scene->spawned++;
  scene->pid = pid;
  tell(scene, "spawned", id, pid != 0, error);
}

static void on_exec_result(void *ctx, uint64_t id, enum zpm_spawn_stage stage,
                           int error)
{
  struct scene *scene = ctx;

  scene->execs++;
  tell(scene, "exec", id, (int)stage, error);
}

static void on_exited(void *ctx, uint64_t id, int pid, int status)
{
  struct scene *scene = ctx;

  assert_true(pid > 0);
  scene->exited++;
  tell(scene, WIFEXITED(status) ? "exited" : "killed", id,
       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), 0);
  if (scene->close_on_exit)
    zpm_keeper_link_close(scene->link, on_closed, scene);
  else
    zpm_keeper_link_ack(scene->link, id);
}

static void on_lost(void *ctx)
{
  struct scene *scene = ctx;

  scene->lost = true;
}

static const struct zpm_keeper_events EVENTS = {.spawned = on_spawned,
                                                .exec_result = on_exec_result,
                                                .exited = on_exited,
                                                .lost = on_lost};

static void on_deadline(uv_timer_t *timer)
{
  (void)timer;
  fail_msg("nothing more came");
}

static void open_scene(struct scene *scene)
{
  *scene = (struct scene){0};
  assert_int_equal(uv_loop_init(&scene->loop), 0);
  uv_timer_init(&scene->loop, &scene->deadline);
  uv_timer_start(&scene->deadline, on_deadline, DEADLINE_MS, 0);
  uv_unref((uv_handle_t *)&scene->deadline);
}

static void open_owned(struct scene *scene)
{
  struct zpm_error err = {0};

  open_scene(scene);
  assert_int_equal(zpm_keeper_link_own(&scene->loop, ZPM_TEST_KEEPER, &EVENTS,
                                       scene, &scene->link, &err),
                   0);
  zpm_keeper_link_ref(scene->link, true);
}

static void run_until(struct scene *scene, const unsigned *count,
                      unsigned wanted)
{
  while (*count < wanted)
    assert_true(uv_run(&scene->loop, UV_RUN_ONCE) != 0);
}

static void run_until_true(struct scene *scene, const bool *flag)
{
  while (!*flag)
    uv_run(&scene->loop, UV_RUN_ONCE);
}

static void close_scene(struct scene *scene)
{
  if (!scene->close_on_exit)
    zpm_keeper_link_close(scene->link, on_closed, scene);
  uv_close((uv_handle_t *)&scene->deadline, NULL);
  uv_run(&scene->loop, UV_RUN_DEFAULT);
  assert_true(scene->closed);
  assert_int_equal(uv_loop_close(&scene->loop), 0);
}

static void spawn_shell(struct scene *scene, uint64_t id, const char *script)
{
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, script);
  struct zpm_error err = {0};

  spawn.id = id;
  assert_int_equal(zpm_keeper_link_spawn(scene->link, &spawn, &err), 0);
}

static void spawn_other(struct scene *scene, uint64_t id, const char *path,
                        const char *cwd)
{
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, "true");
  struct zpm_error err = {0};

  spawn.id = id;
  spawn.path = path;
  spawn.cwd = cwd;
  assert_int_equal(zpm_keeper_link_spawn(scene->link, &spawn, &err), 0);
}

/* ---- owned ---- */

static void a_start_is_told_in_the_order_of_life(void **state)
{
  struct scene scene;

  (void)state;
  open_owned(&scene);
  spawn_shell(&scene, 1, "exit 42");
  run_until(&scene, &scene.exited, 1);
  assert_string_equal(scene.story,
                      "spawned 1 1 0; exec 1 0 0; exited 1 42 0; ");
  close_scene(&scene);
}

static void a_program_that_runs_is_told_while_it_runs(void **state)
{
  struct scene scene;

  (void)state;
  open_owned(&scene);
  spawn_shell(&scene, 1, "exec sleep 1000");
  run_until(&scene, &scene.execs, 1);
  assert_string_equal(scene.story, "spawned 1 1 0; exec 1 0 0; ");
  assert_int_equal(kill(scene.pid, 0), 0);
  assert_int_equal(zpm_keeper_link_kill(scene.link, 1, SIGKILL, true), 0);
  run_until(&scene, &scene.exited, 1);
  assert_non_null(strstr(scene.story, "killed 1 9 0; "));
  close_scene(&scene);
}

static void what_cannot_start_comes_with_stage_and_errno(void **state)
{
  struct scene scene;
  char expected[128];

  (void)state;
  open_owned(&scene);
  spawn_other(&scene, 1, "/nonexistent", "/");
  run_until(&scene, &scene.exited, 1);
  snprintf(expected, sizeof(expected),
           "spawned 1 1 0; exec 1 %d %d; exited 1 127 0; ", ZPM_STAGE_EXEC,
           ENOENT);
  assert_string_equal(scene.story, expected);
  scene.story[0] = '\0';
  spawn_other(&scene, 2, "/bin/sh", "/etc/hostname");
  run_until(&scene, &scene.exited, 2);
  snprintf(expected, sizeof(expected),
           "spawned 2 1 0; exec 2 %d %d; exited 2 127 0; ", ZPM_STAGE_CWD,
           ENOTDIR);
  assert_string_equal(scene.story, expected);
  close_scene(&scene);
}

static void a_refused_start_is_no_success(void **state)
{
  struct scene scene;
  char expected[64];

  (void)state;
  open_owned(&scene);
  spawn_shell(&scene, 1, "exec sleep 1000");
  run_until(&scene, &scene.execs, 1);
  scene.story[0] = '\0';
  spawn_shell(&scene, 1, "true"); /* the id is in use */
  run_until(&scene, &scene.spawned, 2);
  snprintf(expected, sizeof(expected), "spawned 1 0 %d; ", EEXIST);
  assert_string_equal(scene.story, expected);
  assert_int_equal(scene.execs, 1);
  close_scene(&scene);
}

static void a_child_gets_the_descriptors_in_order(void **state)
{
  struct scene scene;
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, "cat; echo err >&2; echo four >&4");
  struct zpm_error err = {0};
  char line[16];
  int fds[5];
  int ends[3][2];

  (void)state;
  open_owned(&scene);
  for (int i = 0; i < 3; i++)
    assert_int_equal(pipe2(ends[i], O_CLOEXEC), 0);
  fds[0] = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
  fds[1] = ends[0][1];
  fds[2] = ends[1][1];
  fds[3] = fds[0];
  fds[4] = ends[2][1];
  spawn.id = 1;
  spawn.fds = fds;
  spawn.fd_count = 5;
  assert_int_equal(zpm_keeper_link_spawn(scene.link, &spawn, &err), 0);
  close(fds[0]);
  for (int i = 0; i < 3; i++)
    close(ends[i][1]);
  run_until(&scene, &scene.exited, 1);
  read_line(ends[1][0], line, sizeof(line));
  assert_string_equal(line, "err");
  read_line(ends[2][0], line, sizeof(line));
  assert_string_equal(line, "four");
  expect_eof(ends[2][0]);
  for (int i = 0; i < 3; i++)
    close(ends[i][0]);
  close_scene(&scene);
}

/* More than the socket takes at once, and while nobody reads it. */
static void a_burst_is_queued_and_never_blocks(void **state)
{
  enum { APPS = 300, PUTS = 300 };
  struct scene scene;
  char name[ZPM_WIRE_NAME_MAX];

  (void)state;
  open_owned(&scene);
  while (zpm_keeper_link_pid(scene.link) == 0)
    uv_run(&scene.loop, UV_RUN_ONCE);
  kill(zpm_keeper_link_pid(scene.link), SIGSTOP);
  for (unsigned i = 1; i <= PUTS; i++) {
    snprintf(name, sizeof(name), "o/%u", i);
    assert_int_equal(zpm_keeper_link_put(scene.link, name, STDERR_FILENO), 0);
  }
  for (unsigned i = 1; i <= APPS; i++)
    spawn_shell(&scene, i, "exit 3");
  kill(zpm_keeper_link_pid(scene.link), SIGCONT);
  run_until(&scene, &scene.exited, APPS);
  assert_int_equal(scene.spawned, APPS);
  assert_int_equal(scene.execs, APPS);
  assert_int_equal(zpm_keeper_link_del(scene.link, "o/1"), 0);
  close_scene(&scene);
}

static void an_idle_link_does_not_keep_the_loop(void **state)
{
  struct scene scene;

  (void)state;
  open_owned(&scene);
  zpm_keeper_link_ref(scene.link, false);
  assert_int_equal(uv_run(&scene.loop, UV_RUN_DEFAULT), 0);
  close_scene(&scene);
}

static void the_host_gets_no_child(void **state)
{
  struct scene scene;

  (void)state;
  open_owned(&scene);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
  close_scene(&scene);
}

static void closing_ends_the_apps(void **state)
{
  struct scene scene;
  int pid;

  (void)state;
  open_owned(&scene);
  spawn_shell(&scene, 1, "exec sleep 1000");
  run_until(&scene, &scene.execs, 1);
  pid = scene.pid;
  close_scene(&scene);
  await_gone(pid);
}

static void closing_amid_a_start_is_quiet(void **state)
{
  struct scene scene;

  (void)state;
  open_owned(&scene);
  spawn_shell(&scene, 1, "exec sleep 1000");
  close_scene(&scene);
  assert_string_equal(scene.story, "");
}

static void a_callback_may_close_the_link(void **state)
{
  struct scene scene;

  (void)state;
  open_owned(&scene);
  scene.close_on_exit = true;
  spawn_shell(&scene, 1, "exit 1");
  spawn_shell(&scene, 2, "exit 2");
  run_until_true(&scene, &scene.closed);
  assert_int_equal(scene.exited, 1);
  close_scene(&scene);
}

static void the_loss_of_the_keeper_is_told_once(void **state)
{
  struct scene scene;
  int pid;

  (void)state;
  open_owned(&scene);
  spawn_shell(&scene, 1, "exec sleep 1000");
  run_until(&scene, &scene.execs, 1);
  while (zpm_keeper_link_pid(scene.link) == 0)
    uv_run(&scene.loop, UV_RUN_ONCE);
  pid = scene.pid;
  kill(zpm_keeper_link_pid(scene.link), SIGKILL);
  run_until_true(&scene, &scene.lost);
  assert_int_equal(zpm_keeper_link_kill(scene.link, 1, SIGKILL, true),
                   ZPM_EKEEPER);
  kill(pid, SIGKILL); /* nobody else is left to do it */
  close_scene(&scene);
}

static void a_missing_keeper_is_explained(void **state)
{
  struct scene scene;
  struct zpm_error err = {0};

  (void)state;
  open_scene(&scene);
  assert_int_equal(zpm_keeper_link_own(&scene.loop, "/nonexistent/zpm-keeper",
                                       &EVENTS, &scene, &scene.link, &err),
                   ZPM_EKEEPER);
  assert_non_null(strstr(err.message, "cannot start /nonexistent/zpm-keeper: "
                                      "No such file or directory"));
  uv_close((uv_handle_t *)&scene.deadline, NULL);
  uv_run(&scene.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&scene.loop), 0);
}

static void names_that_do_not_fit_are_refused(void **state)
{
  struct scene scene;

  (void)state;
  open_owned(&scene);
  assert_int_equal(zpm_keeper_link_put(scene.link, "", STDERR_FILENO),
                   ZPM_EARG);
  assert_int_equal(
      zpm_keeper_link_del(scene.link, "a name of more than thirty-one bytes"),
      ZPM_EARG);
  close_scene(&scene);
}

/* ---- inherited ---- */

/*
 * This program as the daemon: the first one stores a descriptor, starts an app
 * and dies; the second one must find both, ends the app and quits.
 */
static int run_link_daemon(void)
{
  struct scene scene;
  struct zpm_keeper_table table;
  struct zpm_error err = {0};

  open_scene(&scene);
  if (zpm_keeper_link_inherit(&scene.loop, &EVENTS, &scene, &scene.link, &table,
                              &err) != 0) {
    dprintf(STDERR_FILENO, "no keeper: %s\n", err.message);
    return 90;
  }
  zpm_keeper_link_ref(scene.link, true);
  dprintf(STDERR_FILENO, "children %zu fds %zu parent %d\n", table.child_count,
          table.fd_count, zpm_keeper_link_pid(scene.link) == getppid());
  if (table.child_count == 0) {
    zpm_keeper_link_put(scene.link, "o/1", STDERR_FILENO);
    spawn_shell(&scene, 1, "exec sleep 1000");
    run_until(&scene, &scene.execs, 1);
    raise(SIGKILL);
  }
  dprintf(table.fds[0].fd, "child %u %d, fd %s\n",
          (unsigned)table.children[0].id, table.children[0].exited,
          table.fds[0].name);
  close(table.fds[0].fd);
  zpm_keeper_link_kill(scene.link, 1, SIGTERM, true);
  run_until(&scene, &scene.exited, 1);
  dprintf(STDERR_FILENO, "%s\n", scene.story);
  zpm_keeper_table_deinit(&table);
  zpm_keeper_link_quit(scene.link);
  close_scene(&scene);
  return 5;
}

static unsigned count_lines(int fd)
{
  unsigned lines = 0;
  char byte;

  while (read(fd, &byte, 1) == 1)
    lines += byte == '\n';
  return lines;
}

/* A keeper whose daemon is this program in that mode; `*errors` is where what
 * it says comes out. */
static pid_t start_keeper_of(const char *mode, int *errors)
{
  char self[256] = "";
  int ends[2];
  pid_t pid;

  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDERR_FILENO);
    execl(ZPM_TEST_KEEPER, "zpm-keeper", "--", self, mode, (char *)NULL);
    _exit(97);
  }
  close(ends[1]);
  *errors = ends[0];
  return pid;
}

static void wake_keeper(int number)
{
  (void)number;
  kill(getppid(), SIGCONT);
}

/*
 * This program as a daemon whose keeper is busy: far more is asked of it than
 * the socket takes, the last thing to leave for good.
 */
static int run_busy_daemon(void)
{
  enum { REQUESTS = 2000, BUSY_US = 50000 };
  const struct itimerval busy = {.it_value = {.tv_usec = BUSY_US}};
  struct scene scene;
  struct zpm_keeper_table table;

  open_scene(&scene);
  if (zpm_keeper_link_inherit(&scene.loop, &EVENTS, &scene, &scene.link, &table,
                              NULL) != 0)
    return 90;
  zpm_keeper_table_deinit(&table);
  dprintf(STDERR_FILENO, "%d\n", getpid());
  kill(getppid(), SIGSTOP);
  for (unsigned i = 0; i < REQUESTS; i++)
    zpm_keeper_link_del(scene.link, "o/1"); /* refused: it says much, too */
  signal(SIGALRM, wake_keeper);
  setitimer(ITIMER_REAL, &busy, NULL);
  zpm_keeper_link_quit(scene.link);
  close_scene(&scene);
  wake_keeper(SIGALRM);
  return 6;
}

static void a_busy_keeper_still_hears_that_it_is_over(void **state)
{
  int errors;
  int status;
  pid_t pid;

  (void)state;
  pid = start_keeper_of("--busy-daemon", &errors);
  status = await_child(pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 6);
  assert_int_equal(count_lines(errors), 1); /* no other daemon came */
  close(errors);
}

static void a_daemon_finds_what_the_one_before_it_left(void **state)
{
  char line[128];
  int errors;
  int status;
  pid_t pid;

  (void)state;
  pid = start_keeper_of("--link-daemon", &errors);
  read_line(errors, line, sizeof(line));
  assert_string_equal(line, "children 0 fds 0 parent 1");
  read_line(errors, line, sizeof(line));
  assert_string_equal(line, "children 1 fds 1 parent 1");
  read_line(errors, line, sizeof(line));
  assert_string_equal(line, "child 1 0, fd o/1");
  read_line(errors, line, sizeof(line));
  assert_string_equal(line, "killed 1 15 0; ");
  status = await_child(pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 5);
  close(errors);
}

static void without_a_keeper_there_is_nothing_to_inherit(void **state)
{
  struct scene scene;
  struct zpm_keeper_table table;
  struct zpm_error err = {0};

  (void)state;
  open_scene(&scene);
  setenv("ZPM_CTL", "0", 1);
  setenv("ZPM_TABLE", "nonsense", 1);
  assert_int_equal(zpm_keeper_link_inherit(&scene.loop, &EVENTS, &scene,
                                           &scene.link, &table, &err),
                   ZPM_EKEEPER);
  unsetenv("ZPM_CTL");
  unsetenv("ZPM_TABLE");
  uv_close((uv_handle_t *)&scene.deadline, NULL);
  uv_run(&scene.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&scene.loop), 0);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_start_is_told_in_the_order_of_life),
      cmocka_unit_test(a_program_that_runs_is_told_while_it_runs),
      cmocka_unit_test(what_cannot_start_comes_with_stage_and_errno),
      cmocka_unit_test(a_refused_start_is_no_success),
      cmocka_unit_test(a_child_gets_the_descriptors_in_order),
      cmocka_unit_test(a_burst_is_queued_and_never_blocks),
      cmocka_unit_test(an_idle_link_does_not_keep_the_loop),
      cmocka_unit_test(the_host_gets_no_child),
      cmocka_unit_test(closing_ends_the_apps),
      cmocka_unit_test(closing_amid_a_start_is_quiet),
      cmocka_unit_test(a_callback_may_close_the_link),
      cmocka_unit_test(the_loss_of_the_keeper_is_told_once),
      cmocka_unit_test(a_missing_keeper_is_explained),
      cmocka_unit_test(names_that_do_not_fit_are_refused),
      cmocka_unit_test(a_daemon_finds_what_the_one_before_it_left),
      cmocka_unit_test(a_busy_keeper_still_hears_that_it_is_over),
      cmocka_unit_test(without_a_keeper_there_is_nothing_to_inherit),
  };

  if (argc == 2 && strcmp(argv[1], "--link-daemon") == 0)
    return run_link_daemon();
  if (argc == 2 && strcmp(argv[1], "--busy-daemon") == 0)
    return run_busy_daemon();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
