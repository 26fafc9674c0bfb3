#ifndef ZPM_PROTO_V8_TEXT_H
#define ZPM_PROTO_V8_TEXT_H

#include <stddef.h>

#include "base/str.h"
#include "proto/v8_format.h"

/*
 * The strings of V8's structured-clone format (proto/v8_format.h) to UTF-8.
 */

/* Appends the string whose tag is ZPM_V8_LATIN1, _UTF16 or _UTF8.  What is no
 * character (half a surrogate pair, a wrong byte) becomes U+FFFD.
 * ZPM_V8_OPAQUE if it holds a NUL, which C strings cannot carry; ZPM_EPROTO for
 * half a unit of UTF-16. */
int zpm_v8_text_read(struct zpm_str *out, enum zpm_v8_tag tag,
                     const unsigned char *bytes, size_t len);

#endif
