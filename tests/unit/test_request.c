#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"
#include "unit/vectors.c"

static void assert_id(const cJSON *vector, struct zpm_request_id id,
                      const char *line)
{
  const cJSON *expected = cJSON_GetObjectItem(vector, "id");

  if (id.given != (expected != NULL))
    fail_msg("%s: id %s", line, id.given ? "given" : "missing");
  if (expected != NULL)
    assert_true(id.value == expected->valuedouble);
}

static void assert_accepted(const cJSON *vector, const char *line,
                            const struct zpm_request *request,
                            const struct zpm_error *err)
{
  if (!cJSON_IsTrue(cJSON_GetObjectItem(vector, "ok")))
    fail_msg("%s: should be refused", line);
  assert_int_equal(err->code, 0);
  assert_string_equal(request->command->name, vector_text(vector, "cmd"));
}

static void assert_refused(const cJSON *vector, const char *line, int rc,
                           const struct zpm_error *err)
{
  const char *code = vector_text(vector, "code");
  const char *says = vector_text(vector, "says");

  if (code == NULL || strcmp(code, zpm_code_name(rc)) != 0)
    fail_msg("%s: %s: %s", line, zpm_code_name(rc), err->message);
  assert_int_equal(err->code, rc);
  if (says != NULL && strstr(err->message, says) == NULL)
    fail_msg("%s: should say \"%s\": %s", line, says, err->message);
}

static void run_vector(const cJSON *vector)
{
  const char *line = vector_text(vector, "line");
  struct zpm_request request;
  struct zpm_error err = {0};
  int rc = zpm_request_parse(line, strlen(line), &request, &err);

  if (rc == 0)
    assert_accepted(vector, line, &request, &err);
  else
    assert_refused(vector, line, rc, &err);
  assert_id(vector, request.id, line);
  zpm_request_deinit(&request);
}

static void requests_are_read_as_the_vectors_say(void **state)
{
  (void)state;
  vectors_run("requests.ndjson", run_vector);
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
  static const char LINE[] = "{\"cmd\":\"stop\",\"name\":\"\xFF\"}";
  struct zpm_request request;
  struct zpm_error err;

  (void)state;
  assert_int_equal(zpm_request_parse(LINE, sizeof(LINE) - 1, &request, &err),
                   ZPM_EPROTO);
  assert_string_equal(err.message, "not valid JSON: it is not valid UTF-8");
}

static void arguments_are_read_or_fall_back(void **state)
{
  static const char LINE[] = "{\"cmd\":\"logs\",\"name\":\"api\",\"lines\":7,"
                             "\"follow\":false,\"stream\":null}";
  struct zpm_request request;

  (void)state;
  assert_int_equal(zpm_request_parse(LINE, sizeof(LINE) - 1, &request, NULL),
                   0);
  assert_int_equal(request.command->id, ZPM_CMD_LOGS);
  assert_string_equal(zpm_request_string(&request, "name"), "api");
  assert_true(zpm_request_number(&request, "lines", 20) == 7);
  assert_false(zpm_request_bool(&request, "follow", true));
  assert_non_null(zpm_request_item(&request, "follow"));

  assert_null(zpm_request_string(&request, "stream"));
  assert_null(zpm_request_item(&request, "stream"));
  assert_null(zpm_request_item(&request, "Name"));
  assert_true(zpm_request_number(&request, "name", 20) == 20);
  assert_true(zpm_request_bool(&request, "other", true));
  zpm_request_deinit(&request);
}

/* 100 000 keys in one line: each is looked at once, and the first unknown one
 * ends it. */
static void a_line_full_of_keys_is_answered(void **state)
{
  struct zpm_str line = {0};
  struct zpm_request request;

  (void)state;
  zpm_str_puts(&line, "{\"cmd\":\"ping\"");
  for (int i = 0; i < 100000; i++)
    zpm_str_puts(&line, ",\"a\":1");
  zpm_str_puts(&line, "}");
  assert_int_equal(zpm_request_parse(line.data, line.len, &request, NULL),
                   ZPM_EARG);
  zpm_str_deinit(&line);
}

static int parse(void *ctx)
{
  struct zpm_request request;
  int rc = zpm_request_parse(ctx, strlen(ctx), &request, NULL);

  zpm_request_deinit(&request);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  char line[] = "{\"cmd\":\"logs\",\"name\":\"api\",\"lines\":7}";

  (void)state;
  failing_alloc_sweep(parse, line);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(requests_are_read_as_the_vectors_say),
      cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
      cmocka_unit_test(arguments_are_read_or_fall_back),
      cmocka_unit_test(a_line_full_of_keys_is_answered),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
