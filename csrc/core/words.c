#include "core/words.h"

#include <string.h>

struct reader {
  const char *at;
  struct zpm_str word;
  struct zpm_error *err;
};

static const char BLANKS[] = " \t\r\n";

static int keep(struct reader *r)
{
  return zpm_str_append(&r->word, r->at++, 1);
}

static int read_escaped(struct reader *r)
{
  r->at++;
  if (*r->at == '\0')
    return zpm_error_set(r->err, ZPM_EARG,
                         "a backslash ends the words: write \\\\ for one");
  return keep(r);
}

static int read_quoted(struct reader *r)
{
  char quote = *r->at++;

  while (*r->at != quote) {
    bool escape =
        quote == '"' && *r->at == '\\' && (r->at[1] == '"' || r->at[1] == '\\');
    int rc;

    if (*r->at == '\0')
      return zpm_error_set(r->err, ZPM_EARG, "a %c quote is not closed", quote);
    if (escape)
      r->at++;
    rc = keep(r);
    if (rc != 0)
      return rc;
  }
  r->at++;
  return 0;
}

static int read_word(struct reader *r)
{
  zpm_str_clear(&r->word);
  while (*r->at != '\0' && strchr(BLANKS, *r->at) == NULL) {
    int rc;

    if (*r->at == '\'' || *r->at == '"')
      rc = read_quoted(r);
    else
      rc = *r->at == '\\' ? read_escaped(r) : keep(r);
    if (rc != 0)
      return rc;
  }
  return 0;
}

int zpm_words_split(const char *text, struct zpm_strv *words,
                    struct zpm_error *err)
{
  struct reader r = {.at = text, .err = err};
  int rc = 0;

  r.at += strspn(r.at, BLANKS);
  while (rc == 0 && *r.at != '\0') {
    rc = read_word(&r);
    if (rc == 0)
      rc = zpm_strv_push(words, zpm_str_text(&r.word));
    r.at += strspn(r.at, BLANKS);
  }
  zpm_str_deinit(&r.word);
  if (rc == ZPM_ENOMEM)
    zpm_error_set(err, rc, "%s", zpm_code_text(rc));
  return rc;
}
