#ifndef ZPM_CORE_DOTENV_H
#define ZPM_CORE_DOTENV_H

#include <stddef.h>

#include "base/str.h"
#include "zpm/error.h"

/*
 * Reads the text of a .env file: lines of KEY=value.
 *
 *   # a comment, and blank lines
 *   PLAIN=all of this, but not the margins  # nor this
 *   export WITH=export
 *   SINGLE='as it is, $HOME and \n, over several lines if need be'
 *   DOUBLE="with \n \r \t \" \$ \\ , over several lines if need be"
 *
 * Nothing is expanded.  A key has letters, digits, '_', '.' and '-', and does
 * not begin with a digit; the last of the same key counts.  Lines may end in
 * CRLF.
 *
 * ZPM_ECONFIG names the line ("line 3: ...") and never shows what is in it;
 * `vars` is empty then.  Pure and total: any bytes may come.
 */
enum { ZPM_DOTENV_VARS_MAX = 4096 };

int zpm_dotenv_parse(struct zpm_strv *vars, const char *text, size_t len,
                     struct zpm_error *err);

#endif
