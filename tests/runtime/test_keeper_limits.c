/* What the keeper changes for a child: its limits, its user. */
#include "runtime/keeper_fixture.h"

#include <sys/resource.h>

#include "core/config.h"

enum { NOBODY = 65534, GUEST = 4242 };

struct place {
  struct keeper keeper;
  struct zpm_config config;
  char *argv[4];
  struct zpm_spawn spawn;
  uint64_t id;
};

static int setup(void **state)
{
  struct place *place = calloc(1, sizeof(*place));

  assert_non_null(place);
  place->config.umask = ZPM_UMASK_KEEP;
  place->config.nice = ZPM_NICE_KEEP;
  start_keeper(&place->keeper);
  meet_daemon(&place->keeper);
  *state = place;
  return 0;
}

static int teardown(void **state)
{
  struct place *place = *state;

  quit_keeper(&place->keeper);
  free(place);
  return 0;
}

static void script(struct place *place, const char *text)
{
  place->spawn = shell(place->argv, text);
  place->spawn.limits = &place->config;
}

static void limit(struct place *place, enum zpm_rlimit_kind kind, uint64_t soft,
                  uint64_t hard)
{
  place->config.rlimits.given |= 1u << kind;
  place->config.rlimits.of[kind] = (struct zpm_rlimit){soft, hard};
}

/* Runs it to its end; it says one line. */
static void expect_line(struct place *place, const char *expected)
{
  char line[256] = "";
  struct app app = order_spawn(&place->keeper, ++place->id, &place->spawn);

  assert_true(expect(&place->keeper, ZPM_WIRE_SPAWNED, place->id).a > 0);
  read_line(app.out, line, sizeof(line));
  assert_string_equal(line, expected);
  expect(&place->keeper, ZPM_WIRE_EXIT, place->id);
  order(&place->keeper, ZPM_WIRE_ACK, place->id);
  close_app(&app);
}

static void expect_failure(struct place *place, int stage, int error)
{
  struct app app = order_spawn(&place->keeper, ++place->id, &place->spawn);
  struct zpm_spawn_failure failure = exec_failure(&app);

  assert_int_equal(failure.stage, stage);
  assert_int_equal(failure.error, error);
  assert_true(expect(&place->keeper, ZPM_WIRE_SPAWNED, place->id).a > 0);
  expect(&place->keeper, ZPM_WIRE_EXIT, place->id);
  order(&place->keeper, ZPM_WIRE_ACK, place->id);
  close_app(&app);
}

static void umask_and_nice_are_those_of_the_config(void **state)
{
  struct place *place = *state;

  script(place, "echo $(umask) $(nice)");
  place->config.umask = 077;
  place->config.nice = 5;
  expect_line(place, "0077 5");
  place->config.umask = 0;
  place->config.nice = 19;
  expect_line(place, "0000 19");
}

static void what_is_not_given_stays(void **state)
{
  struct place *place = *state;
  mode_t mask = umask(022);
  char expected[64];

  umask(mask);
  snprintf(expected, sizeof(expected), "%04o %d", (unsigned)mask,
           getpriority(PRIO_PROCESS, 0));
  script(place, "echo $(umask) $(nice)");
  expect_line(place, expected);
  place->spawn.limits = NULL;
  expect_line(place, expected);
}

static void limits_are_soft_and_hard(void **state)
{
  struct place *place = *state;

  script(place, "echo $(ulimit -Sn) $(ulimit -Hn) $(ulimit -Sc) $(ulimit -Hc) "
                "$(ulimit -Sf)");
  limit(place, ZPM_RLIMIT_NOFILE, 64, 128);
  limit(place, ZPM_RLIMIT_CORE, 0, 0);
  limit(place, ZPM_RLIMIT_FSIZE, ZPM_RLIMIT_UNLIMITED, ZPM_RLIMIT_UNLIMITED);
  expect_line(place, "64 128 0 0 unlimited");
}

static void a_limit_that_cannot_be_set_is_named(void **state)
{
  struct place *place = *state;

  script(place, "echo never");
  limit(place, ZPM_RLIMIT_STACK, 2, 1);
  expect_failure(place, ZPM_STAGE_RLIMIT + RLIMIT_STACK, EINVAL);
}

/* ---- as another user ---- */

static void as(struct place *place, int uid, int gid, const uint32_t *groups,
               size_t count)
{
  place->spawn.uid = uid;
  place->spawn.gid = gid;
  place->spawn.groups = groups;
  place->spawn.group_count = count;
}

static void the_user_and_all_its_groups_are_set_for_good(void **state)
{
  static const uint32_t GROUPS[] = {GUEST, GUEST + 1};
  struct place *place = *state;

  script(place, "echo $(grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status)");
  as(place, NOBODY, GUEST, GROUPS, 2);
  expect_line(place, "Uid: 65534 65534 65534 65534 Gid: 4242 4242 4242 4242 "
                     "Groups: 4242 4243 CapEff: 0000000000000000");
}

static void a_user_without_groups_keeps_none_of_root(void **state)
{
  struct place *place = *state;

  script(place, "echo $(grep -E '^(Gid|Groups)' /proc/self/status)");
  as(place, NOBODY, GUEST, NULL, 0);
  expect_line(place, "Gid: 4242 4242 4242 4242 Groups:");
}

static void what_takes_root_is_done_before_it_is_left(void **state)
{
  struct place *place = *state;

  script(place, "echo $(nice) $(umask)");
  as(place, NOBODY, GUEST, NULL, 0);
  place->config.nice = -3;
  place->config.umask = 027;
  expect_line(place, "-3 0027");
}

static void what_only_root_may_enter_or_read_is_refused(void **state)
{
  struct place *place = *state;
  char folder[128];
  char file[160];

  snprintf(folder, sizeof(folder), "%s/private", place->keeper.folder);
  snprintf(file, sizeof(file), "%s/script.js", folder);
  assert_int_equal(mkdir(folder, 0700), 0);
  close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  script(place, "echo read");
  place->spawn.script = file;
  expect_line(place, "read");
  as(place, NOBODY, GUEST, NULL, 0);
  expect_failure(place, ZPM_STAGE_SCRIPT, EACCES);
  place->spawn.cwd = folder;
  expect_failure(place, ZPM_STAGE_CWD, EACCES);
  unlink(file);
  rmdir(folder);
}

static void who_is_not_root_becomes_nobody_else(void **state)
{
  struct place *place = *state;

  script(place, "echo never");
  as(place, NOBODY, GUEST, NULL, 0);
  expect_failure(place, ZPM_STAGE_USER, EPERM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
  const struct CMUnitTest of_all[] = {
      TEST(umask_and_nice_are_those_of_the_config),
      TEST(what_is_not_given_stays),
      TEST(limits_are_soft_and_hard),
      TEST(a_limit_that_cannot_be_set_is_named),
  };
  const struct CMUnitTest of_root[] = {
      TEST(the_user_and_all_its_groups_are_set_for_good),
      TEST(a_user_without_groups_keeps_none_of_root),
      TEST(what_takes_root_is_done_before_it_is_left),
      TEST(what_only_root_may_enter_or_read_is_refused),
  };
  const struct CMUnitTest of_others[] = {
      TEST(who_is_not_root_becomes_nobody_else),
  };
  int failed;

  if (argc == 3 && strcmp(argv[1], "--daemon") == 0)
    return run_test_daemon(argv[2]);
  failed = cmocka_run_group_tests(of_all, NULL, NULL);
  failed += geteuid() == 0 ? cmocka_run_group_tests(of_root, NULL, NULL)
                           : cmocka_run_group_tests(of_others, NULL, NULL);
  return failed;
}
