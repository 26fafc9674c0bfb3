/* What the child of the keeper told, in words; and who it is to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/alloc.h"
#include "keeper/wire.h"
#include "runtime/keeper_link.h"
#include "runtime/launch.h"
#include "runtime/launch_shell.h"

struct place {
  struct zpm_config config;
  struct zpm_launch launch;
  struct zpm_error err;
};

static int setup(void **state)
{
  static struct place place;

  place = (struct place){0};
  zpm_config_init(&place.config);
  place.config.cwd = zpm_strdup("/");
  place.launch.path = zpm_strdup("/bin/sh");
  place.launch.script = zpm_strdup("/srv/app.js");
  place.launch.identity.uid = ZPM_SPEC_KEEP;
  place.launch.identity.gid = ZPM_SPEC_KEEP;
  *state = &place;
  return 0;
}

static int teardown(void **state)
{
  struct place *place = *state;

  zpm_launch_deinit(&place->launch);
  zpm_config_deinit(&place->config);
  return 0;
}

static void explain(struct place *place, int stage, int error,
                    const char *message)
{
  place->err = (struct zpm_error){0};
  assert_int_equal(
      zpm_launch_explain(&place->launch, "/srv", stage, error, &place->err),
      ZPM_ESTART);
  assert_string_equal(place->err.message, message);
}

static void a_limit_is_named(void **state)
{
  struct place *place = *state;

  explain(place, ZPM_STAGE_RLIMIT + RLIMIT_NOFILE, EPERM,
          "cannot run /bin/sh: its limit nofile (rlimits) cannot be set: "
          "operation not permitted. Only root can raise the hard one above "
          "that of zpm");
  explain(place, ZPM_STAGE_NICE, EACCES,
          "cannot run /bin/sh: its nice value cannot be set: permission "
          "denied. Only root can set one below that of zpm");
  explain(place, ZPM_STAGE_EXEC, EAGAIN,
          "cannot run /bin/sh: resource temporarily unavailable. Its user has "
          "as many processes as it may have (rlimits.nproc, ulimit -u)");
}

static void what_a_user_may_not_is_told_with_its_name(void **state)
{
  struct place *place = *state;

  explain(place, ZPM_STAGE_SCRIPT, ENOENT,
          "cannot read /srv/app.js: no such file or directory. Check the path");
  place->launch.identity.name = zpm_strdup("www");
  explain(place, ZPM_STAGE_SCRIPT, EACCES,
          "the user 'www' cannot read /srv/app.js: permission denied. That "
          "user needs the right to it, and to enter the folders above it");
  explain(place, ZPM_STAGE_CWD, EACCES,
          "the user 'www' cannot enter /srv: permission denied. That user "
          "needs the right to it, and to enter the folders above it");
  explain(place, ZPM_STAGE_EXEC, EACCES,
          "the user 'www' cannot run /bin/sh: permission denied. That user "
          "needs the right to it, and to enter the folders above it");
}

static int prepare_shell(struct place *place)
{
  struct zpm_environment environment = {0};
  struct zpm_launch_options options = {
      .config = &place->config,
      .environment = &environment,
      .marker = "ZPM_APP_ID=1",
      .channel_fd = -1,
  };
  char home[] = "HOME=/root";
  char *vars[] = {home, NULL};

  environment.vars.items = vars;
  environment.vars.len = 1;
  zpm_launch_deinit(&place->launch);
  return zpm_launch_shell(&place->launch, &options, "true", &place->err);
}

static void an_unknown_user_is_found_out_before_the_start(void **state)
{
  struct place *place = *state;

  place->config.user = zpm_strdup("no-such-user");
  assert_int_equal(prepare_shell(place), ZPM_ESTART);
  assert_non_null(strstr(place->err.message, "no user 'no-such-user'"));
}

static void a_spawn_is_as_the_user_with_the_limits(void **state)
{
  struct place *place = *state;
  struct zpm_spawn spawn = {0};
  int user = geteuid() == 0 ? 65534 : ZPM_SPEC_KEEP;

  place->config.uid = geteuid() == 0 ? 65534 : (uint32_t)geteuid();
  assert_int_equal(prepare_shell(place), 0);
  zpm_launch_fill_spawn(&spawn, &place->launch, &place->config);
  assert_int_equal(spawn.uid, user);
  assert_int_equal(spawn.gid, user);
  assert_int_equal(spawn.group_count, place->launch.identity.group_count);
  assert_ptr_equal(spawn.groups, place->launch.identity.groups);
  assert_ptr_equal(spawn.limits, &place->config);
}

static void its_own_environment_goes_over_that_of_its_user(void **state)
{
  struct place *place = *state;

  place->config.uid = geteuid() == 0 ? 65534 : (uint32_t)geteuid();
  assert_int_equal(zpm_strv_push(&place->config.env, "USER=me"), 0);
  assert_int_equal(prepare_shell(place), 0);
  assert_string_equal(zpm_strv_env_get(&place->launch.env, "USER"), "me");
  if (geteuid() == 0) {
    assert_string_equal(zpm_strv_env_get(&place->launch.env, "LOGNAME"),
                        "nobody");
    assert_string_not_equal(zpm_strv_env_get(&place->launch.env, "HOME"),
                            "/root");
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_limit_is_named),
      TEST(what_a_user_may_not_is_told_with_its_name),
      TEST(an_unknown_user_is_found_out_before_the_start),
      TEST(a_spawn_is_as_the_user_with_the_limits),
      TEST(its_own_environment_goes_over_that_of_its_user),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
