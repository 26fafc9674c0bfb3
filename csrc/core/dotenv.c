#include "core/dotenv.h"

#include <stdbool.h>
#include <string.h>

/* One reading of a file. */
struct reader {
  const char *at;
  const char *end;
  size_t line; /* of what is at `at`, from 1 */
  struct zpm_str key;
  struct zpm_str value;
  struct zpm_error *err;
};

static int refuse(const struct reader *r, size_t line, const char *why)
{
  return zpm_error_set(r->err, ZPM_ECONFIG, "line %zu: %s", line, why);
}

/* ---- characters ---- */

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

static bool is_key_byte(char c, bool first)
{
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')
    return true;
  return !first && ((c >= '0' && c <= '9') || c == '.' || c == '-');
}

/* '\0' at the end, which the text itself does not have. */
static char peek(const struct reader *r)
{
  if (r->at == r->end)
    return '\0';
  return *r->at;
}

static bool is_at_line_end(const struct reader *r)
{
  bool crlf = peek(r) == '\r' && r->at + 1 < r->end && r->at[1] == '\n';

  return r->at == r->end || *r->at == '\n' || crlf;
}

static void skip_blanks(struct reader *r)
{
  while (is_blank(peek(r)))
    r->at++;
}

static void skip_line(struct reader *r)
{
  const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));

  r->at = newline != NULL ? newline + 1 : r->end;
  r->line++;
}

/* ---- key ---- */

static void skip_export(struct reader *r)
{
  static const char WORD[] = "export";
  size_t len = sizeof(WORD) - 1;

  if ((size_t)(r->end - r->at) <= len || memcmp(r->at, WORD, len) != 0 ||
      !is_blank(r->at[len]))
    return;
  r->at += len;
  skip_blanks(r);
}

/* Up to the value. */
static int read_key(struct reader *r)
{
  const char *begin;

  skip_export(r);
  begin = r->at;
  while (is_key_byte(peek(r), r->at == begin))
    r->at++;
  zpm_str_clear(&r->key);
  if (zpm_str_append(&r->key, begin, (size_t)(r->at - begin)) != 0)
    return ZPM_ENOMEM;
  skip_blanks(r);
  if (r->key.len == 0 || peek(r) != '=')
    return refuse(r, r->line, "it must have the form KEY=value");
  r->at++;
  skip_blanks(r);
  return 0;
}

/* ---- value ---- */

/* To the end of the line, or to a '#' that follows a blank. */
static int read_plain(struct reader *r)
{
  const char *begin = r->at;
  const char *end = r->at; /* past the last byte that is no blank */

  while (!is_at_line_end(r) &&
         !(*r->at == '#' && (r->at == begin || is_blank(r->at[-1])))) {
    end = is_blank(*r->at) ? end : r->at + 1;
    r->at++;
  }
  return zpm_str_append(&r->value, begin, (size_t)(end - begin));
}

/* What "\n" and the like stand for; other pairs for themselves. */
static int append_escape(struct reader *r)
{
  static const char FROM[] = "nrt\"$\\";
  static const char TO[] = "\n\r\t\"$\\";
  const char *found = memchr(FROM, r->at[1], sizeof(FROM) - 1);
  int rc = found != NULL ? zpm_str_append(&r->value, &TO[found - FROM], 1)
                         : zpm_str_append(&r->value, r->at, 2);

  r->line += r->at[1] == '\n';
  r->at += 2;
  return rc;
}

static int append_byte(struct reader *r)
{
  r->line += *r->at == '\n';
  return zpm_str_append(&r->value, r->at++, 1);
}

/* The quote may be lines above where the text ends. */
static int read_quoted(struct reader *r, char quote)
{
  size_t first = r->line;
  int rc = 0;

  r->at++;
  while (rc == 0 && r->at < r->end && *r->at != quote) {
    bool escape = quote == '"' && *r->at == '\\' && r->at + 1 < r->end;

    rc = escape ? append_escape(r) : append_byte(r);
  }
  if (rc != 0)
    return rc;
  if (r->at == r->end)
    return refuse(r, first, "the quote that begins here is never closed");
  r->at++;
  return 0;
}

static int read_value(struct reader *r)
{
  char first = peek(r);
  int rc;

  zpm_str_clear(&r->value);
  if (first != '"' && first != '\'')
    return read_plain(r);
  rc = read_quoted(r, first);
  if (rc != 0)
    return rc;
  skip_blanks(r);
  if (!is_at_line_end(r) && peek(r) != '#')
    return refuse(r, r->line, "there is more after the closing quote");
  return 0;
}

/* ---- all ---- */

static int read_line(struct reader *r, struct zpm_strv *vars)
{
  int rc;

  skip_blanks(r);
  if (!is_at_line_end(r) && peek(r) != '#') {
    size_t line = r->line;

    rc = read_key(r);
    if (rc == 0)
      rc = read_value(r);
    if (rc == 0)
      rc = zpm_strv_env_set(vars, zpm_str_text(&r->key),
                            zpm_str_text(&r->value));
    if (rc == 0 && vars->len > ZPM_DOTENV_VARS_MAX)
      rc = refuse(r, line, "there are more than 4096 variables");
    if (rc != 0)
      return rc;
  }
  skip_line(r);
  return 0;
}

/* C strings cannot carry it, so it is no text. */
static int check_text(const char *text, size_t len, struct zpm_error *err)
{
  if (len > 0 && memchr(text, '\0', len) != NULL)
    return zpm_error_set(err, ZPM_ECONFIG, "it holds a NUL byte: no text file");
  return 0;
}

int zpm_dotenv_parse(struct zpm_strv *vars, const char *text, size_t len,
                     struct zpm_error *err)
{
  static const char MARK[] = "\xEF\xBB\xBF"; /* that it is UTF-8 */
  struct reader r = {.at = text, .end = text + len, .line = 1, .err = err};
  int rc = check_text(text, len, err);

  *vars = (struct zpm_strv){0};
  if (len >= sizeof(MARK) - 1 && memcmp(text, MARK, sizeof(MARK) - 1) == 0)
    r.at += sizeof(MARK) - 1;
  while (rc == 0 && r.at < r.end)
    rc = read_line(&r, vars);
  zpm_str_deinit(&r.key);
  zpm_str_deinit(&r.value);
  if (rc != 0)
    zpm_strv_deinit(vars);
  if (rc == ZPM_ENOMEM)
    zpm_error_set(err, rc, "%s", zpm_code_text(rc));
  return rc;
}
