#include "proto/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "unit/failing_alloc.c"

static int parse(const char *text)
{
  cJSON *json;
  struct zpm_error err = {0};
  int rc = zpm_json_parse(text, strlen(text), &json, &err);

  assert_int_equal(err.code, rc);
  assert_int_equal(json == NULL, rc == ZPM_EPROTO);
  cJSON_Delete(json);
  return rc;
}

static void text_that_is_no_json_is_refused(void **state)
{
  static const char *const WRONG[] = {
      "",       "{",        "{\"a\":1}x", "{\"a\":1}{}", "[1,]",        "nul",
      "{a:1}",  "\"\t\"",   "\"a\nb\"",   "\"\\x\"",     "\"\\ud800\"", "'a'",
      "\"open", "\"open\\", "\"open\\\"",
  };

  (void)state;
  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++)
    assert_int_equal(parse(WRONG[i]), ZPM_EPROTO);
  assert_int_equal(parse(" {\"a\" : [1, \"x\\n\", null]}\t"), 0);
}

static void what_is_refused_is_quoted_in_one_line(void **state)
{
  static const char TEXT[] = "{\r\n\tname: \x7F}\n";
  /* Byte 60 is the second one of a character. */
  static const char LONG[] = "[123456789 123456789 123456789 123456789 "
                             "123456789 12345678\xC3\xA4 12]";
  struct zpm_error err = {0};
  cJSON *json;

  (void)state;
  zpm_json_parse(TEXT, strlen(TEXT), &json, &err);
  assert_string_equal(err.message, "not valid JSON: \"{   name:  } \"");
  zpm_json_parse(LONG, strlen(LONG), &json, &err);
  assert_string_equal(err.message,
                      "not valid JSON: \"[123456789 123456789 123456789 "
                      "123456789 123456789 12345678\"");
}

static void a_nul_byte_ends_nothing(void **state)
{
  static const char TEXT[] = "{}\0{}";
  cJSON *json;

  (void)state;
  assert_int_equal(zpm_json_parse(TEXT, sizeof(TEXT) - 1, &json, NULL),
                   ZPM_EPROTO);
  assert_null(json);
}

static void an_escaped_nul_is_told_with_the_value(void **state)
{
  (void)state;
  assert_int_equal(parse("{\"id\":1,\"x\":\"a\\u0000b\"}"), ZPM_EARG);
  assert_int_equal(parse("{\"a\\u0000\":1}"), ZPM_EARG);
  assert_int_equal(parse("{\"x\":\"\\\\u0000\"}"), 0);
  assert_int_equal(parse("{\"x\":\"\\u0001\"}"), 0);
}

static int parse_nested(size_t depth)
{
  char text[256] = "";

  memset(text, '[', depth);
  memset(text + depth, ']', depth);
  return parse(text);
}

static void nesting_has_a_limit(void **state)
{
  (void)state;
  assert_int_equal(parse_nested(ZPM_JSON_DEPTH_MAX), 0);
  assert_int_equal(parse_nested(ZPM_JSON_DEPTH_MAX + 1), ZPM_EPROTO);
  assert_int_equal(parse("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""), 0);
  assert_int_equal(parse("\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""), 0);
  assert_int_equal(parse("]]]]"), ZPM_EPROTO);
}

struct example {
  const char *bytes;
  size_t size; /* of the first character; 0: none */
};

static const struct example CHARACTERS[] = {
    {"a", 1},
    {"\x7F", 1},
    {"\xC2\x80", 2},
    {"\xC3\xBC", 2},
    {"\xE2\x82\xAC", 3},
    {"\xED\x9F\xBF", 3},
    {"\xEE\x80\x80", 3},
    {"\xF0\x9F\x99\x82", 4},
    {"\xF4\x8F\xBF\xBF", 4},
    {"\x80", 0},
    {"\xC0\x80", 0},         /* overlong */
    {"\xC1\xBF", 0},         /* overlong */
    {"\xC3", 0},             /* cut short */
    {"\xC3(", 0},            /* no second byte */
    {"\xE0\x9F\xBF", 0},     /* overlong */
    {"\xE2\x82", 0},         /* cut short */
    {"\xE2\x82(", 0},        /* no third byte */
    {"\xED\xA0\x80", 0},     /* surrogate */
    {"\xF0\x8F\xBF\xBF", 0}, /* overlong */
    {"\xF4\x90\x80\x80", 0}, /* past the end of Unicode */
    {"\xF5\x80\x80\x80", 0},
    {"\xFF", 0},
};

static void utf8_is_well_formed_or_refused(void **state)
{
  char text[16];

  (void)state;
  assert_int_equal(zpm_utf8_size("", 0), 0);
  for (size_t i = 0; i < sizeof(CHARACTERS) / sizeof(CHARACTERS[0]); i++) {
    const struct example *e = &CHARACTERS[i];

    assert_int_equal(zpm_utf8_size(e->bytes, strlen(e->bytes)), e->size);
    strcpy(text, "\"");
    strcat(text, e->bytes);
    strcat(text, "\"");
    assert_int_equal(parse(text), e->size > 0 ? 0 : ZPM_EPROTO);
  }
}

static void assert_text(const char *bytes, size_t len, const char *expected)
{
  cJSON *json = zpm_json_text(bytes, len);

  assert_string_equal(cJSON_GetStringValue(json), expected);
  cJSON_Delete(json);
}

static void any_bytes_become_a_string(void **state)
{
  (void)state;
  assert_text("", 0, "");
  assert_text("plain", 5, "plain");
  assert_text("gr\xC3\xBC\xC3\x9F", 6, "gr\xC3\xBC\xC3\x9F");
  assert_text("a\xFFz", 3, "a\xEF\xBF\xBDz");
  assert_text("a\0z", 3, "a\xEF\xBF\xBDz");
  assert_text("\xE2\x82", 2, "\xEF\xBF\xBD\xEF\xBF\xBD");
  assert_text("\x1B[31m\r\n", 7, "\x1B[31m\r\n");
}

static void what_is_printed_is_one_line(void **state)
{
  struct zpm_str out = {0};
  cJSON *json = zpm_json_text("a\nb\"\\\x01\xC3\xBC", 8);

  (void)state;
  assert_int_equal(zpm_json_print(&out, json), 0);
  assert_string_equal(out.data, "\"a\\nb\\\"\\\\\\u0001\xC3\xBC\"");
  zpm_str_deinit(&out);
  cJSON_Delete(json);
}

static bool is_integer(const char *text)
{
  cJSON *json = cJSON_Parse(text);
  bool yes = zpm_json_is_integer(json);

  cJSON_Delete(json);
  return yes;
}

static void integers_are_exact_or_none(void **state)
{
  (void)state;
  assert_true(is_integer("0"));
  assert_true(is_integer("-7"));
  assert_true(is_integer("1e3"));
  assert_true(is_integer("9007199254740991"));
  assert_false(is_integer("9007199254740992"));
  assert_false(is_integer("-9007199254740992"));
  assert_false(is_integer("1.5"));
  assert_false(is_integer("1e999"));
  assert_false(is_integer("\"1\""));
  assert_false(is_integer("null"));
}

static void integers_keep_every_digit(void **state)
{
  static const double NUMBERS[] = {0, -1, 1e15 + 1, ZPM_JSON_INTEGER_MAX,
                                   -ZPM_JSON_INTEGER_MAX};

  (void)state;
  for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
    struct zpm_str out = {0};
    cJSON *json = zpm_json_integer(NUMBERS[i]);

    assert_int_equal(zpm_json_print(&out, json), 0);
    assert_true(strtod(out.data, NULL) == NUMBERS[i]);
    zpm_str_deinit(&out);
    cJSON_Delete(json);
  }
}

static void kinds_have_names(void **state)
{
  static const char *const EXAMPLES[][2] = {
      {"\"\"", "a string"}, {"1", "a number"},  {"true", "a boolean"},
      {"{}", "an object"},  {"[]", "an array"}, {"null", "null"}};

  (void)state;
  for (size_t i = 0; i < sizeof(EXAMPLES) / sizeof(EXAMPLES[0]); i++) {
    cJSON *json = cJSON_Parse(EXAMPLES[i][0]);

    assert_string_equal(zpm_json_kind(json), EXAMPLES[i][1]);
    cJSON_Delete(json);
  }
}

static int build(void *ctx)
{
  struct zpm_str out = {0};
  cJSON *array = cJSON_CreateArray();
  int rc = array != NULL ? 0 : ZPM_ENOMEM;

  (void)ctx;
  if (rc == 0)
    rc = zpm_json_push(array, zpm_json_text("x", 1));
  if (rc == 0)
    rc = zpm_json_push(array, cJSON_CreateObject());
  if (rc == 0)
    rc = zpm_json_put(array->child->next, "key", zpm_json_text("y", 1));
  if (rc == 0)
    rc = zpm_json_print(&out, array);
  cJSON_Delete(array);
  zpm_str_deinit(&out);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  failing_alloc_sweep(build, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_that_is_no_json_is_refused),
      cmocka_unit_test(what_is_refused_is_quoted_in_one_line),
      cmocka_unit_test(a_nul_byte_ends_nothing),
      cmocka_unit_test(an_escaped_nul_is_told_with_the_value),
      cmocka_unit_test(nesting_has_a_limit),
      cmocka_unit_test(utf8_is_well_formed_or_refused),
      cmocka_unit_test(any_bytes_become_a_string),
      cmocka_unit_test(what_is_printed_is_one_line),
      cmocka_unit_test(integers_are_exact_or_none),
      cmocka_unit_test(integers_keep_every_digit),
      cmocka_unit_test(kinds_have_names),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
