#include "runtime/log_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

int zpm_log_path(char path[ZPM_LOG_PATH_MAX], const char *folder,
                 const char *name, uint32_t part)
{
  int len = part == 0 ? snprintf(path, ZPM_LOG_PATH_MAX, "%s/%s", folder, name)
                      : snprintf(path, ZPM_LOG_PATH_MAX, "%s/%s.%u", folder,
                                 name, (unsigned)part);

  return len > 0 && len < ZPM_LOG_PATH_MAX ? 0 : UV_ENAMETOOLONG;
}

/* Makes the folder of all logs and the app's one; what fails shows at open. */
static void make_folders(char *path, size_t folder_len)
{
  char *slash = strrchr(path, '/');

  path[folder_len] = '\0';
  mkdir(path, 0700);
  path[folder_len] = '/';
  *slash = '\0';
  mkdir(path, 0700);
  *slash = '/';
}

int zpm_log_path_open(const char *folder, const char *name, uint32_t part,
                      int create)
{
  int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
              (create ? O_CREAT : 0);
  char path[ZPM_LOG_PATH_MAX];
  struct stat st;
  int fd;
  int rc = zpm_log_path(path, folder, name, part);

  if (rc < 0)
    return rc;
  fd = open(path, flags, 0600);
  if (fd < 0 && errno == ENOENT && create) {
    make_folders(path, strlen(folder));
    fd = open(path, flags, 0600);
  }
  if (fd < 0)
    return -errno;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
    return fd;
  close(fd);
  return UV_EINVAL;
}

static int move(const char *folder, const char *name, uint32_t from,
                uint32_t to)
{
  char old_path[ZPM_LOG_PATH_MAX];
  char new_path[ZPM_LOG_PATH_MAX];

  if (zpm_log_path(old_path, folder, name, from) < 0 ||
      zpm_log_path(new_path, folder, name, to) < 0)
    return UV_ENAMETOOLONG;
  return rename(old_path, new_path) == 0 ? 0 : -errno;
}

/* Of a time when more parts were kept. */
static void remove_surplus(const char *folder, const char *name, uint32_t part)
{
  char path[ZPM_LOG_PATH_MAX];

  while (zpm_log_path(path, folder, name, part) == 0 && unlink(path) == 0)
    part++;
}

int zpm_log_path_shift(const char *folder, const char *name, uint32_t keep)
{
  char path[ZPM_LOG_PATH_MAX];
  uint32_t last = 1; /* the part that makes room by going, or is free */
  int rc;

  while (last < keep && zpm_log_path(path, folder, name, last) == 0 &&
         access(path, F_OK) == 0)
    last++;
  for (; last > 1; last--)
    move(folder, name, last - 1, last);
  rc = move(folder, name, 0, 1);
  remove_surplus(folder, name, keep + 1);
  return rc == UV_ENOENT ? 0 : rc;
}
