#include "proto/json_skip.h"

#include <string.h>

#include "base/utf8.h"

enum { NUMBER_MAX = 60 };

/* The character here, or NUL behind the text (no NUL is valid JSON). */
static char here(const struct zpm_json_rest *rest)
{
  if (rest->at == rest->end)
    return '\0';
  return *rest->at;
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

void zpm_json_skip_blanks(struct zpm_json_rest *rest)
{
  while (here(rest) == ' ' || here(rest) == '\t' || here(rest) == '\n' ||
         here(rest) == '\r')
    rest->at++;
}

/* ---- strings ---- */

/* The value of a hexadecimal digit, or 16. */
static unsigned hex_value(char c)
{
  if (is_digit(c))
    return (unsigned)(c - '0');
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* Behind "\u". */
static bool skip_code_unit(struct zpm_json_rest *rest)
{
  unsigned unit = 0;

  for (int i = 0; i < 4; i++, rest->at++) {
    unsigned digit = hex_value(here(rest));

    if (digit > 15)
      return false;
    unit = unit * 16 + digit;
  }
  rest->has_nul = rest->has_nul || unit == 0;
  rest->is_hard = rest->is_hard || (unit & 0xF800) == 0xD800;
  return true;
}

/* Behind a backslash. */
static bool skip_escape(struct zpm_json_rest *rest)
{
  char c = here(rest);

  if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
    return false;
  rest->at++;
  return c != 'u' || skip_code_unit(rest);
}

bool zpm_json_skip_string(struct zpm_json_rest *rest)
{
  for (rest->at++; here(rest) != '"';) {
    unsigned char c = (unsigned char)here(rest);
    size_t size = 1;

    if (c < 0x20)
      return false;
    if (c >= 0x80)
      size = zpm_utf8_size(rest->at, (size_t)(rest->end - rest->at));
    if (size == 0)
      return false;
    rest->at += size;
    if (c == '\\' && !skip_escape(rest))
      return false;
  }
  rest->at++;
  return true;
}

/* ---- other values ---- */

static bool skip_digits(struct zpm_json_rest *rest)
{
  if (!is_digit(here(rest)))
    return false;
  while (is_digit(here(rest)))
    rest->at++;
  return true;
}

static bool skip_exponent(struct zpm_json_rest *rest)
{
  if (here(rest) != 'e' && here(rest) != 'E')
    return true;
  rest->at++;
  if (here(rest) == '+' || here(rest) == '-')
    rest->at++;
  return skip_digits(rest);
}

static bool skip_number(struct zpm_json_rest *rest)
{
  const char *start = rest->at;

  if (here(rest) == '-')
    rest->at++;
  if (here(rest) == '0')
    rest->at++;
  else if (!skip_digits(rest))
    return false;
  if (here(rest) == '.') {
    rest->at++;
    if (!skip_digits(rest))
      return false;
  }
  if (!skip_exponent(rest))
    return false;
  if (rest->at - start > NUMBER_MAX)
    rest->is_hard = true;
  return true;
}

static bool skip_word(struct zpm_json_rest *rest, const char *word)
{
  size_t len = strlen(word);

  if ((size_t)(rest->end - rest->at) < len || memcmp(rest->at, word, len) != 0)
    return false;
  rest->at += len;
  return true;
}

bool zpm_json_skip_scalar(struct zpm_json_rest *rest)
{
  switch (here(rest)) {
  case '"':
    return zpm_json_skip_string(rest);
  case 't':
    return skip_word(rest, "true");
  case 'f':
    return skip_word(rest, "false");
  case 'n':
    return skip_word(rest, "null");
  default:
    return skip_number(rest);
  }
}
