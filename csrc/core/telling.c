#include "core/telling.h"

#include <stdbool.h>
#include <string.h>

static const char NODE_SIGNS_OFF[] = "Node.js v";

struct line {
  const char *at;
  size_t len;
};

/* The lines that count, so far. */
struct found {
  struct line last[ZPM_TELLING_LINES];
  size_t len;
  struct line error; /* the last one that names one, or NULL */
};

static bool is_letter_or_digit(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
  if (c >= 'A' && c <= 'Z')
    c = (char)(c - 'A' + 'a');
  return c;
}

static bool has_word(const struct line *line, const char *word)
{
  size_t len = strlen(word);

  for (size_t i = 0; i + len <= line->len; i++) {
    size_t same = 0;

    while (same < len && lower(line->at[i + same]) == word[same])
      same++;
    if (same == len)
      return true;
  }
  return false;
}

static bool names_an_error(const struct line *line)
{
  return has_word(line, "error") || has_word(line, "exception") ||
         has_word(line, "panic") || has_word(line, "fatal");
}

static bool says_something(const struct line *line)
{
  size_t sign_off = sizeof(NODE_SIGNS_OFF) - 1;
  size_t i = 0;

  while (i < line->len && !is_letter_or_digit(line->at[i]))
    i++;
  return i < line->len && (line->len < sign_off ||
                           strncmp(line->at, NODE_SIGNS_OFF, sign_off) != 0);
}

static bool is_indented(const struct line *line)
{
  return line->len > 0 && (line->at[0] == ' ' || line->at[0] == '\t');
}

static bool take_line(const char **text, const char *end, struct line *line)
{
  const char *newline;

  if (*text == end)
    return false;
  newline = memchr(*text, '\n', (size_t)(end - *text));
  line->at = *text;
  line->len = (size_t)((newline != NULL ? newline : end) - *text);
  *text = newline != NULL ? newline + 1 : end;
  return true;
}

static void add(struct found *found, const struct line *line)
{
  if (found->len == ZPM_TELLING_LINES)
    memmove(found->last, found->last + 1, --found->len * sizeof(*line));
  found->last[found->len++] = *line;
  if (names_an_error(line))
    found->error = *line;
}

static struct found find(const char *text, size_t len, bool indented_too)
{
  struct found found = {0};
  const char *end = text + len;
  struct line line;

  while (take_line(&text, end, &line)) {
    if (says_something(&line) && (indented_too || !is_indented(&line)))
      add(&found, &line);
  }
  if (found.error.at != NULL && found.error.at < found.last[0].at)
    found.last[0] = found.error;
  return found;
}

int zpm_telling_lines(const char *text, size_t len, struct zpm_str *out)
{
  struct found found = find(text, len, false);
  int rc = 0;

  if (found.len == 0)
    found = find(text, len, true);
  for (size_t i = 0; rc == 0 && i < found.len; i++) {
    rc = zpm_str_append(out, found.last[i].at, found.last[i].len);
    if (rc == 0)
      rc = zpm_str_puts(out, "\n");
  }
  return rc;
}

const char *zpm_telling_line(const char *lines, size_t *len)
{
  struct found found = find(lines, strlen(lines), true);
  struct line line = {0};

  if (found.len > 0)
    line = found.error.at != NULL ? found.error : found.last[found.len - 1];
  *len = line.len;
  return line.at;
}
