#include "runtime/keeper_fixture.h"

#include "zpm/version.h"

/* ---- another keeper ---- */

/* A copy of the keeper, which is another file, in the keeper's folder. */
static void copy_keeper(const struct keeper *keeper, char path[128])
{
  char bytes[65536];
  int from = open(ZPM_TEST_KEEPER, O_RDONLY | O_CLOEXEC);
  int to;
  ssize_t len;

  snprintf(path, 128, "%s/zpm-keeper", keeper->folder);
  to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
  assert_true(from >= 0 && to >= 0);
  while ((len = read(from, bytes, sizeof(bytes))) > 0)
    assert_int_equal(write(to, bytes, (size_t)len), len);
  close(from);
  close(to);
}

static void write_script(const struct keeper *keeper, char path[128],
                         const char *text)
{
  int fd;

  snprintf(path, 128, "%s/script", keeper->folder);
  fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
}

static void order_reexec(struct keeper *keeper, uint64_t id, const char *path)
{
  const char *words[] = {path, NULL};
  int fd = words_memfd(words);

  say_with(keeper, (struct zpm_wire_record){.type = ZPM_WIRE_REEXEC, .id = id},
           &fd, 1);
  close(fd);
}

static void expect_program(const struct keeper *keeper, const char *path)
{
  char link[64];
  char target[256] = "";

  snprintf(link, sizeof(link), "/proc/%d/exe", (int)keeper->pid);
  assert_true(readlink(link, target, sizeof(target) - 1) > 0);
  assert_string_equal(target, path);
}

static void expect_new_keeper(struct keeper *keeper, uint64_t id,
                              const char *path)
{
  struct zpm_wire_record record = expect(keeper, ZPM_WIRE_PONG, id);

  assert_int_equal(record.a, keeper->pid);
  assert_string_equal(record.name, ZPM_VERSION);
  expect_program(keeper, path);
}

static void end_app(struct keeper *keeper, struct app *app)
{
  order_kill(keeper, app->id, SIGKILL, true);
  expect(keeper, ZPM_WIRE_EXIT, app->id);
  order(keeper, ZPM_WIRE_ACK, app->id);
  expect_quiet(keeper);
  await_gone(app->pid);
  close_app(app);
}

static void a_keeper_tells_its_version(void **state)
{
  struct keeper keeper;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  order(&keeper, ZPM_WIRE_PING, 4);
  assert_string_equal(expect(&keeper, ZPM_WIRE_PONG, 4).name, ZPM_VERSION);
  quit_keeper(&keeper);
}

static void a_keeper_becomes_another_and_loses_nothing(void **state)
{
  struct keeper keeper;
  char path[128];
  struct app dead;
  struct app alive;
  struct app late;
  pid_t daemon;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  copy_keeper(&keeper, path);
  daemon = daemon_pid(&keeper);
  put_fd(&keeper, "o/1", STDERR_FILENO);
  dead = run_shell(&keeper, 1, "exit 42");
  expect(&keeper, ZPM_WIRE_EXIT, 1);
  alive = run_shell(&keeper, 2, "(setsid sleep 1000 & echo $!); exec sleep 1");
  order_reexec(&keeper, 9, path);
  expect_new_keeper(&keeper, 9, path);
  assert_int_equal(kill(dead.pid, 0), 0); /* still a zombie of ours */
  order(&keeper, ZPM_WIRE_ACK, 1);
  expect_quiet(&keeper);
  await_gone(dead.pid);
  assert_int_equal(kill(read_number(alive.out), SIGKILL), 0); /* an orphan */
  assert_int_equal(WEXITSTATUS(expect(&keeper, ZPM_WIRE_EXIT, 2).b), 0);
  order(&keeper, ZPM_WIRE_ACK, 2);
  late = run_shell(&keeper, 3, "ulimit -Sn; exec sleep 1000");
  assert_int_equal(read_number(late.out), 256); /* of the first starter */
  assert_int_equal(daemon_pid(&keeper), daemon);
  end_daemon(&keeper, 1);

  meet_daemon(&keeper);
  assert_non_null(table_record(&keeper, ZPM_WIRE_FD, 0, "o/1"));
  assert_int_equal(table_record(&keeper, ZPM_WIRE_CHILD, 3, "")->a, late.pid);
  assert_int_equal(keeper.table_len, 2);
  end_app(&keeper, &late);
  close_app(&dead);
  close_app(&alive);
  unlink(path);
  quit_keeper(&keeper);
}

static void what_happens_meanwhile_is_told_once(void **state)
{
  enum { APPS = 60, ROUNDS = 3 };
  struct keeper keeper;
  char path[128];
  char *argv[4];
  struct zpm_spawn spawn = shell(argv, "exit 3");
  int spawned[APPS * ROUNDS + 1] = {0};
  int exited[APPS * ROUNDS + 1] = {0};
  int becoming = 0;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  copy_keeper(&keeper, path);
  for (int round = 0; round < ROUNDS; round++) {
    int told = 0;

    for (int i = 0; i < APPS; i++) {
      struct app app =
          order_spawn(&keeper, (uint64_t)(round * APPS + i + 1), &spawn);
      close_app(&app);
      if (i == APPS / 3)
        order_reexec(&keeper, 1000, path);
    }
    while (told < 2 * APPS || becoming <= round) {
      struct zpm_wire_record record = hear(&keeper);

      if (record.type == ZPM_WIRE_PONG) {
        assert_int_equal(record.id, 1000);
        becoming++;
        continue;
      }
      told++;
      assert_in_range(record.id, 1, APPS * ROUNDS);
      if (record.type == ZPM_WIRE_SPAWNED) {
        assert_int_equal(spawned[record.id]++, 0);
        continue;
      }
      assert_int_equal(record.type, ZPM_WIRE_EXIT);
      assert_int_equal(WEXITSTATUS(record.b), 3);
      assert_int_equal(exited[record.id]++, 0);
      order(&keeper, ZPM_WIRE_ACK, record.id);
    }
  }
  expect_quiet(&keeper);
  expect_program(&keeper, path);
  unlink(path);
  quit_keeper(&keeper);
}

/* As npm does it: the old file is gone, a new one lies in its place. */
static void a_keeper_is_replaced_in_place(void **state)
{
  struct keeper keeper;
  char path[128];
  char aside[160];
  struct app app;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  copy_keeper(&keeper, path);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  for (uint64_t round = 1; round <= 3; round++) {
    order_reexec(&keeper, round, path);
    expect_new_keeper(&keeper, round, path);
    snprintf(aside, sizeof(aside), "%s.old", path);
    assert_int_equal(rename(path, aside), 0);
    copy_keeper(&keeper, path);
    unlink(aside);
  }
  end_app(&keeper, &app);
  unlink(path);
  quit_keeper(&keeper);
}

static void an_owned_keeper_stays_owned(void **state)
{
  struct keeper keeper;
  struct app app;

  (void)state;
  start_owned_keeper(&keeper);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  order_reexec(&keeper, 3, ZPM_TEST_KEEPER);
  expect(&keeper, ZPM_WIRE_PONG, 3);
  assert_int_equal(kill(app.pid, 0), 0);
  close(keeper.ctl);
  expect_owned_keeper_leaves(&keeper);
  await_gone(app.pid);
  close_app(&app);
}

static void it_is_still_told_when_its_daemon_is_stopped(void **state)
{
  struct keeper keeper;
  char path[128];

  (void)state;
  start_keeper_with(&keeper, ZPM_TEST_KEEPER, "100");
  meet_daemon(&keeper);
  copy_keeper(&keeper, path);
  order_reexec(&keeper, 1, path);
  expect_new_keeper(&keeper, 1, path);
  assert_int_equal(kill(daemon_pid(&keeper), SIGSTOP), 0);
  expect_eof(keeper.daemon);
  forget_daemon(&keeper);
  meet_daemon(&keeper);
  unlink(path);
  quit_keeper(&keeper);
}

/* ---- no keeper at all ---- */

static int open_fds(pid_t pid)
{
  char path[64];
  char target[16];
  int count = 0;

  for (int fd = 0; fd < 256; fd++) {
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
    count += readlink(path, target, sizeof(target)) > 0;
  }
  return count;
}

static void refuses(struct keeper *keeper, const char *path, int error)
{
  order_reexec(keeper, 6, path);
  assert_int_equal(hear(keeper).b, error);
  expect_program(keeper, ZPM_TEST_KEEPER);
}

static void what_is_no_keeper_is_refused(void **state)
{
  struct keeper keeper;
  char path[128];
  struct app app;
  int before;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  before = open_fds(keeper.pid);
  refuses(&keeper, "/nonexistent/zpm-keeper", ENOEXEC);
  refuses(&keeper, "/bin/true", ENOEXEC);
  refuses(&keeper, "/etc/hostname", ENOEXEC);
  refuses(&keeper, "", ENOEXEC);
  write_script(&keeper, path, "#!/bin/sh\nexec sleep 1000\n");
  order_reexec(&keeper, 7, path);
  order_reexec(&keeper, 8, path);
  assert_int_equal(hear(&keeper).b, EBUSY);
  assert_int_equal(hear(&keeper).b, ETIMEDOUT);
  expect_quiet(&keeper);
  assert_int_equal(open_fds(keeper.pid), before);
  end_app(&keeper, &app);
  unlink(path);
  quit_keeper(&keeper);
}

static void a_check_that_hangs_dies_with_who_asked(void **state)
{
  struct keeper keeper;
  char path[128];

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  write_script(&keeper, path, "#!/bin/sh\nexec sleep 1000\n");
  order_reexec(&keeper, 7, path);
  end_daemon(&keeper, 1);
  meet_daemon(&keeper);
  order_reexec(&keeper, 8, ZPM_TEST_KEEPER);
  expect_new_keeper(&keeper, 8, ZPM_TEST_KEEPER);
  unlink(path);
  quit_keeper(&keeper);
}

/* ---- what is handed over ---- */

enum { FITS = 71, DOES_NOT = 1, HEAD_NOW = 112, CHILD_NOW = 24, FD_NOW = 36 };

struct beginning {
  uint32_t magic;
  uint32_t head_size;
  uint32_t child_size;
  uint32_t child_count;
  uint32_t fd_size;
  uint32_t fd_count;
};

/* What the keeper says to a file of that beginning and `size` bytes. */
static int check(struct beginning beginning, off_t size)
{
  int fd = memfd_create("handover", 0);
  char number[16];
  int status;
  pid_t pid;

  assert_int_equal(write(fd, &beginning, sizeof(beginning)), sizeof(beginning));
  assert_int_equal(ftruncate(fd, size), 0);
  snprintf(number, sizeof(number), "%d", fd);
  pid = fork();
  if (pid == 0) {
    execl(ZPM_TEST_KEEPER, "zpm-keeper", "--check", number, "--", "zpm",
          (char *)NULL);
    _exit(97);
  }
  status = await_child(pid);
  close(fd);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void a_file_of_another_kind_is_not_read(void **state)
{
  const struct beginning now = {0x7a706801u, HEAD_NOW, CHILD_NOW, 2, FD_NOW, 0};
  struct beginning other = now;

  (void)state;
  assert_int_equal(check(now, HEAD_NOW + 2 * CHILD_NOW), FITS);
  other.magic = 0x7a706802u;
  assert_int_equal(check(other, HEAD_NOW + 2 * CHILD_NOW), DOES_NOT);
  other = now;
  other.child_count = 3; /* cut off */
  assert_int_equal(check(other, HEAD_NOW + 2 * CHILD_NOW), DOES_NOT);
  other = now;
  other.child_size = UINT32_MAX;
  assert_int_equal(check(other, HEAD_NOW + 2 * CHILD_NOW), DOES_NOT);
  other = now;
  other.head_size = 4;
  assert_int_equal(check(other, HEAD_NOW + 2 * CHILD_NOW), DOES_NOT);
  assert_int_equal(check((struct beginning){0}, 4), DOES_NOT);
}

/* A later keeper has more to say, an earlier one less. */
static void fields_that_one_side_does_not_know_are_left_out(void **state)
{
  const struct beginning later = {0x7a706801u, 200, 64, 2, 128, 0};
  const struct beginning earlier = {0x7a706801u, 64, 16, 2, 36, 0};

  (void)state;
  assert_int_equal(check(later, 200 + 2 * 64), FITS);
  assert_int_equal(check(earlier, 64 + 2 * 16), FITS);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_keeper_tells_its_version),
      cmocka_unit_test(a_keeper_becomes_another_and_loses_nothing),
      cmocka_unit_test(what_happens_meanwhile_is_told_once),
      cmocka_unit_test(a_keeper_is_replaced_in_place),
      cmocka_unit_test(an_owned_keeper_stays_owned),
      cmocka_unit_test(it_is_still_told_when_its_daemon_is_stopped),
      cmocka_unit_test(what_is_no_keeper_is_refused),
      cmocka_unit_test(a_check_that_hangs_dies_with_who_asked),
      cmocka_unit_test(a_file_of_another_kind_is_not_read),
      cmocka_unit_test(fields_that_one_side_does_not_know_are_left_out),
  };

  if (argc > 2 && strcmp(argv[1], "--daemon") == 0)
    return run_test_daemon(argv[2]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
