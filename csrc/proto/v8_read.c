#include "proto/v8_read.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "proto/json.h"
#include "proto/v8_scan.h"
#include "zpm/error.h"

struct reader {
  struct zpm_v8_scan scan;
  unsigned depth;
  uint32_t values_left; /* of ZPM_V8_VALUES_MAX */
};

static int read_value(struct reader *r, cJSON **out);

static int read_property(struct reader *r, enum zpm_v8_tag tag, cJSON *object)
{
  struct zpm_str key = {0};
  cJSON *value = NULL;
  int rc = zpm_v8_scan_key(&r->scan, tag, &key);

  if (rc == 0)
    rc = read_value(r, &value);
  if (rc == 0 && value != NULL)
    rc = zpm_json_put(object, zpm_str_text(&key), value);
  zpm_str_deinit(&key);
  return rc;
}

static int read_object(struct reader *r, cJSON *object)
{
  for (uint32_t count = 0;; count++) {
    enum zpm_v8_tag tag;
    int rc = zpm_v8_scan_tag(&r->scan, &tag);

    if (rc == 0 && tag == ZPM_V8_OBJECT_END)
      return zpm_v8_scan_expect(&r->scan, count);
    if (rc == 0)
      rc = read_property(r, tag, object);
    if (rc != 0)
      return rc;
  }
}

static int read_element(struct reader *r, cJSON *array)
{
  cJSON *value = NULL;
  int rc = read_value(r, &value);

  if (rc != 0)
    return rc;
  return zpm_json_push(array, value != NULL ? value : cJSON_CreateNull());
}

/* The counts at the end of an array. */
static int expect_counts(struct reader *r, uint32_t properties, uint32_t length)
{
  int rc = zpm_v8_scan_expect(&r->scan, properties);

  return rc == 0 ? zpm_v8_scan_expect(&r->scan, length) : rc;
}

static int read_dense(struct reader *r, cJSON *array)
{
  enum zpm_v8_tag tag;
  uint32_t length;
  int rc = zpm_v8_scan_count(&r->scan, &length);

  if (rc == 0 && length > zpm_v8_scan_left(&r->scan))
    return ZPM_EPROTO; /* each element has a byte at least */
  for (uint32_t i = 0; rc == 0 && i < length; i++)
    rc = read_element(r, array);
  if (rc == 0)
    rc = zpm_v8_scan_tag(&r->scan, &tag);
  if (rc != 0)
    return rc;
  return tag == ZPM_V8_DENSE_END ? expect_counts(r, 0, length) : ZPM_V8_OPAQUE;
}

/* Fills the holes from *next to `index`.  They have no bytes in the message,
 * which may tell of 2^32 of them. */
static int fill_holes(struct reader *r, cJSON *array, uint32_t *next,
                      uint32_t index)
{
  if (index - *next > r->values_left)
    return ZPM_V8_OPAQUE;
  r->values_left -= index - *next;
  for (; *next < index; (*next)++) {
    int rc = zpm_json_push(array, cJSON_CreateNull());

    if (rc != 0)
      return rc;
  }
  return 0;
}

/* An element and its index.  V8 writes them in the order of the indices, and
 * named properties, if any, behind them. */
static int read_indexed(struct reader *r, enum zpm_v8_tag tag, cJSON *array,
                        uint32_t *next)
{
  uint32_t index;
  int rc = zpm_v8_scan_index(&r->scan, tag, &index);

  if (rc == 0 && index < *next)
    return ZPM_V8_OPAQUE;
  if (rc == 0)
    rc = fill_holes(r, array, next, index);
  if (rc == 0)
    rc = read_element(r, array);
  (*next)++;
  return rc;
}

static int read_sparse(struct reader *r, cJSON *array)
{
  uint32_t length;
  uint32_t next = 0;
  int rc = zpm_v8_scan_count(&r->scan, &length);

  for (uint32_t count = 0; rc == 0; count++) {
    enum zpm_v8_tag tag;

    rc = zpm_v8_scan_tag(&r->scan, &tag);
    if (rc == 0 && tag == ZPM_V8_SPARSE_END) {
      rc = expect_counts(r, count, length);
      break;
    }
    if (rc == 0)
      rc = read_indexed(r, tag, array, &next);
  }
  if (rc == 0 && next > length)
    return ZPM_EPROTO;
  return rc == 0 ? fill_holes(r, array, &next, length) : rc;
}

static int read_nested(struct reader *r, enum zpm_v8_tag tag, cJSON **out)
{
  bool is_object = tag == ZPM_V8_OBJECT;
  int rc;

  if (r->depth == ZPM_V8_DEPTH_MAX)
    return ZPM_V8_OPAQUE;
  *out = is_object ? cJSON_CreateObject() : cJSON_CreateArray();
  if (*out == NULL)
    return ZPM_ENOMEM;
  r->depth++;
  if (is_object)
    rc = read_object(r, *out);
  else if (tag == ZPM_V8_DENSE)
    rc = read_dense(r, *out);
  else
    rc = read_sparse(r, *out);
  r->depth--;
  if (rc != 0) {
    cJSON_Delete(*out);
    *out = NULL;
  }
  return rc;
}

static int made(cJSON *json, cJSON **out)
{
  *out = json;
  return json != NULL ? 0 : ZPM_ENOMEM;
}

static int read_number(struct reader *r, enum zpm_v8_tag tag, cJSON **out)
{
  double number;
  int rc = zpm_v8_scan_number(&r->scan, tag, &number);

  if (rc != 0)
    return rc;
  if (!isfinite(number))
    return made(cJSON_CreateNull(), out);
  return made(cJSON_CreateNumber(number + 0.0), out); /* -0 is 0 */
}

static int read_string(struct reader *r, enum zpm_v8_tag tag, cJSON **out)
{
  struct zpm_str text = {0};
  int rc = zpm_v8_scan_text(&r->scan, tag, &text);

  if (rc == 0)
    rc = made(cJSON_CreateString(zpm_str_text(&text)), out);
  zpm_str_deinit(&text);
  return rc;
}

/* A tag where a value is due: what is no value is wrong, any other value is
 * not for zpm. */
static int refuse(enum zpm_v8_tag tag)
{
  bool ends = tag == ZPM_V8_OBJECT_END || tag == ZPM_V8_DENSE_END ||
              tag == ZPM_V8_SPARSE_END;

  return ends ? ZPM_EPROTO : ZPM_V8_OPAQUE;
}

/* *out stays NULL, and that is no failure, for undefined. */
static int read_value(struct reader *r, cJSON **out)
{
  enum zpm_v8_tag tag;
  int rc = zpm_v8_scan_tag(&r->scan, &tag);

  if (rc != 0)
    return rc;
  if (r->values_left == 0)
    return ZPM_V8_OPAQUE;
  r->values_left--;
  if (tag == ZPM_V8_OBJECT || tag == ZPM_V8_DENSE || tag == ZPM_V8_SPARSE)
    return read_nested(r, tag, out);
  if (zpm_v8_scan_is_text(tag))
    return read_string(r, tag, out);
  if (zpm_v8_scan_is_number(tag))
    return read_number(r, tag, out);
  if (tag == ZPM_V8_TRUE || tag == ZPM_V8_FALSE)
    return made(cJSON_CreateBool(tag == ZPM_V8_TRUE), out);
  if (tag == ZPM_V8_NULL)
    return made(cJSON_CreateNull(), out);
  return tag == ZPM_V8_UNDEFINED || tag == ZPM_V8_HOLE ? 0 : refuse(tag);
}

int zpm_v8_read(const unsigned char *bytes, size_t len, cJSON **out)
{
  struct reader r = {.scan = {.at = bytes, .end = bytes + len},
                     .values_left = ZPM_V8_VALUES_MAX};
  cJSON *value = NULL;
  int rc = zpm_v8_scan_header(&r.scan);

  *out = NULL;
  if (rc == 0)
    rc = read_value(&r, &value);
  if (rc == 0 && zpm_v8_scan_left(&r.scan) > 0)
    rc = ZPM_EPROTO;
  if (rc == 0 && value == NULL)
    rc = ZPM_V8_OPAQUE;
  if (rc != 0) {
    cJSON_Delete(value);
    return rc;
  }
  *out = value;
  return 0;
}
