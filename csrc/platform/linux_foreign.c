/* Processes that somebody else started: what can still be known of them. */
#include "platform/platform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux_stat.h"

uint64_t zpm_platform_start_ticks(int pid)
{
  struct zpm_stat stat;

  if (zpm_stat_read(AT_FDCWD, pid, &stat) != 0 || stat.state == 'Z' ||
      stat.state == 'X')
    return 0;
  return stat.start_ticks;
}

int zpm_platform_parent(int pid)
{
  struct zpm_stat stat;

  return zpm_stat_read(AT_FDCWD, pid, &stat) == 0 ? stat.ppid : 0;
}

/* ---- how it ended ---- */

/* Of <linux/pidfd.h>, which may be older than the kernel that runs. */
struct pidfd_info {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t ids[11];
  int32_t exit_code;
};

_Static_assert(sizeof(struct pidfd_info) == 64, "its first version");

static const uint64_t INFO_EXIT = 1 << 3;

int zpm_platform_exit_status(int watch, int *wait_status)
{
  struct pidfd_info info = {.mask = INFO_EXIT};

  if (ioctl(watch, _IOWR(0xFF, 11, struct pidfd_info), &info) != 0)
    return errno == EAGAIN ? -EPROTO : -errno;
  if ((info.mask & INFO_EXIT) == 0)
    return -EAGAIN;
  *wait_status = info.exit_code;
  return 0;
}

/* ---- its pipes ---- */

/* Opening it anew makes an end of our own; that also works unprivileged, for a
 * process of the same user. */
static int open_pipe(const char *path, uint64_t inode)
{
  struct stat file;
  int fd;

  if (stat(path, &file) != 0 || !S_ISFIFO(file.st_mode) ||
      (uint64_t)file.st_ino != inode)
    return -ENOENT;
  fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

static int search(DIR *folder, const char *path, uint64_t inode)
{
  const struct dirent *entry;
  int found = -ENOENT;

  while (found < 0 && (entry = readdir(folder)) != NULL) {
    char file[64];
    int len = snprintf(file, sizeof(file), "%s/%.20s", path, entry->d_name);

    if (len > 0 && (size_t)len < sizeof(file))
      found = open_pipe(file, inode);
  }
  return found;
}

int zpm_platform_pipe_of(int pid, uint64_t inode)
{
  char path[32];
  DIR *folder;
  int found;

  snprintf(path, sizeof(path), "/proc/%d/fd", pid);
  folder = opendir(path);
  if (folder == NULL)
    return -errno;
  found = search(folder, path, inode);
  closedir(folder);
  return found;
}

/* ---- the system ---- */

const char *zpm_platform_boot_id(char id[ZPM_BOOT_ID_SIZE])
{
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t got = fd >= 0 ? read(fd, id, ZPM_BOOT_ID_SIZE - 1) : 0;

  if (fd >= 0)
    close(fd);
  id[got > 0 ? got : 0] = '\0';
  id[strcspn(id, "\n")] = '\0';
  return id;
}
