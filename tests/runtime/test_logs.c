#include "logs_fixture.h"

#include <sys/stat.h>

static unsigned mode_of(const struct logs_fixture *f, const char *name)
{
  char path[SCRATCH_MAX + 64];
  struct stat st;

  snprintf(path, sizeof(path), "%s/%s", f->folder, name);
  assert_int_equal(stat(path, &st), 0);
  return st.st_mode & 0777;
}

static void output_goes_to_the_file_of_its_stream(void **state)
{
  struct logs_fixture f;
  struct logs_pipe out;
  struct logs_pipe errors;
  struct zpm_log *log;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &out);
  assert_int_equal(
      zpm_log_open(f.logs, "api", ZPM_STREAM_ERR, &RAW, &log, NULL), 0);
  pipe_add(log, &errors);
  pipe_write(&out, "fine\n");
  pipe_write(&errors, "bad\n");
  pipe_close(&out);
  pipe_close(&errors);
  assert_log(&f, "api/out.log", "fine\n");
  assert_log(&f, "api/err.log", "bad\n");
  logs_teardown(&f);
}

static void logs_are_for_their_owner_only(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &RAW, "x\n");
  assert_int_equal(mode_of(&f, "."), 0700);
  assert_int_equal(mode_of(&f, "api"), 0700);
  assert_int_equal(mode_of(&f, "api/out.log"), 0600);
  assert_int_equal(mode_of(&f, "../inflight"), 0600);
  logs_teardown(&f);
}

static void a_new_run_appends(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  log_once(&f, "api", &RAW, "one\n");
  log_once(&f, "api", &RAW, "two\n");
  assert_log(&f, "api/out.log", "one\ntwo\n");
  logs_teardown(&f);
}

/* ---- formats ---- */

static void binary_is_kept_byte_for_byte(void **state)
{
  enum { SIZE = 300000, STEP = 30011 };
  static char bytes[SIZE];
  uint32_t seed = 1;
  const struct zpm_str *content;
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  for (size_t i = 0; i < SIZE; i++) {
    seed = seed * 1664525u + 1013904223u;
    bytes[i] = (char)(i < 200000 ? seed >> 24 : 0xFF);
  }
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  for (size_t at = 0; at < SIZE; at += STEP)
    pipe_write_bytes(&pipe, bytes + at, SIZE - at < STEP ? SIZE - at : STEP);
  pipe_close(&pipe);
  content = logs_read(f.folder, "api/out.log");
  assert_int_equal(content->len, SIZE);
  assert_memory_equal(content->data, bytes, SIZE);
  assert_int_equal(f.heard.len, SIZE);
  assert_memory_equal(f.heard.data, bytes, SIZE);
  logs_teardown(&f);
}

static void a_stamp_stands_at_the_start_of_lines_only(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &STAMPED, &pipe);
  pipe_write(&pipe, "one\ntw");
  pipe_write(&pipe, "o\n");
  pipe_write(&pipe, "thr");
  pipe_close(&pipe);
  logs_stop(&f);
  logs_start(&f);
  log_once(&f, "api", &STAMPED, "ee\nfour\n");
  assert_timed_log(&f, "api/out.log",
                   "<time> one\n<time> two\n<time> three\n<time> four\n");
  logs_teardown(&f);
}

#define OBJECT(line)                                                           \
  "{\"time\":\"<time>\",\"stream\":\"out\",\"line\":\"" line "\"}\n"
#define PART(line)                                                             \
  "{\"time\":\"<time>\",\"stream\":\"out\",\"line\":\"" line                   \
  "\",\"partial\":true}\n"

static void json_has_one_object_per_line(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &JSON, &pipe);
  pipe_write(&pipe, "one\n\"t\xFFwo\"\nthr");
  pipe_write(&pipe, "ee\n");
  pipe_close(&pipe);
  assert_timed_log(&f, "api/out.log",
                   OBJECT("one") OBJECT("\\\"t\xEF\xBF\xBDwo\\\"") PART("thr")
                       OBJECT("ee"));
  logs_teardown(&f);
}

static void a_character_cut_in_two_is_joined_in_json(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &JSON, &pipe);
  pipe_write(&pipe, "a\xF0\x9F");
  pipe_write(&pipe, "\x98");
  pipe_write(&pipe, "\x80z\n");
  assert_string_equal(zpm_log_last_line(pipe.log), "a\xF0\x9F\x98\x80z");
  pipe_close(&pipe);
  assert_timed_log(&f, "api/out.log", PART("a") OBJECT("\xF0\x9F\x98\x80z"));
  logs_teardown(&f);
}

static void json_after_half_a_raw_line_begins_a_line(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  pipe_write(&pipe, "half");
  zpm_log_set_rules(pipe.log, &JSON);
  pipe_write(&pipe, " and half\n");
  pipe_close(&pipe);
  assert_timed_log(&f, "api/out.log", "half\n" OBJECT(" and half"));
  logs_teardown(&f);
}

/* ---- listening ---- */

/* Batches that end inside of a line, of a character, and one that takes several
 * rounds of formatting. */
static void hear(const struct zpm_log_rules *rules)
{
  enum { SIZE = 50000 };
  static char bytes[SIZE];
  const struct zpm_str *content;
  struct logs_fixture f;
  struct logs_pipe pipe;

  memset(bytes, '"', SIZE);
  logs_setup(&f);
  pipe_open(&f, "api", rules, &pipe);
  pipe_write(&pipe, "one\ntw\xC3");
  pipe_write(&pipe, "\xA4\n");
  pipe_write_bytes(&pipe, bytes, SIZE);
  pipe_write(&pipe, "\nend\n");
  pipe_close(&pipe);
  content = logs_read(f.folder, "api/out.log");
  assert_int_equal(f.heard.len, content->len);
  assert_memory_equal(f.heard.data, content->data, content->len);
  logs_teardown(&f);
}

static void what_is_heard_is_what_stands_in_the_file(void **state)
{
  (void)state;
  hear(&RAW);
  hear(&STAMPED);
  hear(&JSON);
}

static void the_last_line_is_remembered(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &JSON, &pipe);
  assert_string_equal(zpm_log_last_line(pipe.log), "");
  pipe_write(&pipe, "one\ntwo\n\nhalf");
  assert_string_equal(zpm_log_last_line(pipe.log), "two");
  pipe_close(&pipe);
  logs_teardown(&f);
}

/* ---- the loop ---- */

static void the_end_of_output_is_told_once(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  assert_int_equal(write(pipe.in, "bye\n", 4), 4);
  close(pipe.in);
  pipe.in = -1;
  logs_wait(&f, &pipe.ends, 1);
  logs_pass(&f, 40);
  assert_int_equal(pipe.ends, 1);
  assert_log(&f, "api/out.log", "bye\n");
  pipe_close(&pipe);
  logs_teardown(&f);
}

struct pair {
  struct logs_pipe pipes[2];
  int ends;
};

/* Closes both, though the other one has ended as well. */
static void on_end_of_pair(void *ctx)
{
  struct pair *pair = ctx;

  pair->ends++;
  zpm_log_source_close(pair->pipes[0].source);
  zpm_log_source_close(pair->pipes[1].source);
}

static void at_an_end_other_sources_may_be_closed(void **state)
{
  struct pair pair = {0};
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  for (size_t i = 0; i < 2; i++) {
    int ends[2];

    assert_int_equal(zpm_log_open(f.logs, i ? "a" : "b", ZPM_STREAM_OUT, &RAW,
                                  &pair.pipes[i].log, NULL),
                     0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(zpm_log_source_add(pair.pipes[i].log, ends[0],
                                        on_end_of_pair, &pair,
                                        &pair.pipes[i].source, NULL),
                     0);
    close(ends[1]);
  }
  logs_wait(&f, &pair.ends, 1);
  assert_int_equal(pair.ends, 1);
  zpm_log_close(pair.pipes[0].log);
  zpm_log_close(pair.pipes[1].log);
  logs_teardown(&f);
}

static void closing_takes_what_is_still_in_the_pipe(void **state)
{
  enum { SIZE = 60000 };
  static char bytes[SIZE];
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  memset(bytes, 'x', SIZE);
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  assert_int_equal(write(pipe.in, bytes, SIZE), SIZE);
  zpm_log_source_close(pipe.source);
  assert_int_equal(logs_read(f.folder, "api/out.log")->len, SIZE);
  close(pipe.in);
  zpm_log_close(pipe.log);
  logs_teardown(&f);
}

static void two_pipes_may_feed_one_log(void **state)
{
  struct logs_fixture f;
  struct logs_pipe first;
  struct logs_pipe second;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &first);
  pipe_add(first.log, &second);
  pipe_write(&first, "one\n");
  pipe_write(&second, "two\n");
  pipe_write(&first, "three\n");
  pipe_end(&first);
  pipe_close(&second);
  assert_log(&f, "api/out.log", "one\ntwo\nthree\n");
  logs_teardown(&f);
}

static bool is_resting(const struct zpm_logs *logs)
{
  return uv_is_active((const uv_handle_t *)&logs->poll) &&
         !uv_is_active((const uv_handle_t *)&logs->timer);
}

static void without_output_no_timer_runs(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  assert_false(uv_loop_alive(&f.loop));
  pipe_open(&f, "api", &RAW, &pipe);
  assert_true(is_resting(f.logs));
  assert_int_equal(write(pipe.in, "a\n", 2), 2);
  while (f.heard_times == 0)
    uv_run(&f.loop, UV_RUN_ONCE);
  while (!is_resting(f.logs))
    uv_run(&f.loop, UV_RUN_ONCE);
  pipe_close(&pipe);
  assert_false(uv_loop_alive(&f.loop));
  logs_teardown(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(output_goes_to_the_file_of_its_stream),
      cmocka_unit_test(logs_are_for_their_owner_only),
      cmocka_unit_test(a_new_run_appends),
      cmocka_unit_test(binary_is_kept_byte_for_byte),
      cmocka_unit_test(a_stamp_stands_at_the_start_of_lines_only),
      cmocka_unit_test(json_has_one_object_per_line),
      cmocka_unit_test(a_character_cut_in_two_is_joined_in_json),
      cmocka_unit_test(json_after_half_a_raw_line_begins_a_line),
      cmocka_unit_test(what_is_heard_is_what_stands_in_the_file),
      cmocka_unit_test(the_last_line_is_remembered),
      cmocka_unit_test(the_end_of_output_is_told_once),
      cmocka_unit_test(at_an_end_other_sources_may_be_closed),
      cmocka_unit_test(closing_takes_what_is_still_in_the_pipe),
      cmocka_unit_test(two_pipes_may_feed_one_log),
      cmocka_unit_test(without_output_no_timer_runs),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
