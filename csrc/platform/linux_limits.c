#include "platform/platform.h"

#include <errno.h>
#include <stdio.h>

static int read_number(const char *path, uint64_t *number)
{
  FILE *file = fopen(path, "re");
  unsigned long long value;
  int got;

  if (file == NULL)
    return -errno;
  got = fscanf(file, "%llu", &value);
  fclose(file);
  if (got != 1)
    return -EINVAL;
  *number = value;
  return 0;
}

int zpm_platform_watch_limits(uint64_t *folders, uint64_t *watchers)
{
  int rc = read_number("/proc/sys/fs/inotify/max_user_watches", folders);

  return rc != 0
             ? rc
             : read_number("/proc/sys/fs/inotify/max_user_instances", watchers);
}
