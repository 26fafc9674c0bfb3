#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/last_line.h"
#include "core/lines.h"

static const uint64_t SOME_TIME = 1795397150123u; /* 2026-11-23T01:25:50.123Z */

#define STAMP "2026-11-23T01:25:50.123Z"
#define OBJECT(line)                                                           \
  "{\"time\":\"" STAMP "\",\"stream\":\"out\",\"line\":\"" line
#define REPLACEMENT "\xEF\xBF\xBD"

/* Formats through a buffer of `room` and returns the whole, NUL-terminated. */
static const char *format(enum zpm_lines_style style, bool line_start,
                          const char *input, size_t len, size_t room)
{
  static char whole[1 << 16];
  char buffer[4096];
  size_t used = 0;
  size_t got;
  struct zpm_lines lines = {.style = style,
                            .stream = "out",
                            .line_start = line_start,
                            .bytes = input,
                            .len = len};

  zpm_lines_begin(&lines, SOME_TIME);
  while ((got = zpm_lines_format(&lines, buffer, room)) > 0) {
    assert_true(got <= room);
    assert_true(used + got < sizeof(whole));
    memcpy(whole + used, buffer, got);
    used += got;
  }
  assert_int_equal(lines.len, 0);
  whole[used] = '\0';
  return whole;
}

static void assert_json(const char *input, size_t len, const char *expected)
{
  for (size_t room = ZPM_LINES_ROOM; room < 400; room++)
    assert_string_equal(format(ZPM_LINES_JSON, true, input, len, room),
                        expected);
}

static void a_time_is_written_as_rfc_3339(void **state)
{
  char stamp[ZPM_LINES_STAMP_SIZE];

  (void)state;
  zpm_lines_stamp(SOME_TIME, stamp);
  assert_string_equal(stamp, STAMP);
  zpm_lines_stamp(0, stamp);
  assert_string_equal(stamp, "1970-01-01T00:00:00.000Z");
  zpm_lines_stamp(951782399999u, stamp);
  assert_string_equal(stamp, "2000-02-28T23:59:59.999Z");
  zpm_lines_stamp(951782400000u, stamp);
  assert_string_equal(stamp, "2000-02-29T00:00:00.000Z");
  zpm_lines_stamp(4107542400000u, stamp);
  assert_string_equal(stamp, "2100-03-01T00:00:00.000Z");
  zpm_lines_stamp(1767225599001u, stamp);
  assert_string_equal(stamp, "2025-12-31T23:59:59.001Z");
}

static void raw_output_is_not_touched(void **state)
{
  const char bytes[] = "a\r\n\xFF\x80 b";

  (void)state;
  for (size_t room = ZPM_LINES_ROOM; room < 300; room++)
    assert_string_equal(
        format(ZPM_LINES_RAW, true, bytes, sizeof(bytes) - 1, room), bytes);
}

static void every_line_gets_a_stamp(void **state)
{
  (void)state;
  assert_string_equal(format(ZPM_LINES_STAMPED, true, "one\n\nthree", 10, 200),
                      STAMP " one\n" STAMP " \n" STAMP " three");
}

static void a_continued_line_gets_no_stamp(void **state)
{
  (void)state;
  assert_string_equal(format(ZPM_LINES_STAMPED, false, "end\nnext\n", 9, 200),
                      "end\n" STAMP " next\n");
}

static void a_stamped_line_may_be_longer_than_the_buffer(void **state)
{
  char input[1000];
  const char *output;

  (void)state;
  memset(input, 'x', sizeof(input));
  input[999] = '\n';
  for (size_t room = ZPM_LINES_ROOM; room < 300; room++) {
    output = format(ZPM_LINES_STAMPED, true, input, sizeof(input), room);
    assert_int_equal(strlen(output), sizeof(input) + 25);
    assert_memory_equal(output + 25, input, sizeof(input));
  }
}

static void a_line_becomes_one_object(void **state)
{
  (void)state;
  assert_json("one\n\nthree\n", 11,
              OBJECT("one\"}\n") OBJECT("\"}\n") OBJECT("three\"}\n"));
}

static void a_part_of_a_line_is_marked_as_partial(void **state)
{
  (void)state;
  assert_json("one\ntw", 6,
              OBJECT("one\"}\n") OBJECT("tw\",\"partial\":true}\n"));
}

static void no_input_gives_no_object(void **state)
{
  (void)state;
  assert_json("", 0, "");
}

static void json_begins_on_a_line_of_its_own(void **state)
{
  (void)state;
  assert_string_equal(format(ZPM_LINES_JSON, false, "a\n", 2, 200),
                      "\n" OBJECT("a\"}\n"));
}

static void what_json_cannot_hold_is_escaped(void **state)
{
  const char bytes[] = "\"\\\b\f\r\t\x01\x1f\0\x7f/\n";

  (void)state;
  assert_json(bytes, sizeof(bytes) - 1,
              OBJECT("\\\"\\\\\\b\\f\\r\\t\\u0001\\u001f\\u0000\x7f/\"}\n"));
}

static void text_in_utf8_is_kept_in_json(void **state)
{
  (void)state;
  assert_json("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n", 10,
              OBJECT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"}\n"));
}

static void what_is_no_utf8_is_replaced_in_json(void **state)
{
  (void)state;
  assert_json("a\xFFz\xC3\n\xC0\x80", 7,
              OBJECT("a" REPLACEMENT "z" REPLACEMENT "\"}\n")
                  OBJECT(REPLACEMENT REPLACEMENT "\",\"partial\":true}\n"));
}

static void an_object_may_be_longer_than_the_buffer(void **state)
{
  char input[2000];
  const char *output;

  (void)state;
  memset(input, '\x02', sizeof(input));
  for (size_t room = ZPM_LINES_ROOM; room < 300; room++) {
    output = format(ZPM_LINES_JSON, true, input, sizeof(input), room);
    assert_int_equal(strlen(output), strlen(OBJECT("")) + sizeof(input) * 6 +
                                         strlen("\",\"partial\":true}\n"));
  }
}

static void only_whole_lines_fit(void **state)
{
  (void)state;
  assert_int_equal(zpm_lines_fit("ab\ncd\nef", 8, 100), 6);
  assert_int_equal(zpm_lines_fit("ab\ncd\nef", 8, 6), 6);
  assert_int_equal(zpm_lines_fit("ab\ncd\nef", 8, 5), 3);
  assert_int_equal(zpm_lines_fit("ab\ncd\nef", 8, 2), 0);
  assert_int_equal(zpm_lines_fit("abc", 3, 100), 0);
  assert_int_equal(zpm_lines_fit("\n", 1, 0), 0);
}

/* ---- the last line ---- */

static const char *last_of(const char *const *batches)
{
  static struct zpm_last_line last;

  last = (struct zpm_last_line){0};
  for (size_t i = 0; batches[i] != NULL; i++)
    zpm_last_line_feed(&last, batches[i], strlen(batches[i]));
  return last.text;
}

#define LAST_OF(...) last_of((const char *const[]){__VA_ARGS__, NULL})

static void the_last_complete_line_is_remembered(void **state)
{
  (void)state;
  assert_string_equal(LAST_OF("no end"), "");
  assert_string_equal(LAST_OF("one\n"), "one");
  assert_string_equal(LAST_OF("one\ntwo\nthree"), "two");
  assert_string_equal(LAST_OF("one\r\n"), "one");
  assert_string_equal(LAST_OF("one\n", "two\n"), "two");
}

static void a_last_line_may_come_in_pieces(void **state)
{
  (void)state;
  assert_string_equal(LAST_OF("a", "b", "c\n"), "abc");
  assert_string_equal(LAST_OF("zero\nx", "y\nhalf"), "xy");
  assert_string_equal(LAST_OF("x", "y\nwhole\nz"), "whole");
  assert_string_equal(LAST_OF("x", "\n", "y", "\n"), "y");
}

static void blank_lines_are_passed_over(void **state)
{
  (void)state;
  assert_string_equal(LAST_OF("one\n\n \t\r\n"), "one");
  assert_string_equal(LAST_OF("one", "\n\n\n"), "one");
  assert_string_equal(LAST_OF("one\n", "\n", "  \n"), "one");
}

static void a_last_line_is_cut_between_characters(void **state)
{
  char line[1000];
  const char *last;

  (void)state;
  for (size_t i = 0; i < 900; i += 3)
    memcpy(line + i, "\xE2\x82\xAC", 3);
  memcpy(line + 900, "\n", 2);
  last = LAST_OF(line);
  assert_int_equal(strlen(last), 159);
  assert_memory_equal(last, line, 159);
  last = LAST_OF("", line);
  assert_int_equal(strlen(last), 159);
  line[100] = '\0';
  last = LAST_OF(line, line, line, "\n");
  assert_true(strlen(last) <= ZPM_LAST_LINE_MAX);
}

static void a_last_line_is_clean_text(void **state)
{
  struct zpm_last_line last = {0};

  (void)state;
  assert_string_equal(LAST_OF("a\xFFz\n"), "a" REPLACEMENT "z");
  zpm_last_line_feed(&last, "a\0b\n", 4);
  assert_string_equal(last.text, "a" REPLACEMENT "b");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_time_is_written_as_rfc_3339),
      cmocka_unit_test(raw_output_is_not_touched),
      cmocka_unit_test(every_line_gets_a_stamp),
      cmocka_unit_test(a_continued_line_gets_no_stamp),
      cmocka_unit_test(a_stamped_line_may_be_longer_than_the_buffer),
      cmocka_unit_test(a_line_becomes_one_object),
      cmocka_unit_test(a_part_of_a_line_is_marked_as_partial),
      cmocka_unit_test(no_input_gives_no_object),
      cmocka_unit_test(json_begins_on_a_line_of_its_own),
      cmocka_unit_test(what_json_cannot_hold_is_escaped),
      cmocka_unit_test(text_in_utf8_is_kept_in_json),
      cmocka_unit_test(what_is_no_utf8_is_replaced_in_json),
      cmocka_unit_test(an_object_may_be_longer_than_the_buffer),
      cmocka_unit_test(only_whole_lines_fit),
      cmocka_unit_test(the_last_complete_line_is_remembered),
      cmocka_unit_test(a_last_line_may_come_in_pieces),
      cmocka_unit_test(blank_lines_are_passed_over),
      cmocka_unit_test(a_last_line_is_cut_between_characters),
      cmocka_unit_test(a_last_line_is_clean_text),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
