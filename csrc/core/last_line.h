#ifndef ZPM_CORE_LAST_LINE_H
#define ZPM_CORE_LAST_LINE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The last complete line of a stream that comes in batches, for showing: blank
 * lines are passed over, what is no UTF-8 (or NUL) becomes U+FFFD, a long line
 * is cut.  All zero is the start.
 */
enum { ZPM_LAST_LINE_MAX = 160 };

struct zpm_last_line {
  char text[ZPM_LAST_LINE_MAX + 1]; /* "" until there is one */
  char head[ZPM_LAST_LINE_MAX];     /* of the line that is not complete yet */
  size_t head_len;
};

void zpm_last_line_feed(struct zpm_last_line *last, const char *bytes,
                        size_t len);

#endif
