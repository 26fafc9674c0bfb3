#include "daemon/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 511 };

static int fill_address(struct sockaddr_un *address, const char *path)
{
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof(address->sun_path))
    return ENAMETOOLONG;
  memcpy(address->sun_path, path, strlen(path));
  return 0;
}

/* Nobody can connect before listen(), so the file's mode is never too wide. */
static int bind_socket(int fd, const char *path)
{
  struct sockaddr_un address;
  int error = fill_address(&address, path);

  if (error != 0)
    return error;
  if (unlink(path) != 0 && errno != ENOENT)
    return errno;
  if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
      chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0)
    return errno;
  return 0;
}

int zpm_listener_open(const char *path)
{
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  int error;

  if (fd < 0)
    return -errno;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  error = bind_socket(fd, path);
  if (error == 0)
    return fd;
  close(fd);
  return -error;
}
