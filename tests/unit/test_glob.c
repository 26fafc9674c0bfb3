#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/glob.h"

struct vector {
  const char *pattern;
  const char *path;
  bool matches;
};

/* What `git check-ignore` says of each. */
static const struct vector VECTORS[] = {
    {"a", "a", true},
    {"a", "b", false},
    {"a", "ab", false},
    {"ab", "a", false},
    {"", "", true},
    {"", "a", false},
    {"a/b", "a/b", true},
    {"a/b", "a/bc", false},
    /* one part */
    {"*", "abc", true},
    {"*", "a/b", false},
    {"a*", "a", true},
    {"a*c", "abbbc", true},
    {"a*c", "abbbd", false},
    {"*.js", "a.b.js", true},
    {"*.js", "a.jsx", false},
    {"a*b*c", "aXbYbZc", true},
    {"*a*", "bab", true},
    {"?", "a", true},
    {"?", "", false},
    {"?", "/", false},
    {"a?c", "a/c", false},
    {"a**b", "axxb", true},
    {"a**b", "ax/xb", false},
    {"a/*/c", "a/b/c", true},
    {"a/*/c", "a/b/b/c", false},
    {"a/*", "a/b", true},
    {"a/*", "a/b/c", false},
    {"a*/b", "axx/b", true},
    {"a*/b", "axx/c/b", false},
    /* whole parts */
    {"**", "a/b/c", true},
    {"**/c", "c", true},
    {"**/c", "a/b/c", true},
    {"**/c", "a/b/cc", false},
    {"a/**", "a/b/c", true},
    {"a/**", "b/a/c", false},
    {"a/**/d", "a/d", true},
    {"a/**/d", "a/b/c/d", true},
    {"a/**/d", "a/b/c/dd", false},
    {"**/b/**/d", "a/b/c/b/d", true},
    {"**/b/*/d", "a/b/x/b/c/d", true},
    {"**/*.js", "a/b/c.js", true},
    {"**/a*b/c", "a/axb/c", true},
    {"a/***/d", "a/b/c/d", true},
    {"**/a/b", "x/a", false},
    /* sets */
    {"[abc]", "b", true},
    {"[abc]", "d", false},
    {"[a-c]x", "bx", true},
    {"[!a-c]", "b", false},
    {"[!a-c]", "d", true},
    {"[^a-c]", "d", true},
    {"[!a]", "/", false},
    {"[/]", "/", false},
    {"a[/b]c", "abc", true},
    {"[]a]", "]", true},
    {"[!]a]", "]", false},
    {"[!]a]", "b", true},
    {"[a-]", "-", true},
    {"[-a]", "-", true},
    {"[a\\]b]", "]", true},
    {"[\\a-\\c]", "b", true},
    {"[[:digit:]]", "5", true},
    {"[[:digit:]]", "a", false},
    {"[[:digit:]x]", "x", true},
    {"[[:upper:][:digit:]]", "A", true},
    {"[[:nonsense:]]", "a", false},
    {"[[:digit]", "[", true},
    {"[[:digit]", "g", true},
    {"[a-[:digit:]]", "-", false},
    {"[", "[", false},
    {"[a", "a", false},
    {"a[", "a[", false},
    {"[]", "]", false},
    {"[a-", "a", false},
    {"[\\", "\\", false},
    /* escapes */
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"\\a", "a", true},
    {"\\\\", "\\", true},
    {"a\\", "a", false},
    {"a\\", "a\\", false},
    {"a\\/b", "a/b", true},
    {"\\[a]", "[a]", true},
    {"*\\?", "a?", true},
    /* bytes beyond ASCII */
    {"\xC3\xA4*", "\xC3\xA4\xC3\xB6", true},
    {"[[:alpha:]]", "\xE4", false},
    {"[!a]", "\xE4", true},
    {"[\xE0-\xEF]", "\xE4", true},
};

static void a_pattern_means_what_git_means_by_it(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(VECTORS) / sizeof(VECTORS[0]); i++) {
    const struct vector *it = &VECTORS[i];

    if (zpm_glob_matches(it->pattern, it->path) != it->matches)
      fail_msg("\"%s\" on \"%s\"", it->pattern, it->path);
  }
}

/* Trying each way of sharing out the path among the stars would take longer
 * than the universe has. */
static void nasty_patterns_take_no_longer(void **state)
{
  enum { SIZE = 1024, PATH = 4096 };
  static const char *const PIECES[] = {"a*",    "*a",   "**/",     "**/a/",
                                       "a**/",  "*/",   "[a]*",    "?*",
                                       "**/*a", "*a*/", "[!b]*a*", "**a*"};
  char pattern[SIZE + 2];
  char path[PATH + 1];

  (void)state;
  for (size_t i = 0; i < sizeof(PIECES) / sizeof(PIECES[0]); i++) {
    for (size_t parts = 1; parts <= 64; parts *= 4) {
      size_t used = 0;

      while (used + strlen(PIECES[i]) < SIZE) {
        memcpy(pattern + used, PIECES[i], strlen(PIECES[i]));
        used += strlen(PIECES[i]);
      }
      memcpy(pattern + used, "b", 2);
      for (size_t at = 0; at < PATH; at++)
        path[at] = at % (PATH / parts) == PATH / parts - 1 ? '/' : 'a';
      path[PATH - 1] = 'a';
      path[PATH] = '\0';
      assert_false(zpm_glob_matches(pattern, path));
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_pattern_means_what_git_means_by_it),
      cmocka_unit_test(nasty_patterns_take_no_longer),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
