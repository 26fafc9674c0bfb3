#include "proto/v8_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "proto/v8_read.h"
#include "zpm/error.h"

enum { REPLACEMENT = 0xFFFD };

static int put_point(struct zpm_str *out, uint32_t point)
{
  unsigned char utf8[4];
  size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  static const unsigned char LEADS[] = {0x00, 0xC0, 0xE0, 0xF0};

  for (size_t i = size; i-- > 1; point >>= 6)
    utf8[i] = (unsigned char)(0x80 | (point & 0x3F));
  utf8[0] = (unsigned char)(LEADS[size - 1] | point);
  return zpm_str_append(out, utf8, size);
}

/* How many bytes from here on are ASCII: long texts mostly are. */
static size_t ascii_length(const unsigned char *at, size_t left)
{
  size_t len = 0;

  while (len < left && at[len] < 0x80)
    len++;
  return len;
}

static int read_latin1(struct zpm_str *out, const unsigned char *bytes,
                       size_t len)
{
  int rc = 0;

  for (size_t at = 0; rc == 0 && at < len;) {
    size_t run = ascii_length(bytes + at, len - at);

    rc = run > 0 ? zpm_str_append(out, bytes + at, run)
                 : put_point(out, bytes[at]);
    at += run > 0 ? run : 1;
  }
  return rc;
}

static int read_utf8(struct zpm_str *out, const unsigned char *bytes,
                     size_t len)
{
  const char *text = (const char *)bytes;
  int rc = 0;

  for (size_t at = 0; rc == 0 && at < len;) {
    size_t run = ascii_length(bytes + at, len - at);
    size_t size = run > 0 ? run : zpm_utf8_size(text + at, len - at);

    rc = size > 0 ? zpm_str_append(out, text + at, size)
                  : put_point(out, REPLACEMENT);
    at += size > 0 ? size : 1;
  }
  return rc;
}

static uint16_t unit_at(const unsigned char *bytes, size_t at)
{
  uint16_t unit;

  memcpy(&unit, bytes + at, sizeof(unit)); /* it need not be aligned */
  return unit;
}

static bool is_high(uint32_t unit)
{
  return unit >= 0xD800 && unit < 0xDC00;
}

static bool is_low(uint32_t unit)
{
  return unit >= 0xDC00 && unit < 0xE000;
}

/* The character at *at, which is moved behind it. */
static uint32_t next_point(const unsigned char *bytes, size_t len, size_t *at)
{
  uint32_t unit = unit_at(bytes, *at);
  uint32_t low;

  *at += sizeof(uint16_t);
  if (!is_high(unit))
    return is_low(unit) ? REPLACEMENT : unit;
  low = *at < len ? unit_at(bytes, *at) : 0;
  if (!is_low(low))
    return REPLACEMENT;
  *at += sizeof(uint16_t);
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

static int read_utf16(struct zpm_str *out, const unsigned char *bytes,
                      size_t len)
{
  size_t at = 0;

  if (len % sizeof(uint16_t) != 0)
    return ZPM_EPROTO;
  while (at < len) {
    uint32_t point = next_point(bytes, len, &at);
    int rc = point != 0 ? put_point(out, point) : ZPM_V8_OPAQUE;

    if (rc != 0)
      return rc;
  }
  return 0;
}

int zpm_v8_text_read(struct zpm_str *out, enum zpm_v8_tag tag,
                     const unsigned char *bytes, size_t len)
{
  if (tag == ZPM_V8_UTF16)
    return read_utf16(out, bytes, len);
  if (memchr(bytes, '\0', len) != NULL)
    return ZPM_V8_OPAQUE;
  if (tag == ZPM_V8_LATIN1)
    return read_latin1(out, bytes, len);
  return read_utf8(out, bytes, len);
}
