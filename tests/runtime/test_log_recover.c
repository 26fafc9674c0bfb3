/* What a successor does with a batch that it finds; test_logs_kill.c shows that
 * it finds what it must. */
#include "logs_fixture.h"

#include <sys/stat.h>

#include "core/lines.h"
#include "runtime/inflight.h"

static void path_in(const struct logs_fixture *f, const char *name,
                    char path[SCRATCH_MAX + 64])
{
  snprintf(path, SCRATCH_MAX + 64, "%s/%s", f->folder, name);
}

static void append_to(const struct logs_fixture *f, const char *name,
                      const char *text)
{
  char path[SCRATCH_MAX + 64];
  FILE *file;

  path_in(f, name, path);
  file = fopen(path, "a");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

/* Leaves the batch in force, as a process does that is killed. */
static void die_with(struct logs_fixture *f, const char *text,
                     enum zpm_lines_style style, const char *path)
{
  struct zpm_inflight inflight;
  struct zpm_inflight_batch *draft;
  char file[SCRATCH_MAX + 64];
  struct stat st;
  int ends[2];

  path_in(f, "api/out.log", file);
  assert_int_equal(stat(file, &st), 0);
  assert_int_equal(zpm_inflight_open(&inflight, f->inflight, NULL), 0);
  draft = zpm_inflight_draft(&inflight);
  snprintf(draft->path, sizeof(draft->path), "%s", path);
  draft->device = (uint64_t)st.st_dev;
  draft->inode = (uint64_t)st.st_ino;
  draft->offset = (uint64_t)st.st_size;
  draft->time_ms = 1795397150123u;
  draft->stream = ZPM_STREAM_OUT;
  draft->style = (uint8_t)style;
  draft->carry_len = 0;
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
  assert_int_equal(zpm_inflight_read(&inflight, ends[0], strlen(text)),
                   (ssize_t)strlen(text));
  close(ends[0]);
  close(ends[1]);
  zpm_inflight_close(&inflight);
}

/* Logs that have ended, with "one\n" in the file of "api". */
static void set_up(struct logs_fixture *f)
{
  logs_setup(f);
  log_once(f, "api", &RAW, "one\n");
  logs_stop(f);
}

static void a_batch_is_written_by_the_successor(void **state)
{
  struct logs_fixture f;

  (void)state;
  set_up(&f);
  die_with(&f, "two\nthree", ZPM_LINES_RAW, "api/out.log");
  logs_start(&f);
  assert_log(&f, "api/out.log", "one\ntwo\nthree");
  logs_stop(&f);
  logs_start(&f);
  assert_log(&f, "api/out.log", "one\ntwo\nthree");
  logs_teardown(&f);
}

static void a_batch_has_the_time_of_its_reading(void **state)
{
  struct logs_fixture f;

  (void)state;
  set_up(&f);
  die_with(&f, "two\n", ZPM_LINES_JSON, "api/out.log");
  logs_start(&f);
  assert_log(&f, "api/out.log",
             "one\n{\"time\":\"2026-11-23T01:25:50.123Z\",\"stream\":\"out\","
             "\"line\":\"two\"}\n");
  logs_teardown(&f);
}

static void half_a_batch_in_the_file_is_replaced(void **state)
{
  struct logs_fixture f;

  (void)state;
  set_up(&f);
  die_with(&f, "two\nthree\n", ZPM_LINES_RAW, "api/out.log");
  append_to(&f, "api/out.log", "two\nth");
  logs_start(&f);
  assert_log(&f, "api/out.log", "one\ntwo\nthree\n");
  logs_teardown(&f);
}

static void a_moved_file_is_found_again(void **state)
{
  char path[SCRATCH_MAX + 64];
  char moved[SCRATCH_MAX + 64];
  struct logs_fixture f;

  (void)state;
  set_up(&f);
  die_with(&f, "two\nthree\n", ZPM_LINES_RAW, "api/out.log");
  append_to(&f, "api/out.log", "two\nth");
  path_in(&f, "api/out.log", path);
  path_in(&f, "api/out.log.1", moved);
  assert_int_equal(rename(path, moved), 0);
  append_to(&f, "api/out.log", "a new file, longer than the other\n");
  logs_start(&f);
  assert_log(&f, "api/out.log.1", "one\ntwo\nthree\n");
  assert_log(&f, "api/out.log", "a new file, longer than the other\n");
  logs_teardown(&f);
}

static void another_file_of_that_name_is_not_cut(void **state)
{
  char path[SCRATCH_MAX + 64];
  char moved[SCRATCH_MAX + 64];
  struct logs_fixture f;

  (void)state;
  set_up(&f);
  die_with(&f, "two\n", ZPM_LINES_RAW, "api/out.log");
  path_in(&f, "api/out.log", path);
  path_in(&f, "api/elsewhere", moved);
  assert_int_equal(rename(path, moved), 0);
  append_to(&f, "api/out.log", "a new file, longer than the other\n");
  logs_start(&f);
  assert_log(&f, "api/out.log", "a new file, longer than the other\ntwo\n");
  logs_teardown(&f);
}

static void a_file_that_is_gone_is_made_again(void **state)
{
  struct logs_fixture f;

  (void)state;
  set_up(&f);
  die_with(&f, "two\n", ZPM_LINES_RAW, "api/out.log");
  assert_int_equal(scratch_remove(f.folder), 0);
  logs_start(&f);
  assert_log(&f, "api/out.log", "two\n");
  logs_teardown(&f);
}

static void an_emptied_file_gets_no_hole(void **state)
{
  char path[SCRATCH_MAX + 64];
  struct logs_fixture f;

  (void)state;
  set_up(&f);
  die_with(&f, "two\n", ZPM_LINES_RAW, "api/out.log");
  path_in(&f, "api/out.log", path);
  assert_int_equal(truncate(path, 0), 0);
  logs_start(&f);
  assert_log(&f, "api/out.log", "two\n");
  logs_teardown(&f);
}

static void no_batch_leads_out_of_the_folder(void **state)
{
  static const char *const PATHS[] = {"../api/out.log", "api/../../out.log", "",
                                      "/tmp/zpm-test-out.log"};
  struct logs_fixture f;

  (void)state;
  set_up(&f);
  for (size_t i = 0; i < sizeof(PATHS) / sizeof(PATHS[0]); i++) {
    die_with(&f, "two\n", ZPM_LINES_RAW, PATHS[i]);
    logs_start(&f);
    logs_stop(&f);
  }
  assert_log(&f, "api/out.log", "one\n");
  assert_log(&f, "../api/out.log", NULL);
  assert_log(&f, "../out.log", NULL);
  logs_teardown(&f);
}

static void a_damaged_inflight_file_is_used_anew(void **state)
{
  struct logs_fixture f;
  FILE *file;

  (void)state;
  set_up(&f);
  for (int byte = 0; byte < 256; byte += 5) {
    file = fopen(f.inflight, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000 * (byte % 50); i++)
      putc(i < 4 ? 0 : byte, file);
    fclose(file);
    logs_start(&f);
    logs_stop(&f);
  }
  logs_start(&f);
  log_once(&f, "api", &RAW, "two\n");
  assert_log(&f, "api/out.log", "one\ntwo\n");
  logs_teardown(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_batch_is_written_by_the_successor),
      cmocka_unit_test(a_batch_has_the_time_of_its_reading),
      cmocka_unit_test(half_a_batch_in_the_file_is_replaced),
      cmocka_unit_test(a_moved_file_is_found_again),
      cmocka_unit_test(another_file_of_that_name_is_not_cut),
      cmocka_unit_test(a_file_that_is_gone_is_made_again),
      cmocka_unit_test(an_emptied_file_gets_no_hole),
      cmocka_unit_test(no_batch_leads_out_of_the_folder),
      cmocka_unit_test(a_damaged_inflight_file_is_used_anew),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
