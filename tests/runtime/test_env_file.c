#include "runtime/env_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "runtime/launch.h"
#include "runtime/scratch.h"

/* A folder with ".env" in it, perhaps. */
struct place {
  char root[SCRATCH_MAX];
  char path[SCRATCH_MAX + 8];
  struct zpm_error err;
};

static int set_up(void **state)
{
  struct place *place = calloc(1, sizeof(*place));

  assert_non_null(scratch_create(place->root));
  snprintf(place->path, sizeof(place->path), "%s/.env", place->root);
  *state = place;
  return 0;
}

static int tear_down(void **state)
{
  struct place *place = *state;

  scratch_remove(place->root);
  free(place);
  return 0;
}

static void write_file(const struct place *place, const char *text)
{
  FILE *file = fopen(place->path, "we");

  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void assert_refused(struct place *place, const char *says)
{
  struct zpm_strv vars;

  assert_int_equal(zpm_env_file_read(&vars, place->path, &place->err),
                   ZPM_ESTART);
  assert_null(vars.items);
  assert_non_null(strstr(place->err.message, place->path));
  if (strstr(place->err.message, says) == NULL)
    fail_msg("%s", place->err.message);
}

static void a_file_of_variables_is_read(void **state)
{
  struct place *place = *state;
  struct zpm_strv vars;

  write_file(place, "A=1\nB=\"x y\"\n");
  assert_int_equal(zpm_env_file_read(&vars, place->path, &place->err), 0);
  assert_int_equal(vars.len, 2);
  assert_string_equal(vars.items[1], "B=x y");
  zpm_strv_deinit(&vars);
  write_file(place, "");
  assert_int_equal(zpm_env_file_read(&vars, place->path, &place->err), 0);
  assert_int_equal(vars.len, 0);
}

static void one_that_is_missing_is_named(void **state)
{
  assert_refused(*state, "no such file or directory");
}

static void what_is_no_file_is_refused_at_once(void **state)
{
  struct place *place = *state;

  assert_int_equal(mkfifo(place->path, 0600), 0);
  assert_refused(place, "is not a regular file");
  unlink(place->path);
  assert_int_equal(mkdir(place->path, 0700), 0);
  assert_refused(place, "is a directory");
}

static void a_wrong_line_is_told_without_what_is_in_it(void **state)
{
  struct place *place = *state;

  write_file(place, "A=1\ns3cret\n");
  assert_refused(place, "line 2: it must have the form KEY=value");
  assert_null(strstr(place->err.message, "s3cret"));
}

static void there_is_a_limit_to_its_size(void **state)
{
  struct place *place = *state;

  write_file(place, "A=1\n");
  assert_int_equal(truncate(place->path, (1 << 20) + 1), 0);
  assert_refused(place, "is over 1 MiB");
}

static void set(struct zpm_config *config, const char *field, const char *text)
{
  int index = zpm_config_field_of_name(field, strlen(field));

  assert_int_equal(zpm_config_set_text(config, index, text, NULL), 0);
}

static void assert_variable(const struct zpm_launch *launch, const char *key,
                            const char *value)
{
  const char *found = zpm_strv_env_get(&launch->env, key);

  assert_non_null(found);
  assert_string_equal(found, value);
}

static void its_variables_lie_between_the_callers_and_the_configs(void **state)
{
  struct place *place = *state;
  struct zpm_environment caller = {0};
  struct zpm_launch launch;
  struct zpm_config config;
  struct zpm_launch_options options = {.config = &config,
                                       .environment = &caller,
                                       .marker = "ZPM_APP_ID=x",
                                       .channel_fd = -1};

  zpm_config_init(&config);
  set(&config, "scriptPath", "/bin/sh");
  set(&config, "cwd", place->root);
  set(&config, "env", "OVER=config");
  set(&config, "envFile", ".env");
  assert_int_equal(zpm_config_validate(&config, &place->err), 0);
  zpm_strv_push(&caller.vars, "FROM=caller");
  zpm_strv_push(&caller.vars, "KEPT=caller");
  write_file(place, "FROM=file\nOVER=file\nOWN=file\nZPM_APP_ID=forged\n");
  if (zpm_launch_prepare(&launch, &options, &place->err) != 0)
    fail_msg("%s", place->err.message);
  assert_variable(&launch, "FROM", "file");
  assert_variable(&launch, "KEPT", "caller");
  assert_variable(&launch, "OWN", "file");
  assert_variable(&launch, "OVER", "config");
  assert_variable(&launch, "ZPM_APP_ID", "x");
  zpm_launch_deinit(&launch);

  unlink(place->path);
  assert_int_equal(zpm_launch_prepare(&launch, &options, &place->err),
                   ZPM_ESTART);
  assert_non_null(strstr(place->err.message, place->path));
  zpm_strv_deinit(&caller.vars);
  zpm_config_deinit(&config);
}

#define TEST(function)                                                         \
  cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_file_of_variables_is_read),
      TEST(one_that_is_missing_is_named),
      TEST(what_is_no_file_is_refused_at_once),
      TEST(a_wrong_line_is_told_without_what_is_in_it),
      TEST(there_is_a_limit_to_its_size),
      TEST(its_variables_lie_between_the_callers_and_the_configs),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
