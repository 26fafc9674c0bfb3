/* A keeper that a daemon (or a host) starts in the place of one that is lost:
 * it holds processes that are no children of its own. */
#include "keeper_fixture.h"

#include "platform/platform.h"

/* A process that leads a session, as an app does, and is no child of a keeper.
 */
static pid_t start_foreign(const char *script)
{
  int ready[2];
  pid_t pid;
  char byte;

  assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
  pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* should this test fail */
    dup2(ready[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", script, (char *)NULL);
    _exit(97);
  }
  close(ready[1]);
  await_readable(ready[0]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return pid;
}

static void order_adopt(struct keeper *keeper, uint64_t id, pid_t pid)
{
  say(keeper, (struct zpm_wire_record){.type = ZPM_WIRE_ADOPT,
                                       .id = id,
                                       .a = pid,
                                       .c = zpm_platform_start_ticks(pid)});
}

/* We are the daemon at the other end of its socket; the next one is this
 * program with --daemon. */
static void start_in_place(struct keeper *keeper)
{
  int pair[2];
  char number[16];
  char self[256] = "";
  pid_t launcher;

  *keeper = (struct keeper){0};
  listen_for_daemons(keeper);
  assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
  launcher = fork();
  assert_true(launcher >= 0);
  if (launcher == 0) {
    dup2(open("/dev/null", O_RDWR), STDOUT_FILENO);
    snprintf(number, sizeof(number), "%d", pair[1]);
    fcntl(pair[1], F_SETFD, 0);
    execl(ZPM_TEST_KEEPER, "zpm-keeper", "--ctl", number, "--", self,
          "--daemon", keeper->address.sun_path, (char *)NULL);
    _exit(97);
  }
  close(pair[1]);
  assert_int_equal(await_child(launcher), 0);
  keeper->ctl = pair[0];
  order(keeper, ZPM_WIRE_PING, 1);
  keeper->pid = expect(keeper, ZPM_WIRE_PONG, 1).a;
}

static void end_keeper(struct keeper *keeper)
{
  quit_keeper_without_output(keeper);
  prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL);
}

static void the_end_of_its_socket_is_the_end_of_its_daemon(void **state)
{
  struct keeper keeper;
  const struct zpm_wire_record *record;
  struct app own;
  pid_t foreign = start_foreign("echo; exec sleep 1000");

  (void)state;
  start_in_place(&keeper);
  order_adopt(&keeper, 7, foreign);
  put_fd(&keeper, "o/7", STDERR_FILENO);
  own = run_shell(&keeper, 8, "exec sleep 1000");
  close(keeper.ctl);

  meet_daemon(&keeper);
  assert_int_equal(keeper.table_len, 3);
  record = table_record(&keeper, ZPM_WIRE_CHILD, 7, "");
  assert_non_null(record);
  assert_int_equal(record->flags, ZPM_WIRE_FOREIGN);
  assert_int_equal(record->a, foreign);
  assert_int_equal(record->c, zpm_platform_start_ticks(foreign));
  assert_non_null(table_record(&keeper, ZPM_WIRE_CHILD, 8, ""));
  assert_non_null(table_record(&keeper, ZPM_WIRE_FD, 0, "o/7"));

  order_kill(&keeper, 7, SIGTERM, true);
  assert_int_equal(WTERMSIG(await_child(foreign)), SIGTERM);
  expect_quiet(&keeper); /* its end is for the daemon to see */
  order(&keeper, ZPM_WIRE_ACK, 7);
  order_kill(&keeper, 8, SIGKILL, true);
  expect(&keeper, ZPM_WIRE_EXIT, 8);
  end_daemon(&keeper, 1);
  meet_daemon(&keeper); /* this one is a child */
  assert_null(table_record(&keeper, ZPM_WIRE_CHILD, 7, ""));
  close_app(&own);
  end_keeper(&keeper);
}

static void a_number_that_is_used_again_is_not_signalled(void **state)
{
  struct keeper keeper;
  pid_t other = start_foreign("echo; exec sleep 1000");

  (void)state;
  start_owned_keeper(&keeper);
  say(&keeper,
      (struct zpm_wire_record){.type = ZPM_WIRE_ADOPT,
                               .id = 7,
                               .a = other,
                               .c = zpm_platform_start_ticks(other) + 1});
  order_kill(&keeper, 7, SIGKILL, true);
  expect_nak(&keeper, ZPM_WIRE_KILL, ESRCH);
  close(keeper.ctl);
  expect_owned_keeper_leaves(&keeper);
  assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
  kill(other, SIGKILL);
  await_child(other);
}

static void what_was_adopted_ends_with_an_owned_keeper_as_well(void **state)
{
  struct keeper keeper;
  pid_t polite = start_foreign("echo; exec sleep 1000");
  pid_t stubborn = start_foreign("trap '' TERM; echo; while :; do sleep 1; "
                                 "done");

  (void)state;
  start_owned_keeper(&keeper);
  order_adopt(&keeper, 1, polite);
  order_adopt(&keeper, 2, stubborn);
  expect_quiet(&keeper);
  close(keeper.ctl);
  assert_int_equal(WTERMSIG(await_child(polite)), SIGTERM);
  assert_int_equal(WTERMSIG(await_child(stubborn)), SIGKILL);
  expect_owned_keeper_leaves(&keeper);
}

static void who_cannot_be_adopted_is_refused(void **state)
{
  struct keeper keeper;
  pid_t foreign = start_foreign("echo; exec sleep 1000");

  (void)state;
  start_owned_keeper(&keeper);
  order(&keeper, ZPM_WIRE_ADOPT, 1);
  expect_nak(&keeper, ZPM_WIRE_ADOPT, EINVAL);
  order_adopt(&keeper, 1, foreign);
  order_adopt(&keeper, 1, foreign);
  expect_nak(&keeper, ZPM_WIRE_ADOPT, EEXIST);
  close(keeper.ctl);
  await_child(foreign);
  expect_owned_keeper_leaves(&keeper);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_end_of_its_socket_is_the_end_of_its_daemon),
      cmocka_unit_test(a_number_that_is_used_again_is_not_signalled),
      cmocka_unit_test(what_was_adopted_ends_with_an_owned_keeper_as_well),
      cmocka_unit_test(who_cannot_be_adopted_is_refused),
  };

  if (argc == 3 && strcmp(argv[1], "--daemon") == 0)
    return run_test_daemon(argv[2]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
