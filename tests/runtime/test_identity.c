#include "runtime/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config.h"
#include "keeper/wire.h"

enum { NOBODY = 65534, GUEST = 424242 };

struct place {
  struct zpm_config config;
  struct zpm_identity identity;
  struct zpm_error err;
};

static int setup(void **state)
{
  static struct place place;

  place = (struct place){0};
  place.config.uid = ZPM_ID_KEEP;
  place.config.gid = ZPM_ID_KEEP;
  *state = &place;
  return 0;
}

static int teardown(void **state)
{
  struct place *place = *state;

  zpm_identity_deinit(&place->identity);
  return 0;
}

static int resolve(struct place *place)
{
  return zpm_identity_resolve(&place->identity, &place->config, &place->err);
}

static void call(struct place *place, char *name)
{
  place->config.user = name;
}

static void expect_ids(struct place *place, int uid, int gid)
{
  if (resolve(place) != 0)
    fail_msg("%s", place->err.message);
  assert_int_equal(place->identity.uid, uid);
  assert_int_equal(place->identity.gid, gid);
}

static void expect_refusal(struct place *place, const char *message)
{
  assert_int_equal(resolve(place), ZPM_ESTART);
  assert_string_equal(place->err.message, message);
}

/* ---- whoever we are ---- */

static void who_asks_for_nothing_stays_who_we_are(void **state)
{
  struct place *place = *state;
  struct zpm_strv env = {0};

  expect_ids(place, ZPM_SPEC_KEEP, ZPM_SPEC_KEEP);
  assert_int_equal(zpm_identity_put_env(&place->identity, &env), 0);
  assert_int_equal(env.len, 0);
}

static void an_unknown_user_is_refused(void **state)
{
  struct place *place = *state;
  char name[] = "no-such-user";

  call(place, name);
  expect_refusal(place, "there is no user 'no-such-user' on this machine. "
                        "Check user (--user)");
}

static void an_unknown_uid_is_refused(void **state)
{
  struct place *place = *state;

  place->config.uid = GUEST;
  expect_refusal(place, "there is no user with the uid 424242 on this machine. "
                        "Check it, or give its gid, too");
}

/* ---- root ---- */

static void a_user_comes_with_its_groups_and_home(void **state)
{
  struct place *place = *state;
  struct zpm_strv env = {0};
  char name[] = "nobody";

  call(place, name);
  expect_ids(place, NOBODY, NOBODY);
  assert_true(place->identity.group_count >= 1);
  assert_int_equal(place->identity.groups[0], NOBODY);
  assert_int_equal(zpm_strv_env_set(&env, "HOME", "/root"), 0);
  assert_int_equal(zpm_identity_put_env(&place->identity, &env), 0);
  assert_string_equal(zpm_strv_env_get(&env, "USER"), "nobody");
  assert_string_equal(zpm_strv_env_get(&env, "LOGNAME"), "nobody");
  assert_string_equal(zpm_strv_env_get(&env, "HOME"), place->identity.home);
  assert_string_not_equal(place->identity.home, "/root");
  zpm_strv_deinit(&env);
}

static void a_uid_or_its_digits_will_do(void **state)
{
  struct place *place = *state;
  char digits[] = "65534";

  place->config.uid = NOBODY;
  expect_ids(place, NOBODY, NOBODY);
  assert_string_equal(place->identity.name, "nobody");
  zpm_identity_deinit(&place->identity);
  place->config.uid = ZPM_ID_KEEP;
  call(place, digits);
  expect_ids(place, NOBODY, NOBODY);
  assert_string_equal(place->identity.name, "nobody");
}

static void a_group_that_is_given_takes_the_place_of_its_own(void **state)
{
  struct place *place = *state;
  char name[] = "nobody";

  call(place, name);
  place->config.gid = GUEST;
  expect_ids(place, NOBODY, GUEST);
  for (size_t i = 0; i < place->identity.group_count; i++)
    assert_int_not_equal(place->identity.groups[i], NOBODY);
  assert_int_equal(place->identity.groups[0], GUEST);
}

static void a_uid_without_a_name_needs_a_group(void **state)
{
  struct place *place = *state;

  place->config.uid = GUEST;
  place->config.gid = GUEST + 1;
  expect_ids(place, GUEST, GUEST + 1);
  assert_int_equal(place->identity.group_count, 1);
  assert_int_equal(place->identity.groups[0], GUEST + 1);
  assert_string_equal(place->identity.name, "424242");
  assert_string_equal(place->identity.home, "/");
}

static void root_is_had_by_name_only(void **state)
{
  struct place *place = *state;
  char name[] = "root";

  call(place, name);
  expect_ids(place, 0, 0);
  zpm_identity_deinit(&place->identity);
  place->config.user = NULL;
  place->config.gid = GUEST;
  expect_refusal(place, "gid 424242 alone would leave the app root. Say which "
                        "user it runs as, too (user or uid)");
}

static void pipes_are_given_and_nothing_else(void **state)
{
  struct place *place = *state;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int fds[3];
  struct stat file;

  place->identity.uid = NOBODY;
  place->identity.gid = GUEST;
  assert_int_equal(pipe(fds), 0);
  fds[2] = null;
  zpm_identity_give(&place->identity, fds, 3);
  assert_int_equal(fstat(fds[1], &file), 0);
  assert_int_equal(file.st_uid, NOBODY);
  assert_int_equal(file.st_gid, GUEST);
  assert_int_equal(fstat(null, &file), 0);
  assert_int_equal(file.st_uid, 0);
  for (int i = 0; i < 3; i++)
    close(fds[i]);
}

/* ---- not root ---- */

/* In a process of its own: what it says, or "" if it stays who it is. */
static void ask_as_nobody(struct place *place, char *answer, size_t size)
{
  int ends[2];
  pid_t pid;
  ssize_t len;

  assert_int_equal(pipe(ends), 0);
  pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    bool left = geteuid() != 0 || (setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
    int rc = left ? resolve(place) : -1;

    if (rc == 0 && place->identity.uid != ZPM_SPEC_KEEP)
      strcpy(place->err.message, "it would change");
    _exit(write(ends[1], place->err.message, strlen(place->err.message)) < 0);
  }
  close(ends[1]);
  len = read(ends[0], answer, size - 1);
  assert_true(len >= 0);
  answer[len] = '\0';
  close(ends[0]);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void who_is_not_root_can_have_itself_only(void **state)
{
  struct place *place = *state;
  char nobody[] = "nobody";
  char root[] = "root";
  char answer[sizeof(place->err.message)];

  call(place, nobody);
  ask_as_nobody(place, answer, sizeof(answer));
  assert_string_equal(answer, "");
  call(place, root);
  ask_as_nobody(place, answer, sizeof(answer));
  assert_string_equal(answer,
                      "only root can run an app as 'root': zpm runs with uid "
                      "65534. Start its daemon as root, or as that user");
}

static void who_is_not_root_can_have_its_group_only(void **state)
{
  struct place *place = *state;
  char answer[sizeof(place->err.message)];

  place->config.gid = NOBODY;
  ask_as_nobody(place, answer, sizeof(answer));
  assert_string_equal(answer, "");
  place->config.gid = 0;
  ask_as_nobody(place, answer, sizeof(answer));
  assert_string_equal(answer,
                      "only root can run an app with another group (gid 0): "
                      "zpm runs with gid 65534. Leave gid out");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest of_all[] = {
      TEST(who_asks_for_nothing_stays_who_we_are),
      TEST(an_unknown_user_is_refused),
      TEST(an_unknown_uid_is_refused),
  };
  const struct CMUnitTest of_root[] = {
      TEST(a_user_comes_with_its_groups_and_home),
      TEST(a_uid_or_its_digits_will_do),
      TEST(a_group_that_is_given_takes_the_place_of_its_own),
      TEST(a_uid_without_a_name_needs_a_group),
      TEST(root_is_had_by_name_only),
      TEST(pipes_are_given_and_nothing_else),
      TEST(who_is_not_root_can_have_itself_only),
      TEST(who_is_not_root_can_have_its_group_only),
  };
  int failed = cmocka_run_group_tests(of_all, NULL, NULL);

  if (geteuid() == 0)
    failed += cmocka_run_group_tests(of_root, NULL, NULL);
  return failed;
}
