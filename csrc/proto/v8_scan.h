#ifndef ZPM_PROTO_V8_SCAN_H
#define ZPM_PROTO_V8_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "proto/v8_format.h"

/*
 * The words of V8's structured clone (proto/v8_format.h, with its source):
 * tags, counts, numbers and strings, one after the other.  proto/v8_read makes
 * values of them.
 *
 * Each function moves `at` behind what it read.  They return 0, ZPM_EPROTO for
 * what is cut short or wrong, ZPM_V8_OPAQUE (proto/v8_read.h) or ZPM_ENOMEM.
 */
struct zpm_v8_scan {
  const unsigned char *at;
  const unsigned char *end;
};

size_t zpm_v8_scan_left(const struct zpm_v8_scan *scan);

/* FF and the version. */
int zpm_v8_scan_header(struct zpm_v8_scan *scan);

/* The next tag, past padding.  It may be none of enum zpm_v8_tag. */
int zpm_v8_scan_tag(struct zpm_v8_scan *scan, enum zpm_v8_tag *tag);

/* A varint of 32 bits. */
int zpm_v8_scan_count(struct zpm_v8_scan *scan, uint32_t *count);

/* A count that is known already. */
int zpm_v8_scan_expect(struct zpm_v8_scan *scan, uint32_t count);

/* What follows the tag of an int32, a uint32, a double or a date. */
bool zpm_v8_scan_is_number(enum zpm_v8_tag tag);
int zpm_v8_scan_number(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                       double *number);

/* What follows the tag of a string; appended. */
bool zpm_v8_scan_is_text(enum zpm_v8_tag tag);
int zpm_v8_scan_text(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                     struct zpm_str *text);

/* What follows the tag of an object's key; appended. */
int zpm_v8_scan_key(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                    struct zpm_str *key);

/* What follows the tag of an array's index.  ZPM_V8_OPAQUE for a named property
 * instead. */
int zpm_v8_scan_index(struct zpm_v8_scan *scan, enum zpm_v8_tag tag,
                      uint32_t *index);

#endif
