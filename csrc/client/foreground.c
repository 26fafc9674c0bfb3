#include "client/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "client/environ.h"
#include "client/right.h"
#include "platform/paths.h"

/* ---- becoming the keeper ---- */

/* Our service manager is the one of the daemon now. */
static bool is_for_daemon(const char *pair)
{
  static const char MANAGER[] = "NOTIFY_SOCKET=";

  return !zpm_environ_is_private(pair) ||
         strncmp(pair, MANAGER, sizeof(MANAGER) - 1) == 0;
}

static int make_environment(struct zpm_strv *env)
{
  int rc = 0;

  for (char **pair = environ; rc == 0 && *pair != NULL; pair++) {
    if (is_for_daemon(*pair))
      rc = zpm_strv_push(env, *pair);
  }
  return rc;
}

/* Words of the daemon; `words` ends with NULL. */
static int make_argv(struct zpm_strv *argv, const char *const *words)
{
  int rc = 0;

  for (; rc == 0 && *words != NULL; words++)
    rc = zpm_strv_push(argv, *words);
  return rc;
}

static int become_keeper(const char *keeper, const char *const *words,
                         const char *home, struct zpm_error *err)
{
  struct zpm_strv argv = {0};
  struct zpm_strv env = {0};
  int rc = make_argv(&argv, words);

  if (rc == 0)
    rc = make_environment(&env);
  if (rc == 0 && home != NULL)
    rc = zpm_strv_env_set(&env, "ZPM_HOME", home);
  if (rc == 0) {
    execve(keeper, argv.items, env.items);
    rc = zpm_error_set(err, ZPM_EDAEMON, "cannot run %s: %s", keeper,
                       strerror(errno));
  } else {
    zpm_error_set(err, rc, "out of memory");
  }
  zpm_strv_deinit(&argv);
  zpm_strv_deinit(&env);
  return rc;
}

/* ---- as a service ---- */

/* The log becomes standard error, as it is whenever a daemon is started; back
 * again if nothing comes of it. */
static int run_with_log(const struct zpm_paths *paths, int log,
                        const char *zpm_path, const char *keeper,
                        struct zpm_error *err)
{
  const char *const words[] = {keeper,        "--",        zpm_path, "daemon",
                               "--namespace", paths->name, NULL};
  int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  int rc;

  if (chdir(paths->folder) != 0 || dup2(log, STDERR_FILENO) < 0)
    return zpm_error_set(err, ZPM_EDAEMON, "cannot use %s: %s", paths->folder,
                         strerror(errno));
  rc = become_keeper(keeper, words, paths->home, err);
  if (before >= 0)
    dup2(before, STDERR_FILENO);
  return rc;
}

/* One that is leaving, or is being started again, is waited for. */
static int win(const struct zpm_client_options *options,
               const struct zpm_paths *paths, const struct zpm_right *right,
               struct zpm_error *err)
{
  if (zpm_right_win(right))
    return 0;
  if (!zpm_client_daemon_runs(options) && zpm_right_win(right))
    return 0;
  return zpm_error_set(err, ZPM_EBUSY,
                       "a daemon of namespace '%s' runs already, outside of "
                       "this service, and goes on. To let the service have it: "
                       "zpm kill-daemon, then start the service",
                       paths->name);
}

static int serve(const struct zpm_client_options *options,
                 const struct zpm_paths *paths, struct zpm_error *err)
{
  struct zpm_str keeper = {0};
  struct zpm_right right = {-1, -1};
  int rc = zpm_paths_sibling(&keeper, options->zpm_path, "zpm-keeper",
                             "ZPM_KEEPER", err);

  if (rc == 0)
    rc = zpm_right_open(paths, &right, err);
  if (rc == 0)
    rc = win(options, paths, &right, err);
  if (rc == 0)
    rc = run_with_log(paths, right.log, options->zpm_path, keeper.data, err);
  zpm_right_close(&right);
  zpm_str_deinit(&keeper);
  return rc;
}

int zpm_foreground_service(const struct zpm_client_options *options,
                           struct zpm_error *err)
{
  struct zpm_paths paths;
  int rc = zpm_paths_init(&paths, options->home, options->namespace_name, err);

  if (rc != 0)
    return rc;
  rc = serve(options, &paths, err);
  zpm_paths_deinit(&paths);
  return rc;
}

/* ---- for one app ---- */

int zpm_foreground_run(const char *zpm_path, const char *folder,
                       struct zpm_error *err)
{
  struct zpm_str keeper = {0};
  int rc =
      zpm_paths_sibling(&keeper, zpm_path, "zpm-keeper", "ZPM_KEEPER", err);

  if (rc == 0) {
    const char *const words[] = {keeper.data, "--foreground", "--",   zpm_path,
                                 "daemon",    "--run",        folder, NULL};

    rc = become_keeper(keeper.data, words, NULL, err);
  }
  zpm_str_deinit(&keeper);
  return rc;
}
