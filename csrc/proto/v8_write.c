#include "proto/v8_write.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "proto/v8_format.h"
#include "zpm/error.h"

static int write_value(struct zpm_str *out, const cJSON *value, unsigned depth);

static int put_byte(struct zpm_str *out, unsigned char byte)
{
  return zpm_str_append(out, &byte, 1);
}

static int put_count(struct zpm_str *out, size_t count)
{
  unsigned char bytes[5];
  size_t size = 0;

  if (count > UINT32_MAX)
    return ZPM_ETOOLONG;
  for (; count >= 0x80; count >>= 7)
    bytes[size++] = (unsigned char)(0x80 | (count & 0x7F));
  bytes[size++] = (unsigned char)count;
  return zpm_str_append(out, bytes, size);
}

static int put_tag_and_count(struct zpm_str *out, enum zpm_v8_tag tag,
                             size_t count)
{
  int rc = put_byte(out, (unsigned char)tag);

  return rc == 0 ? put_count(out, count) : rc;
}

static bool is_ascii(char c)
{
  return (unsigned char)c < 0x80;
}

/* Whether each character is below U+0100, and how many there are. */
static bool fits_latin1(const char *text, size_t len, size_t *count)
{
  enum { LAST_LEAD = 0xC3 }; /* C3 BF is U+00FF */
  size_t at = 0;

  for (*count = 0; at < len; (*count)++) {
    size_t size = zpm_utf8_size(text + at, len - at);

    if (size != 1 && (size != 2 || (unsigned char)text[at] > LAST_LEAD))
      return false;
    at += size;
  }
  return true;
}

static int put_latin1(struct zpm_str *out, const char *text, size_t len)
{
  int rc = 0;

  for (size_t at = 0; rc == 0 && at < len; at++) {
    unsigned char byte = (unsigned char)text[at];

    if (!is_ascii(text[at])) { /* 110000ab 10cdefgh */
      at++;
      byte = (unsigned char)(byte << 6 | ((unsigned char)text[at] & 0x3F));
    }
    rc = put_byte(out, byte);
  }
  return rc;
}

/* UTF-8 where Latin-1 does not do: V8 itself writes UTF-16 then, but reads
 * both, and UTF-8 needs no padding. */
static int write_text(struct zpm_str *out, const char *text)
{
  size_t len = strlen(text);
  size_t count;
  int rc;

  if (!fits_latin1(text, len, &count)) {
    rc = put_tag_and_count(out, ZPM_V8_UTF8, len);
    return rc == 0 ? zpm_str_append(out, text, len) : rc;
  }
  rc = put_tag_and_count(out, ZPM_V8_LATIN1, count);
  if (rc != 0)
    return rc;
  return count == len ? zpm_str_append(out, text, len)
                      : put_latin1(out, text, len);
}

static int write_number(struct zpm_str *out, double number)
{
  int rc;

  if (number >= INT32_MIN && number <= INT32_MAX &&
      number == (double)(int32_t)number) {
    uint32_t doubled = (uint32_t)(int32_t)number << 1;

    return put_tag_and_count(out, ZPM_V8_INT32,
                             number < 0 ? ~doubled : doubled);
  }
  rc = put_byte(out, ZPM_V8_DOUBLE);
  return rc == 0 ? zpm_str_append(out, &number, sizeof(number)) : rc;
}

static int write_object(struct zpm_str *out, const cJSON *object,
                        unsigned depth)
{
  const cJSON *item;
  size_t count = 0;
  int rc = put_byte(out, ZPM_V8_OBJECT);

  cJSON_ArrayForEach(item, object)
  {
    if (rc == 0)
      rc = write_text(out, item->string);
    if (rc == 0)
      rc = write_value(out, item, depth);
    if (rc != 0)
      return rc;
    count++;
  }
  return rc == 0 ? put_tag_and_count(out, ZPM_V8_OBJECT_END, count) : rc;
}

static int write_array(struct zpm_str *out, const cJSON *array, unsigned depth)
{
  const cJSON *item;
  size_t length = (size_t)cJSON_GetArraySize(array);
  int rc = put_tag_and_count(out, ZPM_V8_DENSE, length);

  cJSON_ArrayForEach(item, array)
  {
    if (rc == 0)
      rc = write_value(out, item, depth);
    if (rc != 0)
      return rc;
  }
  if (rc == 0)
    rc = put_tag_and_count(out, ZPM_V8_DENSE_END, 0); /* named properties */
  return rc == 0 ? put_count(out, length) : rc;
}

/* `depth`: how many objects and arrays the value is in. */
static int write_value(struct zpm_str *out, const cJSON *value, unsigned depth)
{
  if (cJSON_IsString(value))
    return write_text(out, value->valuestring);
  if (cJSON_IsNumber(value))
    return write_number(out, value->valuedouble);
  if (cJSON_IsBool(value))
    return put_byte(out, cJSON_IsTrue(value) ? ZPM_V8_TRUE : ZPM_V8_FALSE);
  if (cJSON_IsNull(value))
    return put_byte(out, ZPM_V8_NULL);
  if (depth == ZPM_V8_DEPTH_MAX)
    return ZPM_EARG;
  if (cJSON_IsObject(value))
    return write_object(out, value, depth + 1);
  return cJSON_IsArray(value) ? write_array(out, value, depth + 1) : ZPM_EARG;
}

int zpm_v8_write(struct zpm_str *out, const cJSON *value)
{
  static const unsigned char HEADER[] = {ZPM_V8_VERSION, ZPM_V8_FORMAT};
  size_t before = out->len;
  int rc = zpm_str_append(out, HEADER, sizeof(HEADER));

  if (rc == 0)
    rc = write_value(out, value, 0);
  if (rc != 0 && out->data != NULL) {
    out->len = before;
    out->data[before] = '\0';
  }
  return rc;
}
