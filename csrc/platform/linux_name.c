/* What a process is called. */
#include "platform/platform.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "platform/linux_stat.h"

void zpm_platform_name(int pid, char *name, size_t size)
{
  char path[ZPM_PROC_PATH_MAX];
  int fd =
      open(zpm_proc_path(path, "/proc/", pid, "/comm"), O_RDONLY | O_CLOEXEC);
  ssize_t len = fd >= 0 ? read(fd, name, size - 1) : -1;

  if (fd >= 0)
    close(fd);
  if (len <= 0) {
    snprintf(name, size, "?");
    return;
  }
  if (name[len - 1] == '\n')
    len--;
  name[len] = '\0';
  for (ssize_t i = 0; i < len; i++) {
    if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
      name[i] = '?';
  }
}
