#include "daemon/home.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "platform/platform.h"

static int take_lock(struct zpm_home *home, struct zpm_error *err)
{
  const char *path = home->paths.lock;

  home->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (home->lock < 0)
    return zpm_error_set(err, -errno, "cannot open %s: %s", path,
                         strerror(errno));
  if (flock(home->lock, LOCK_EX | LOCK_NB) == 0)
    return 0;
  if (errno != EWOULDBLOCK)
    return zpm_error_set(err, -errno, "cannot lock %s: %s", path,
                         strerror(errno));
  return zpm_error_set(err, ZPM_EBUSY,
                       "another daemon already runs (namespace %s)",
                       home->paths.name);
}

int zpm_home_take(struct zpm_home *home, const char *folder,
                  const char *namespace_name, struct zpm_error *err)
{
  struct zpm_paths *paths = &home->paths;
  int rc;

  home->lock = -1;
  rc = zpm_paths_init(paths, folder, namespace_name, err);
  if (rc == 0)
    rc = zpm_paths_prepare(paths, err);
  if (rc == 0 && chdir(paths->folder) != 0)
    rc = zpm_error_set(err, -errno, "cannot enter %s: %s", paths->folder,
                       strerror(errno));
  return rc == 0 ? take_lock(home, err) : rc;
}

void zpm_home_leave(struct zpm_home *home)
{
  if (home->lock >= 0)
    close(home->lock);
  home->lock = -1;
  zpm_paths_deinit(&home->paths);
}

int zpm_home_find_agent(struct zpm_str *path)
{
  static const char *const PLACES[] = {"agent.cjs", "../dist/agent.cjs",
                                       "../../dist/agent.cjs"};
  struct zpm_str self = {0};
  int rc = zpm_platform_executable(&self);
  bool found = false;

  for (size_t i = 0; rc == 0 && !found && i < sizeof(PLACES) / sizeof(*PLACES);
       i++)
    found =
        zpm_paths_sibling(path, self.data, PLACES[i], "ZPM_AGENT", NULL) == 0;
  zpm_str_deinit(&self);
  return found ? 0 : ZPM_EIO;
}
