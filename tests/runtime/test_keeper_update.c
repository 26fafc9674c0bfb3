#include "runtime/keeper_fixture.h"

#include <sys/mman.h>

/* ---- which daemon comes next ---- */

static void the_next_daemon_is_tried_once(void **state)
{
  struct keeper keeper;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  put_daemon(&keeper, ZPM_WIRE_DAEMON, "old");
  put_daemon(&keeper, ZPM_WIRE_NEXT, "new");
  end_daemon(&keeper, 3);
  meet_daemon(&keeper);
  expect_daemon(&keeper, "new");
  assert_null(table_record(&keeper, ZPM_WIRE_FD, 0, ZPM_WIRE_NEXT));
  assert_non_null(table_record(&keeper, ZPM_WIRE_FD, 0, ZPM_WIRE_DAEMON));
  end_daemon(&keeper, 1);
  meet_daemon(&keeper);
  expect_daemon(&keeper, "old");
  quit_keeper(&keeper);
}

static void a_next_daemon_that_confirms_stays(void **state)
{
  struct keeper keeper;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  put_daemon(&keeper, ZPM_WIRE_DAEMON, "old");
  put_daemon(&keeper, ZPM_WIRE_NEXT, "new");
  end_daemon(&keeper, 3);
  meet_daemon(&keeper);
  put_daemon(&keeper, ZPM_WIRE_DAEMON, "new");
  end_daemon(&keeper, 1);
  meet_daemon(&keeper);
  expect_daemon(&keeper, "new");
  quit_keeper(&keeper);
}

static void without_other_words_the_old_one_is_the_keepers_own(void **state)
{
  struct keeper keeper;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  put_daemon(&keeper, ZPM_WIRE_NEXT, "new");
  end_daemon(&keeper, 3);
  meet_daemon(&keeper);
  expect_daemon(&keeper, "new");
  end_daemon(&keeper, 1);
  meet_daemon(&keeper);
  expect_daemon(&keeper, keeper.address.sun_path);
  quit_keeper(&keeper);
}

static void a_next_daemon_that_cannot_run_ends_nothing(void **state)
{
  const char *nowhere[] = {"/nonexistent/zpm", "daemon", NULL};
  const char *nothing[] = {NULL};
  struct keeper keeper;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  put_words(&keeper, ZPM_WIRE_NEXT, nowhere);
  end_daemon(&keeper, 3);
  meet_daemon(&keeper);
  put_words(&keeper, ZPM_WIRE_NEXT, nothing);
  end_daemon(&keeper, 3);
  meet_daemon(&keeper);
  put_fd(&keeper, ZPM_WIRE_NEXT, STDERR_FILENO); /* no words at all */
  end_daemon(&keeper, 3);
  meet_daemon(&keeper);
  expect_daemon(&keeper, keeper.address.sun_path);
  quit_keeper(&keeper);
}

static void the_old_program_runs_though_its_file_is_gone(void **state)
{
  struct keeper keeper;
  const char *words[] = {"/nonexistent/zpm", "--daemon", NULL, "old", NULL};
  int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

  (void)state;
  start_keeper(&keeper);
  words[2] = keeper.address.sun_path;
  meet_daemon(&keeper);
  put_words(&keeper, ZPM_WIRE_DAEMON, words);
  put_fd(&keeper, ZPM_WIRE_PROGRAM, self);
  close(self);
  for (int round = 0; round < 2; round++) {
    put_daemon(&keeper, ZPM_WIRE_NEXT, "new");
    end_daemon(&keeper, 3);
    meet_daemon(&keeper);
    expect_daemon(&keeper, "new"); /* by its words, not by that program */
    end_daemon(&keeper, 1);
    meet_daemon(&keeper);
    expect_daemon(&keeper, "old");
  }
  quit_keeper(&keeper);
}

/* Ten deaths in a row without an app would be the end of the keeper. */
static void an_update_counts_as_no_death(void **state)
{
  struct keeper keeper;

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  for (int round = 0; round < 12; round++) {
    put_daemon(&keeper, ZPM_WIRE_NEXT, "new");
    end_daemon(&keeper, 3);
    meet_daemon(&keeper);
    expect_daemon(&keeper, "new");
    end_daemon(&keeper, 1);
    meet_daemon(&keeper);
  }
  quit_keeper(&keeper);
}

static void what_is_stored_about_daemons_keeps_no_hopeless_one(void **state)
{
  struct keeper keeper;
  const char *words[] = {"/bin/false", NULL};

  (void)state;
  start_keeper(&keeper);
  meet_daemon(&keeper);
  put_words(&keeper, ZPM_WIRE_DAEMON, words);
  end_daemon(&keeper, 1);
  assert_int_equal(WEXITSTATUS(await_child(keeper.pid)), 1);
  close(keeper.listener);
  close(keeper.output);
  unlink(keeper.address.sun_path);
  assert_int_equal(rmdir(keeper.folder), 0);
}

/* ---- daemons that do not do their work ---- */

static void a_next_daemon_that_never_serves_is_ended(void **state)
{
  const char *words[] = {"/bin/sleep", "1000", NULL};
  struct keeper keeper;

  (void)state;
  start_keeper_with(&keeper, ZPM_TEST_KEEPER, "50");
  meet_daemon(&keeper);
  put_words(&keeper, ZPM_WIRE_NEXT, words);
  end_daemon(&keeper, 3);
  meet_daemon(&keeper);
  expect_daemon(&keeper, keeper.address.sun_path);
  quit_keeper(&keeper);
}

static void a_stopped_daemon_is_ended_and_its_app_is_not(void **state)
{
  struct keeper keeper;
  const struct zpm_wire_record *record;
  struct app app;

  (void)state;
  start_keeper_with(&keeper, ZPM_TEST_KEEPER, "200");
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  assert_int_equal(kill(daemon_pid(&keeper), SIGSTOP), 0);
  expect_eof(keeper.daemon);
  forget_daemon(&keeper);
  meet_daemon(&keeper);
  record = table_record(&keeper, ZPM_WIRE_CHILD, 1, "");
  assert_non_null(record);
  assert_int_equal(record->a, app.pid);
  assert_int_equal(record->flags, 0);
  close_app(&app);
  quit_keeper(&keeper);
}

/* Of a daemon that is told something and says nothing; other records may come
 * before. */
static void expect_question(struct keeper *keeper)
{
  while (hear(keeper).type != ZPM_WIRE_ASK)
    continue;
}

static void a_daemon_that_is_continued_in_time_stays(void **state)
{
  struct keeper keeper;
  struct app app;
  pid_t daemon;

  (void)state;
  start_keeper_with(&keeper, ZPM_TEST_KEEPER, "1000");
  meet_daemon(&keeper);
  daemon = daemon_pid(&keeper);
  assert_int_equal(kill(daemon, SIGSTOP), 0);
  assert_int_equal(kill(daemon, SIGCONT), 0);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  expect_question(&keeper); /* three times as late */
  expect_quiet(&keeper);
  assert_int_equal(daemon_pid(&keeper), daemon);
  assert_int_equal(kill(daemon, 0), 0);
  close_app(&app);
  quit_keeper(&keeper);
}

static void a_silent_daemon_is_asked_and_then_ended(void **state)
{
  struct keeper keeper;
  struct app app;

  (void)state;
  start_keeper_with(&keeper, ZPM_TEST_KEEPER, "100");
  meet_daemon(&keeper);
  app = run_shell(&keeper, 1, "exec sleep 1000");
  expect_question(&keeper);
  expect_quiet(&keeper); /* the answer */
  order_kill(&keeper, 1, SIGKILL, false);
  expect(&keeper, ZPM_WIRE_EXIT, 1);
  expect_question(&keeper);
  expect_eof(keeper.daemon);
  forget_daemon(&keeper);
  meet_daemon(&keeper);
  assert_int_equal(table_record(&keeper, ZPM_WIRE_CHILD, 1, "")->flags,
                   ZPM_WIRE_EXITED);
  close_app(&app);
  quit_keeper(&keeper);
}

int main(int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_next_daemon_is_tried_once),
      cmocka_unit_test(a_next_daemon_that_confirms_stays),
      cmocka_unit_test(without_other_words_the_old_one_is_the_keepers_own),
      cmocka_unit_test(a_next_daemon_that_cannot_run_ends_nothing),
      cmocka_unit_test(the_old_program_runs_though_its_file_is_gone),
      cmocka_unit_test(an_update_counts_as_no_death),
      cmocka_unit_test(what_is_stored_about_daemons_keeps_no_hopeless_one),
      cmocka_unit_test(a_next_daemon_that_never_serves_is_ended),
      cmocka_unit_test(a_stopped_daemon_is_ended_and_its_app_is_not),
      cmocka_unit_test(a_daemon_that_is_continued_in_time_stays),
      cmocka_unit_test(a_silent_daemon_is_asked_and_then_ended),
  };

  if (argc > 2 && strcmp(argv[1], "--daemon") == 0)
    return run_test_daemon(argv[2]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
