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

/* ---- heritage ---- */

static int make_words(struct zpm_strv *words, const char *self,
                      const char *namespace_name)
{
  const char *const all[] = {self, "daemon", "--namespace", namespace_name};

  for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
    if (zpm_strv_push(words, all[i]) != 0)
      return ZPM_ENOMEM;
  }
  return 0;
}

int zpm_home_heritage(struct zpm_heritage *heritage, const char *namespace_name,
                      struct zpm_error *err)
{
  struct zpm_str self = {0};
  int rc = zpm_platform_executable(&self);

  if (rc != 0)
    return zpm_error_set(err, rc, "the path of this program is not known");
  if (zpm_paths_agent(&heritage->agent, self.data) != 0)
    zpm_str_deinit(&heritage->agent);
  rc = zpm_paths_sibling(&heritage->keeper, self.data, "zpm-keeper",
                         "ZPM_KEEPER", err);
  if (rc == 0 && make_words(&heritage->daemon, self.data, namespace_name) != 0)
    rc = zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  zpm_str_deinit(&self);
  return rc;
}

void zpm_heritage_deinit(struct zpm_heritage *heritage)
{
  zpm_str_deinit(&heritage->keeper);
  zpm_str_deinit(&heritage->agent);
  zpm_strv_deinit(&heritage->daemon);
}
