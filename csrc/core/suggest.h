#ifndef ZPM_CORE_SUGGEST_H
#define ZPM_CORE_SUGGEST_H

#include <stddef.h>

/* The candidate nearest to `word` by edit distance, if it is near enough to be
 * a slip of the finger (at most a third of the word, at least 1); else NULL.
 * A shared prefix of 3 characters or more also counts as near. */
const char *zpm_suggest(const char *word, const char *const *candidates,
                        size_t count);

#endif
