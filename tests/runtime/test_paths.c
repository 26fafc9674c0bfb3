#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/paths.h"
#include "runtime/scratch.h"

enum { NOBODY = 65534 };

static int forget_environment(void **state)
{
  (void)state;
  unsetenv("ZPM_HOME");
  unsetenv("ZPM_NAMESPACE");
  unsetenv("XDG_RUNTIME_DIR");
  setenv("HOME", "/home/somebody", 1);
  return 0;
}

static void init(struct zpm_paths *paths, const char *home, const char *name)
{
  struct zpm_error err = {0};

  assert_int_equal(zpm_paths_init(paths, home, name, &err), 0);
}

static void the_defaults_lie_in_the_home_of_the_user(void **state)
{
  struct zpm_paths paths;

  (void)state;
  init(&paths, NULL, NULL);
  assert_string_equal(paths.home, "/home/somebody/.zpm");
  assert_string_equal(paths.name, "zuz-pm");
  assert_string_equal(paths.folder, "/home/somebody/.zpm/zuz-pm");
  assert_string_equal(paths.socket, "/home/somebody/.zpm/zuz-pm/zpm.sock");
  assert_string_equal(paths.lock, "/home/somebody/.zpm/zuz-pm/lock");
  assert_string_equal(paths.start_lock,
                      "/home/somebody/.zpm/zuz-pm/start.lock");
  assert_string_equal(paths.log, "/home/somebody/.zpm/zuz-pm/daemon.log");
  assert_string_equal(paths.state, "/home/somebody/.zpm/zuz-pm/state.json");
  assert_string_equal(paths.inflight, "/home/somebody/.zpm/zuz-pm/inflight");
  assert_string_equal(paths.logs, "/home/somebody/.zpm/zuz-pm/logs");
  zpm_paths_deinit(&paths);
}

static void the_environment_moves_them_and_arguments_win(void **state)
{
  struct zpm_paths paths;

  (void)state;
  setenv("ZPM_HOME", "/srv/zpm//", 1);
  setenv("ZPM_NAMESPACE", "blue", 1);
  init(&paths, NULL, NULL);
  assert_string_equal(paths.folder, "/srv/zpm/blue");
  zpm_paths_deinit(&paths);
  init(&paths, "/opt/z", "green");
  assert_string_equal(paths.folder, "/opt/z/green");
  zpm_paths_deinit(&paths);
}

static void empty_means_not_given(void **state)
{
  struct zpm_paths paths;

  (void)state;
  setenv("ZPM_HOME", "", 1);
  setenv("ZPM_NAMESPACE", "", 1);
  init(&paths, "", "");
  assert_string_equal(paths.folder, "/home/somebody/.zpm/zuz-pm");
  zpm_paths_deinit(&paths);
}

static void without_home_the_password_database_is_asked(void **state)
{
  const struct passwd *user = getpwuid(geteuid());
  struct zpm_paths paths;
  char wanted[SCRATCH_MAX];

  (void)state;
  assert_non_null(user);
  unsetenv("HOME");
  snprintf(wanted, sizeof(wanted), "%s/.zpm", user->pw_dir);
  init(&paths, NULL, NULL);
  assert_string_equal(paths.home, wanted);
  zpm_paths_deinit(&paths);
}

static void a_relative_home_is_made_absolute(void **state)
{
  struct zpm_paths paths;
  char cwd[SCRATCH_MAX];
  char wanted[2 * SCRATCH_MAX];

  (void)state;
  assert_non_null(getcwd(cwd, sizeof(cwd)));
  snprintf(wanted, sizeof(wanted), "%s/some/where", cwd);
  setenv("ZPM_HOME", "some/where", 1);
  init(&paths, NULL, NULL);
  assert_string_equal(paths.home, wanted);
  zpm_paths_deinit(&paths);
}

static void a_relative_home_of_the_user_is_made_absolute(void **state)
{
  struct zpm_paths paths;
  char cwd[SCRATCH_MAX];
  char wanted[2 * SCRATCH_MAX];

  (void)state;
  assert_non_null(getcwd(cwd, sizeof(cwd)));
  snprintf(wanted, sizeof(wanted), "%s/me/.zpm", cwd);
  setenv("HOME", "me", 1);
  init(&paths, NULL, NULL);
  assert_string_equal(paths.home, wanted);
  zpm_paths_deinit(&paths);
}

static void a_home_at_the_root_has_no_double_slash(void **state)
{
  struct zpm_paths paths;

  (void)state;
  init(&paths, "/", "x");
  assert_string_equal(paths.home, "/");
  assert_string_equal(paths.folder, "/x");
  zpm_paths_deinit(&paths);
}

static void a_namespace_that_is_no_folder_name_is_refused(void **state)
{
  static const char *const BAD[] = {
      "a/b",
      "..",
      ".",
      "all",
      " a",
      "a ",
      "a\nb",
      "\xc3\xa4",
      "a:b",
      "12345678901234567890123456789012345678901234567890123456789012345"};
  static const char *const GOOD[] = {"a", "a b", "A.b_c-d@e+f", "0"};
  struct zpm_paths paths;
  struct zpm_error err;

  (void)state;
  for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
    err = (struct zpm_error){0};
    assert_int_equal(zpm_paths_init(&paths, "/z", BAD[i], &err), ZPM_EARG);
    assert_non_null(strstr(err.message, "namespace"));
    assert_null(paths.home);
  }
  for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
    init(&paths, "/z", GOOD[i]);
    zpm_paths_deinit(&paths);
  }
}

/* "/" and then `len` - 1 letters. */
static char *long_path(char *path, size_t len)
{
  memset(path, 'l', len);
  path[0] = '/';
  path[len] = '\0';
  return path;
}

static void a_socket_path_is_used_as_long_as_it_fits(void **state)
{
  /* home + "/n/zpm.sock" = 107 bytes and 108 bytes */
  enum { FITS = 107 - 11 };
  struct zpm_paths paths;
  char home[200];
  char prefix[64];

  (void)state;
  init(&paths, long_path(home, FITS), "n");
  assert_int_equal(strlen(paths.socket), 107);
  assert_memory_equal(paths.socket, home, FITS);
  zpm_paths_deinit(&paths);

  init(&paths, long_path(home, FITS + 1), "n");
  snprintf(prefix, sizeof(prefix), "/tmp/zpm-%u-", (unsigned)geteuid());
  assert_memory_equal(paths.socket, prefix, strlen(prefix));
  zpm_paths_deinit(&paths);
}

static void a_short_socket_path_is_the_same_each_time_and_its_own(void **state)
{
  struct zpm_paths one;
  struct zpm_paths again;
  struct zpm_paths other;
  char home[200];

  (void)state;
  setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  long_path(home, 150);
  init(&one, home, "n");
  init(&again, home, "n");
  init(&other, home, "m");
  assert_memory_equal(one.socket, "/run/user/7/zpm-", 16);
  assert_string_equal(one.socket, again.socket);
  assert_string_not_equal(one.socket, other.socket);
  zpm_paths_deinit(&one);
  zpm_paths_deinit(&again);
  zpm_paths_deinit(&other);
}

static void a_useless_runtime_folder_is_passed_over(void **state)
{
  struct zpm_paths paths;
  char home[200];
  char runtime[200];

  (void)state;
  long_path(home, 150);
  setenv("XDG_RUNTIME_DIR", "relative", 1);
  init(&paths, home, "n");
  assert_memory_equal(paths.socket, "/tmp/zpm-", 9);
  zpm_paths_deinit(&paths);
  setenv("XDG_RUNTIME_DIR", long_path(runtime, 120), 1);
  init(&paths, home, "n");
  assert_memory_equal(paths.socket, "/tmp/zpm-", 9);
  zpm_paths_deinit(&paths);
}

/* ---- folders ---- */

static unsigned mode_of(const char *path)
{
  struct stat found;

  assert_int_equal(stat(path, &found), 0);
  assert_true(S_ISDIR(found.st_mode));
  return found.st_mode & 07777;
}

static void preparing_makes_the_way_private_and_may_be_repeated(void **state)
{
  char scratch[SCRATCH_MAX];
  char home[SCRATCH_MAX + 16];
  struct zpm_error err = {0};
  struct zpm_paths paths;

  (void)state;
  assert_non_null(scratch_create(scratch));
  snprintf(home, sizeof(home), "%s/a/b", scratch);
  init(&paths, home, "n");
  assert_int_equal(zpm_paths_prepare(&paths, &err), 0);
  assert_int_equal(zpm_paths_prepare(&paths, &err), 0);
  assert_int_equal(mode_of(paths.home), 0700);
  assert_int_equal(mode_of(paths.folder), 0700);
  assert_int_equal(mode_of(paths.logs), 0700);
  zpm_paths_deinit(&paths);
  scratch_remove(scratch);
}

static void an_open_namespace_is_closed_but_a_given_home_is_left(void **state)
{
  char home[SCRATCH_MAX];
  struct zpm_paths paths;

  (void)state;
  assert_non_null(scratch_create(home));
  init(&paths, home, "n");
  mkdir(paths.folder, 0700);
  chmod(paths.folder, 0755);
  chmod(home, 0755);
  assert_int_equal(zpm_paths_prepare(&paths, NULL), 0);
  assert_int_equal(mode_of(paths.folder), 0700);
  assert_int_equal(mode_of(home), 0755);
  zpm_paths_deinit(&paths);
  scratch_remove(home);
}

static void a_home_that_is_a_file_is_refused(void **state)
{
  struct zpm_error err = {0};
  struct zpm_paths paths;

  (void)state;
  init(&paths, "/dev/null", "n");
  assert_int_equal(zpm_paths_prepare(&paths, &err), -ENOTDIR);
  assert_non_null(strstr(err.message, "/dev/null"));
  zpm_paths_deinit(&paths);
}

static int prepare_as_nobody(const char *home)
{
  struct zpm_paths paths;
  int rc;

  if (geteuid() == 0 && setuid(NOBODY) != 0)
    return 1;
  if (zpm_paths_init(&paths, home, "n", NULL) != 0)
    return 2;
  rc = zpm_paths_prepare(&paths, NULL);
  zpm_paths_deinit(&paths);
  return rc == ZPM_EACCESS ? 0 : 3;
}

static void a_home_of_another_user_is_refused(void **state)
{
  int status = 0;
  pid_t pid;

  (void)state;
  pid = fork();
  if (pid == 0)
    _exit(prepare_as_nobody("/usr"));
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_folder_of_a_short_socket_is_made_and_must_be_real(void **state)
{
  char runtime[SCRATCH_MAX];
  char home[SCRATCH_MAX + 128];
  char folder[SCRATCH_MAX];
  struct zpm_error err = {0};
  struct zpm_paths paths;

  (void)state;
  setenv("TMPDIR", "/tmp", 1); /* short enough for a socket */
  assert_non_null(scratch_create(runtime));
  setenv("XDG_RUNTIME_DIR", runtime, 1);
  snprintf(home, sizeof(home), "%s/%0100d", runtime, 0);
  init(&paths, home, "n");
  snprintf(folder, sizeof(folder), "%s", paths.socket);
  *strrchr(folder, '/') = '\0';
  assert_memory_equal(folder, runtime, strlen(runtime));

  assert_int_equal(symlink("/tmp", folder), 0);
  assert_true(zpm_paths_prepare(&paths, &err) < 0);
  assert_int_equal(unlink(folder), 0);
  assert_int_equal(zpm_paths_prepare(&paths, &err), 0);
  assert_int_equal(mode_of(folder), 0700);
  zpm_paths_deinit(&paths);
  scratch_remove(runtime);
}

/* ---- programs ---- */

static void a_sibling_lies_in_the_same_folder(void **state)
{
  struct zpm_str path = {0};

  (void)state;
  unsetenv("ZPM_TEST_SIBLING");
  assert_int_equal(
      zpm_paths_sibling(&path, "/bin/ls", "sh", "ZPM_TEST_SIBLING", NULL), 0);
  assert_string_equal(path.data, "/bin/sh");
  zpm_str_deinit(&path);
}

static void a_variable_can_name_the_sibling(void **state)
{
  struct zpm_str path = {0};

  (void)state;
  setenv("ZPM_TEST_SIBLING", "/bin/cat", 1);
  assert_int_equal(
      zpm_paths_sibling(&path, "/bin/ls", "sh", "ZPM_TEST_SIBLING", NULL), 0);
  assert_string_equal(path.data, "/bin/cat");
  setenv("ZPM_TEST_SIBLING", ".", 1);
  assert_int_equal(
      zpm_paths_sibling(&path, "/bin/ls", "sh", "ZPM_TEST_SIBLING", NULL), 0);
  assert_int_equal(path.data[0], '/');
  zpm_str_deinit(&path);
}

static void a_missing_sibling_is_told_with_its_path_and_variable(void **state)
{
  struct zpm_error err = {0};
  struct zpm_str path = {0};

  (void)state;
  unsetenv("ZPM_TEST_SIBLING");
  assert_int_equal(zpm_paths_sibling(&path, "/bin/ls", "no-such-program",
                                     "ZPM_TEST_SIBLING", &err),
                   -ENOENT);
  assert_non_null(strstr(err.message, "/bin/no-such-program"));
  assert_non_null(strstr(err.message, "ZPM_TEST_SIBLING"));
  zpm_str_deinit(&path);
}

#define clean(test) cmocka_unit_test_setup(test, forget_environment)

int main(void)
{
  const struct CMUnitTest tests[] = {
      clean(the_defaults_lie_in_the_home_of_the_user),
      clean(the_environment_moves_them_and_arguments_win),
      clean(empty_means_not_given),
      clean(without_home_the_password_database_is_asked),
      clean(a_relative_home_is_made_absolute),
      clean(a_relative_home_of_the_user_is_made_absolute),
      clean(a_home_at_the_root_has_no_double_slash),
      clean(a_namespace_that_is_no_folder_name_is_refused),
      clean(a_socket_path_is_used_as_long_as_it_fits),
      clean(a_short_socket_path_is_the_same_each_time_and_its_own),
      clean(a_useless_runtime_folder_is_passed_over),
      clean(preparing_makes_the_way_private_and_may_be_repeated),
      clean(an_open_namespace_is_closed_but_a_given_home_is_left),
      clean(a_home_that_is_a_file_is_refused),
      clean(a_home_of_another_user_is_refused),
      clean(the_folder_of_a_short_socket_is_made_and_must_be_real),
      clean(a_sibling_lies_in_the_same_folder),
      clean(a_variable_can_name_the_sibling),
      clean(a_missing_sibling_is_told_with_its_path_and_variable),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
