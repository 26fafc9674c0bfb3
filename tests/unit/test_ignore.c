#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/ignore.h"
#include "failing_alloc.c"
#include "zpm/error.h"

static enum zpm_ignore_verdict judged(const char *text, const char *path,
                                      bool is_folder)
{
  struct zpm_ignore ignore = {0};
  enum zpm_ignore_verdict verdict;

  assert_int_equal(zpm_ignore_read(&ignore, text, strlen(text)), 0);
  verdict = zpm_ignore_judge(&ignore, path, is_folder);
  zpm_ignore_deinit(&ignore);
  return verdict;
}

static bool leaves_out(const char *text, const char *path)
{
  return judged(text, path, false) == ZPM_IGNORE_YES;
}

static bool glob_leaves_out(const char *glob, const char *path)
{
  struct zpm_ignore ignore = {0};
  bool is_ignored;

  assert_int_equal(zpm_ignore_add_glob(&ignore, "/srv/app", glob), 0);
  is_ignored = zpm_ignore_judge(&ignore, path, false) == ZPM_IGNORE_YES;
  zpm_ignore_deinit(&ignore);
  return is_ignored;
}

static void a_name_is_meant_wherever_it_is(void **state)
{
  (void)state;
  assert_true(leaves_out("*.tmp", "a.tmp"));
  assert_true(leaves_out("*.tmp", "x/y/a.tmp"));
  assert_false(leaves_out("*.tmp", "a.tmp/b"));
  assert_int_equal(judged("*.tmp", "a", false), ZPM_IGNORE_SILENT);
}

static void a_slash_ties_a_pattern_to_its_folder(void **state)
{
  (void)state;
  assert_true(leaves_out("/a", "a"));
  assert_false(leaves_out("/a", "x/a"));
  assert_true(leaves_out("x/a", "x/a"));
  assert_false(leaves_out("x/a", "y/x/a"));
  assert_true(leaves_out("**/x/a", "y/x/a"));
}

static void a_slash_at_the_end_means_folders(void **state)
{
  (void)state;
  assert_int_equal(judged("a/", "a", true), ZPM_IGNORE_YES);
  assert_int_equal(judged("a/", "a", false), ZPM_IGNORE_SILENT);
  assert_int_equal(judged("a/", "x/a", true), ZPM_IGNORE_YES);
  assert_int_equal(judged("/a/", "x/a", true), ZPM_IGNORE_SILENT);
}

static void the_last_rule_decides(void **state)
{
  (void)state;
  assert_int_equal(judged("*.js\n!keep.js", "keep.js", false), ZPM_IGNORE_NO);
  assert_true(leaves_out("*.js\n!keep.js", "other.js"));
  assert_true(leaves_out("!keep.js\n*.js", "keep.js"));
}

static void comments_and_blank_lines_say_nothing(void **state)
{
  (void)state;
  assert_false(leaves_out("#a\n\n   \n", "#a"));
  assert_true(leaves_out("\\#a", "#a"));
  assert_true(leaves_out("\\!a", "!a"));
  assert_false(leaves_out("/\n!\n!/\n//", "a"));
}

static void spaces_at_the_end_are_dropped_unless_escaped(void **state)
{
  (void)state;
  assert_true(leaves_out("a  ", "a"));
  assert_true(leaves_out("a\\ ", "a "));
  assert_true(leaves_out("a\\   ", "a "));
  assert_true(leaves_out("a b", "a b"));
  assert_true(leaves_out(" a", " a"));
}

static void any_line_ending_will_do(void **state)
{
  (void)state;
  assert_true(leaves_out("a\r\nb\r\n", "a"));
  assert_true(leaves_out("a\r\nb", "b"));
  assert_true(leaves_out("\xEF\xBB\xBF/a\n", "a"));
}

static void what_is_too_long_or_too_much_is_passed_over(void **state)
{
  enum { LONG = ZPM_IGNORE_GLOB_MAX + 1, MANY = ZPM_IGNORE_RULES_MAX + 10 };
  static char text[MANY * 2 + LONG];
  struct zpm_ignore ignore = {0};

  (void)state;
  memset(text, 'a', LONG);
  assert_int_equal(zpm_ignore_read(&ignore, text, LONG), 0);
  assert_int_equal(ignore.len, 0);
  for (int i = 0; i < MANY; i++)
    memcpy(text + (ptrdiff_t)i * 2, "a\n", 2);
  assert_int_equal(zpm_ignore_read(&ignore, text, (size_t)MANY * 2), 0);
  assert_int_equal(ignore.len, ZPM_IGNORE_RULES_MAX);
  zpm_ignore_deinit(&ignore);
}

static void globs_of_the_user_may_say_more(void **state)
{
  (void)state;
  assert_true(glob_leaves_out("*.css", "x/a.css"));
  assert_true(glob_leaves_out("./a", "a"));
  assert_false(glob_leaves_out("./a", "x/a"));
  assert_true(glob_leaves_out("/srv/app/x/*", "x/a"));
  assert_false(glob_leaves_out("/srv/application", "lication"));
  assert_true(glob_leaves_out("*.{css,html}", "a.css"));
  assert_true(glob_leaves_out("*.{css,html}", "a.html"));
  assert_false(glob_leaves_out("*.{css,html}", "a.js"));
  assert_true(glob_leaves_out("{a,b/{c,d}}/x", "b/d/x"));
  assert_true(glob_leaves_out("a{,b}", "a"));
  assert_true(glob_leaves_out("a{,b}", "ab"));
  assert_true(glob_leaves_out("\\{a,b}", "{a,b}"));
  assert_true(glob_leaves_out("a{b", "a{b"));
  assert_false(glob_leaves_out("", "a"));
}

static void a_glob_of_the_user_may_call_back(void **state)
{
  struct zpm_ignore ignore = {0};

  (void)state;
  zpm_ignore_add_glob(&ignore, "/srv/app", "!/srv/app/.env");
  assert_int_equal(zpm_ignore_judge(&ignore, ".env", false), ZPM_IGNORE_NO);
  zpm_ignore_deinit(&ignore);
}

static void braces_do_not_explode(void **state)
{
  char glob[ZPM_IGNORE_GLOB_MAX + 1] = "";
  struct zpm_ignore ignore = {0};

  (void)state;
  for (int i = 0; i < 100; i++)
    strcat(glob, "{a,b,c}x");
  assert_int_equal(zpm_ignore_add_glob(&ignore, "/", glob), 0);
  assert_true(ignore.len <= ZPM_IGNORE_RULES_MAX);
  zpm_ignore_deinit(&ignore);
}

static void some_names_are_always_left_out(void **state)
{
  static const char *const OUT[] = {
      "node_modules", ".git",        ".env",  ".a.js.swp",
      "app.log",      "app.log.1",   "a.js~", "#a.js#",
      "4913",         "__pycache__", "a.swp", "a.js___jb_tmp___",
  };
  static const char *const IN[] = {"a.js",  "log", "a.log.js", "node_module",
                                   "49130", "#a",  "logs"};

  (void)state;
  for (size_t i = 0; i < sizeof(OUT) / sizeof(OUT[0]); i++)
    assert_true(zpm_ignore_always(OUT[i]));
  for (size_t i = 0; i < sizeof(IN) / sizeof(IN[0]); i++)
    assert_false(zpm_ignore_always(IN[i]));
}

static int read_some(void *ctx)
{
  static const char TEXT[] = "a\n!b/\n/c\n";
  struct zpm_ignore ignore = {0};
  int rc = zpm_ignore_read(&ignore, TEXT, sizeof(TEXT) - 1);

  (void)ctx;
  if (rc == 0)
    rc = zpm_ignore_add_glob(&ignore, "/x", "/x/{a,b}");
  zpm_ignore_deinit(&ignore);
  return rc;
}

static void out_of_memory_is_returned(void **state)
{
  (void)state;
  failing_alloc_sweep(read_some, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_name_is_meant_wherever_it_is),
      cmocka_unit_test(a_slash_ties_a_pattern_to_its_folder),
      cmocka_unit_test(a_slash_at_the_end_means_folders),
      cmocka_unit_test(the_last_rule_decides),
      cmocka_unit_test(comments_and_blank_lines_say_nothing),
      cmocka_unit_test(spaces_at_the_end_are_dropped_unless_escaped),
      cmocka_unit_test(any_line_ending_will_do),
      cmocka_unit_test(what_is_too_long_or_too_much_is_passed_over),
      cmocka_unit_test(globs_of_the_user_may_say_more),
      cmocka_unit_test(a_glob_of_the_user_may_call_back),
      cmocka_unit_test(braces_do_not_explode),
      cmocka_unit_test(some_names_are_always_left_out),
      cmocka_unit_test(out_of_memory_is_returned),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
