#ifndef ZPM_PROTO_JSON_H
#define ZPM_PROTO_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/str.h"
#include "zpm/error.h"

/*
 * What zpm asks of JSON beyond cJSON: text is checked before cJSON sees it, and
 * numbers are whole and exact.
 */

/* Nesting of objects and arrays. */
enum { ZPM_JSON_DEPTH_MAX = 32 };

/* 2^53 - 1: every whole number up to it is exact as a double. */
#define ZPM_JSON_INTEGER_MAX 9007199254740991.0

/* Reads one JSON value; text[len] must be NUL.  ZPM_EPROTO and no value if the
 * text is not valid UTF-8, nested too deep, or no JSON.  ZPM_EARG *with* the
 * value if a string holds \u0000, which C strings cannot carry: the caller may
 * look at the value to answer, and must not use it otherwise. */
int zpm_json_parse(const char *text, size_t len, cJSON **out,
                   struct zpm_error *err);

/* Appends it in compact form. */
int zpm_json_print(struct zpm_str *out, const cJSON *json);

/* A JSON string of any bytes: what is not UTF-8, or NUL, becomes U+FFFD. */
cJSON *zpm_json_text(const char *bytes, size_t len);

/* A whole number of -(2^53 - 1) to 2^53 - 1. */
bool zpm_json_is_integer(const cJSON *json);

/* Such a number with every digit: cJSON prints only 15 of them.  It is for
 * printing, and no cJSON_IsNumber().  NULL when out of memory. */
cJSON *zpm_json_integer(double value);

/* "a string", "an array"...: what a value is, for messages. Static. */
const char *zpm_json_kind(const cJSON *json);

/* Puts `item` into an object or array; takes it over, also when it fails.
 * A NULL item (out of memory) fails. */
int zpm_json_put(cJSON *object, const char *key, cJSON *item);
int zpm_json_push(cJSON *array, cJSON *item);

#endif
