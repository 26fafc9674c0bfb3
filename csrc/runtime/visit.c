#include "runtime/visit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "base/str.h"
#include "runtime/channel.h"

enum { TOKEN = 1 }; /* whoever asks finds out by itself that it was lost */

static int open_socket(void)
{
  return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int open_listener(struct sockaddr_in *address)
{
  socklen_t len = sizeof(*address);
  int fd = open_socket();

  *address = (struct sockaddr_in){.sin_family = AF_INET};
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && bind(fd, (struct sockaddr *)address, len) == 0 &&
      listen(fd, 1) == 0 &&
      getsockname(fd, (struct sockaddr *)address, &len) == 0)
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

/* Over the loopback it is there by the time that we could wait for it. */
static int connect_to(const struct sockaddr_in *address)
{
  int fd = open_socket();

  if (fd < 0 ||
      connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
      errno == EINPROGRESS)
    return fd;
  close(fd);
  return -1;
}

/* Anybody on this host may have been quicker. */
static bool is_between(int theirs, int ours)
{
  struct sockaddr_in peer = {0};
  struct sockaddr_in own = {0};
  socklen_t peer_len = sizeof(peer);
  socklen_t own_len = sizeof(own);

  return getpeername(theirs, (struct sockaddr *)&peer, &peer_len) == 0 &&
         getsockname(ours, (struct sockaddr *)&own, &own_len) == 0 &&
         peer.sin_port == own.sin_port &&
         peer.sin_addr.s_addr == own.sin_addr.s_addr;
}

static int accept_from(int listener, int ours)
{
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd < 0 || is_between(fd, ours))
    return fd;
  close(fd);
  return -1;
}

int zpm_visit_pair(int *ours, int *theirs)
{
  struct sockaddr_in address;
  int listener = open_listener(&address);

  *theirs = -1;
  *ours = listener >= 0 ? connect_to(&address) : -1;
  if (*ours >= 0)
    *theirs = accept_from(listener, *ours);
  if (listener >= 0)
    close(listener);
  if (*theirs >= 0)
    return 0;
  if (*ours >= 0)
    close(*ours);
  *ours = -1;
  return UV_ENOBUFS;
}

int zpm_visit_agent(struct zpm_channel *channel, uint16_t port, int *fd)
{
  struct zpm_str line = {0};
  int theirs;
  int rc;

  if (!zpm_channel_takes_handle(channel))
    return UV_EBUSY;
  rc = zpm_str_printf(&line,
                      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\","
                      "\"msg\":{\"cmd\":\"NODE_ZPM_VISIT\",\"port\":%u}}\n",
                      (unsigned)port);
  if (rc == 0)
    rc = zpm_visit_pair(fd, &theirs);
  if (rc == 0) {
    zpm_channel_send_handle(channel, line.data, line.len, theirs, TOKEN);
    close(theirs);
  }
  zpm_str_deinit(&line);
  return rc == 0 ? 1 : rc;
}
