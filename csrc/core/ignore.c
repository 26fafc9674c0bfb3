#include "core/ignore.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "core/glob.h"
#include "zpm/error.h"

/* ---- rules ---- */

/* Adds a pattern of `len` bytes, "!" and slashes still on it. */
static int add_rule(struct zpm_ignore *ignore, const char *text, size_t len)
{
  struct zpm_ignore_rule rule = {.again = len > 0 && text[0] == '!'};
  struct zpm_ignore_rule *rules;
  struct zpm_str glob = {0};

  text += rule.again;
  len -= rule.again;
  rule.folders_only = len > 0 && text[len - 1] == '/';
  len -= rule.folders_only;
  rule.anchored = memchr(text, '/', len) != NULL;
  if (len > 0 && text[0] == '/') {
    text++;
    len--;
  }
  if (len == 0 || len > ZPM_IGNORE_GLOB_MAX ||
      ignore->len == ZPM_IGNORE_RULES_MAX)
    return 0;
  rules = zpm_realloc(ignore->rules, (ignore->len + 1) * sizeof(*rules));
  if (rules == NULL)
    return ZPM_ENOMEM;
  ignore->rules = rules;
  if (zpm_str_append(&glob, text, len) != 0)
    return ZPM_ENOMEM;
  rule.glob = glob.data;
  rules[ignore->len++] = rule;
  return 0;
}

/* Without the spaces at the end, but for one behind a backslash. */
static size_t trimmed(const char *line, size_t len)
{
  size_t kept = 0;

  for (size_t i = 0; i < len; i++) {
    if (line[i] == '\\' && i + 1 < len)
      kept = ++i + 1;
    else if (line[i] != ' ')
      kept = i + 1;
  }
  return kept;
}

static int add_line(struct zpm_ignore *ignore, const char *line, size_t len)
{
  if (len > 0 && line[len - 1] == '\r')
    len--;
  /* A NUL ends a pattern; nobody writes one. */
  len = trimmed(line, strnlen(line, len));
  return len == 0 || line[0] == '#' ? 0 : add_rule(ignore, line, len);
}

int zpm_ignore_read(struct zpm_ignore *ignore, const char *text, size_t len)
{
  static const char MARK[] = "\xEF\xBB\xBF"; /* some editors begin with it */
  size_t at = len >= 3 && memcmp(text, MARK, 3) == 0 ? 3 : 0;

  while (at < len) {
    const char *newline = memchr(text + at, '\n', len - at);
    size_t end = newline != NULL ? (size_t)(newline - text) : len;

    if (add_line(ignore, text + at, end - at) != 0)
      return ZPM_ENOMEM;
    at = end + 1;
  }
  return 0;
}

void zpm_ignore_deinit(struct zpm_ignore *ignore)
{
  for (size_t i = 0; i < ignore->len; i++)
    zpm_free(ignore->rules[i].glob);
  zpm_free(ignore->rules);
  *ignore = (struct zpm_ignore){0};
}

/* ---- globs of the user ---- */

/* The first {a,b} of a glob: where it opens and closes. */
struct braces {
  const char *open;
  const char *close;
};

static bool find_braces(const char *glob, struct braces *found)
{
  unsigned depth = 0;

  *found = (struct braces){0};
  for (const char *at = glob; *at != '\0' && found->close == NULL; at++) {
    if (*at == '\\' && at[1] != '\0') {
      at++;
    } else if (*at == '{') {
      found->open = depth++ == 0 ? at : found->open;
    } else if (*at == '}' && depth > 0 && --depth == 0) {
      found->close = at;
    }
  }
  return found->close != NULL;
}

/* The end of the alternative that begins at `at`. */
static const char *alternative_end(const char *at, const char *close)
{
  unsigned depth = 0;

  for (; at < close && (depth > 0 || *at != ','); at++) {
    if (*at == '\\')
      at++;
    else if (*at == '{')
      depth++;
    else if (*at == '}' && depth > 0)
      depth--;
  }
  return at < close ? at : close;
}

/* Puts the globs that `glob` stands for into `list`.  Each with braces is
 * replaced by its alternatives, which come last and have one pair less. */
static int expand(struct zpm_strv *list, const char *glob)
{
  struct braces braces;
  int rc = zpm_strv_push(list, glob);

  for (size_t i = 0; rc == 0 && i < list->len; i++) {
    char *whole = list->items[i];
    const char *at;

    if (list->len > ZPM_IGNORE_RULES_MAX || !find_braces(whole, &braces))
      continue;
    for (at = braces.open; rc == 0 && at < braces.close;) {
      const char *end = alternative_end(at + 1, braces.close);
      struct zpm_str one = {0};

      rc = zpm_str_printf(&one, "%.*s%.*s%s", (int)(braces.open - whole), whole,
                          (int)(end - at - 1), at + 1, braces.close + 1);
      rc = rc == 0 ? zpm_strv_push(list, one.data) : rc;
      zpm_str_deinit(&one);
      at = end;
    }
    whole[0] = '\0'; /* its alternatives stand for it */
  }
  return rc;
}

/* Relative to `base`, if that is where it points. */
static int add_expanded(struct zpm_ignore *ignore, const char *base,
                        const char *glob)
{
  struct zpm_str text = {0};
  size_t base_len = strlen(base);
  bool again = glob[0] == '!';
  int rc;

  glob += again;
  if (base_len > 1 && strncmp(glob, base, base_len) == 0 &&
      glob[base_len] == '/')
    glob += base_len;
  else if (strncmp(glob, "./", 2) == 0)
    glob++;
  rc = zpm_str_printf(&text, "%s%s", again ? "!" : "", glob);
  rc = rc == 0 ? add_rule(ignore, text.data, text.len) : rc;
  zpm_str_deinit(&text);
  return rc;
}

int zpm_ignore_add_glob(struct zpm_ignore *ignore, const char *base,
                        const char *glob)
{
  struct zpm_strv list = {0};
  int rc = 0;

  if (strlen(glob) <= ZPM_IGNORE_GLOB_MAX)
    rc = expand(&list, glob);
  for (size_t i = 0; rc == 0 && i < list.len; i++)
    rc = add_expanded(ignore, base, list.items[i]);
  zpm_strv_deinit(&list);
  return rc;
}

/* ---- judging ---- */

enum zpm_ignore_verdict zpm_ignore_judge(const struct zpm_ignore *ignore,
                                         const char *path, bool is_folder)
{
  const char *slash = strrchr(path, '/');
  const char *name = slash != NULL ? slash + 1 : path;

  for (size_t i = ignore->len; i-- > 0;) {
    const struct zpm_ignore_rule *rule = &ignore->rules[i];

    if (rule->folders_only && !is_folder)
      continue;
    if (zpm_glob_matches(rule->glob, rule->anchored ? path : name))
      return rule->again ? ZPM_IGNORE_NO : ZPM_IGNORE_YES;
  }
  return ZPM_IGNORE_SILENT;
}

bool zpm_ignore_always(const char *name)
{
  /* 4913 is how vim tries whether it may write; #x# and x~ are copies of
   * emacs and others, ___jb those of the editors of JetBrains. */
  static const char *const GLOBS[] = {
      "node_modules", "__pycache__", "*.log", "*.log.[0-9]*", "*~",
      "#*#",          "4913",        "*.swp", "*.swx",        "*___jb_*___",
  };

  if (name[0] == '.')
    return true;
  for (size_t i = 0; i < sizeof(GLOBS) / sizeof(GLOBS[0]); i++) {
    if (zpm_glob_matches(GLOBS[i], name))
      return true;
  }
  return false;
}
