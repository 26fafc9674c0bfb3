#include "core/glob.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* ---- one character ---- */

struct class
{
  const char *name;
  int (*has)(int c);
};

static const struct class CLASSES[] = {
    {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
    {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
    {"lower", islower}, {"print", isprint}, {"punct", ispunct},
    {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

enum { CLASS_COUNT = sizeof(CLASSES) / sizeof(CLASSES[0]) };

/* 1 or 0, or -1: there is no such class.  ASCII alone, as in git. */
static int class_has(const char *name, size_t len, unsigned char c)
{
  for (size_t i = 0; i < CLASS_COUNT; i++) {
    if (strlen(CLASSES[i].name) == len &&
        memcmp(CLASSES[i].name, name, len) == 0)
      return c < 128 && CLASSES[i].has(c) != 0;
  }
  return -1;
}

/* A set that is being read. */
struct set {
  const char *at;
  unsigned char c;        /* the character it is about */
  unsigned char previous; /* of the set, where a range may begin; 0: none */
  bool has;
  bool broken;
};

/* The next character of the set, an escaped one as it is. */
static unsigned char set_take(struct set *set)
{
  if (*set->at == '\\')
    set->at++;
  set->broken = set->broken || *set->at == '\0';
  return set->broken ? 0 : (unsigned char)*set->at++;
}

/* "[:name:]"; false: it is not one. */
static bool set_read_class(struct set *set)
{
  const char *name = set->at + 2;
  const char *end;
  int has;

  if (set->at[0] != '[' || set->at[1] != ':')
    return false;
  end = strchr(name, ']');
  if (end == NULL) {
    set->broken = true;
    return true;
  }
  if (end == name || end[-1] != ':')
    return false;
  has = class_has(name, (size_t)(end - name) - 1, set->c);
  set->broken = has < 0;
  set->has = set->has || has > 0;
  set->previous = 0;
  set->at = end + 1;
  return true;
}

static void set_read_one(struct set *set)
{
  if (set_read_class(set))
    return;
  if (set->at[0] == '-' && set->previous != 0 && set->at[1] != '\0' &&
      set->at[1] != ']') {
    set->at++;
    set->has = (set_take(set) >= set->c && set->previous <= set->c) || set->has;
    set->previous = 0;
    return;
  }
  set->previous = set_take(set);
  set->has = set->has || set->previous == set->c;
}

/* `pattern` is behind the '['.  What follows the set, or NULL: no match. */
static const char *match_set(const char *pattern, unsigned char c)
{
  struct set set = {.at = pattern, .c = c};
  bool negated = *pattern == '!' || *pattern == '^';

  if (negated)
    set.at++;
  do
    set_read_one(&set);
  while (!set.broken && *set.at != ']' && *set.at != '\0');
  if (set.broken || *set.at == '\0' || set.has == negated)
    return NULL;
  return set.at + 1;
}

/* What follows in the pattern if its next piece means `c`, else NULL. */
static const char *match_one(const char *pattern, char c)
{
  if (c == '\0')
    return NULL;
  if (c == '/') /* only itself means it */
    pattern += pattern[0] == '\\' && pattern[1] == '/';
  else if (*pattern == '?')
    return pattern + 1;
  else if (*pattern == '[')
    return match_set(pattern + 1, (unsigned char)c);
  else if (*pattern == '\\')
    pattern++;
  return *pattern == c ? pattern + 1 : NULL;
}

/* ---- the whole ---- */

/* How far it has come, and where to try again when it does not go on. */
struct match {
  const char *begin; /* of the pattern */
  const char *pattern;
  const char *path;
  const char *star; /* behind the last star of this part, or NULL */
  const char *star_path;
  const char *parts; /* behind the last "**" + slash, or NULL */
  const char *parts_path;
};

/* What follows the stars if they stand for whole parts: the slash, or the end
 * of the pattern; else NULL.  More than two are two, as in git. */
static const char *behind_any_parts(const struct match *m)
{
  const char *at = m->pattern;
  size_t stars = strspn(at, "*");

  if (stars < 2 || (at[stars] != '/' && at[stars] != '\0'))
    return NULL;
  return at == m->begin || at[-1] == '/' ? at + stars : NULL;
}

/* Goes past the stars; they stand for nothing at first.  False: they are the
 * end of the pattern, and mean all the rest. */
static bool pass_stars(struct match *m)
{
  const char *behind = behind_any_parts(m);

  if (behind == NULL) {
    m->pattern += strspn(m->pattern, "*");
    m->star = m->pattern;
    m->star_path = m->path;
    return true;
  }
  if (*behind == '\0')
    return false;
  m->pattern = behind + 1;
  m->parts = m->pattern;
  m->parts_path = m->path;
  m->star = NULL;
  return true;
}

/* Lets the last star stand for one more; false: it cannot. */
static bool try_again(struct match *m)
{
  const char *slash;

  if (m->star != NULL && *m->star_path != '/' && *m->star_path != '\0') {
    m->path = ++m->star_path;
    m->pattern = m->star;
    return true;
  }
  slash = m->parts != NULL ? strchr(m->parts_path, '/') : NULL;
  if (slash == NULL)
    return false;
  m->path = m->parts_path = slash + 1;
  m->pattern = m->parts;
  m->star = NULL;
  return true;
}

static bool step(struct match *m)
{
  const char *rest = match_one(m->pattern, *m->path);

  if (rest == NULL)
    return try_again(m);
  if (*m->path == '/')
    m->star = NULL; /* a star does not reach into the next part */
  m->path++;
  m->pattern = rest;
  return true;
}

bool zpm_glob_matches(const char *pattern, const char *path)
{
  struct match m = {.begin = pattern, .pattern = pattern, .path = path};

  for (;;) {
    if (*m.pattern == '*') {
      if (!pass_stars(&m))
        return true;
      continue;
    }
    if (*m.path == '\0' && *m.pattern == '\0')
      return true;
    if (!step(&m))
      return false;
  }
}
