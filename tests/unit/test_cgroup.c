#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/cgroup.h"
#include "core/left_text.h"
#include "zpm/error.h"

static const char UNIFIED[] =
    "22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
    "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsd\n"
    "31 22 0:27 / /sys/fs/pstore rw - pstore pstore rw\n";

static const char HYBRID[] =
    "30 22 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
    "33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "34 30 0:30 / /sys/fs/cgroup/unified rw master:2 - cgroup2 cgroup2 rw\n";

static const char *folder_of(const char *mounts, const char *groups,
                             const char *controller)
{
  static char text[256];
  struct zpm_str folder = {0};
  int rc = zpm_cgroup_folder(mounts, groups, controller, &folder);

  snprintf(text, sizeof(text), "%s", rc == 0 ? zpm_str_text(&folder) : "none");
  assert_true(rc == 0 || rc == ZPM_EUNSUPPORTED);
  zpm_str_deinit(&folder);
  return text;
}

static void the_group_of_a_service_is_below_the_mount(void **state)
{
  (void)state;
  assert_string_equal(
      folder_of(UNIFIED, "0::/user.slice/user-1000.slice/a.service\n", NULL),
      "/sys/fs/cgroup/user.slice/user-1000.slice/a.service");
}

static void the_topmost_group_is_the_mount(void **state)
{
  (void)state;
  assert_string_equal(folder_of(UNIFIED, "0::/\n", NULL), "/sys/fs/cgroup");
  assert_string_equal(folder_of(UNIFIED, "0::/", NULL), "/sys/fs/cgroup");
}

static void both_versions_are_found_side_by_side(void **state)
{
  static const char GROUPS[] = "5:cpu,cpuacct:/x\n4:memory:/api/1\n0::/y z\n";

  (void)state;
  assert_string_equal(folder_of(HYBRID, GROUPS, NULL),
                      "/sys/fs/cgroup/unified/y z");
  assert_string_equal(folder_of(HYBRID, GROUPS, "memory"),
                      "/sys/fs/cgroup/memory/api/1");
  assert_string_equal(folder_of(HYBRID, GROUPS, "cpuacct"),
                      "/sys/fs/cgroup/cpu/x");
  assert_string_equal(folder_of(HYBRID, GROUPS, "pids"), "none");
  assert_string_equal(folder_of(HYBRID, GROUPS, "cpu,cpuacct"), "none");
}

/* A container that sees the host's groups, but only its own part mounted. */
static void a_part_that_is_mounted_is_cut_off_the_path(void **state)
{
  static const char PART[] =
      "30 22 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n";

  (void)state;
  assert_string_equal(folder_of(PART, "0::/docker/abc\n", NULL),
                      "/sys/fs/cgroup");
  assert_string_equal(folder_of(PART, "0::/docker/abc/app\n", NULL),
                      "/sys/fs/cgroup/app");
  assert_string_equal(folder_of(PART, "0::/docker/abcd\n", NULL), "none");
  assert_string_equal(folder_of(PART, "0::/docker\n", NULL), "none");
}

static void a_group_outside_of_what_can_be_seen_is_none(void **state)
{
  (void)state;
  assert_string_equal(folder_of(UNIFIED, "0::/../other\n", NULL), "none");
  assert_string_equal(folder_of(UNIFIED, "4:memory:/x\n", NULL), "none");
  assert_string_equal(folder_of("", "0::/\n", NULL), "none");
  assert_string_equal(folder_of(UNIFIED, "", NULL), "none");
}

static const char *below(const char *cgroups)
{
  static char name[8];

  return zpm_cgroup_below(cgroups, "zpm-", name, sizeof(name)) ? name : "none";
}

static void the_group_of_a_run_is_known_by_the_one_above_it(void **state)
{
  (void)state;
  assert_string_equal(below("4:memory:/zpm-9/8\n0::/zpm-1/7\n"), "7");
  assert_string_equal(below("0::/a.slice/zpm-1/1234567/own/x\n"), "1234567");
  assert_string_equal(below("0::/a.slice/zpm-1/12345678\n"), "none");
  assert_string_equal(below("0::/a.slice/zpm-1\n"), "none");
  assert_string_equal(below("0::/a.slice/zpm-1/\n"), "none");
  assert_string_equal(below("0::/zpm/7\n"), "none");
  assert_string_equal(below("0::/\n"), "none");
  assert_string_equal(below("4:memory:/zpm-9/8\n"), "none");
  assert_string_equal(below(""), "none");
}

static void torn_text_is_none(void **state)
{
  (void)state;
  assert_string_equal(folder_of("30 22\n - \n- cgroup2", "0\n0:\n::", NULL),
                      "none");
  assert_string_equal(folder_of("a b c d e - cgroup2", "0::/x", NULL), "none");
  assert_string_equal(
      folder_of("a b c / /m\\040x - cgroup2 c rw", "0::/x", NULL), "none");
  assert_string_equal(folder_of("a b c / /m - cgroup2", "0::/x", NULL), "/m/x");
}

static void figures_are_found_by_their_whole_name(void **state)
{
  static const char EVENTS[] = "oom 3\noom_kill 12\noom_group_kill 4\n";

  (void)state;
  assert_int_equal(zpm_cgroup_number(EVENTS, "oom"), 3);
  assert_int_equal(zpm_cgroup_number(EVENTS, "oom_kill"), 12);
  assert_int_equal(zpm_cgroup_number(EVENTS, "kill"), 0);
  assert_int_equal(zpm_cgroup_number("oom_kill ", "oom_kill"), 0);
  assert_int_equal(zpm_cgroup_number("", "oom_kill"), 0);
}

/* ---- what is left ---- */

static void what_is_left_is_named_with_its_state(void **state)
{
  struct zpm_left left[] = {{4711, 'D', "node"}, {12, 'S', "sh"}};
  char text[256];

  (void)state;
  assert_non_null(strstr(zpm_left_text(left, 1, 1, text, sizeof(text)),
                         "pid 4711 (node), state D: uninterruptible sleep"));
  assert_non_null(strstr(zpm_left_text(left, 2, 2, text, sizeof(text)),
                         "; pid 12 (sh), state S: sleeping"));
}

static void more_than_can_be_shown_is_counted(void **state)
{
  struct zpm_left left[] = {{1, 'T', "a"}, {2, 'R', "b"}, {3, 'S', "c"}};
  char text[256];

  (void)state;
  assert_string_equal(zpm_left_text(left, 3, 5, text, sizeof(text)),
                      "pid 1 (a), state T: stopped; pid 2 (b), state R: "
                      "running; pid 3 (c), state S: sleeping; and 2 more");
}

static void
without_room_the_text_is_cut_and_without_anything_it_says_so(void **state)
{
  struct zpm_left left[] = {{1, 'T', "a"}, {2, 'R', "b"}};
  char text[12];

  (void)state;
  assert_string_equal(zpm_left_text(left, 2, 3, text, sizeof(text)),
                      "pid 1 (a), ");
  assert_string_equal(zpm_left_text(NULL, 0, 0, text, sizeof(text)),
                      "nothing tha");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_group_of_a_service_is_below_the_mount),
      cmocka_unit_test(the_topmost_group_is_the_mount),
      cmocka_unit_test(both_versions_are_found_side_by_side),
      cmocka_unit_test(a_part_that_is_mounted_is_cut_off_the_path),
      cmocka_unit_test(a_group_outside_of_what_can_be_seen_is_none),
      cmocka_unit_test(the_group_of_a_run_is_known_by_the_one_above_it),
      cmocka_unit_test(torn_text_is_none),
      cmocka_unit_test(figures_are_found_by_their_whole_name),
      cmocka_unit_test(what_is_left_is_named_with_its_state),
      cmocka_unit_test(more_than_can_be_shown_is_counted),
      cmocka_unit_test(
          without_room_the_text_is_cut_and_without_anything_it_says_so),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
