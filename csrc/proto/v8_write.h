#ifndef ZPM_PROTO_V8_WRITE_H
#define ZPM_PROTO_V8_WRITE_H

#include <cjson/cJSON.h>

#include "base/str.h"

/*
 * JSON as V8's structured clone (proto/v8_format.h, with its source), for an
 * IPC channel with serialization "advanced".  Node 12 to 26 read it.
 *
 * The keys of an object must differ: V8 refuses the message otherwise.
 */

/* Appends one message, without the four bytes of its length.  ZPM_EARG for raw
 * JSON (zpm_json_integer()), no value, or nesting of more than
 * ZPM_V8_DEPTH_MAX; ZPM_ETOOLONG for what 32 bits cannot count; ZPM_ENOMEM.
 * After a failure `out` holds what it held. */
int zpm_v8_write(struct zpm_str *out, const cJSON *value);

#endif
