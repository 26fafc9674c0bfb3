#include "proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"
#include "zpm/error.h"

/* All lines, each followed by '|'. */
static int collect(void *ctx, const char *line, size_t len)
{
  struct zpm_str *seen = ctx;

  assert_int_equal(line[len], '\0');
  assert_true(len > 0);
  if (zpm_str_append(seen, line, len) != 0 || zpm_str_puts(seen, "|") != 0)
    return ZPM_ENOMEM;
  return 0;
}

static void lines_come_whole_however_the_bytes_are_cut(void **state)
{
  static const char INPUT[] = "one\ntwo\r\n\n\r\nthree four\n\rfive\nrest";
  size_t len = sizeof(INPUT) - 1;

  (void)state;
  for (size_t piece = 1; piece <= len; piece++) {
    struct zpm_framer framer = {0};
    struct zpm_str seen = {0};

    for (size_t at = 0; at < len; at += piece) {
      size_t size = len - at < piece ? len - at : piece;

      assert_int_equal(
          zpm_framer_feed(&framer, INPUT + at, size, collect, &seen), 0);
    }
    assert_string_equal(zpm_str_text(&seen), "one|two|three four|\rfive|");
    assert_string_equal(zpm_str_text(&framer.partial), "rest");
    zpm_framer_deinit(&framer);
    zpm_str_deinit(&seen);
  }
}

static void no_memory_is_held_between_lines(void **state)
{
  struct zpm_framer framer = {0};
  struct zpm_str seen = {0};

  (void)state;
  zpm_framer_feed(&framer, "a\nb", 3, collect, &seen);
  assert_non_null(framer.partial.data);
  zpm_framer_feed(&framer, "c\n", 2, collect, &seen);
  assert_null(framer.partial.data);
  assert_string_equal(seen.data, "a|bc|");
  zpm_str_deinit(&seen);
}

static int count(void *ctx, const char *line, size_t len)
{
  size_t *longest = ctx;

  (void)line;
  *longest = len;
  return 0;
}

static void a_line_may_have_one_mebibyte_and_no_more(void **state)
{
  struct zpm_framer framer = {0};
  char *line = malloc(ZPM_LINE_MAX + 1);
  size_t longest = 0;

  (void)state;
  memset(line, 'x', ZPM_LINE_MAX + 1);
  assert_int_equal(zpm_framer_feed(&framer, line, ZPM_LINE_MAX, count, NULL),
                   0);
  assert_int_equal(zpm_framer_feed(&framer, "\n", 1, count, &longest), 0);
  assert_int_equal(longest, ZPM_LINE_MAX);
  assert_int_equal(
      zpm_framer_feed(&framer, line, ZPM_LINE_MAX + 1, count, &longest),
      ZPM_ETOOLONG);
  zpm_framer_deinit(&framer);
  assert_int_equal(zpm_framer_feed(&framer, line, ZPM_LINE_MAX, count, NULL),
                   0);
  assert_int_equal(zpm_framer_feed(&framer, "x", 1, count, NULL), ZPM_ETOOLONG);
  zpm_framer_deinit(&framer);
  free(line);
}

static int destroy_on_second(void *ctx, const char *line, size_t len)
{
  struct zpm_framer *framer = ctx;

  (void)len;
  if (line[0] != '2')
    return 0;
  zpm_framer_deinit(framer);
  return 42;
}

static void a_callback_may_end_the_feed_and_the_framer(void **state)
{
  struct zpm_framer framer = {0};

  (void)state;
  assert_int_equal(
      zpm_framer_feed(&framer, "1\n2\n3\n", 6, destroy_on_second, &framer), 42);
  assert_int_equal(failing_alloc.live, 0);
}

static int feed(void *ctx)
{
  struct zpm_framer framer = {0};
  struct zpm_str seen = {0};
  int rc = zpm_framer_feed(&framer, "first line\nsec", 14, collect, &seen);

  (void)ctx;
  if (rc == 0)
    rc = zpm_framer_feed(&framer, "ond\n", 4, collect, &seen);
  zpm_framer_deinit(&framer);
  zpm_str_deinit(&seen);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  failing_alloc_sweep(feed, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_come_whole_however_the_bytes_are_cut),
      cmocka_unit_test(no_memory_is_held_between_lines),
      cmocka_unit_test(a_line_may_have_one_mebibyte_and_no_more),
      cmocka_unit_test(a_callback_may_end_the_feed_and_the_framer),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
