#ifndef ZPM_BASE_UTF8_H
#define ZPM_BASE_UTF8_H

#include <stddef.h>

/* How many bytes the well-formed UTF-8 character at `bytes` has (1 to 4), or 0
 * if none stands there: cut short, overlong, a surrogate or past U+10FFFF. */
size_t zpm_utf8_size(const char *bytes, size_t len);

/* How many bytes at the end (0 to 3) begin a character whose other bytes are
 * still to come. */
size_t zpm_utf8_unfinished(const char *bytes, size_t len);

#endif
