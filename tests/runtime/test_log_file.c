#include "logs_fixture.h"

#include <sys/stat.h>

static const struct zpm_log_rules TINY = {.max_size_bytes = 10, .max_files = 3};

static void path_in(const struct logs_fixture *f, const char *name,
                    char path[SCRATCH_MAX + 128])
{
  snprintf(path, SCRATCH_MAX + 128, "%s/%s", f->folder, name);
}

static void rename_in(const struct logs_fixture *f, const char *from,
                      const char *to)
{
  char old_path[SCRATCH_MAX + 128];
  char new_path[SCRATCH_MAX + 128];

  path_in(f, from, old_path);
  path_in(f, to, new_path);
  assert_int_equal(rename(old_path, new_path), 0);
}

static void remove_in(const struct logs_fixture *f, const char *name)
{
  char path[SCRATCH_MAX + 128];

  path_in(f, name, path);
  assert_int_equal(remove(path), 0);
}

/* ---- rotation ---- */

static void a_full_file_becomes_part_1(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &TINY, &pipe);
  pipe_write(&pipe, "1234\n");
  pipe_write(&pipe, "5678\n");
  assert_log(&f, "api/out.log.1", NULL);
  pipe_write(&pipe, "9\n");
  pipe_close(&pipe);
  assert_log(&f, "api/out.log", "9\n");
  assert_log(&f, "api/out.log.1", "1234\n5678\n");
  logs_teardown(&f);
}

static void one_batch_may_fill_several_files(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &TINY, "1\n2\n3\n4\n5\n6\n7\n8\n9\n0\na\nb\n");
  assert_log(&f, "api/out.log", "a\nb\n");
  assert_log(&f, "api/out.log.1", "6\n7\n8\n9\n0\n");
  assert_log(&f, "api/out.log.2", "1\n2\n3\n4\n5\n");
  logs_teardown(&f);
}

static void the_oldest_part_goes(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  for (char line[] = "0-------\n"; line[0] <= '9'; line[0]++)
    log_once(&f, "api", &TINY, line);
  assert_log(&f, "api/out.log", "9-------\n");
  assert_log(&f, "api/out.log.1", "8-------\n");
  assert_log(&f, "api/out.log.2", "7-------\n");
  assert_log(&f, "api/out.log.3", "6-------\n");
  assert_log(&f, "api/out.log.4", NULL);
  logs_teardown(&f);
}

static void a_line_is_not_cut_by_rotation(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &TINY, &pipe);
  pipe_write(&pipe, "a long line that is ");
  pipe_write(&pipe, "not over yet");
  pipe_write(&pipe, "!\nnext\n");
  pipe_close(&pipe);
  assert_log(&f, "api/out.log", "next\n");
  assert_log(&f, "api/out.log.1", "a long line that is not over yet!\n");
  logs_teardown(&f);
}

static void a_line_without_end_is_cut_in_the_end(void **state)
{
  enum { CHUNK = 30000, TIMES = 6 };
  static char chunk[CHUNK];
  struct logs_fixture f;
  struct logs_pipe pipe;
  size_t kept;

  (void)state;
  memset(chunk, 'x', CHUNK);
  logs_setup(&f);
  pipe_open(&f, "api", &TINY, &pipe);
  for (int i = 0; i < TIMES; i++)
    pipe_write_bytes(&pipe, chunk, CHUNK);
  pipe_close(&pipe);
  kept = logs_read(f.folder, "api/out.log.1")->len;
  assert_true(kept > 32768 && kept < 131072);
  assert_int_equal(kept + logs_read(f.folder, "api/out.log")->len +
                       logs_read(f.folder, "api/out.log.2")->len,
                   (size_t)CHUNK * TIMES);
  logs_teardown(&f);
}

static void without_parts_a_full_file_is_emptied(void **state)
{
  const struct zpm_log_rules rules = {.max_size_bytes = 10};
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &rules, "12345678\n");
  log_once(&f, "api", &rules, "90\n");
  assert_log(&f, "api/out.log", "90\n");
  assert_log(&f, "api/out.log.1", NULL);
  logs_teardown(&f);
}

static void fewer_parts_than_before_are_kept(void **state)
{
  const struct zpm_log_rules rules = {.max_size_bytes = 10, .max_files = 1};
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  for (int i = 0; i < 5; i++)
    log_once(&f, "api", &TINY, "--------\n");
  log_once(&f, "api", &rules, "last----\n");
  assert_log(&f, "api/out.log", "last----\n");
  assert_log(&f, "api/out.log.1", "--------\n");
  assert_log(&f, "api/out.log.2", NULL);
  assert_log(&f, "api/out.log.3", NULL);
  logs_teardown(&f);
}

static void formatted_output_is_rotated_at_line_ends(void **state)
{
  const struct zpm_log_rules rules = {
      .max_size_bytes = 24, .max_files = 3, .timestamps = true};
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &rules, "one\ntwo\nthree\nfour\n");
  assert_timed_log(&f, "api/out.log.1", "<time> one\n<time> two\n");
  assert_timed_log(&f, "api/out.log", "<time> three\n<time> four\n");
  logs_teardown(&f);
}

static void where_rotation_fails_nothing_is_lost(void **state)
{
  struct logs_fixture f;
  char path[SCRATCH_MAX + 128];

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &TINY, "12345678\n");
  path_in(&f, "api/out.log.1", path); /* a folder cannot be replaced */
  assert_int_equal(mkdir(path, 0700), 0);
  path_in(&f, "api/out.log.1/x", path);
  assert_int_equal(mkdir(path, 0700), 0);
  log_once(&f, "api",
           &(struct zpm_log_rules){.max_size_bytes = 10, .max_files = 1},
           "90\n");
  assert_log(&f, "api/out.log", "12345678\n90\n");
  logs_teardown(&f);
}

/* ---- what others do ---- */

static void a_removed_file_is_made_again(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  pipe_write(&pipe, "one\n");
  remove_in(&f, "api/out.log");
  pipe_write(&pipe, "two\n");
  assert_log(&f, "api/out.log", "two\n");
  remove_in(&f, "api/out.log");
  remove_in(&f, "api");
  assert_int_equal(rmdir(f.folder), 0);
  pipe_write(&pipe, "three\n");
  pipe_close(&pipe);
  assert_log(&f, "api/out.log", "three\n");
  logs_teardown(&f);
}

static void a_moved_file_is_let_go_soon(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  pipe_write(&pipe, "one\n");
  rename_in(&f, "api/out.log", "api/moved");
  logs_pass(&f, 1100);
  pipe_write(&pipe, "two\n");
  assert_log(&f, "api/out.log", "two\n");
  rename_in(&f, "api", "elsewhere");
  logs_pass(&f, 1100);
  pipe_write(&pipe, "three\n");
  pipe_close(&pipe);
  assert_log(&f, "elsewhere/moved", "one\n");
  assert_log(&f, "elsewhere/out.log", "two\n");
  assert_log(&f, "api/out.log", "three\n");
  logs_teardown(&f);
}

static void a_file_that_was_emptied_is_written_from_its_start(void **state)
{
  char path[SCRATCH_MAX + 128];
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &STAMPED, &pipe);
  pipe_write(&pipe, "one and a half");
  path_in(&f, "api/out.log", path);
  assert_int_equal(truncate(path, 0), 0);
  pipe_write(&pipe, "two\n");
  pipe_close(&pipe);
  assert_timed_log(&f, "api/out.log", "<time> two\n");
  logs_teardown(&f);
}

static void a_link_is_not_followed(void **state)
{
  char path[SCRATCH_MAX + 128];
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &RAW, "one\n");
  rename_in(&f, "api/out.log", "api/target");
  path_in(&f, "api/out.log", path);
  assert_int_equal(symlink("target", path), 0);
  log_once(&f, "api", &RAW, "two\n");
  assert_log(&f, "api/target", "one\n");
  logs_teardown(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_full_file_becomes_part_1),
      cmocka_unit_test(one_batch_may_fill_several_files),
      cmocka_unit_test(the_oldest_part_goes),
      cmocka_unit_test(a_line_is_not_cut_by_rotation),
      cmocka_unit_test(a_line_without_end_is_cut_in_the_end),
      cmocka_unit_test(without_parts_a_full_file_is_emptied),
      cmocka_unit_test(fewer_parts_than_before_are_kept),
      cmocka_unit_test(formatted_output_is_rotated_at_line_ends),
      cmocka_unit_test(where_rotation_fails_nothing_is_lost),
      cmocka_unit_test(a_removed_file_is_made_again),
      cmocka_unit_test(a_moved_file_is_let_go_soon),
      cmocka_unit_test(a_file_that_was_emptied_is_written_from_its_start),
      cmocka_unit_test(a_link_is_not_followed),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
