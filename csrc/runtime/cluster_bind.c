#include "runtime/cluster_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un path;
};

/* ---- by number ---- */

static bool is_udp(const struct zpm_place *place)
{
  return place->type == ZPM_ADDRESS_UDP4 || place->type == ZPM_ADDRESS_UDP6;
}

static int set_options(int fd, const struct zpm_place *place, bool is_v6)
{
  const int on = 1;
  int only_v6 = (place->flags & UV_TCP_IPV6ONLY) != 0;
  bool reuse = !is_udp(place) || (place->flags & UV_UDP_REUSEADDR) != 0;

  if (reuse && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
    return -errno;
  if (is_v6 &&
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6)) != 0)
    return -errno;
  return 0;
}

static int bind_to(const union address *address, const struct zpm_place *place)
{
  bool is_v6 = address->any.sa_family == AF_INET6;
  int type = is_udp(place) ? SOCK_DGRAM : SOCK_STREAM;
  int fd =
      socket(address->any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int rc;

  if (fd < 0)
    return -errno;
  rc = set_options(fd, place, is_v6);
  if (rc == 0 && bind(fd, &address->any,
                      is_v6 ? sizeof(address->v6) : sizeof(address->v4)) != 0)
    rc = -errno;
  if (rc == 0)
    return fd;
  close(fd);
  return rc;
}

static int bind_any_v4(const struct zpm_place *place)
{
  union address address = {.v4 = {.sin_family = AF_INET}};

  address.v4.sin_port = htons((uint16_t)place->port);
  return bind_to(&address, place);
}

/* IPv6 and with it IPv4, as Node does; where there is no IPv6, IPv4. */
static int bind_any(const struct zpm_place *place)
{
  union address address = {.v6 = {.sin6_family = AF_INET6}};
  int fd;

  if (place->type == ZPM_ADDRESS_UDP4)
    return bind_any_v4(place);
  address.v6.sin6_port = htons((uint16_t)place->port);
  address.v6.sin6_addr = in6addr_any;
  fd = bind_to(&address, place);
  if (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL)
    return fd;
  return bind_any_v4(place);
}

static int bind_number(const struct zpm_place *place)
{
  bool is_v6 =
      place->type == ZPM_ADDRESS_TCP6 || place->type == ZPM_ADDRESS_UDP6;
  union address address = {0};
  int rc;

  if (place->address[0] == '\0')
    return bind_any(place);
  rc = is_v6 ? uv_ip6_addr(place->address, place->port, &address.v6)
             : uv_ip4_addr(place->address, place->port, &address.v4);
  return rc != 0 ? rc : bind_to(&address, place);
}

/* ---- by path ---- */

/* Left by somebody who is gone: nobody listens there any more. */
static bool is_stale(const union address *address)
{
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool stale;

  if (fd < 0)
    return false;
  stale = connect(fd, &address->any, sizeof(address->path)) != 0 &&
          errno == ECONNREFUSED;
  close(fd);
  return stale;
}

static int bind_there(int fd, const union address *address)
{
  const char *path = address->path.sun_path;

  if (bind(fd, &address->any, sizeof(address->path)) == 0)
    return 0;
  if (errno != EADDRINUSE || !is_stale(address))
    return -errno;
  unlink(path);
  return bind(fd, &address->any, sizeof(address->path)) == 0 ? 0 : -errno;
}

/* As Node: readableAll and writableAll are for everybody. */
static int open_for_others(const struct zpm_place *place, const char *path)
{
  struct stat file;
  mode_t mode = 0;

  if (place->readable_all)
    mode |= S_IRUSR | S_IRGRP | S_IROTH;
  if (place->writable_all)
    mode |= S_IWUSR | S_IWGRP | S_IWOTH;
  if (mode == 0)
    return 0;
  if (stat(path, &file) != 0 ||
      chmod(path, (file.st_mode & (mode_t)~S_IFMT) | mode) != 0)
    return -errno;
  return 0;
}

char *zpm_cluster_path(const struct zpm_place *place, const char *cwd)
{
  struct zpm_str path = {0};
  bool relative = place->address[0] != '/';
  int rc = 0;

  if (place->type != ZPM_ADDRESS_PATH)
    return NULL;
  if (relative)
    rc = zpm_str_printf(&path, "%s/", cwd);
  if (rc == 0)
    rc = zpm_str_puts(&path, place->address);
  if (rc == 0)
    return path.data;
  zpm_str_deinit(&path);
  return NULL;
}

static int bind_path(const char *where, const struct zpm_place *place)
{
  union address address = {.path = {.sun_family = AF_UNIX}};
  int fd;
  int rc;

  if (strlen(where) >= sizeof(address.path.sun_path))
    return UV_ENAMETOOLONG;
  memcpy(address.path.sun_path, where, strlen(where) + 1);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -errno;
  rc = bind_there(fd, &address);
  if (rc == 0)
    rc = open_for_others(place, where);
  if (rc == 0)
    return fd;
  close(fd);
  return rc;
}

int zpm_cluster_bind(const struct zpm_place *place, const char *cwd,
                     char **path)
{
  *path = NULL;
  if (place->type == ZPM_ADDRESS_FD || place->fd >= 0)
    return UV_EBADF; /* it would be a descriptor of ours */
  if (place->type == ZPM_ADDRESS_PATH) {
    int fd;

    *path = zpm_cluster_path(place, cwd);
    fd = *path != NULL ? bind_path(*path, place) : UV_ENOMEM;
    if (fd < 0) {
      zpm_free(*path);
      *path = NULL;
    }
    return fd;
  }
  if (place->port < 0)
    return UV_EINVAL;
  return bind_number(place);
}
