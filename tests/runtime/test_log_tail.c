#include "logs_fixture.h"

static const struct zpm_log_rules PARTS = {.max_size_bytes = 10,
                                           .max_files = 5};

static const char *tail_of(const struct logs_fixture *f, const char *app,
                           size_t lines)
{
  static struct zpm_str text;

  zpm_str_deinit(&text);
  assert_int_equal(zpm_logs_tail(f->folder, app, ZPM_STREAM_OUT, lines, &text),
                   0);
  return zpm_str_text(&text);
}

static void the_last_lines_are_shown(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &RAW, "one\ntwo\n\nfour\n");
  assert_string_equal(tail_of(&f, "api", 0), "");
  assert_string_equal(tail_of(&f, "api", 1), "four\n");
  assert_string_equal(tail_of(&f, "api", 2), "\nfour\n");
  assert_string_equal(tail_of(&f, "api", 3), "two\n\nfour\n");
  assert_string_equal(tail_of(&f, "api", 4), "one\ntwo\n\nfour\n");
  assert_string_equal(tail_of(&f, "api", 99), "one\ntwo\n\nfour\n");
  logs_teardown(&f);
}

static void a_line_that_is_not_over_is_shown(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &RAW, "one\ntwo\nthr");
  assert_string_equal(tail_of(&f, "api", 1), "thr");
  assert_string_equal(tail_of(&f, "api", 2), "two\nthr");
  logs_teardown(&f);
}

static void the_tail_goes_back_into_rotated_parts(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &PARTS, "1\n2\n3\n4\n5\n6\n7\n8\n9\n0\na\nb\n");
  assert_string_equal(tail_of(&f, "api", 2), "a\nb\n");
  assert_string_equal(tail_of(&f, "api", 3), "0\na\nb\n");
  assert_string_equal(tail_of(&f, "api", 7), "6\n7\n8\n9\n0\na\nb\n");
  assert_string_equal(tail_of(&f, "api", 8), "5\n6\n7\n8\n9\n0\na\nb\n");
  assert_string_equal(tail_of(&f, "api", 99),
                      "1\n2\n3\n4\n5\n6\n7\n8\n9\n0\na\nb\n");
  logs_teardown(&f);
}

static void one_part_may_be_missing(void **state)
{
  char path[SCRATCH_MAX + 64];
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &PARTS, "1\n2\n3\n4\n5\n6\n7\n8\n9\n0\na\nb\n");
  snprintf(path, sizeof(path), "%s/api/out.log.1", f.folder);
  assert_int_equal(unlink(path), 0);
  assert_string_equal(tail_of(&f, "api", 99), "1\n2\n3\n4\n5\na\nb\n");
  snprintf(path, sizeof(path), "%s/api/out.log", f.folder);
  assert_int_equal(unlink(path), 0);
  assert_string_equal(tail_of(&f, "api", 99), "");
  logs_teardown(&f);
}

static void without_a_log_there_is_nothing_to_show(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  assert_string_equal(tail_of(&f, "nobody", 10), "");
  log_once(&f, "silent", &RAW, "\n");
  assert_string_equal(tail_of(&f, "silent", 10), "\n");
  logs_teardown(&f);
}

static void a_tail_has_at_most_1_mib_of_whole_lines(void **state)
{
  enum { LINE = 1000, LINES = 2000 };
  char line[LINE + 1];
  struct logs_fixture f;
  struct logs_pipe pipe;
  struct zpm_str text = {0};

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  for (int i = 0; i < LINES; i++) {
    memset(line, 'a' + i % 26, LINE);
    line[LINE - 1] = '\n';
    pipe_write_bytes(&pipe, line, LINE);
  }
  pipe_close(&pipe);
  assert_int_equal(zpm_logs_tail(f.folder, "api", ZPM_STREAM_OUT, LINES, &text),
                   0);
  assert_true(text.len > (1 << 20) - LINE && text.len <= 1 << 20);
  assert_int_equal(text.len % LINE, 0);
  assert_memory_equal(text.data + text.len - LINE, line, LINE);
  zpm_str_deinit(&text);
  logs_teardown(&f);
}

static void of_an_endless_line_the_end_is_shown(void **state)
{
  enum { CHUNK = 60000, TIMES = 30 };
  static char chunk[CHUNK];
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  memset(chunk, 'x', CHUNK);
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  for (int i = 0; i < TIMES; i++)
    pipe_write_bytes(&pipe, chunk, CHUNK);
  pipe_close(&pipe);
  assert_int_equal(strlen(tail_of(&f, "api", 1)), 1 << 20);
  logs_teardown(&f);
}

static void what_was_there_before_the_tail_is_kept(void **state)
{
  struct zpm_str text = {0};
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &RAW, "one\n");
  zpm_str_puts(&text, "before\n");
  assert_int_equal(zpm_logs_tail(f.folder, "api", ZPM_STREAM_OUT, 5, &text), 0);
  assert_string_equal(text.data, "before\none\n");
  zpm_str_deinit(&text);
  logs_teardown(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_lines_are_shown),
      cmocka_unit_test(a_line_that_is_not_over_is_shown),
      cmocka_unit_test(the_tail_goes_back_into_rotated_parts),
      cmocka_unit_test(one_part_may_be_missing),
      cmocka_unit_test(without_a_log_there_is_nothing_to_show),
      cmocka_unit_test(a_tail_has_at_most_1_mib_of_whole_lines),
      cmocka_unit_test(of_an_endless_line_the_end_is_shown),
      cmocka_unit_test(what_was_there_before_the_tail_is_kept),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
