/*
 * Included by a test whose bytes are written as hex.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In a block of just that size, so that a sanitizer sees a read behind it. */
static inline unsigned char *bytes_of_hex(const char *hex, size_t *len)
{
  unsigned char *bytes;

  *len = strlen(hex) / 2;
  bytes = malloc(*len > 0 ? *len : 1);
  assert_non_null(bytes);
  for (size_t i = 0; i < *len; i++) {
    const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
    char *end;

    bytes[i] = (unsigned char)strtoul(digits, &end, 16);
    assert_ptr_equal(end, digits + 2);
  }
  return bytes;
}

static inline void assert_hex_equal(const void *bytes, size_t len,
                                    const char *hex)
{
  size_t expected_len;
  unsigned char *expected = bytes_of_hex(hex, &expected_len);

  assert_int_equal(len, expected_len);
  assert_memory_equal(bytes, expected, len);
  free(expected);
}
