#ifndef ZPM_CORE_WORDS_H
#define ZPM_CORE_WORDS_H

#include "base/str.h"
#include "zpm/error.h"

/* Splits a text into words as a shell does, without expanding anything: blanks
 * separate; 'single quotes' keep everything; "double quotes" keep everything
 * but \" and \\; elsewhere a backslash keeps the next character.  Appends to
 * `words`; a quote without its end, or a backslash at the end, is ZPM_EARG. */
int zpm_words_split(const char *text, struct zpm_strv *words,
                    struct zpm_error *err);

#endif
