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

/* ---- from a place on ---- */

static const char *since(const struct logs_fixture *f,
                         const struct zpm_log_place *place)
{
  static struct zpm_str text;
  uint64_t left_out;

  zpm_str_deinit(&text);
  assert_int_equal(
      zpm_logs_since(f->folder, "api", ZPM_STREAM_OUT, place, &text, &left_out),
      0);
  assert_int_equal(left_out, 0);
  return zpm_str_text(&text);
}

static struct zpm_log_place end_of_api(const struct logs_fixture *f)
{
  return zpm_logs_end(f->folder, "api", ZPM_STREAM_OUT);
}

static void a_piece_ends_where_its_file_goes_on(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;
  struct zpm_log_place one;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &STAMPED, &pipe);
  pipe_write(&pipe, "one\n");
  one = f.heard_place;
  assert_true(one.file == end_of_api(&f).file);
  assert_int_equal(one.offset, end_of_api(&f).offset);
  assert_string_equal(since(&f, &one), "");
  zpm_str_clear(&f.heard);
  pipe_write(&pipe, "two\nthr");
  assert_string_equal(since(&f, &one), f.heard.data);
  pipe_close(&pipe);
  logs_teardown(&f);
}

static void a_place_is_found_in_a_rotated_part(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;
  struct zpm_log_place place;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &PARTS, &pipe);
  pipe_write(&pipe, "1\n2\n");
  place = f.heard_place;
  pipe_write(&pipe, "3\n4\n5\n6\n7\n8\n9\n0\na\nb\n");
  assert_true(f.heard_place.file != place.file);
  assert_string_equal(since(&f, &place), "3\n4\n5\n6\n7\n8\n9\n0\na\nb\n");
  assert_string_equal(since(&f, &f.heard_place), "");
  pipe_close(&pipe);
  logs_teardown(&f);
}

static void every_piece_of_a_long_batch_has_its_own_place(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;
  char text[ZPM_INFLIGHT_MAX / 2];

  (void)state;
  logs_setup(&f);
  for (size_t i = 0; i < sizeof(text); i++)
    text[i] = i % 8 == 7 ? '\n' : 'x';
  pipe_open(&f, "api", &JSON, &pipe);
  pipe_write_bytes(&pipe, text, sizeof(text));
  assert_true(f.heard_times > 1);
  assert_int_equal(f.heard_place.offset, f.heard.len);
  assert_int_equal(end_of_api(&f).offset, f.heard.len);
  pipe_close(&pipe);
  logs_teardown(&f);
}

static void a_file_that_was_emptied_or_replaced_is_told_whole(void **state)
{
  struct logs_fixture f;
  struct zpm_log_place place;
  char path[SCRATCH_MAX + 64];
  int fd;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &RAW, "before\n");
  place = f.heard_place;
  snprintf(path, sizeof(path), "%s/api/out.log", f.folder);
  assert_int_equal(truncate(path, 0), 0);
  log_once(&f, "api", &RAW, "new\n");
  assert_string_equal(since(&f, &place), "new\n");

  fd = open(path, O_RDONLY | O_CLOEXEC); /* so that its inode stays taken */
  assert_true(fd >= 0);
  assert_int_equal(unlink(path), 0);
  assert_string_equal(since(&f, &place), "");
  assert_int_equal(end_of_api(&f).file, 0);
  log_once(&f, "api", &RAW, "newer\n");
  assert_string_equal(since(&f, &place), "newer\n");
  close(fd);
  logs_teardown(&f);
}

static void of_too_much_the_end_is_told(void **state)
{
  enum { MANY = 3 << 20 };
  static const struct zpm_log_rules ROTATED = {.max_size_bytes = 1 << 20,
                                               .max_files = 5};
  struct logs_fixture f;
  struct logs_pipe pipe;
  struct zpm_str text = {0};
  struct zpm_log_place place;
  uint64_t left_out;
  char bytes[32 * 1024];

  (void)state;
  logs_setup(&f);
  memset(bytes, 'x', sizeof(bytes));
  bytes[sizeof(bytes) - 1] = '\n';
  pipe_open(&f, "api", &ROTATED, &pipe);
  pipe_write(&pipe, "begin\n");
  place = f.heard_place;
  for (size_t i = 0; i < MANY / sizeof(bytes); i++)
    pipe_write_bytes(&pipe, bytes, sizeof(bytes));
  assert_int_equal(
      zpm_logs_since(f.folder, "api", ZPM_STREAM_OUT, &place, &text, &left_out),
      0);
  assert_int_equal(text.len, 1 << 20);
  assert_int_equal(left_out, MANY - (1 << 20));
  zpm_str_deinit(&text);
  pipe_close(&pipe);
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
      cmocka_unit_test(a_piece_ends_where_its_file_goes_on),
      cmocka_unit_test(a_place_is_found_in_a_rotated_part),
      cmocka_unit_test(every_piece_of_a_long_batch_has_its_own_place),
      cmocka_unit_test(a_file_that_was_emptied_or_replaced_is_told_whole),
      cmocka_unit_test(of_too_much_the_end_is_told),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
