#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/wire.h"
#include "runtime/launch.h"
#include "runtime/scratch.h"

/*
 * A folder of its own: bin/ is the whole PATH, app/ is cwd.
 */
struct place {
  char root[64];
  char made[32][160]; /* files and folders, in the order they were made */
  size_t made_count;
  struct zpm_config config;
  struct zpm_environment environment;
  struct zpm_launch launch;
  struct zpm_error err;
};

static const char *at(const char *name, const struct place *place)
{
  static char paths[4][256];
  static unsigned next;
  char *path = paths[next++ % 4];

  snprintf(path, sizeof(paths[0]), "%s%s", place->root, name);
  return path;
}

static void note(struct place *place, const char *path)
{
  snprintf(place->made[place->made_count++], sizeof(place->made[0]), "%s",
           path);
}

static void make_folder(struct place *place, const char *name)
{
  assert_int_equal(mkdir(at(name, place), 0755), 0);
  note(place, at(name, place));
}

static void make_file(struct place *place, const char *name, mode_t mode,
                      const char *text)
{
  int fd = open(at(name, place), O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  assert_int_equal(fchmod(fd, mode), 0);
  close(fd);
  note(place, at(name, place));
}

static void set(struct place *place, const char *field, const char *value)
{
  int index = zpm_config_field_of_name(field, strlen(field));

  assert_true(index >= 0);
  assert_int_equal(
      zpm_config_set_text(&place->config, index, value, &place->err), 0);
}

static void caller_has(struct place *place, const char *pair)
{
  assert_int_equal(zpm_strv_push(&place->environment.vars, pair), 0);
}

static int setup(void **state)
{
  struct place *place = calloc(1, sizeof(*place));
  char path[128];

  snprintf(place->root, sizeof(place->root), "%s/zpm-launch-XXXXXX",
           scratch_base());
  assert_non_null(mkdtemp(place->root));
  note(place, place->root);
  make_folder(place, "/bin");
  make_folder(place, "/app");
  make_file(place, "/bin/node", 0755, "");
  make_file(place, "/bin/bash", 0755, "");
  zpm_config_init(&place->config);
  set(place, "name", "api");
  set(place, "cwd", at("/app", place));
  snprintf(path, sizeof(path), "PATH=%s/bin", place->root);
  caller_has(place, path);
  *state = place;
  return 0;
}

static int teardown(void **state)
{
  struct place *place = *state;

  zpm_launch_deinit(&place->launch);
  zpm_config_deinit(&place->config);
  zpm_strv_deinit(&place->environment.vars);
  while (place->made_count > 0)
    remove(place->made[--place->made_count]);
  free(place);
  return 0;
}

static int prepare_with(struct place *place, const char *agent, int channel)
{
  struct zpm_launch_options options = {.config = &place->config,
                                       .environment = &place->environment,
                                       .marker = "ZPM_APP_ID=0001",
                                       .agent_path = agent,
                                       .channel_fd = channel,
                                       .instance = 2};

  zpm_launch_deinit(&place->launch);
  place->err = (struct zpm_error){0};
  return zpm_launch_prepare(&place->launch, &options, &place->err);
}

static void prepare(struct place *place)
{
  int rc = prepare_with(place, NULL, -1);

  if (rc != 0)
    fail_msg("%s", place->err.message);
}

static void expect_message(const struct place *place, const char *format,
                           const char *a, const char *b)
{
  char expected[512];
  const char *slot;
  size_t used = 0;
  const char *values[] = {a, b};
  size_t value = 0;

  /* Each '@' stands for the next value. */
  while ((slot = strchr(format, '@')) != NULL) {
    used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%.*s%s",
                             (int)(slot - format), format, values[value++]);
    format = slot + 1;
  }
  snprintf(expected + used, sizeof(expected) - used, "%s", format);
  assert_string_equal(place->err.message, expected);
}

static void refuse(struct place *place, const char *format, const char *a,
                   const char *b)
{
  assert_int_equal(prepare_with(place, NULL, -1), ZPM_ESTART);
  assert_int_equal(place->err.code, ZPM_ESTART);
  expect_message(place, format, a, b);
  assert_null(place->launch.path);
}

static void expect_argv(const struct place *place, const char *words)
{
  char joined[1024] = "";

  for (size_t i = 0; i < place->launch.argv.len; i++) {
    strcat(joined, i > 0 ? " " : "");
    strcat(joined, place->launch.argv.items[i]);
  }
  assert_string_equal(joined, words);
}

static const char *env(const struct place *place, const char *key)
{
  return zpm_strv_env_get(&place->launch.env, key);
}

/* ---- what is run ---- */

static void a_script_is_run_by_the_interpreter_of_its_extension(void **state)
{
  struct place *place = *state;
  char words[256];

  make_file(place, "/app/server.js", 0644, "");
  set(place, "scriptPath", at("/app/server.js", place));
  set(place, "interpreterArgs", "--no-warnings");
  set(place, "args", "-x");
  prepare(place);
  assert_string_equal(place->launch.path, at("/bin/node", place));
  assert_true(place->launch.is_node);
  snprintf(words, sizeof(words), "node --no-warnings %s -x",
           at("/app/server.js", place));
  expect_argv(place, words);
}

static void the_agent_comes_along_with_node_only(void **state)
{
  struct place *place = *state;
  char words[256];

  make_file(place, "/app/server.mts", 0644, "");
  make_file(place, "/app/run.sh", 0644, "");
  set(place, "scriptPath", at("/app/server.mts", place));
  assert_int_equal(prepare_with(place, "/lib/agent.cjs", 3), 0);
  snprintf(words, sizeof(words), "node --require /lib/agent.cjs %s",
           at("/app/server.mts", place));
  expect_argv(place, words);
  assert_string_equal(env(place, "NODE_CHANNEL_FD"), "3");
  assert_string_equal(env(place, "NODE_CHANNEL_SERIALIZATION_MODE"), "json");

  set(place, "scriptPath", at("/app/run.sh", place));
  assert_int_equal(prepare_with(place, "/lib/agent.cjs", 3), 0);
  assert_false(place->launch.is_node);
  assert_null(env(place, "NODE_CHANNEL_FD"));
  snprintf(words, sizeof(words), "bash %s", at("/app/run.sh", place));
  expect_argv(place, words);
}

static void an_executable_runs_itself(void **state)
{
  struct place *place = *state;

  make_file(place, "/app/tool", 0755, "#!/bin/sh\n");
  set(place, "scriptPath", at("/app/tool", place));
  prepare(place);
  assert_string_equal(place->launch.path, at("/app/tool", place));
  expect_argv(place, at("/app/tool", place));
  assert_false(place->launch.is_node);
}

static void a_bare_name_is_a_file_first(void **state)
{
  struct place *place = *state;

  make_file(place, "/app/tool", 0755, "");
  make_file(place, "/bin/tool", 0755, "");
  set(place, "scriptPath", "tool");
  prepare(place);
  assert_string_equal(place->launch.path, at("/app/tool", place));
}

static void a_bare_command_is_searched_upwards_then_in_path(void **state)
{
  struct place *place = *state;

  make_file(place, "/bin/tool", 0755, "");
  make_folder(place, "/app/tool"); /* no file: does not count */
  set(place, "scriptPath", "tool");
  prepare(place);
  assert_string_equal(place->launch.path, at("/bin/tool", place));

  make_folder(place, "/node_modules");
  make_folder(place, "/node_modules/.bin");
  make_file(place, "/node_modules/.bin/tool", 0755, "");
  prepare(place);
  assert_string_equal(place->launch.path, at("/node_modules/.bin/tool", place));

  make_folder(place, "/app/node_modules");
  make_folder(place, "/app/node_modules/.bin");
  make_file(place, "/app/node_modules/.bin/tool", 0755, "");
  prepare(place);
  assert_string_equal(place->launch.path,
                      at("/app/node_modules/.bin/tool", place));
}

static void path_may_hold_relative_and_empty_folders(void **state)
{
  struct place *place = *state;

  make_folder(place, "/app/tools");
  make_file(place, "/app/tools/tool", 0755, "");
  set(place, "env", "PATH=:tools:/nonexistent");
  set(place, "scriptPath", "tool");
  prepare(place);
  assert_string_equal(place->launch.path, at("/app/tools/tool", place));
}

static void a_node_shebang_makes_a_node_app(void **state)
{
  struct place *place = *state;
  char words[256];

  make_file(place, "/app/next", 0755, "#!/usr/bin/env node\n");
  set(place, "scriptPath", "next");
  prepare(place);
  assert_true(place->launch.is_node);
  assert_string_equal(place->launch.path, at("/bin/node", place));
  snprintf(words, sizeof(words), "node %s", at("/app/next", place));
  expect_argv(place, words);
}

static void a_custom_interpreter_may_be_a_command_or_a_path(void **state)
{
  struct place *place = *state;
  char words[256];

  make_file(place, "/app/main.ts", 0644, "");
  make_file(place, "/app/deno", 0755, "");
  make_file(place, "/bin/tsx", 0755, "");
  set(place, "scriptPath", at("/app/main.ts", place));
  set(place, "interpreter", "custom");
  set(place, "interpreterCommand", "tsx");
  prepare(place);
  assert_string_equal(place->launch.path, at("/bin/tsx", place));
  assert_false(place->launch.is_node);
  set(place, "interpreterCommand", "./deno");
  set(place, "interpreterArgs", "run");
  prepare(place);
  snprintf(words, sizeof(words), "%s/app/./deno", place->root);
  assert_string_equal(place->launch.path, words);
  snprintf(words, sizeof(words), "./deno run %s", at("/app/main.ts", place));
  expect_argv(place, words);
}

static void the_build_tells_one_script_from_the_next(void **state)
{
  struct place *place = *state;

  make_file(place, "/app/a.js", 0644, "12345");
  set(place, "scriptPath", at("/app/a.js", place));
  prepare(place);
  assert_int_equal(place->launch.build.size, 5);
  assert_true(place->launch.build.mtime_ns > 0);
}

/* ---- environment ---- */

static void
the_environment_is_the_callers_with_the_configs_over_it(void **state)
{
  struct place *place = *state;

  caller_has(place, "COLOR=red");
  caller_has(place, "KEPT=yes");
  caller_has(place, "PORT=1");
  caller_has(place, "PWD=/elsewhere");
  make_file(place, "/app/a.js", 0644, "");
  set(place, "scriptPath", at("/app/a.js", place));
  set(place, "env", "COLOR=blue");
  set(place, "env", "EMPTY=");
  set(place, "port", "3000");
  prepare(place);
  assert_string_equal(place->launch.env.items[0], "ZPM_APP_ID=0001");
  assert_string_equal(env(place, "COLOR"), "blue");
  assert_string_equal(env(place, "EMPTY"), "");
  assert_string_equal(env(place, "KEPT"), "yes");
  assert_string_equal(env(place, "PORT"), "3000");
  assert_string_equal(env(place, "PWD"), at("/app", place));
  assert_string_equal(env(place, "NODE_APP_INSTANCE"), "2");
  assert_string_equal(env(place, "ZPM_INSTANCE"), "2");
  assert_string_equal(env(place, "ZPM_APP_NAME"), "api");
}

static void what_belongs_to_others_does_not_leak_in(void **state)
{
  struct place *place = *state;
  static const char *const KEYS[] = {"ZPM_CTL", "ZPM_TABLE", "NODE_CHANNEL_FD",
                                     "NODE_CHANNEL_SERIALIZATION_MODE",
                                     "NODE_UNIQUE_ID"};
  char pair[64];

  for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++) {
    snprintf(pair, sizeof(pair), "%s=3", KEYS[i]);
    caller_has(place, pair);
    set(place, "env", pair);
  }
  caller_has(place, "ZPM_APP_ID=ffff");
  caller_has(place, "NODE_CHANNEL_FDS=kept");
  set(place, "env", "ZPM_APP_ID=eeee");
  make_file(place, "/app/a.js", 0644, "");
  set(place, "scriptPath", at("/app/a.js", place));
  prepare(place);
  for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
    assert_null(env(place, KEYS[i]));
  assert_string_equal(env(place, "ZPM_APP_ID"), "0001");
  assert_string_equal(env(place, "NODE_CHANNEL_FDS"), "kept");
}

static void without_a_caller_the_environment_is_ours(void **state)
{
  struct place *place = *state;
  struct zpm_launch_options options = {
      .config = &place->config, .marker = "ZPM_APP_ID=1", .channel_fd = -1};

  setenv("ZPM_TEST_VARIABLE", "ours", 1);
  make_file(place, "/app/tool", 0755, "");
  set(place, "scriptPath", "tool");
  assert_int_equal(zpm_launch_prepare(&place->launch, &options, &place->err),
                   0);
  assert_string_equal(env(place, "ZPM_TEST_VARIABLE"), "ours");
  unsetenv("ZPM_TEST_VARIABLE");
}

/* ---- what cannot be run ---- */

static void a_missing_script_is_named(void **state)
{
  struct place *place = *state;

  set(place, "scriptPath", at("/app/gone.js", place));
  refuse(place, "cannot run @: no such file or directory. Check the path",
         at("/app/gone.js", place), NULL);
}

static void a_forgotten_extension_is_noticed(void **state)
{
  struct place *place = *state;

  make_file(place, "/app/server.js", 0644, "");
  set(place, "scriptPath", at("/app/server", place));
  refuse(place, "cannot run @: no such file or directory. Did you mean @?",
         at("/app/server", place), at("/app/server.js", place));
  set(place, "scriptPath", "server");
  refuse(place, "cannot run server: no such file or command. Did you mean @?",
         at("/app/server.js", place), NULL);
}

static void an_unknown_command_says_where_it_was_looked_for(void **state)
{
  struct place *place = *state;

  set(place, "scriptPath", "frobnicate");
  refuse(place,
         "cannot run frobnicate: there is no such file in @, and no such "
         "command in node_modules/.bin or PATH. Check the name, or give a path",
         at("/app", place), NULL);
}

static void a_dangling_link_is_called_one(void **state)
{
  struct place *place = *state;

  assert_int_equal(symlink("/nonexistent", at("/app/link.js", place)), 0);
  note(place, at("/app/link.js", place));
  set(place, "scriptPath", at("/app/link.js", place));
  refuse(place,
         "cannot run @: it is a symbolic link to something that does not "
         "exist. Mend the link",
         at("/app/link.js", place), NULL);
}

static void a_folder_is_no_script(void **state)
{
  struct place *place = *state;

  make_folder(place, "/app/src");
  set(place, "scriptPath", at("/app/src", place));
  refuse(place, "cannot run @: it is a folder. Give the script in it",
         at("/app/src", place), NULL);
  set(place, "scriptPath", "src");
  refuse(place, "cannot run @: it is a folder. Give the script in it",
         at("/app/src", place), NULL);
}

static void what_nobody_may_execute_says_what_to_do(void **state)
{
  struct place *place = *state;

  make_file(place, "/app/tool", 0644, "#!/bin/sh\n");
  make_file(place, "/bin/other", 0644, "");
  set(place, "scriptPath", at("/app/tool", place));
  refuse(place,
         "cannot run @: permission denied. Make it executable (chmod +x), or "
         "choose an interpreter: its name does not tell one",
         at("/app/tool", place), NULL);
  set(place, "scriptPath", "other");
  refuse(place,
         "cannot run @: permission denied. Make it executable: "
         "chmod +x @",
         at("/bin/other", place), at("/bin/other", place));
}

static void a_missing_folder_is_named(void **state)
{
  struct place *place = *state;

  set(place, "scriptPath", "node");
  set(place, "cwd", at("/gone", place));
  refuse(place,
         "cannot enter the folder @: no such file or directory. Check cwd "
         "(--cwd)",
         at("/gone", place), NULL);
  set(place, "cwd", at("/bin/node", place));
  refuse(place, "cannot enter the folder @: not a directory. Check cwd (--cwd)",
         at("/bin/node", place), NULL);
}

static void a_missing_interpreter_is_named(void **state)
{
  struct place *place = *state;

  make_file(place, "/app/a.py", 0644, "");
  set(place, "scriptPath", at("/app/a.py", place));
  refuse(place,
         "cannot run @: its interpreter python3 is in neither "
         "node_modules/.bin nor PATH. Install it, or give its path as "
         "interpreterCommand",
         at("/app/a.py", place), NULL);
  set(place, "interpreter", "custom");
  set(place, "interpreterCommand", "/nonexistent/python");
  refuse(place,
         "cannot run @: its interpreter /nonexistent/python: no such file. "
         "Check interpreterCommand",
         at("/app/a.py", place), NULL);
  set(place, "interpreterCommand", "deno run");
  refuse(place,
         "cannot run @: there is no command 'deno run'. Arguments of the "
         "interpreter go into interpreterArgs",
         at("/app/a.py", place), NULL);
}

static void a_bad_first_line_is_explained(void **state)
{
  struct place *place = *state;

  make_file(place, "/app/a", 0755, "#!/nonexistent/sh\n");
  make_file(place, "/app/b", 0755, "#!/usr/bin/env ruby\n");
  make_file(place, "/app/c", 0755, "#!/bin/sh\r\necho\r\n");
  set(place, "scriptPath", "a");
  refuse(place,
         "cannot run @: its first line asks for /nonexistent/sh: no such file "
         "or directory. Install that, mend the line, or choose an interpreter",
         at("/app/a", place), NULL);
  set(place, "scriptPath", "b");
  refuse(place,
         "cannot run @: its first line asks for ruby, which is not in PATH. "
         "Install that, or choose an interpreter",
         at("/app/b", place), NULL);
  set(place, "scriptPath", "c");
  refuse(place,
         "cannot run @: its first line has a Windows line end (CRLF), which "
         "the system takes for a part of the program's name. Save it with Unix "
         "line ends",
         at("/app/c", place), NULL);
}

/* ---- what the child told ---- */

static void explain(struct place *place, int stage, int error,
                    const char *format, const char *a, const char *b)
{
  place->err = (struct zpm_error){0};
  assert_int_equal(
      zpm_launch_explain(&place->launch, "/srv/app", stage, error, &place->err),
      ZPM_ESTART);
  expect_message(place, format, a, b);
}

static void a_failed_stage_is_put_into_words(void **state)
{
  struct place *place = *state;
  const char *tool = at("/app/tool", place);

  make_file(place, "/app/tool", 0755, "");
  set(place, "scriptPath", "tool");
  prepare(place);
  explain(place, ZPM_STAGE_CWD, ENOENT,
          "cannot enter the folder /srv/app: no such file or directory. Check "
          "cwd (--cwd)",
          NULL, NULL);
  explain(place, ZPM_STAGE_EXEC, ENOEXEC,
          "cannot run @: exec format error. It has no first line such as "
          "#!/bin/sh, or was built for another machine. Add that line, or "
          "choose an interpreter",
          tool, NULL);
  explain(place, ZPM_STAGE_EXEC, E2BIG,
          "cannot run @: argument list too long. Its arguments and environment "
          "are too long: one string may have 128 KiB",
          tool, NULL);
  explain(place, ZPM_STAGE_EXEC, ENOENT,
          "cannot run @: no such file or directory. The file is there, but not "
          "the program or the loader that it asks for: it was perhaps built "
          "for another system",
          tool, NULL);
  assert_int_equal(chmod(tool, 0644), 0);
  explain(place, ZPM_STAGE_EXEC, EACCES,
          "cannot run @: permission denied. Make it executable: chmod +x @",
          tool, tool);
  explain(place, ZPM_STAGE_USER, EPERM,
          "cannot run @ as another user: operation not permitted. Only root "
          "can",
          tool, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_script_is_run_by_the_interpreter_of_its_extension),
      TEST(the_agent_comes_along_with_node_only),
      TEST(an_executable_runs_itself),
      TEST(a_bare_name_is_a_file_first),
      TEST(a_bare_command_is_searched_upwards_then_in_path),
      TEST(path_may_hold_relative_and_empty_folders),
      TEST(a_node_shebang_makes_a_node_app),
      TEST(a_custom_interpreter_may_be_a_command_or_a_path),
      TEST(the_build_tells_one_script_from_the_next),
      TEST(the_environment_is_the_callers_with_the_configs_over_it),
      TEST(what_belongs_to_others_does_not_leak_in),
      TEST(without_a_caller_the_environment_is_ours),
      TEST(a_missing_script_is_named),
      TEST(a_forgotten_extension_is_noticed),
      TEST(an_unknown_command_says_where_it_was_looked_for),
      TEST(a_dangling_link_is_called_one),
      TEST(a_folder_is_no_script),
      TEST(what_nobody_may_execute_says_what_to_do),
      TEST(a_missing_folder_is_named),
      TEST(a_missing_interpreter_is_named),
      TEST(a_bad_first_line_is_explained),
      TEST(a_failed_stage_is_put_into_words),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
