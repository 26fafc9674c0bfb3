#include "platform/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FDS_PER_MESSAGE = 16, TRIES = 4 };

/* ---- opening ---- */

/* Everybody on this machine can see the name and send to it; who it comes from
 * is what counts. */
static int bind_somewhere(int fd, char name[ZPM_NOTIFY_SOCKET_NAME_SIZE])
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  uint64_t number;
  size_t len;

  if (getrandom(&number, sizeof(number), GRND_NONBLOCK) !=
      (ssize_t)sizeof(number))
    return -EAGAIN;
  snprintf(name, ZPM_NOTIFY_SOCKET_NAME_SIZE, "@zpm/notify/%016" PRIx64,
           number);
  len = strlen(name);
  memcpy(address.sun_path + 1, name + 1, len - 1);
  if (bind(fd, (struct sockaddr *)&address,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0)
    return -errno;
  return 0;
}

int zpm_notify_open(int *fd, char name[ZPM_NOTIFY_SOCKET_NAME_SIZE])
{
  const int on = 1;
  int rc = -EADDRINUSE;

  *fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (*fd < 0)
    return -errno;
  if (setsockopt(*fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0)
    rc = -errno;
  for (int i = 0; i < TRIES && rc == -EADDRINUSE; i++)
    rc = bind_somewhere(*fd, name);
  if (rc != 0) {
    close(*fd);
    *fd = -1;
  }
  return rc;
}

/* ---- receiving ---- */

static void close_all(const struct cmsghdr *part)
{
  for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part->cmsg_len;
       at += sizeof(int)) {
    int fd;

    memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
    close(fd);
  }
}

/* The user that it comes from, as the kernel vouches; -1: it does not. */
static int64_t read_control(struct msghdr *message)
{
  int64_t uid = -1;

  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
       part = CMSG_NXTHDR(message, part)) {
    struct ucred from;

    if (part->cmsg_level != SOL_SOCKET)
      continue;
    if (part->cmsg_type == SCM_RIGHTS)
      close_all(part);
    if (part->cmsg_type != SCM_CREDENTIALS)
      continue;
    memcpy(&from, CMSG_DATA(part), sizeof(from));
    uid = (int64_t)from.uid;
  }
  return uid;
}

static bool is_trusted(int64_t uid, int pid)
{
  char path[32];
  struct stat found;

  if (uid == (int64_t)geteuid())
    return true;
  snprintf(path, sizeof(path), "/proc/%d", pid);
  return uid >= 0 && pid > 0 && stat(path, &found) == 0 &&
         uid == (int64_t)found.st_uid;
}

int zpm_notify_receive(int fd, int pid, char message[ZPM_NOTIFY_MESSAGE_MAX])
{
  _Alignas(
      struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred)) +
                                   CMSG_SPACE(FDS_PER_MESSAGE * sizeof(int))];
  struct iovec part = {.iov_base = message, .iov_len = ZPM_NOTIFY_MESSAGE_MAX};
  struct msghdr header = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof(control)};
  ssize_t got;
  int64_t uid;

  do {
    got = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0)
    return -errno;
  uid = read_control(&header);
  if ((header.msg_flags & MSG_TRUNC) != 0 || !is_trusted(uid, pid))
    return 0;
  return (int)got;
}

/* ---- telling ---- */

/* A path, or "@..." for a name that is in no folder.  Its length, or 0. */
static socklen_t parse_name(const char *name, struct sockaddr_un *address)
{
  size_t len = strlen(name);

  if ((name[0] != '/' && name[0] != '@') || len < 2 ||
      len >= sizeof(address->sun_path))
    return 0;
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  memcpy(address->sun_path, name, len);
  if (name[0] == '@')
    address->sun_path[0] = '\0';
  else
    len++; /* its NUL belongs to a path */
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

int zpm_notify_tell(const char *message)
{
  const char *name = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address;
  socklen_t len;
  int rc = 0;
  int fd;

  if (name == NULL || name[0] == '\0')
    return 0;
  len = parse_name(name, &address);
  if (len == 0)
    return -EINVAL;
  fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -errno;
  if (sendto(fd, message, strlen(message), MSG_NOSIGNAL,
             (const struct sockaddr *)&address, len) < 0)
    rc = -errno;
  close(fd);
  return rc;
}
