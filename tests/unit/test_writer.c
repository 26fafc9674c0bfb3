#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/writer.h"

struct page {
  struct zpm_str text;
  struct zpm_writer writer;
};

static struct zpm_writer *open_page(struct page *page)
{
  *page = (struct page){0};
  page->writer.out = &page->text;
  return &page->writer;
}

static void expect_page(struct page *page, const char *text)
{
  assert_false(page->writer.failed);
  assert_string_equal(zpm_str_text(&page->text), text);
  zpm_str_deinit(&page->text);
}

static void commas_stand_between_values_only(void **state)
{
  struct page page;
  struct zpm_writer *w = open_page(&page);

  (void)state;
  zpm_writer_begin_object(w);
  zpm_writer_key(w, "a");
  zpm_writer_begin_array(w);
  zpm_writer_uint(w, 1);
  zpm_writer_begin_object(w);
  zpm_writer_end_object(w);
  zpm_writer_null(w);
  zpm_writer_end_array(w);
  zpm_writer_key(w, "b");
  zpm_writer_bool(w, true);
  zpm_writer_key(w, "c");
  zpm_writer_raw(w, "{\"d\":0}", 7);
  zpm_writer_end_object(w);
  expect_page(&page, "{\"a\":[1,{},null],\"b\":true,\"c\":{\"d\":0}}");
}

static void numbers_are_exact_to_their_ends(void **state)
{
  struct page page;
  struct zpm_writer *w = open_page(&page);

  (void)state;
  zpm_writer_begin_array(w);
  zpm_writer_uint(w, 0);
  zpm_writer_uint(w, UINT64_MAX);
  zpm_writer_int(w, INT64_MIN);
  zpm_writer_int(w, -1);
  zpm_writer_int(w, INT64_MAX);
  zpm_writer_end_array(w);
  expect_page(&page, "[0,18446744073709551615,-9223372036854775808,-1,"
                     "9223372036854775807]");
}

static void tenths_are_rounded_and_never_wild(void **state)
{
  struct page page;
  struct zpm_writer *w = open_page(&page);

  (void)state;
  zpm_writer_begin_array(w);
  zpm_writer_tenths(w, 0);
  zpm_writer_tenths(w, 12.34);
  zpm_writer_tenths(w, 12.36);
  zpm_writer_tenths(w, 99.96);
  zpm_writer_tenths(w, -3);
  zpm_writer_tenths(w, 1e300);
  zpm_writer_tenths(w, 0.0 * 1e308 * 1e308);
  zpm_writer_end_array(w);
  expect_page(&page, "[0,12.3,12.4,100,0,0,0]");
}

static void text_is_escaped_and_repaired(void **state)
{
  struct page page;
  struct zpm_writer *w = open_page(&page);

  (void)state;
  zpm_writer_begin_array(w);
  zpm_writer_text(w, NULL);
  zpm_writer_text(w, "");
  zpm_writer_text(w, "say \"hi\\\" \n\r\t\x1b\x7f");
  zpm_writer_text(w, "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80");
  zpm_writer_bytes(w, "a\0b", 3);
  zpm_writer_bytes(w, "\xFFx\xC3", 3);
  zpm_writer_bytes(w, "\xED\xA0\x80", 3);
  zpm_writer_end_array(w);
  expect_page(&page, "[null,\"\",\"say \\\"hi\\\\\\\" "
                     "\\n\\r\\t\\u001b\\u007f\",\"gr\xC3\xBC\xC3\x9F "
                     "\xF0\x9F\x98\x80\",\"a\xEF\xBF\xBD"
                     "b\","
                     "\"\xEF\xBF\xBDx\xEF\xBF\xBD\","
                     "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"]");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(commas_stand_between_values_only),
      cmocka_unit_test(numbers_are_exact_to_their_ends),
      cmocka_unit_test(tenths_are_rounded_and_never_wild),
      cmocka_unit_test(text_is_escaped_and_repaired),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
