#include "proto/v8_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/json.h"
#include "proto/v8_format.h"
#include "unit/failing_alloc.c"
#include "unit/hex.c"
#include "unit/vectors.c"
#include "zpm/error.h"

/* tests/integration/v8.test.mjs shows the same bytes to Node. */
static void write_vector(const cJSON *vector)
{
  struct zpm_str out = {0};

  if (!cJSON_HasObjectItem(vector, "written"))
    return;
  assert_int_equal(zpm_v8_write(&out, cJSON_GetObjectItem(vector, "becomes")),
                   0);
  assert_hex_equal(out.data, out.len, vector_text(vector, "bytes"));
  zpm_str_deinit(&out);
}

static void json_becomes_what_v8_reads(void **state)
{
  (void)state;
  vectors_run("v8.ndjson", write_vector);
}

static void a_message_is_put_behind_what_is_there(void **state)
{
  struct zpm_str out = {0};
  cJSON *value = cJSON_CreateTrue();

  (void)state;
  assert_int_equal(zpm_str_puts(&out, "x"), 0);
  assert_int_equal(zpm_v8_write(&out, value), 0);
  assert_hex_equal(out.data, out.len, "78ff0d54");
  cJSON_Delete(value);
  zpm_str_deinit(&out);
}

/* Refused, and nothing of it is left. */
static void assert_refused(cJSON *value)
{
  struct zpm_str out = {0};
  struct zpm_str empty = {0};

  assert_int_equal(zpm_str_puts(&out, "before"), 0);
  assert_int_equal(zpm_v8_write(&out, value), ZPM_EARG);
  assert_string_equal(out.data, "before");
  assert_int_equal(zpm_v8_write(&empty, value), ZPM_EARG);
  assert_int_equal(empty.len, 0);
  zpm_str_deinit(&out);
  zpm_str_deinit(&empty);
}

static void what_has_no_form_is_refused(void **state)
{
  cJSON *array = cJSON_CreateArray();

  (void)state;
  assert_refused(NULL);
  zpm_json_push(array, cJSON_CreateTrue());
  zpm_json_push(array, zpm_json_integer(5));
  assert_refused(array);
  cJSON_Delete(array);
}

static void nesting_ends_somewhere(void **state)
{
  struct zpm_str out = {0};
  cJSON *value = cJSON_CreateNull();

  (void)state;
  for (unsigned i = 0; i < ZPM_V8_DEPTH_MAX; i++) {
    cJSON *outer = i % 2 == 0 ? cJSON_CreateArray() : cJSON_CreateObject();

    if (i % 2 == 0)
      zpm_json_push(outer, value);
    else
      zpm_json_put(outer, "in", value);
    value = outer;
  }
  assert_int_equal(zpm_v8_write(&out, value), 0);
  zpm_str_deinit(&out);
  value = cJSON_CreateArrayReference(value);
  assert_refused(value);
  cJSON_Delete(value->child);
  cJSON_Delete(value);
}

/* V8 puts U+FFFD in its place. */
static void text_that_is_no_utf8_is_written_as_utf8(void **state)
{
  struct zpm_str out = {0};
  cJSON *value = cJSON_CreateString("\xE9");

  (void)state;
  assert_int_equal(zpm_v8_write(&out, value), 0);
  assert_hex_equal(out.data, out.len, "ff0d5301e9");
  cJSON_Delete(value);
  zpm_str_deinit(&out);
}

static int write_for_sweep(void *ctx)
{
  struct zpm_str out = {0};
  int rc = zpm_v8_write(&out, ctx);

  if (rc != 0)
    assert_int_equal(out.len, 0);
  zpm_str_deinit(&out);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  cJSON *value = cJSON_CreateArray();

  (void)state;
  for (unsigned i = 0; i < 300; i++)
    zpm_json_push(value, cJSON_CreateNumber(i + 0.5));
  failing_alloc_sweep(write_for_sweep, value);
  cJSON_Delete(value);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_becomes_what_v8_reads),
      cmocka_unit_test(a_message_is_put_behind_what_is_there),
      cmocka_unit_test(what_has_no_form_is_refused),
      cmocka_unit_test(nesting_ends_somewhere),
      cmocka_unit_test(text_that_is_no_utf8_is_written_as_utf8),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
