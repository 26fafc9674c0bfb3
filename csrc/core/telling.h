#ifndef ZPM_CORE_TELLING_H
#define ZPM_CORE_TELLING_H

#include <stddef.h>

#include "base/str.h"

/*
 * What a program said last, for somebody who wants to know why it ended.  The
 * very last lines are often the end of a stack, so the lines of a trace (they
 * are indented) and those without a word are passed over; the last line that
 * names an error stays, also if others came after it.
 */
enum { ZPM_TELLING_LINES = 3 };

/* Appends those lines of the text, each with a newline; none: nothing. */
int zpm_telling_lines(const char *text, size_t len, struct zpm_str *out);

/* Of lines such as these, the one that names an error, or the last one; without
 * its newline.  NULL: there are none. */
const char *zpm_telling_line(const char *lines, size_t *len);

#endif
