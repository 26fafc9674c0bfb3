#include "proto/v8_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/v8_format.h"
#include "proto/v8_write.h"
#include "unit/failing_alloc.c"
#include "unit/hex.c"
#include "unit/vectors.c"
#include "zpm/error.h"

/* The first `len` bytes, in a block of their own; the value is deleted. */
static int read_some(const unsigned char *bytes, size_t len)
{
  unsigned char *copy = malloc(len > 0 ? len : 1);
  cJSON *value;
  int rc;

  assert_non_null(copy);
  memcpy(copy, bytes, len);
  rc = zpm_v8_read(copy, len, &value);
  assert_int_equal(value != NULL, rc == 0);
  cJSON_Delete(value);
  free(copy);
  return rc;
}

static void assert_same(const cJSON *a, const cJSON *b)
{
  char *text_a = cJSON_PrintUnformatted(a);
  char *text_b = cJSON_PrintUnformatted(b);
  struct zpm_str bytes_a = {0};
  struct zpm_str bytes_b = {0};

  assert_string_equal(text_a, text_b);
  /* cJSON prints 15 digits of a number; here is every bit of it. */
  assert_int_equal(zpm_v8_write(&bytes_a, a), 0);
  assert_int_equal(zpm_v8_write(&bytes_b, b), 0);
  assert_int_equal(bytes_a.len, bytes_b.len);
  assert_memory_equal(bytes_a.data, bytes_b.data, bytes_a.len);
  zpm_str_deinit(&bytes_a);
  zpm_str_deinit(&bytes_b);
  cJSON_free(text_a);
  cJSON_free(text_b);
}

static int expected_code(const cJSON *vector)
{
  if (cJSON_HasObjectItem(vector, "malformed"))
    return ZPM_EPROTO;
  return cJSON_HasObjectItem(vector, "opaque") ? ZPM_V8_OPAQUE : 0;
}

static void read_vector(const cJSON *vector)
{
  const char *hex = vector_text(vector, "bytes");
  cJSON *value;
  size_t len;
  unsigned char *bytes = bytes_of_hex(hex, &len);
  int rc = zpm_v8_read(bytes, len, &value);

  if (rc != expected_code(vector))
    fail_msg("%s: %d", hex, rc);
  if (rc == 0)
    assert_same(value, cJSON_GetObjectItem(vector, "becomes"));
  cJSON_Delete(value);
  free(bytes);
}

static void what_v8_wrote_becomes_json(void **state)
{
  (void)state;
  vectors_run("v8.ndjson", read_vector);
}

/* Not one part of a message is taken for a message. */
static void cut_vector(const cJSON *vector)
{
  size_t len;
  unsigned char *bytes = bytes_of_hex(vector_text(vector, "bytes"), &len);

  for (size_t part = 0; part < len; part++) {
    int rc = read_some(bytes, part);

    if (expected_code(vector) == 0)
      assert_int_equal(rc, ZPM_EPROTO);
    else if (expected_code(vector) == ZPM_V8_OPAQUE)
      assert_int_not_equal(rc, 0);
  }
  free(bytes);
}

static void a_message_cut_anywhere_is_malformed(void **state)
{
  (void)state;
  vectors_run("v8.ndjson", cut_vector);
}

/* Whatever a byte is replaced with: no crash, and no value beside a failure. */
static void spoil_vector(const cJSON *vector)
{
  static const unsigned char WRONG[] = {0x00, 0x7F, 0x80, 0xFF, 'o', 'A',
                                        'a',  '"',  'c',  '{',  '$', '@'};
  size_t len;
  unsigned char *bytes = bytes_of_hex(vector_text(vector, "bytes"), &len);

  for (size_t at = 0; at < len; at++) {
    unsigned char right = bytes[at];

    for (size_t i = 0; i < sizeof(WRONG); i++) {
      bytes[at] = WRONG[i];
      read_some(bytes, len);
    }
    bytes[at] = right;
  }
  free(bytes);
}

static void a_wrong_byte_anywhere_breaks_nothing(void **state)
{
  (void)state;
  vectors_run("v8.ndjson", spoil_vector);
}

/* `depth` arrays in one another, as V8 writes them. */
static struct zpm_str nest(size_t depth)
{
  struct zpm_str bytes = {0};

  zpm_str_append(&bytes, "\xFF\x0D", 2);
  for (size_t i = 1; i < depth; i++)
    zpm_str_append(&bytes, "A\x01", 2);
  zpm_str_append(&bytes, "A\x00", 2);
  zpm_str_append(&bytes, "$\x00\x00", 3);
  for (size_t i = 1; i < depth; i++)
    zpm_str_append(&bytes, "$\x00\x01", 3);
  return bytes;
}

static int read_nest(size_t depth)
{
  struct zpm_str bytes = nest(depth);
  int rc = read_some((const unsigned char *)bytes.data, bytes.len);

  zpm_str_deinit(&bytes);
  return rc;
}

static void nesting_ends_somewhere(void **state)
{
  struct zpm_str only_begun = {0};

  (void)state;
  assert_int_equal(read_nest(ZPM_V8_DEPTH_MAX), 0);
  assert_int_equal(read_nest(ZPM_V8_DEPTH_MAX + 1), ZPM_V8_OPAQUE);
  assert_int_equal(read_nest(100000), ZPM_V8_OPAQUE);
  zpm_str_append(&only_begun, "\xFF\x0D", 2);
  for (size_t i = 0; i < 100000; i++)
    zpm_str_append(&only_begun, "o\"\x01x", 4);
  assert_int_equal(
      read_some((const unsigned char *)only_begun.data, only_begun.len),
      ZPM_V8_OPAQUE);
  zpm_str_deinit(&only_begun);
}

/* A dense array of `count` times true. */
static int read_array_of(uint16_t count)
{
  unsigned char *bytes = malloc(count + 12u);
  unsigned char varint[3] = {
      (unsigned char)(0x80 | (count & 0x7F)),
      (unsigned char)(0x80 | (count >> 7 & 0x7F)),
      (unsigned char)(count >> 14),
  };
  int rc;

  assert_non_null(bytes);
  memcpy(bytes, "\xFF\x0D\x41", 3);
  memcpy(bytes + 3, varint, 3);
  memset(bytes + 6, 'T', count);
  memcpy(bytes + 6 + count, "$\0", 2);
  memcpy(bytes + 8 + count, varint, 3);
  rc = read_some(bytes, 11u + count);
  free(bytes);
  return rc;
}

static void a_message_has_so_many_values_and_no_more(void **state)
{
  (void)state;
  /* The array is one of them. */
  assert_int_equal(read_array_of(ZPM_V8_VALUES_MAX - 1), 0);
  assert_int_equal(read_array_of(ZPM_V8_VALUES_MAX), ZPM_V8_OPAQUE);
  assert_int_equal(read_array_of(UINT16_MAX), ZPM_V8_OPAQUE);
}

static int read_for_sweep(void *ctx)
{
  static const unsigned char BYTES[] =
      "\xFF\x0F\x6F\"\x01\x61\x41\x03T\"\x02h\xE9N\0\0\0\0\0\0\xF8\x7F$\0\x03"
      "\x49\x08\x61\x04\x49\x02_\x49\x04\x63\x02\xAC\x20@\x02\x04{\x02";
  cJSON *value;
  int rc = zpm_v8_read(BYTES, sizeof(BYTES) - 1, &value);

  (void)ctx;
  if (rc == 0) {
    char *text = cJSON_PrintUnformatted(value);

    if (text == NULL)
      rc = ZPM_ENOMEM;
    else
      assert_string_equal(
          text,
          "{\"a\":[true,\"h\u00e9\",null],\"4\":[null,null,\"\u20ac\",null]}");
    cJSON_free(text);
  }
  cJSON_Delete(value);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  failing_alloc_sweep(read_for_sweep, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_v8_wrote_becomes_json),
      cmocka_unit_test(a_message_cut_anywhere_is_malformed),
      cmocka_unit_test(a_wrong_byte_anywhere_breaks_nothing),
      cmocka_unit_test(nesting_ends_somewhere),
      cmocka_unit_test(a_message_has_so_many_values_and_no_more),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
