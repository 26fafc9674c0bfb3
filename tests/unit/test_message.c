#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"

static const struct zpm_request_id NO_ID = {0};
static const struct zpm_request_id SEVEN = {.given = true, .value = 7};

static void assert_line(struct zpm_str *out, const char *expected)
{
  assert_string_equal(zpm_str_text(out), expected);
  zpm_str_deinit(out);
}

static void a_reply_carries_the_id_of_its_request(void **state)
{
  struct zpm_request_id big = {.given = true, .value = ZPM_JSON_INTEGER_MAX};
  struct zpm_str out = {0};

  (void)state;
  zpm_reply_ok(&out, NO_ID, cJSON_CreateString("pong"));
  assert_line(&out, "{\"ok\":true,\"data\":\"pong\"}\n");
  zpm_reply_ok(&out, SEVEN, cJSON_CreateArray());
  assert_line(&out, "{\"id\":7,\"ok\":true,\"data\":[]}\n");
  zpm_reply_ok(&out, big, NULL);
  assert_line(&out, "{\"id\":9007199254740991,\"ok\":true,\"data\":null}\n");
}

static void an_end_says_so(void **state)
{
  struct zpm_str out = {0};

  (void)state;
  zpm_reply_end(&out, SEVEN);
  assert_line(&out, "{\"id\":7,\"ok\":true,\"end\":true}\n");
  zpm_reply_end(&out, NO_ID);
  assert_line(&out, "{\"ok\":true,\"end\":true}\n");
}

static void an_error_has_a_sentence_and_a_code(void **state)
{
  struct zpm_str out = {0};
  struct zpm_error err;

  (void)state;
  zpm_error_set(&err, ZPM_ENOAPP, "no app \"x\"\n\xFF");
  zpm_reply_error(&out, SEVEN, &err);
  assert_line(&out, "{\"id\":7,\"ok\":false,\"error\":\"no app "
                    "\\\"x\\\"\\n\xEF\xBF\xBD\",\"code\":\"ZPM_ENOAPP\"}\n");
  zpm_error_set(&err, -2, "no such file");
  zpm_reply_error(&out, NO_ID, &err);
  assert_line(&out, "{\"ok\":false,\"error\":\"no such file\","
                    "\"code\":\"ZPM_EIO\"}\n");
}

static void lines_are_appended(void **state)
{
  struct zpm_str out = {0};

  (void)state;
  zpm_reply_ok(&out, NO_ID, NULL);
  zpm_reply_end(&out, NO_ID);
  assert_line(&out,
              "{\"ok\":true,\"data\":null}\n{\"ok\":true,\"end\":true}\n");
}

/* What cannot be written whole is not there at all. */
static int append_one(struct zpm_str *out, int which)
{
  struct zpm_error err = {.code = ZPM_EARG, .message = "x"};
  cJSON *data;

  if (which == 0)
    return zpm_reply_end(out, SEVEN);
  if (which == 1)
    return zpm_reply_error(out, SEVEN, &err);
  data = cJSON_CreateString("data");
  if (data == NULL)
    return ZPM_ENOMEM;
  return zpm_reply_ok(out, SEVEN, data);
}

static int append_all(void *ctx)
{
  struct zpm_str out = {0};
  int rc = 0;

  (void)ctx;
  for (int which = 0; rc == 0 && which < 3; which++) {
    size_t before = out.len;

    rc = append_one(&out, which);
    if (rc != 0)
      assert_int_equal(out.len, before);
  }
  zpm_str_deinit(&out);
  return rc;
}

/* 63 bytes fill the first piece of memory: the newline needs a second one. */
static int append_full_line(void *ctx)
{
  struct zpm_str out = {0};
  cJSON *data = cJSON_CreateString("12345678901234567890123456789012345");
  int rc = data != NULL ? 0 : ZPM_ENOMEM;

  (void)ctx;
  if (rc == 0)
    rc = zpm_reply_ok(&out, SEVEN, data);
  assert_int_equal(out.len, rc == 0 ? 64 : 0);
  zpm_str_deinit(&out);
  return rc;
}

static void a_failed_allocation_leaves_no_half_line(void **state)
{
  (void)state;
  failing_alloc_sweep(append_all, NULL);
  failing_alloc_sweep(append_full_line, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_reply_carries_the_id_of_its_request),
      cmocka_unit_test(an_end_says_so),
      cmocka_unit_test(an_error_has_a_sentence_and_a_code),
      cmocka_unit_test(lines_are_appended),
      cmocka_unit_test(a_failed_allocation_leaves_no_half_line),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
