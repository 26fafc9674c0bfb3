#ifndef ZPM_CORE_GLOB_H
#define ZPM_CORE_GLOB_H

#include <stdbool.h>

/*
 * Whether a path is meant by a pattern, as git means it: * and ? stop at a
 * slash, a whole part ** stands for any number of parts (none, too), [a-z] [!x]
 * [[:digit:]] for one character, \ takes the next one as it is.  Bytes, not
 * letters.  A pattern that makes no sense means nothing.
 *
 * Takes time in proportion to pattern times path at worst: a star that did not
 * work out is given up for good when a later one is reached.
 */
bool zpm_glob_matches(const char *pattern, const char *path);

#endif
