#include "core/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/config_fixture.c"

/* A config that is valid. */
static void give_enough(struct fixture *f)
{
  give(&f->config, "scriptPath", "/srv/api/server.js");
  give(&f->config, "cwd", "/srv/api");
}

static void assert_invalid(struct fixture *f, const char *says)
{
  assert_int_equal(zpm_config_validate(&f->config, &f->err), ZPM_ECONFIG);
  assert_non_null(strstr(f->err.message, says));
}

static void a_name_is_made_from_the_script(void **state)
{
  static const char *const EXAMPLES[][2] = {
      {"/srv/server.js", "server"},
      {"/srv/app.min.js", "app.min"},
      {"next", "next"},
      {"/srv/.hidden.js", ".hidden"},
      {"/srv/.profile", ".profile"},
      {"/srv/my app (new).js", "my app -new"},
      {"/srv/gr\xC3\xBC\xC3\x9F.py", "gr"},
      {"/srv/--x.js", "x"},
      {"/srv/all.js", "app"},
      {"/srv/", "app"},
      {"/srv/..", "app"},
      {"/srv/\xC3\xBC.js", "app"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(EXAMPLES) / sizeof(EXAMPLES[0]); i++) {
    struct zpm_config c;

    zpm_config_init(&c);
    give(&c, "scriptPath", EXAMPLES[i][0]);
    give(&c, "cwd", "/");
    assert_int_equal(zpm_config_validate(&c, NULL), 0);
    assert_string_equal(c.name, EXAMPLES[i][1]);
    assert_true(zpm_config_has(&c, "name"));
    zpm_config_deinit(&c);
  }
}

static void a_long_script_name_is_cut(void **state)
{
  struct fixture *f = *state;
  char script[200] = "/";

  memset(script + 1, 'x', 150);
  give(&f->config, "scriptPath", script);
  give(&f->config, "cwd", "/");
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
  assert_int_equal(strlen(f->config.name), 64);
}

static void a_name_must_fit_a_folder(void **state)
{
  static const char *const GOOD[] = {"api", "a b", "A.b_c-d@e+f", "0", ".x"};
  static const char *const BAD[] = {
      ".",
      "..",
      "all",
      "a/b",
      " a",
      "a ",
      "-a",
      "a\nb",
      "\xC3\xBC",
      "0123456789012345678901234567890123456789012345678901234567890123x"};
  struct fixture *f = *state;

  give_enough(f);
  for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
    give(&f->config, "name", GOOD[i]);
    assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
  }
  for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
    give(&f->config, "name", BAD[i]);
    assert_invalid(f, "config.name");
  }
}

static void script_and_cwd_are_required(void **state)
{
  struct fixture *f = *state;

  assert_invalid(f, "config.scriptPath is missing");
  give(&f->config, "scriptPath", "server.js");
  assert_invalid(f, "config.cwd is missing");
  give(&f->config, "cwd", "srv");
  assert_invalid(f, "config.cwd must be an absolute path, not \"srv\"");
  give(&f->config, "cwd", "/srv");
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
  f->config.cwd[0] = '\0';
  assert_invalid(f, "config.cwd must not be empty");
}

static void a_relative_script_is_put_under_cwd(void **state)
{
  static const char *const EXAMPLES[][3] = {
      {"/srv", "dist/x.js", "/srv/dist/x.js"},
      {"/srv", "./x.js", "/srv/x.js"},
      {"/srv/", ".//./x.js", "/srv/x.js"},
      {"/", "./x.js", "/x.js"},
      {"/srv", "../x.js", "/srv/../x.js"},
      {"/srv", "/abs/x.js", "/abs/x.js"},
      {"/srv", "next", "next"},
  };

  (void)state;
  for (size_t i = 0; i < sizeof(EXAMPLES) / sizeof(EXAMPLES[0]); i++) {
    struct zpm_config c;

    zpm_config_init(&c);
    give(&c, "cwd", EXAMPLES[i][0]);
    give(&c, "scriptPath", EXAMPLES[i][1]);
    assert_int_equal(zpm_config_validate(&c, NULL), 0);
    assert_string_equal(c.script_path, EXAMPLES[i][2]);
    zpm_config_deinit(&c);
  }
}

static void a_path_has_a_limit(void **state)
{
  struct fixture *f = *state;
  char path[5000];

  memset(path, 'x', sizeof(path));
  path[0] = '/';
  path[sizeof(path) - 1] = '\0';
  give(&f->config, "scriptPath", path);
  give(&f->config, "cwd", "/");
  assert_invalid(f, "config.scriptPath is longer than a path may be");
  path[4097] = '\0';
  give(&f->config, "scriptPath", path + 2);
  path[1] = '/';
  give(&f->config, "cwd", path);
  assert_invalid(f, "config.cwd is longer than a path may be");
}

static void a_custom_interpreter_needs_its_command(void **state)
{
  struct fixture *f = *state;

  give_enough(f);
  give(&f->config, "interpreter", "custom");
  assert_invalid(f, "config.interpreterCommand is missing");
  give(&f->config, "interpreterCommand", "deno");
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
}

static void a_command_makes_the_interpreter_custom(void **state)
{
  struct fixture *f = *state;

  give_enough(f);
  give(&f->config, "interpreterCommand", "deno");
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
  assert_int_equal(f->config.interpreter, ZPM_INTERPRETER_CUSTOM);
  assert_true(zpm_config_has(&f->config, "interpreter"));
}

static void one_bound_of_the_backoff_moves_the_other(void **state)
{
  struct fixture *f = *state;

  give_enough(f);
  give(&f->config, "maxBackoff", "500");
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
  assert_int_equal(f->config.min_backoff_ms, 500);
  give(&f->config, "minBackoff", "501");
  assert_invalid(f, "config.minBackoff (501 ms) must not be more than "
                    "config.maxBackoff (500 ms)");
}

static void a_long_first_wait_raises_the_longest(void **state)
{
  struct fixture *f = *state;

  give_enough(f);
  give(&f->config, "minBackoff", "60000");
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
  assert_int_equal(f->config.max_backoff_ms, 60000);
}

static void instances_count_in_cluster_mode(void **state)
{
  struct fixture *f = *state;
  const struct zpm_config *c = &f->config;

  give_enough(f);
  give(&f->config, "instances", "3");
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
  assert_int_equal(zpm_config_instances(c, 8), 1);
  give(&f->config, "mode", "cluster");
  assert_int_equal(zpm_config_instances(c, 8), 3);
  give(&f->config, "instances", "max");
  assert_int_equal(zpm_config_instances(c, 8), 8);
  give(&f->config, "instances", "-1");
  assert_int_equal(zpm_config_instances(c, 8), 7);
  assert_int_equal(zpm_config_instances(c, 1), 1);
}

static void other_paths_are_put_under_cwd_as_well(void **state)
{
  struct fixture *f = *state;

  give(&f->config, "scriptPath", "dist/a.js");
  give(&f->config, "cwd", "/srv");
  give(&f->config, "envFile", ".env");
  give(&f->config, "watch", "true");
  give(&f->config, "watch", "./lib");
  give(&f->config, "watch", "/etc/api.conf");
  give(&f->config, "watch", ".");
  assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
  assert_string_equal(f->config.env_file, "/srv/.env");
  assert_string_equal(f->config.watch.items[0], "/srv/dist");
  assert_string_equal(f->config.watch.items[1], "/srv/lib");
  assert_string_equal(f->config.watch.items[2], "/etc/api.conf");
  assert_string_equal(f->config.watch.items[3], "/srv");
}

static void the_folder_of_a_command_is_cwd(void **state)
{
  struct fixture *f = *state;

  give(&f->config, "scriptPath", "next");
  give(&f->config, "cwd", "/srv");
  give(&f->config, "watch", "true");
  assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
  assert_string_equal(f->config.watch.items[0], "/srv");
}

static void the_folder_of_a_script_may_be_the_root(void **state)
{
  struct fixture *f = *state;

  give(&f->config, "scriptPath", "/a.js");
  give(&f->config, "cwd", "/srv");
  give(&f->config, "watch", "true");
  assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
  assert_string_equal(f->config.watch.items[0], "/");
}

static void assert_probe_invalid(const char *text, const char *says)
{
  struct zpm_config c;
  struct zpm_error err = {0};

  zpm_config_init(&c);
  give(&c, "scriptPath", "/a.js");
  give(&c, "cwd", "/");
  give(&c, "probe", text);
  assert_int_equal(zpm_config_validate(&c, &err), ZPM_ECONFIG);
  if (strstr(err.message, says) == NULL)
    fail_msg("%s: %s", text, err.message);
  zpm_config_deinit(&c);
}

static void probes_must_make_sense(void **state)
{
  struct fixture *f = *state;

  assert_probe_invalid("exec: ", "config.probe: there is no command to run");
  assert_probe_invalid("tcp:localhost", "config.probe: the target");
  assert_probe_invalid("http://", "config.probe: the target");
  assert_probe_invalid("tcp:80,expectStatus=200",
                       "config.probe: expectStatus is for http probes, this "
                       "one is tcp");
  assert_probe_invalid("exec:x,insecure=true",
                       "config.probe: insecure is for https probes, this one "
                       "is exec");
  give_enough(f);
  give(&f->config, "probe", "http://localhost:3000/up,expectStatus=204");
  give(&f->config, "probe", "tcp::3000");
  give(&f->config, "probe", "exec:true");
  assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
  give(&f->config, "probe", "exec: ");
  assert_invalid(f, "config.probe[3]: there is no command to run");
}

static void there_is_a_limit_to_probes(void **state)
{
  struct fixture *f = *state;

  give_enough(f);
  for (int i = 0; i < ZPM_PROBES_MAX; i++)
    give(&f->config, "probe", "tcp:1");
  assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
  give(&f->config, "probe", "tcp:1");
  assert_invalid(f, "an app may have 8 probes at most, not 9");
}

static void a_user_is_named_or_numbered(void **state)
{
  struct fixture *f = *state;

  give_enough(f);
  give(&f->config, "user", "www");
  give(&f->config, "gid", "33");
  assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
  give(&f->config, "uid", "33");
  assert_invalid(f, "config.user (\"www\") and config.uid (33) both say");
  give(&f->config, "user", "false");
  assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
}

static void a_schedule_must_be_one(void **state)
{
  struct fixture *f = *state;

  give_enough(f);
  give(&f->config, "cron", "0 4 * * *");
  assert_int_equal(zpm_config_validate(&f->config, &f->err), 0);
  give(&f->config, "cron", "0 24 * * *");
  assert_invalid(f, "config.cron: ");
}

static void who_says_when_an_app_is_ready(void **state)
{
  struct fixture *f = *state;

  assert_false(zpm_config_waits_ready(&f->config));
  give(&f->config, "probe", "tcp:1");
  assert_false(zpm_config_waits_ready(&f->config));
  give(&f->config, "probe", "tcp:1,kind=readiness");
  assert_true(zpm_config_waits_ready(&f->config));
  give(&f->config, "probe", "false");
  give(&f->config, "waitReady", "true");
  assert_true(zpm_config_waits_ready(&f->config));
}

static void validating_twice_changes_nothing(void **state)
{
  struct fixture *f = *state;
  struct zpm_config once;

  give(&f->config, "scriptPath", "./a.js");
  give(&f->config, "cwd", "/srv");
  give(&f->config, "watch", "true");
  give(&f->config, "envFile", "x");
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
  assert_int_equal(zpm_config_copy(&once, &f->config), 0);
  assert_int_equal(zpm_config_validate(&f->config, NULL), 0);
  assert_int_equal(zpm_config_diff(&once, &f->config), 0);
  assert_int_equal(once.given, f->config.given);
  zpm_config_deinit(&once);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_name_is_made_from_the_script),
      TEST(a_long_script_name_is_cut),
      TEST(a_name_must_fit_a_folder),
      TEST(script_and_cwd_are_required),
      TEST(a_relative_script_is_put_under_cwd),
      TEST(a_path_has_a_limit),
      TEST(a_custom_interpreter_needs_its_command),
      TEST(a_command_makes_the_interpreter_custom),
      TEST(one_bound_of_the_backoff_moves_the_other),
      TEST(a_long_first_wait_raises_the_longest),
      TEST(instances_count_in_cluster_mode),
      TEST(other_paths_are_put_under_cwd_as_well),
      TEST(the_folder_of_a_command_is_cwd),
      TEST(the_folder_of_a_script_may_be_the_root),
      TEST(probes_must_make_sense),
      TEST(there_is_a_limit_to_probes),
      TEST(a_user_is_named_or_numbered),
      TEST(a_schedule_must_be_one),
      TEST(who_says_when_an_app_is_ready),
      TEST(validating_twice_changes_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
