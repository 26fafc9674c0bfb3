#include "platform/platform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int read_number(const char *path, uint64_t *number)
{
  FILE *file = fopen(path, "re");
  char text[32] = "";
  char *end;

  if (file == NULL)
    return -errno;
  if (fgets(text, sizeof(text), file) == NULL)
    text[0] = '\0';
  fclose(file);
  *number = strtoull(text, &end, 10);
  return end != text ? 0 : -EINVAL;
}

int zpm_platform_watch_limits(uint64_t *folders, uint64_t *watchers)
{
  int rc = read_number("/proc/sys/fs/inotify/max_user_watches", folders);

  return rc != 0
             ? rc
             : read_number("/proc/sys/fs/inotify/max_user_instances", watchers);
}
