#include "core/telling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_told(const char *text, const char *lines, const char *line)
{
  struct zpm_str out = {0};
  const char *at;
  size_t len;

  assert_int_equal(zpm_telling_lines(text, strlen(text), &out), 0);
  assert_string_equal(zpm_str_text(&out), lines);
  at = zpm_telling_line(zpm_str_text(&out), &len);
  if (line == NULL)
    assert_null(at);
  else {
    assert_int_equal(len, strlen(line));
    assert_memory_equal(at, line, len);
  }
  zpm_str_deinit(&out);
}

static void the_last_three_lines_tell_why(void **state)
{
  (void)state;
  assert_told("one\ntwo\nthree\nfour\n", "two\nthree\nfour\n", "four");
  assert_told("connecting\ndb refused", "connecting\ndb refused\n",
              "db refused");
  assert_told("", "", NULL);
  assert_told("\n\n", "", NULL);
}

static void a_stack_hides_no_error(void **state)
{
  (void)state;
  assert_told("reading config\n"
              "/srv/app.js:1\n"
              "throw new Error('no')\n"
              "^\n"
              "\n"
              "Error: no config\n"
              "    at Object.<anonymous> (/srv/app.js:1:40)\n"
              "    at node:internal/main/run_main_module:28:49\n"
              "\n"
              "Node.js v20.20.2\n",
              "/srv/app.js:1\nthrow new Error('no')\nError: no config\n",
              "Error: no config");
  assert_told("node:internal/modules/cjs/loader:1228\n"
              "  throw err;\n"
              "  ^\n"
              "\n"
              "Error: Cannot find module 'x'\n"
              "Require stack:\n"
              "- /srv/app.js\n"
              "    at Function.executeUserEntryPoint [as runMain] {\n"
              "  code: 'MODULE_NOT_FOUND',\n"
              "  requireStack: [ '/srv/app.js' ]\n"
              "}\n"
              "\n"
              "Node.js v20.20.2\n",
              "Error: Cannot find module 'x'\nRequire stack:\n- /srv/app.js\n",
              "Error: Cannot find module 'x'");
  assert_told("Traceback (most recent call last):\n"
              "  File \"app.py\", line 1, in <module>\n"
              "    import flask\n"
              "ModuleNotFoundError: No module named 'flask'\n",
              "Traceback (most recent call last):\n"
              "ModuleNotFoundError: No module named 'flask'\n",
              "ModuleNotFoundError: No module named 'flask'");
}

static void an_error_stays_whatever_came_after_it(void **state)
{
  (void)state;
  assert_told("panic: no disk\ngoroutine 1 [running]:\nmain.main()\n"
              "\t/srv/main.go:4 +0x1d\nexit status 2\n",
              "panic: no disk\nmain.main()\nexit status 2\n", "panic: no disk");
}

static void lines_that_are_all_indented_count(void **state)
{
  (void)state;
  assert_told("  one\n  two\n", "  one\n  two\n", "  two");
}

static void any_bytes_may_come(void **state)
{
  static const char BYTES[] = "\xff\xfe\n\0a\n";
  struct zpm_str out = {0};

  (void)state;
  assert_int_equal(zpm_telling_lines(BYTES, sizeof(BYTES) - 1, &out), 0);
  assert_int_equal(out.len, sizeof(BYTES) - 1);
  zpm_str_deinit(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_three_lines_tell_why),
      cmocka_unit_test(a_stack_hides_no_error),
      cmocka_unit_test(an_error_stays_whatever_came_after_it),
      cmocka_unit_test(lines_that_are_all_indented_count),
      cmocka_unit_test(any_bytes_may_come),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
