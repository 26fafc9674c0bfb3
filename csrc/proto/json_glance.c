#include "proto/json_glance.h"

#include <string.h>

#include "proto/json.h"
#include "proto/json_skip.h"

/* What may come next. */
enum expected {
  VALUE,
  VALUE_OR_END, /* an array has just begun */
  KEY,
  KEY_OR_END, /* an object has just begun */
  COMMA_OR_END,
};

enum { BITS = 8 };

struct walk {
  struct zpm_json_rest rest;
  enum expected expected;
  unsigned depth;
  bool is_cmd; /* the value to come is that of the outermost "cmd" */
  /* A bit for each level: it is an array. */
  unsigned char arrays[ZPM_JSON_GLANCE_DEPTH_MAX / BITS];
  struct zpm_json_glance *out;
};

/* The character here, or NUL behind the text (no NUL is valid JSON). */
static char here(const struct walk *w)
{
  if (w->rest.at == w->rest.end)
    return '\0';
  return *w->rest.at;
}

/* ---- objects and arrays ---- */

static bool open_level(struct walk *w, bool is_array)
{
  unsigned char bit = (unsigned char)(1u << w->depth % BITS);
  unsigned char *byte;

  if (w->depth == ZPM_JSON_GLANCE_DEPTH_MAX)
    return false;
  byte = &w->arrays[w->depth / BITS];
  *byte = (unsigned char)(is_array ? *byte | bit : *byte & ~bit);
  w->depth++;
  if (w->depth > ZPM_JSON_DEPTH_MAX)
    w->rest.is_hard = true;
  w->expected = is_array ? VALUE_OR_END : KEY_OR_END;
  w->rest.at++;
  return true;
}

static bool in_array(const struct walk *w)
{
  unsigned level = w->depth - 1;

  return (w->arrays[level / BITS] >> level % BITS & 1) != 0;
}

static bool close_level(struct walk *w)
{
  w->depth--;
  w->expected = COMMA_OR_END;
  w->rest.at++;
  return true;
}

static bool read_value(struct walk *w)
{
  const char *start = w->rest.at;
  bool is_cmd = w->is_cmd;

  w->is_cmd = false;
  if (is_cmd)
    w->out->cmd = NULL;
  if (*start == '{' || *start == '[')
    return open_level(w, *start == '[');
  w->expected = COMMA_OR_END;
  if (!zpm_json_skip_scalar(&w->rest))
    return false;
  if (is_cmd && *start == '"') {
    w->out->cmd = start + 1;
    w->out->cmd_len = (size_t)(w->rest.at - start) - 2;
  }
  return true;
}

static bool read_key(struct walk *w)
{
  static const char CMD[] = "\"cmd\"";
  const char *start = w->rest.at;

  if (here(w) != '"' || !zpm_json_skip_string(&w->rest))
    return false;
  w->is_cmd = w->depth == 1 &&
              (size_t)(w->rest.at - start) == sizeof(CMD) - 1 &&
              memcmp(start, CMD, sizeof(CMD) - 1) == 0;
  zpm_json_skip_blanks(&w->rest);
  if (here(w) != ':')
    return false;
  w->rest.at++;
  w->expected = VALUE;
  return true;
}

static bool read_comma_or_end(struct walk *w)
{
  bool is_array = in_array(w);

  if (here(w) == (is_array ? ']' : '}'))
    return close_level(w);
  if (here(w) != ',')
    return false;
  w->rest.at++;
  w->expected = is_array ? VALUE : KEY;
  return true;
}

static bool read_next(struct walk *w)
{
  char end = w->expected == VALUE_OR_END ? ']' : '}';

  if (w->rest.at == w->rest.end)
    return false;
  switch (w->expected) {
  case VALUE_OR_END:
    return *w->rest.at == end ? close_level(w) : read_value(w);
  case VALUE:
    return read_value(w);
  case KEY_OR_END:
    return *w->rest.at == end ? close_level(w) : read_key(w);
  case KEY:
    return read_key(w);
  case COMMA_OR_END:
    return read_comma_or_end(w);
  }
  return false;
}

/* False: it is no JSON. */
static bool walk(struct walk *w)
{
  do {
    zpm_json_skip_blanks(&w->rest);
    if (!read_next(w))
      return false;
  } while (w->depth > 0 || w->expected != COMMA_OR_END);
  zpm_json_skip_blanks(&w->rest);
  return w->rest.at == w->rest.end;
}

bool zpm_json_glance(const char *text, size_t len, struct zpm_json_glance *out)
{
  struct walk w = {
      .rest = {.at = text, .end = text + len}, .expected = VALUE, .out = out};
  bool is_json;

  *out = (struct zpm_json_glance){0};
  is_json = walk(&w);
  out->has_nul = w.rest.has_nul;
  out->is_hard = w.rest.is_hard;
  return is_json;
}
