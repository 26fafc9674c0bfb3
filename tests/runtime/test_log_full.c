#include "logs_fixture.h"

#include <signal.h>
#include <sys/resource.h>

/* A limit for the size of files is as good as a full disk, and needs no
 * rights. */
static void limit_files(rlim_t bytes)
{
  struct rlimit limit;

  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int set_limit_up(void **state)
{
  (void)state;
  signal(SIGXFSZ, SIG_IGN);
  return 0;
}

static int set_limit_down(void **state)
{
  (void)state;
  limit_files(RLIM_INFINITY);
  return 0;
}

static void what_finds_no_room_is_dropped_counted_and_told(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "api", &RAW, &pipe);
  pipe_write(&pipe, "before\n");
  limit_files(10);
  pipe_write(&pipe, "too much\n");
  pipe_write(&pipe, "too\n");
  limit_files(RLIM_INFINITY);
  assert_log(&f, "api/out.log", "before\n");
  assert_int_equal(zpm_log_dropped_bytes(pipe.log), 13);
  assert_string_equal(f.heard.data, "before\ntoo much\ntoo\n");
  logs_pass(&f, 600);
  pipe_write(&pipe, "after\n");
  assert_int_equal(zpm_log_dropped_bytes(pipe.log), 13);
  pipe_close(&pipe);
  assert_log(&f, "api/out.log",
             "before\n[zpm] 13 bytes of output were lost: file too large\n"
             "after\n");
  logs_teardown(&f);
}

static void the_notice_has_the_format_of_the_log(void **state)
{
  struct logs_fixture f;
  struct logs_pipe stamped;
  struct logs_pipe json;

  (void)state;
  logs_setup(&f);
  pipe_open(&f, "stamped", &STAMPED, &stamped);
  pipe_open(&f, "json", &JSON, &json);
  pipe_write(&stamped, "half");
  limit_files(1);
  pipe_write(&stamped, "12");
  pipe_write(&json, "123");
  limit_files(RLIM_INFINITY);
  logs_pass(&f, 600);
  pipe_write(&stamped, "after\n");
  pipe_write(&json, "after\n");
  assert_string_equal(
      without_times(f.heard.data),
      "<time> half12"
      "{\"time\":\"<time>\",\"stream\":\"out\",\"line\":\"123\","
      "\"partial\":true}\n"
      "<time> after\n"
      "{\"time\":\"<time>\",\"stream\":\"out\",\"line\":\"after\"}\n");
  pipe_close(&stamped);
  pipe_close(&json);
  assert_timed_log(
      &f, "stamped/out.log",
      "<time> half\n<time> [zpm] 2 bytes of output were lost: file too large\n"
      "<time> after\n");
  assert_timed_log(
      &f, "json/out.log",
      "{\"time\":\"<time>\",\"stream\":\"out\",\"line\":\"[zpm] 3 bytes of "
      "output were lost: file too large\"}\n"
      "{\"time\":\"<time>\",\"stream\":\"out\",\"line\":\"after\"}\n");
  logs_teardown(&f);
}

static void a_log_that_cannot_be_opened_drops_until_it_can(void **state)
{
  struct logs_fixture f;
  struct logs_pipe pipe;
  FILE *obstacle;

  (void)state;
  logs_setup(&f);
  obstacle = fopen(f.folder, "w"); /* no folder can be made there */
  assert_non_null(obstacle);
  fclose(obstacle);
  pipe_open(&f, "api", &RAW, &pipe);
  pipe_write(&pipe, "lost\n");
  assert_int_equal(zpm_log_dropped_bytes(pipe.log), 5);
  assert_int_equal(unlink(f.folder), 0);
  logs_pass(&f, 600);
  pipe_write(&pipe, "kept\n");
  assert_int_equal(zpm_log_dropped_bytes(pipe.log), 5);
  pipe_close(&pipe);
  assert_log(&f, "api/out.log",
             "[zpm] 5 bytes of output were lost: not a directory\nkept\n");
  logs_teardown(&f);
}

static void logs_start_even_if_the_inflight_file_finds_no_room(void **state)
{
  struct logs_fixture f;

  (void)state;
  logs_setup(&f);
  logs_stop(&f);
  assert_int_equal(unlink(f.inflight), 0);
  limit_files(100);
  logs_start(&f);
  log_once(&f, "api", &RAW, "fine\n");
  limit_files(RLIM_INFINITY);
  assert_log(&f, "api/out.log", "fine\n");
  logs_teardown(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(what_finds_no_room_is_dropped_counted_and_told,
                                set_limit_down),
      cmocka_unit_test_teardown(the_notice_has_the_format_of_the_log,
                                set_limit_down),
      cmocka_unit_test_teardown(a_log_that_cannot_be_opened_drops_until_it_can,
                                set_limit_down),
      cmocka_unit_test_teardown(
          logs_start_even_if_the_inflight_file_finds_no_room, set_limit_down),
  };

  return cmocka_run_group_tests(tests, set_limit_up, NULL);
}
