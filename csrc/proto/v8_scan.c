#include "proto/v8_scan.h"

#include <string.h>

#include "proto/json.h"
#include "proto/v8_read.h"
#include "proto/v8_text.h"
#include "zpm/error.h"

size_t zpm_v8_scan_left(const struct zpm_v8_scan *scan)
{
  return (size_t)(scan->end - scan->at);
}

int zpm_v8_scan_header(struct zpm_v8_scan *scan)
{
  uint32_t version;
  int rc;

  if (scan->at == scan->end || *scan->at != ZPM_V8_VERSION)
    return ZPM_EPROTO;
  scan->at++;
  rc = zpm_v8_scan_count(scan, &version);
  if (rc != 0)
    return rc;
  /* A later version is tried: 14 and 15 changed nothing that is read here, and
   * a change tells itself by a tag that is not known. */
  return version < ZPM_V8_FORMAT ? ZPM_V8_OPAQUE : 0;
}

int zpm_v8_scan_tag(struct zpm_v8_scan *scan, enum zpm_v8_tag *tag)
{
  while (scan->at < scan->end && *scan->at == ZPM_V8_PADDING)
    scan->at++;
  if (scan->at == scan->end)
    return ZPM_EPROTO;
  *tag = (enum zpm_v8_tag) * scan->at++;
  return 0;
}

int zpm_v8_scan_count(struct zpm_v8_scan *scan, uint32_t *count)
{
  enum { LAST_SHIFT = 28, LAST_MAX = 0x0F }; /* 32 bits are full then */

  *count = 0;
  for (unsigned shift = 0; scan->at < scan->end; shift += 7) {
    unsigned char byte = *scan->at++;

    if (shift == LAST_SHIFT && byte > LAST_MAX)
      return ZPM_EPROTO;
    *count |= (uint32_t)(byte & 0x7F) << shift;
    if (byte < 0x80)
      return 0;
  }
  return ZPM_EPROTO;
}

int zpm_v8_scan_expect(struct zpm_v8_scan *scan, uint32_t count)
{
  uint32_t told;
  int rc = zpm_v8_scan_count(scan, &told);

  return rc == 0 && told != count ? ZPM_EPROTO : rc;
}

bool zpm_v8_scan_is_number(enum zpm_v8_tag tag)
{
  return tag == ZPM_V8_INT32 || tag == ZPM_V8_UINT32 || tag == ZPM_V8_DOUBLE ||
         tag == ZPM_V8_DATE;
}

static int scan_double(struct zpm_v8_scan *scan, double *number)
{
  if (zpm_v8_scan_left(scan) < sizeof(*number))
    return ZPM_EPROTO;
  memcpy(number, scan->at, sizeof(*number));
  scan->at += sizeof(*number);
  return 0;
}

int zpm_v8_scan_number(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                       double *number)
{
  uint32_t bits;
  int rc;

  if (tag == ZPM_V8_DOUBLE || tag == ZPM_V8_DATE)
    return scan_double(scan, number);
  rc = zpm_v8_scan_count(scan, &bits);
  if (rc != 0)
    return rc;
  *number = bits;
  if (tag == ZPM_V8_INT32) { /* zigzag: 0, -1, 1, -2... */
    uint32_t half = bits / 2;

    *number = bits % 2 == 0 ? half : -(double)half - 1;
  }
  return 0;
}

bool zpm_v8_scan_is_text(enum zpm_v8_tag tag)
{
  return tag == ZPM_V8_LATIN1 || tag == ZPM_V8_UTF16 || tag == ZPM_V8_UTF8;
}

int zpm_v8_scan_text(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                     struct zpm_str *text)
{
  const unsigned char *bytes;
  uint32_t size;
  int rc = zpm_v8_scan_count(scan, &size);

  if (rc != 0)
    return rc;
  if (size > zpm_v8_scan_left(scan))
    return ZPM_EPROTO;
  bytes = scan->at;
  scan->at += size;
  return zpm_v8_text_read(text, tag, bytes, size);
}

/* A number where a key is due: no date. */
static int scan_key_number(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                           double *number)
{
  if (!zpm_v8_scan_is_number(tag) || tag == ZPM_V8_DATE)
    return ZPM_EPROTO;
  return zpm_v8_scan_number(scan, tag, number);
}

/* No NaN either. */
static bool is_whole(double number, double least, double most)
{
  return number >= least && number <= most && number == (double)(int64_t)number;
}

/* V8 writes a key that is an index as a number. */
int zpm_v8_scan_key(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                    struct zpm_str *key)
{
  double number;
  int rc;

  if (zpm_v8_scan_is_text(tag))
    return zpm_v8_scan_text(scan, tag, key);
  rc = scan_key_number(scan, tag, &number);
  if (rc != 0)
    return rc;
  if (!is_whole(number, -ZPM_JSON_INTEGER_MAX, ZPM_JSON_INTEGER_MAX))
    return ZPM_V8_OPAQUE; /* no index: "1e21", "0.1" */
  return zpm_str_printf(key, "%.0f", number + 0.0); /* -0 is "0" */
}

int zpm_v8_scan_index(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                      uint32_t *index)
{
  double number;
  int rc;

  if (zpm_v8_scan_is_text(tag))
    return ZPM_V8_OPAQUE;
  rc = scan_key_number(scan, tag, &number);
  if (rc != 0)
    return rc;
  if (!is_whole(number, 0, UINT32_MAX - 1))
    return ZPM_V8_OPAQUE;
  *index = (uint32_t)number;
  return 0;
}
