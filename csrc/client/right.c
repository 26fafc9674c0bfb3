#include "client/right.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int open_file(const char *path, int flags, struct zpm_error *err)
{
  int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);

  if (fd < 0)
    return zpm_error_set(err, ZPM_EDAEMON, "cannot open %s: %s", path,
                         strerror(errno));
  return fd;
}

int zpm_right_open(const struct zpm_paths *paths, struct zpm_right *right,
                   struct zpm_error *err)
{
  int rc = zpm_paths_prepare(paths, err);

  *right = (struct zpm_right){-1, -1};
  if (rc != 0)
    return rc;
  right->start = open_file(paths->start_lock, O_RDWR, err);
  if (right->start < 0)
    return right->start;
  right->log = open_file(paths->log, O_WRONLY | O_APPEND, err);
  return right->log < 0 ? right->log : 0;
}

void zpm_right_close(const struct zpm_right *right)
{
  if (right->start >= 0)
    close(right->start);
  if (right->log >= 0)
    close(right->log);
}

bool zpm_right_win(const struct zpm_right *right)
{
  return flock(right->start, LOCK_EX | LOCK_NB) == 0 &&
         flock(right->log, LOCK_EX | LOCK_NB) == 0;
}
