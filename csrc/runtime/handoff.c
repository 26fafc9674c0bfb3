#include "runtime/handoff.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

static bool is_listening(int fd)
{
  int listening = 0;
  socklen_t len = sizeof(listening);

  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 &&
         listening != 0;
}

/* 0: none. */
static uint16_t port_of(int fd, union address *address)
{
  socklen_t len = sizeof(*address);

  *address = (union address){0};
  if (getsockname(fd, &address->any, &len) != 0)
    return 0;
  if (address->any.sa_family == AF_INET)
    return ntohs(address->v4.sin_port);
  return address->any.sa_family == AF_INET6 ? ntohs(address->v6.sin6_port) : 0;
}

bool zpm_handoff_add(struct zpm_handoff *handoff, int fd)
{
  union address address;

  if (handoff->count == ZPM_HANDOFF_MAX || !is_listening(fd) ||
      port_of(fd, &address) == 0) {
    close(fd);
    return false;
  }
  handoff->fds[handoff->count++] = fd;
  return true;
}

bool zpm_handoff_has_port(const struct zpm_handoff *handoff, uint16_t port)
{
  for (size_t i = 0; i < handoff->count; i++) {
    union address address;

    if (port_of(handoff->fds[i], &address) == port)
      return true;
  }
  return false;
}

int zpm_handoff_describe(const struct zpm_handoff *handoff,
                         struct zpm_str *text)
{
  int rc = 0;

  for (size_t i = 0; i < handoff->count && rc == 0; i++) {
    union address address;
    unsigned port = port_of(handoff->fds[i], &address);
    char host[INET6_ADDRSTRLEN];

    if (uv_ip_name(&address.any, host, sizeof(host)) == 0)
      rc = zpm_str_printf(text, "%u %u %s\n",
                          ZPM_HANDOFF_FIRST_FD + (unsigned)i, port, host);
  }
  return rc;
}

void zpm_handoff_close(struct zpm_handoff *handoff)
{
  for (size_t i = 0; i < handoff->count; i++)
    close(handoff->fds[i]);
  handoff->count = 0;
}
