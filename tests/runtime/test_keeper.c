#include "runtime/keeper_fixture.h"

#include "platform/platform.h"

static int count_fds(pid_t pid)
{
  char path[64];
  char target[256];
  int count = 0;

  for (int fd = 0; fd < 256; fd++) {
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
    if (readlink(path, target, sizeof(target)) > 0)
      count++;
  }
  return count;
}

/* ---- apps ---- */

static void an_app_runs_and_its_exit_waits_for_the_ack(void **state)
{
  struct keeper keeper;
  struct zpm_wire_record record;
  struct app app;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 5, "echo hello; exit 42");
  record = expect(&keeper, ZPM_WIRE_EXIT, 5);
  assert_int_equal(record.a, app.pid);
  assert_true(WIFEXITED(record.b));
  assert_int_equal(WEXITSTATUS(record.b), 42);
  expect_eof(app.exec_error);
  expect_quiet(&keeper);
  assert_int_equal(kill(app.pid, 0), 0); /* a zombie, but ours */
  order(&keeper, ZPM_WIRE_ACK, 5);
  expect_quiet(&keeper);
  await_gone(app.pid);
  close_app(&app);
  quit_keeper(&keeper);
}

static void a_death_by_signal_is_told_as_such(void **state)
{
  struct keeper keeper;
  struct zpm_wire_record record;
  struct app app;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 5, "echo up; exec sleep 1000");
  read_line(app.out, (char[16]){0}, 16);
  order_kill(&keeper, 5, SIGUSR1, false);
  record = expect(&keeper, ZPM_WIRE_EXIT, 5);
  assert_true(WIFSIGNALED(record.b));
  assert_int_equal(WTERMSIG(record.b), SIGUSR1);
  order(&keeper, ZPM_WIRE_ACK, 5);
  close_app(&app);
  quit_keeper(&keeper);
}

static void expect_failure(struct keeper *keeper, uint64_t id,
                           const struct zpm_spawn *spawn,
                           enum zpm_spawn_stage stage, int error)
{
  struct app app = order_spawn(keeper, id, spawn);
  struct zpm_spawn_failure failure = exec_failure(&app);

  assert_int_equal(failure.stage, stage);
  assert_int_equal(failure.error, error);
  assert_true(expect(keeper, ZPM_WIRE_SPAWNED, id).a > 0);
  expect(keeper, ZPM_WIRE_EXIT, id);
  order(keeper, ZPM_WIRE_ACK, id);
  expect_quiet(keeper);
  close_app(&app);
}

static void what_cannot_start_tells_stage_and_errno(void **state)
{
  struct keeper keeper;
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, "true");

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  spawn.path = "/nonexistent/program";
  expect_failure(&keeper, 1, &spawn, ZPM_STAGE_EXEC, ENOENT);
  spawn.path = "/etc/hostname/below";
  expect_failure(&keeper, 2, &spawn, ZPM_STAGE_EXEC, ENOTDIR);
  spawn.path = "/bin/sh";
  spawn.cwd = "/nonexistent";
  expect_failure(&keeper, 3, &spawn, ZPM_STAGE_CWD, ENOENT);
  quit_keeper(&keeper);
}

static void bad_specs_hurt_their_own_child_only(void **state)
{
  struct keeper keeper;
  struct app app;
  struct zpm_spawn_spec head = {.magic = ZPM_SPEC_MAGIC, .argc = 1000000};
  int error[2];
  int fds[2];

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  for (uint64_t round = 1; round <= 4; round++) {
    assert_int_equal(pipe2(error, O_CLOEXEC), 0);
    fds[0] = zpm_platform_memfd("bad-spec");
    fds[1] = error[1];
    head.size = round == 1 ? (uint32_t)sizeof(head) : 4096;
    if (round > 1)
      assert_int_equal(write(fds[0], &head, sizeof(head)), sizeof(head));
    if (round > 2)
      assert_int_equal(ftruncate(fds[0], 4096), 0);
    if (round == 4) {
      close(fds[0]);
      fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    say_with(&keeper,
             (struct zpm_wire_record){.type = ZPM_WIRE_SPAWN, .id = round}, fds,
             2);
    close(fds[0]);
    close(fds[1]);
    app = (struct app){.exec_error = error[0]};
    assert_int_equal(exec_failure(&app).stage, ZPM_STAGE_SPEC);
    close(error[0]);
    expect(&keeper, ZPM_WIRE_SPAWNED, round);
    expect(&keeper, ZPM_WIRE_EXIT, round);
    order(&keeper, ZPM_WIRE_ACK, round);
  }
  expect_quiet(&keeper);
  quit_keeper(&keeper);
}

static void an_app_gets_a_clean_start(void **state)
{
  struct keeper keeper;
  struct app app;
  char ids[32];
  char line[128];

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1,
                  "ulimit -Sn; ls /proc/$$/fd; cut -d' ' -f5,6 /proc/$$/stat;"
                  "grep -E '^Sig(Blk|Ign)' /proc/$$/status | cut -f2;"
                  "echo ${ZPM_CTL-none}");
  assert_int_equal(read_number(app.out), 256); /* of the starter */
  for (int fd = 0; fd < 3; fd++)
    assert_int_equal(read_number(app.out), fd);
  snprintf(ids, sizeof(ids), "%d %d", (int)app.pid, (int)app.pid);
  read_line(app.out, line, sizeof(line));
  assert_string_equal(line, ids); /* group and session of its own */
  for (int i = 0; i < 2; i++) {
    read_line(app.out, line, sizeof(line));
    assert_string_equal(line, "0000000000000000");
  }
  read_line(app.out, line, sizeof(line));
  assert_string_equal(line, "none");
  expect_eof(app.out); /* nobody else holds the write end */
  expect(&keeper, ZPM_WIRE_EXIT, 1);
  close_app(&app);
  quit_keeper(&keeper);
}

static void a_signal_can_reach_the_whole_group(void **state)
{
  struct keeper keeper;
  struct app app;
  int grandchild;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1, "sleep 1000 & echo $!; wait");
  grandchild = read_number(app.out);
  order_kill(&keeper, 1, SIGKILL, true);
  expect(&keeper, ZPM_WIRE_EXIT, 1);
  order(&keeper, ZPM_WIRE_ACK, 1);
  await_gone(app.pid);
  await_gone(grandchild); /* reaped by the keeper: it has inherited it */
  close_app(&app);
  quit_keeper(&keeper);
}

static void an_orphan_is_reaped_when_it_dies(void **state)
{
  struct keeper keeper;
  struct app app;
  int orphan;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1, "(setsid sleep 1000 & echo $!); exec sleep 1000");
  orphan = read_number(app.out);
  assert_int_equal(kill(orphan, SIGKILL), 0);
  await_gone(orphan);
  order_kill(&keeper, 1, SIGKILL, false);
  expect(&keeper, ZPM_WIRE_EXIT, 1);
  close_app(&app);
  quit_keeper(&keeper);
}

static void five_hundred_exits_are_all_told(void **state)
{
  enum { APPS = 500 };
  struct keeper keeper;
  static int spawned[APPS + 1];
  static int exited[APPS + 1];
  int told = 0;
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, "exit 3");

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  for (uint64_t id = 1; id <= APPS; id++) {
    struct app app = order_spawn(&keeper, id, &spawn);
    close_app(&app);
  }
  while (told < 2 * APPS) {
    struct zpm_wire_record record = hear(&keeper);
    assert_in_range(record.id, 1, APPS);
    if (record.type == ZPM_WIRE_SPAWNED) {
      assert_int_equal(spawned[record.id]++, 0);
    } else {
      assert_int_equal(record.type, ZPM_WIRE_EXIT);
      assert_int_equal(spawned[record.id], 1);
      assert_int_equal(exited[record.id]++, 0);
      assert_int_equal(WEXITSTATUS(record.b), 3);
      order(&keeper, ZPM_WIRE_ACK, record.id);
    }
    told++;
  }
  expect_quiet(&keeper);
  quit_keeper(&keeper);
}

/* ---- daemons ---- */

static void the_first_daemon_alone_gets_the_output(void **state)
{
  struct keeper keeper;
  char line[16];

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  read_line(keeper.output, line, sizeof(line));
  assert_string_equal(line, "ready");
  end_daemon(&keeper, 1);
  expect_eof(keeper.output);
  meet_daemon(&keeper);
  quit_keeper(&keeper);
}

static void what_is_put_is_inherited_by_the_next_daemon(void **state)
{
  struct keeper keeper;
  int pipe_fds[2];
  char byte;

  (void)state;
  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  start_keeper(&keeper);
  meet_daemon(&keeper);
  assert_int_equal(keeper.table_len, 0);
  put_fd(&keeper, "e/1", STDERR_FILENO);
  put_fd(&keeper, "o/1", STDERR_FILENO);
  put_fd(&keeper, "o/1", pipe_fds[0]); /* replaces */
  order(&keeper, ZPM_WIRE_DEL, 0);
  expect_nak(&keeper, ZPM_WIRE_DEL, EINVAL);
  say(&keeper, (struct zpm_wire_record){.type = ZPM_WIRE_DEL, .name = "e/1"});
  say(&keeper, (struct zpm_wire_record){.type = ZPM_WIRE_DEL, .name = "e/1"});
  expect_nak(&keeper, ZPM_WIRE_DEL, ENOENT);
  close(pipe_fds[0]);
  end_daemon(&keeper, 1);

  meet_daemon(&keeper);
  assert_int_equal(keeper.table_len, 1);
  assert_non_null(table_record(&keeper, ZPM_WIRE_FD, 0, "o/1"));
  assert_int_equal(keeper.stored_len, 1);
  assert_int_equal(write(pipe_fds[1], "x", 1), 1);
  assert_int_equal(read(keeper.stored[0], &byte, 1), 1);
  assert_int_equal(byte, 'x');
  say(&keeper, (struct zpm_wire_record){.type = ZPM_WIRE_DEL, .name = "o/1"});
  expect_quiet(&keeper);
  close(pipe_fds[1]);
  quit_keeper(&keeper);
}

static void an_unacknowledged_exit_is_in_the_next_table(void **state)
{
  struct keeper keeper;
  const struct zpm_wire_record *record;
  struct app dead;
  struct app alive;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  dead = run_shell(&keeper, 1, "exit 42");
  expect(&keeper, ZPM_WIRE_EXIT, 1);
  alive = run_shell(&keeper, 2, "exec sleep 1000");
  end_daemon(&keeper, 1);

  for (int round = 0; round < 3; round++) {
    meet_daemon(&keeper);
    assert_int_equal(keeper.table_len, 2);
    record = table_record(&keeper, ZPM_WIRE_CHILD, 1, "");
    assert_non_null(record);
    assert_int_equal(record->flags, ZPM_WIRE_EXITED);
    assert_int_equal(record->a, dead.pid);
    assert_int_equal(WEXITSTATUS(record->b), 42);
    record = table_record(&keeper, ZPM_WIRE_CHILD, 2, "");
    assert_non_null(record);
    assert_int_equal(record->flags, 0);
    assert_int_equal(record->a, alive.pid);
    expect_quiet(&keeper); /* the table has said it all */
    if (round < 2)
      end_daemon(&keeper, 1);
  }
  order(&keeper, ZPM_WIRE_ACK, 1);
  order(&keeper, ZPM_WIRE_ACK, 2);
  expect_nak(&keeper, ZPM_WIRE_ACK, EBUSY);
  order_kill(&keeper, 2, SIGKILL, true);
  expect(&keeper, ZPM_WIRE_EXIT, 2);
  close_app(&dead);
  close_app(&alive);
  quit_keeper(&keeper);
}

static void a_request_of_a_dying_daemon_is_still_done(void **state)
{
  struct keeper keeper;
  const struct zpm_wire_record *record;
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, "echo $$; exec sleep 1000");
  struct app app;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  kill(keeper.pid, SIGSTOP);
  app = order_spawn(&keeper, 9, &spawn);
  end_daemon(&keeper, 1);
  kill(keeper.pid, SIGCONT);
  meet_daemon(&keeper);
  record = table_record(&keeper, ZPM_WIRE_CHILD, 9, "");
  assert_non_null(record);
  assert_int_equal(read_number(app.out), record->a);
  close_app(&app);
  quit_keeper(&keeper);
}

static void a_dying_daemon_is_started_again_and_again(void **state)
{
  struct keeper keeper;

  (void)state;
  start_keeper(&keeper);
  for (unsigned char i = 0; i < 6; i++) {
    meet_daemon(&keeper);
    end_daemon(&keeper, i % 2);
  }
  meet_daemon(&keeper);
  quit_keeper(&keeper);
}

static void a_daemon_that_cannot_run_is_not_tried_again(void **state)
{
  int errors[2];
  char line[256];
  pid_t pid;
  int status;

  (void)state;
  assert_int_equal(pipe2(errors, O_CLOEXEC), 0);
  pid = fork();
  if (pid == 0) {
    dup2(errors[1], STDERR_FILENO);
    execl(ZPM_TEST_KEEPER, "zpm-keeper", "--", "/nonexistent/zpm", "daemon",
          (char *)NULL);
    _exit(97);
  }
  close(errors[1]);
  status = await_child(pid);
  assert_int_equal(WEXITSTATUS(status), 127);
  read_line(errors[0], line, sizeof(line));
  assert_string_equal(line, "zpm-keeper: cannot run /nonexistent/zpm: No such "
                            "file or directory");
  close(errors[0]);
}

static void a_keeper_that_holds_nothing_gives_up_in_the_end(void **state)
{
  pid_t pid = fork();

  (void)state;
  if (pid == 0) {
    execl(ZPM_TEST_KEEPER, "zpm-keeper", "--", "/bin/sh", "-c", "exit 3",
          (char *)NULL);
    _exit(97);
  }
  assert_int_equal(WEXITSTATUS(await_child(pid)), 3);
}

static void sigterm_is_passed_on_to_the_daemon(void **state)
{
  struct keeper keeper;
  struct app app;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  assert_int_equal(kill(keeper.pid, SIGTERM), 0);
  expect_eof(keeper.daemon); /* it has not caught it */
  forget_daemon(&keeper);
  assert_int_equal(WEXITSTATUS(await_child(keeper.pid)), 128 + SIGTERM);
  await_gone(app.pid);
  close_app(&app);
  close(keeper.listener);
  close(keeper.output);
  unlink(keeper.address.sun_path);
  rmdir(keeper.folder);
}

/* ---- nonsense ---- */

static void malformed_requests_are_refused_and_leak_nothing(void **state)
{
  struct keeper keeper;
  int many[20];
  int before;

  (void)state;
  for (int i = 0; i < 20; i++)
    many[i] = STDERR_FILENO;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  expect_quiet(&keeper);
  before = count_fds(keeper.pid);
  for (int round = 0; round < 30; round++) {
    say_with(&keeper, (struct zpm_wire_record){.type = 200}, many, 3);
    expect_nak(&keeper, 200, EINVAL);
    order(&keeper, ZPM_WIRE_SPAWN, 1);
    expect_nak(&keeper, ZPM_WIRE_SPAWN, EINVAL);
    say_with(&keeper, (struct zpm_wire_record){.type = ZPM_WIRE_SPAWN}, many,
             20);
    expect_nak(&keeper, ZPM_WIRE_SPAWN, EINVAL);
    say_with(&keeper,
             (struct zpm_wire_record){.type = ZPM_WIRE_PUT, .name = "x"}, many,
             2);
    expect_nak(&keeper, ZPM_WIRE_PUT, EINVAL);
    say_with(&keeper, (struct zpm_wire_record){.type = ZPM_WIRE_PUT}, many, 1);
    expect_nak(&keeper, ZPM_WIRE_PUT, EINVAL);
    say_with(&keeper, (struct zpm_wire_record){.type = ZPM_WIRE_PING}, many, 1);
    expect_nak(&keeper, ZPM_WIRE_PING, EINVAL);
    order_kill(&keeper, 1, SIGTERM, true);
    expect_nak(&keeper, ZPM_WIRE_KILL, ESRCH);
    order(&keeper, ZPM_WIRE_ACK, 1);
    expect_nak(&keeper, ZPM_WIRE_ACK, ESRCH);
    order(&keeper, ZPM_WIRE_REEXEC, 0);
    expect_nak(&keeper, ZPM_WIRE_REEXEC, EINVAL);
  }
  expect_quiet(&keeper);
  assert_int_equal(count_fds(keeper.pid), before);
  quit_keeper(&keeper);
}

static void an_id_in_use_is_refused(void **state)
{
  struct keeper keeper;
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, "exec sleep 1000");
  struct app first;
  struct app second;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  first = run_shell(&keeper, 1, "exec sleep 1000");
  second = order_spawn(&keeper, 1, &spawn);
  expect_nak(&keeper, ZPM_WIRE_SPAWN, EEXIST);
  expect_eof(second.exec_error);
  close_app(&first);
  close_app(&second);
  quit_keeper(&keeper);
}

static void random_bytes_cost_the_daemon_its_life_but_no_app(void **state)
{
  struct keeper keeper;
  unsigned char noise[640];
  struct app app;

  (void)state;
  for (size_t i = 0; i < sizeof(noise); i++)
    noise[i] = (unsigned char)(i * 2654435761u >> 13);
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  send_bytes(keeper.ctl, noise, sizeof(noise), NULL, 0);
  expect_eof(keeper.daemon); /* killed */
  forget_daemon(&keeper);
  meet_daemon(&keeper);
  assert_non_null(table_record(&keeper, ZPM_WIRE_CHILD, 1, ""));
  assert_int_equal(kill(app.pid, 0), 0);
  close_app(&app);
  quit_keeper(&keeper);
}

static void a_record_may_come_in_pieces(void **state)
{
  struct keeper keeper;
  struct zpm_wire_record ping = {
      .magic = ZPM_WIRE_MAGIC, .type = ZPM_WIRE_PING, .id = 3};

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  for (size_t at = 0; at < sizeof(ping); at++)
    send_bytes(keeper.ctl, (const char *)&ping + at, 1, NULL, 0);
  expect(&keeper, ZPM_WIRE_PONG, 3);
  quit_keeper(&keeper);
}

static void a_daemon_that_does_not_listen_blocks_nobody(void **state)
{
  enum { PINGS = 3000 };
  struct keeper keeper;
  struct pollfd writable;
  uint64_t sent = 0;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  writable = (struct pollfd){.fd = keeper.ctl, .events = POLLOUT};
  /* Until neither side takes any more, or all are sent. */
  while (sent < PINGS && poll(&writable, 1, 200) == 1)
    order(&keeper, ZPM_WIRE_PING, ++sent);
  for (uint64_t id = 1; id <= sent; id++)
    expect(&keeper, ZPM_WIRE_PONG, id);
  expect_quiet(&keeper);
  quit_keeper(&keeper);
}

/* ---- the end ---- */

static void quit_leaves_nothing_behind(void **state)
{
  struct keeper keeper;
  struct app app;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  quit_keeper(&keeper);
  await_gone(app.pid);
  close_app(&app);
}

static void an_owned_keeper_ends_everything_when_its_host_goes(void **state)
{
  struct keeper keeper;
  struct app plain;
  struct app stubborn;
  struct app stopped;
  struct app family;
  int orphan;
  int session;

  (void)state;
  start_owned_keeper(&keeper);
  plain = run_shell(&keeper, 1, "exec sleep 1000");
  stubborn =
      run_shell(&keeper, 2, "trap '' TERM; echo 1; while :; do sleep 1; done");
  read_number(stubborn.out);
  stopped = run_shell(&keeper, 3, "echo 1; kill -STOP $$; sleep 1000");
  read_number(stopped.out);
  family = run_shell(&keeper, 4,
                     "(setsid sleep 1000 & echo $!); setsid sleep 1000 & "
                     "echo $!; wait");
  orphan = read_number(family.out);
  session = read_number(family.out);

  close(keeper.ctl);
  expect_owned_keeper_leaves(&keeper);
  await_gone(plain.pid);
  await_gone(stubborn.pid);
  await_gone(stopped.pid);
  await_gone(family.pid);
  await_gone(orphan);
  await_gone(session);
  close_app(&plain);
  close_app(&stubborn);
  close_app(&stopped);
  close_app(&family);
}

static void an_owned_keeper_asks_before_it_kills(void **state)
{
  struct keeper keeper;
  struct app app;
  char line[32];

  (void)state;
  start_owned_keeper(&keeper);
  app = run_shell(&keeper, 1,
                  "trap 'echo bye; exit 0' TERM; echo up; "
                  "while :; do sleep 0.05; done");
  read_line(app.out, line, sizeof(line));
  close(keeper.ctl);
  read_line(app.out, line, sizeof(line));
  assert_string_equal(line, "bye");
  expect_owned_keeper_leaves(&keeper);
  close_app(&app);
}

static void an_owned_keeper_without_apps_leaves_at_once(void **state)
{
  struct keeper keeper;
  int64_t start;

  (void)state;
  start_owned_keeper(&keeper);
  start = fixture_now_ms();
  close(keeper.ctl);
  expect_owned_keeper_leaves(&keeper);
  assert_true(fixture_now_ms() - start < DEADLINE_MS / 2);
}

static void wrong_arguments_get_the_usage(void **state)
{
  pid_t pid = fork();

  (void)state;
  if (pid == 0) {
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    execl(ZPM_TEST_KEEPER, "zpm-keeper", "--owned", (char *)NULL);
    _exit(97);
  }
  assert_int_equal(WEXITSTATUS(await_child(pid)), 2);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_app_runs_and_its_exit_waits_for_the_ack),
      cmocka_unit_test(a_death_by_signal_is_told_as_such),
      cmocka_unit_test(what_cannot_start_tells_stage_and_errno),
      cmocka_unit_test(bad_specs_hurt_their_own_child_only),
      cmocka_unit_test(an_app_gets_a_clean_start),
      cmocka_unit_test(a_signal_can_reach_the_whole_group),
      cmocka_unit_test(an_orphan_is_reaped_when_it_dies),
      cmocka_unit_test(five_hundred_exits_are_all_told),
      cmocka_unit_test(the_first_daemon_alone_gets_the_output),
      cmocka_unit_test(what_is_put_is_inherited_by_the_next_daemon),
      cmocka_unit_test(an_unacknowledged_exit_is_in_the_next_table),
      cmocka_unit_test(a_request_of_a_dying_daemon_is_still_done),
      cmocka_unit_test(a_dying_daemon_is_started_again_and_again),
      cmocka_unit_test(a_daemon_that_cannot_run_is_not_tried_again),
      cmocka_unit_test(a_keeper_that_holds_nothing_gives_up_in_the_end),
      cmocka_unit_test(sigterm_is_passed_on_to_the_daemon),
      cmocka_unit_test(malformed_requests_are_refused_and_leak_nothing),
      cmocka_unit_test(an_id_in_use_is_refused),
      cmocka_unit_test(random_bytes_cost_the_daemon_its_life_but_no_app),
      cmocka_unit_test(a_record_may_come_in_pieces),
      cmocka_unit_test(a_daemon_that_does_not_listen_blocks_nobody),
      cmocka_unit_test(quit_leaves_nothing_behind),
      cmocka_unit_test(an_owned_keeper_ends_everything_when_its_host_goes),
      cmocka_unit_test(an_owned_keeper_asks_before_it_kills),
      cmocka_unit_test(an_owned_keeper_without_apps_leaves_at_once),
      cmocka_unit_test(wrong_arguments_get_the_usage),
  };

  if (argc == 3 && strcmp(argv[1], "--daemon") == 0)
    return run_test_daemon(argv[2]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
