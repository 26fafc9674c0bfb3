#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/interpreter.h"

static void the_extension_chooses_the_interpreter(void **state)
{
  static const char *const NODE[] = {"a.js",  "/x/a.mjs",  "a.cjs",  "a.ts",
                                     "a.mts", "./a.b.cts", "..js.js"};

  (void)state;
  for (size_t i = 0; i < sizeof(NODE) / sizeof(NODE[0]); i++)
    assert_int_equal(zpm_interpreter_of_path(NODE[i]), ZPM_INTERPRETER_NODE);
  assert_int_equal(zpm_interpreter_of_path("/x/a.py"), ZPM_INTERPRETER_PYTHON3);
  assert_int_equal(zpm_interpreter_of_path("a.sh"), ZPM_INTERPRETER_BASH);
}

static void other_names_run_themselves(void **state)
{
  static const char *const NAMES[] = {"a",     "a.JS",  "/x.js/a", "a.jsx",
                                      "a.js/", ".js",   "a.",      "",
                                      "js",    "/x/.py"};

  (void)state;
  for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
    assert_int_equal(zpm_interpreter_of_path(NAMES[i]), ZPM_INTERPRETER_AUTO);
}

static void interpreters_have_commands(void **state)
{
  (void)state;
  assert_string_equal(zpm_interpreter_command(ZPM_INTERPRETER_NODE), "node");
  assert_string_equal(zpm_interpreter_command(ZPM_INTERPRETER_PYTHON3),
                      "python3");
  assert_string_equal(zpm_interpreter_command(ZPM_INTERPRETER_BASH), "bash");
  assert_null(zpm_interpreter_command(ZPM_INTERPRETER_AUTO));
  assert_null(zpm_interpreter_command(ZPM_INTERPRETER_CUSTOM));
}

static void node_is_known_by_its_name(void **state)
{
  (void)state;
  assert_true(zpm_interpreter_is_node("node"));
  assert_true(zpm_interpreter_is_node("/opt/v22/bin/node"));
  assert_true(zpm_interpreter_is_node("nodejs"));
  assert_false(zpm_interpreter_is_node("nodemon"));
  assert_false(zpm_interpreter_is_node("/opt/node/bin/deno"));
}

static bool parse(const char *text, struct zpm_shebang *shebang)
{
  return zpm_interpreter_shebang(text, strlen(text), shebang);
}

static void typescript_is_known_by_its_extension(void **state)
{
  (void)state;
  assert_true(zpm_interpreter_is_typescript("/x.js/main.ts"));
  assert_true(zpm_interpreter_is_typescript("a.mts"));
  assert_true(zpm_interpreter_is_typescript("a.cts"));
  assert_false(zpm_interpreter_is_typescript("a.tsx"));
  assert_false(zpm_interpreter_is_typescript("a.ts/main.js"));
  assert_false(zpm_interpreter_is_typescript("main"));
}

static void a_shebang_is_a_program_and_one_argument(void **state)
{
  struct zpm_shebang shebang;

  (void)state;
  assert_true(parse("#!/bin/sh\necho", &shebang));
  assert_string_equal(shebang.program, "/bin/sh");
  assert_string_equal(shebang.argument, "");
  assert_true(parse("#! \t/bin/sh  -e -u \t\n", &shebang));
  assert_string_equal(shebang.program, "/bin/sh");
  assert_string_equal(shebang.argument, "-e -u");
  assert_false(shebang.carriage_return);
  assert_true(parse("#!/bin/sh", &shebang)); /* no line end */
  assert_string_equal(shebang.program, "/bin/sh");
}

static void a_windows_line_end_is_noticed(void **state)
{
  struct zpm_shebang shebang;

  (void)state;
  assert_true(parse("#!/bin/sh\r\n", &shebang));
  assert_string_equal(shebang.program, "/bin/sh");
  assert_true(shebang.carriage_return);
}

static void what_is_no_shebang_is_none(void **state)
{
  struct zpm_shebang shebang;
  static const char *const TEXTS[] = {
      "", "#", "#!", "#!\n", "#!  \n", "# !/x\n", "\177ELF#!/x", "#!\r\n"};

  (void)state;
  for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
    assert_false(parse(TEXTS[i], &shebang));
}

static void an_endless_first_line_is_cut(void **state)
{
  struct zpm_shebang shebang;
  char line[4096];

  (void)state;
  memset(line, 'x', sizeof(line));
  memcpy(line, "#!", 2);
  assert_true(zpm_interpreter_shebang(line, sizeof(line), &shebang));
  assert_int_equal(strlen(shebang.program), ZPM_SHEBANG_MAX - 3);
  memset(line + 2, ' ', sizeof(line) - 2);
  assert_false(zpm_interpreter_shebang(line, sizeof(line), &shebang));
}

static bool env_command(const char *line, char *command, bool *options)
{
  struct zpm_shebang shebang;

  assert_true(parse(line, &shebang));
  return zpm_interpreter_env_command(&shebang, command, options);
}

static void env_names_a_command(void **state)
{
  char command[ZPM_SHEBANG_MAX];
  bool options;

  (void)state;
  assert_true(env_command("#!/usr/bin/env node\n", command, &options));
  assert_string_equal(command, "node");
  assert_false(options);
  assert_true(env_command("#!/usr/bin/env -S node --x y\n", command, &options));
  assert_string_equal(command, "node");
  assert_true(options);
  assert_false(env_command("#!/usr/bin/env -i node\n", command, &options));
  assert_false(env_command("#!/usr/bin/env -S A=b node\n", command, &options));
  assert_false(env_command("#!/usr/bin/env\n", command, &options));
  assert_false(env_command("#!/usr/bin/env node x\n", command, &options));
  assert_false(env_command("#!/bin/sh node\n", command, &options));
}

static void a_path_is_walked_folder_by_folder(void **state)
{
  const char *rest = "/usr/bin::bin:";
  const char *folder;
  size_t len;

  (void)state;
  assert_true(zpm_interpreter_next_folder(&rest, &folder, &len));
  assert_memory_equal(folder, "/usr/bin", 8);
  assert_int_equal(len, 8);
  assert_true(zpm_interpreter_next_folder(&rest, &folder, &len));
  assert_int_equal(len, 0);
  assert_true(zpm_interpreter_next_folder(&rest, &folder, &len));
  assert_int_equal(len, 3);
  assert_true(zpm_interpreter_next_folder(&rest, &folder, &len));
  assert_int_equal(len, 0);
  assert_false(zpm_interpreter_next_folder(&rest, &folder, &len));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_extension_chooses_the_interpreter),
      cmocka_unit_test(other_names_run_themselves),
      cmocka_unit_test(interpreters_have_commands),
      cmocka_unit_test(node_is_known_by_its_name),
      cmocka_unit_test(typescript_is_known_by_its_extension),
      cmocka_unit_test(a_shebang_is_a_program_and_one_argument),
      cmocka_unit_test(a_windows_line_end_is_noticed),
      cmocka_unit_test(what_is_no_shebang_is_none),
      cmocka_unit_test(an_endless_first_line_is_cut),
      cmocka_unit_test(env_names_a_command),
      cmocka_unit_test(a_path_is_walked_folder_by_folder),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
