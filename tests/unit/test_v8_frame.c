#include "proto/v8_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"
#include "unit/hex.c"
#include "zpm/error.h"

enum { MAX = 8 };

/* All messages, each followed by '|'; of one over the limit its length. */
static int collect(void *ctx, const unsigned char *bytes, size_t len)
{
  struct zpm_str *seen = ctx;
  int rc = bytes != NULL ? zpm_str_append(seen, bytes, len)
                         : zpm_str_printf(seen, "(%zu)", len);

  return rc == 0 ? zpm_str_puts(seen, "|") : rc;
}

static void messages_come_whole_however_the_bytes_are_cut(void **state)
{
  static const char INPUT[] = "\0\0\0\3one"
                              "\0\0\0\0"
                              "\0\0\0\10exactly8"
                              "\0\0\0\11one over!"
                              "\0\0\1\4"
                              "0123456789abcdef0123456789abcdef0123456789abcdef"
                              "0123456789abcdef0123456789abcdef0123456789abcdef"
                              "0123456789abcdef0123456789abcdef0123456789abcdef"
                              "0123456789abcdef0123456789abcdef0123456789abcdef"
                              "0123456789abcdef0123456789abcdef0123456789abcdef"
                              "0123456789abcdef0123"
                              "\0\0\0\4last"
                              "\0\0\0\7re";
  size_t len = sizeof(INPUT) - 1;

  (void)state;
  for (size_t piece = 1; piece <= len; piece++) {
    struct zpm_v8_framer framer = {.max = MAX};
    struct zpm_str seen = {0};

    for (size_t at = 0; at < len; at += piece) {
      size_t size = len - at < piece ? len - at : piece;

      assert_int_equal(
          zpm_v8_framer_feed(&framer, INPUT + at, size, collect, &seen), 0);
    }
    assert_string_equal(zpm_str_text(&seen), "one||exactly8|(9)|(260)|last|");
    assert_string_equal(zpm_str_text(&framer.partial), "re");
    zpm_v8_framer_deinit(&framer);
    zpm_str_deinit(&seen);
  }
}

static void the_longest_length_is_believed_and_costs_nothing(void **state)
{
  struct zpm_v8_framer framer = {.max = MAX};
  struct zpm_v8_framer trusting = {.max = SIZE_MAX};
  struct zpm_str seen = {0};

  (void)state;
  assert_int_equal(
      zpm_v8_framer_feed(&framer, "\xFF\xFF\xFF\xFFxxxx", 8, collect, &seen),
      0);
  for (unsigned i = 0; i < 1000; i++)
    zpm_v8_framer_feed(&framer, "\0\0\0\1x", 5, collect, &seen);
  assert_int_equal(framer.size - framer.seen, UINT32_MAX - 4 - 5000);
  assert_null(framer.partial.data);
  assert_int_equal(
      zpm_v8_framer_feed(&trusting, "\xFF\xFF\xFF\xFFx", 5, collect, &seen), 0);
  assert_true(trusting.partial.cap <= 64);
  assert_int_equal(seen.len, 0);
  zpm_v8_framer_deinit(&trusting);
}

static void no_memory_is_held_between_messages(void **state)
{
  struct zpm_v8_framer framer = {.max = MAX};
  struct zpm_str seen = {0};

  (void)state;
  zpm_v8_framer_feed(&framer, "\0\0\0\1a\0\0\0\2b", 10, collect, &seen);
  assert_non_null(framer.partial.data);
  zpm_v8_framer_feed(&framer, "c\0\0\0", 4, collect, &seen);
  assert_null(framer.partial.data);
  assert_string_equal(seen.data, "a|bc|");
  zpm_str_deinit(&seen);
}

static int destroy_on_second(void *ctx, const unsigned char *bytes, size_t len)
{
  struct zpm_v8_framer *framer = ctx;

  (void)len;
  if (bytes[0] != '2')
    return 0;
  zpm_v8_framer_deinit(framer);
  return 42;
}

static void a_callback_may_end_the_feed_and_the_framer(void **state)
{
  struct zpm_v8_framer framer = {.max = MAX};

  (void)state;
  assert_int_equal(
      zpm_v8_framer_feed(&framer, "\0\0\0\2", 4, destroy_on_second, &framer),
      0);
  assert_int_equal(
      zpm_v8_framer_feed(&framer, "1", 1, destroy_on_second, &framer), 0);
  assert_int_equal(zpm_v8_framer_feed(&framer,
                                      "1\0\0\0\1"
                                      "2\0\0\0\1"
                                      "3",
                                      11, destroy_on_second, &framer),
                   42);
  assert_int_equal(failing_alloc.live, 0);
}

static void a_message_is_written_behind_its_length(void **state)
{
  struct zpm_str out = {0};
  cJSON *text = cJSON_CreateString("hello");
  cJSON *raw = cJSON_CreateRaw("1");

  (void)state;
  assert_int_equal(zpm_v8_frame_write(&out, text), 0);
  assert_int_equal(zpm_v8_frame_write(&out, raw), ZPM_EARG);
  assert_int_equal(zpm_v8_frame_write(&out, text), 0);
  assert_hex_equal(out.data, out.len,
                   "00000009ff0d220568656c6c6f"
                   "00000009ff0d220568656c6c6f");
  cJSON_Delete(text);
  cJSON_Delete(raw);
  zpm_str_deinit(&out);
}

static int feed(void *ctx)
{
  struct zpm_v8_framer framer = {.max = MAX};
  struct zpm_str seen = {0};
  cJSON *value = cJSON_CreateTrue();
  int rc = value != NULL ? zpm_v8_frame_write(&seen, value) : ZPM_ENOMEM;

  (void)ctx;
  if (rc == 0)
    rc = zpm_v8_framer_feed(&framer, "\0\0\0\1x\0\0\0\3ab", 11, collect, &seen);
  if (rc == 0)
    rc = zpm_v8_framer_feed(&framer, "c", 1, collect, &seen);
  cJSON_Delete(value);
  zpm_v8_framer_deinit(&framer);
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
      cmocka_unit_test(messages_come_whole_however_the_bytes_are_cut),
      cmocka_unit_test(the_longest_length_is_believed_and_costs_nothing),
      cmocka_unit_test(no_memory_is_held_between_messages),
      cmocka_unit_test(a_callback_may_end_the_feed_and_the_framer),
      cmocka_unit_test(a_message_is_written_behind_its_length),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
