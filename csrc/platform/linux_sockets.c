/* The kernel's tables of listening TCP sockets. */
#include "platform/linux_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "zpm/error.h"

enum { FIRST_SOCKETS = 8, REPLY_SIZE = 16384, LINE_SIZE = 512, BASE_16 = 16 };

static int add(struct zpm_sockets *sockets, uint64_t inode, int uid)
{
  if (sockets->len == sockets->cap) {
    size_t cap = sockets->cap > 0 ? sockets->cap * 2 : FIRST_SOCKETS;
    void *items = zpm_realloc(sockets->items, cap * sizeof(*sockets->items));

    if (items == NULL)
      return ZPM_ENOMEM;
    sockets->items = items;
    sockets->cap = cap;
  }
  sockets->items[sockets->len++] =
      (struct zpm_socket){.inode = inode, .uid = uid};
  return 0;
}

void zpm_sockets_deinit(struct zpm_sockets *sockets)
{
  zpm_free(sockets->items);
  *sockets = (struct zpm_sockets){0};
}

/* ---- sock_diag: the kernel filters, and gives binary ---- */

static int send_question(int fd, int family, uint16_t port)
{
  struct {
    struct nlmsghdr header;
    struct inet_diag_req_v2 query;
  } question = {
      .header =
          {
              .nlmsg_len = sizeof(question),
              .nlmsg_type = SOCK_DIAG_BY_FAMILY,
              .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
          },
      .query =
          {
              .sdiag_family = (uint8_t)family,
              .sdiag_protocol = IPPROTO_TCP,
              .idiag_states = 1U << TCP_LISTEN,
              .id.idiag_sport = htons(port),
          },
  };

  return send(fd, &question, sizeof(question), 0) == (ssize_t)sizeof(question)
             ? 0
             : -errno;
}

enum { MORE = 1 };

/* Each of these: 0 once the answer is over, MORE or negative. */
static int take_socket(const char *body, size_t len, uint16_t port,
                       struct zpm_sockets *sockets)
{
  struct inet_diag_msg socket;

  if (len < sizeof(socket))
    return -EPROTO;
  memcpy(&socket, body, sizeof(socket));
  if (socket.idiag_state != TCP_LISTEN || socket.id.idiag_sport != htons(port))
    return MORE;
  return add(sockets, socket.idiag_inode, (int)socket.idiag_uid) == 0
             ? MORE
             : ZPM_ENOMEM;
}

static int take_error(const char *body, size_t len)
{
  struct nlmsgerr failure;

  if (len < sizeof(failure))
    return -EPROTO;
  memcpy(&failure, body, sizeof(failure));
  return failure.error < 0 ? failure.error : -EPROTO;
}

static int take_message(const struct nlmsghdr *header, const char *body,
                        uint16_t port, struct zpm_sockets *sockets)
{
  size_t len = header->nlmsg_len - NLMSG_HDRLEN;

  switch (header->nlmsg_type) {
  case NLMSG_DONE:
    return 0;
  case NLMSG_ERROR:
    return take_error(body, len);
  case SOCK_DIAG_BY_FAMILY:
    return take_socket(body, len, port, sockets);
  default:
    return MORE;
  }
}

static int take_reply(const char *bytes, size_t len, uint16_t port,
                      struct zpm_sockets *sockets)
{
  int rc = MORE;

  while (rc == MORE && len > 0) {
    struct nlmsghdr header;
    size_t step;

    if (len < sizeof(header))
      return -EPROTO;
    memcpy(&header, bytes, sizeof(header));
    if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > len)
      return -EPROTO;
    rc = take_message(&header, bytes + NLMSG_HDRLEN, port, sockets);
    step = NLMSG_ALIGN(header.nlmsg_len);
    bytes += step < len ? step : len;
    len -= step < len ? step : len;
  }
  return rc;
}

/* The kernel answers while it is asked: there is nothing to wait for. */
static int ask(int fd, int family, uint16_t port, struct zpm_sockets *sockets)
{
  char reply[REPLY_SIZE];
  int rc = send_question(fd, family, port);

  if (rc != 0)
    return rc;
  do {
    ssize_t got = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);

    if (got <= 0)
      return got < 0 ? -errno : -EPROTO;
    rc = take_reply(reply, (size_t)got, port, sockets);
  } while (rc == MORE);
  return rc;
}

int zpm_sockets_ask_netlink(uint16_t port, struct zpm_sockets *sockets)
{
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  int rc;

  sockets->len = 0;
  if (fd < 0)
    return -errno;
  rc = ask(fd, AF_INET, port, sockets);
  if (rc == 0)
    rc = ask(fd, AF_INET6, port, sockets);
  close(fd);
  return rc;
}

/* ---- /proc/net/tcp: one line each ---- */

enum { COLUMN_LOCAL = 1, COLUMN_STATE = 3, COLUMN_UID = 7, COLUMN_INODE = 9 };

struct line {
  unsigned long port;
  unsigned long state;
  unsigned long uid;
  unsigned long long inode;
};

static bool parse_line(char *text, struct line *line)
{
  char *rest = NULL;
  char *word = strtok_r(text, " \n", &rest);

  *line = (struct line){0};
  for (int column = 0; word != NULL; column++) {
    const char *colon = strchr(word, ':');

    if (column == COLUMN_LOCAL && colon != NULL)
      line->port = strtoul(colon + 1, NULL, BASE_16);
    if (column == COLUMN_STATE)
      line->state = strtoul(word, NULL, BASE_16);
    if (column == COLUMN_UID)
      line->uid = strtoul(word, NULL, 10);
    if (column == COLUMN_INODE)
      line->inode = strtoull(word, NULL, 10);
    if (column == COLUMN_INODE)
      return true;
    word = strtok_r(NULL, " \n", &rest);
  }
  return false;
}

static int read_table(const char *path, uint16_t port,
                      struct zpm_sockets *sockets)
{
  FILE *file = fopen(path, "re");
  char text[LINE_SIZE];
  struct line line;
  int rc = 0;

  if (file == NULL)
    return -errno;
  if (fgets(text, sizeof(text), file) == NULL) /* the titles */
    text[0] = '\0';
  while (rc == 0 && fgets(text, sizeof(text), file) != NULL) {
    /* All that listen come first, and there may be 100000 connections. */
    if (!parse_line(text, &line) || line.state != TCP_LISTEN)
      break;
    if (line.port == port)
      rc = add(sockets, line.inode, (int)line.uid);
  }
  fclose(file);
  return rc;
}

int zpm_sockets_read_proc(uint16_t port, struct zpm_sockets *sockets)
{
  int rc;

  sockets->len = 0;
  rc = read_table("/proc/net/tcp", port, sockets);
  if (rc != 0)
    return rc;
  rc = read_table("/proc/net/tcp6", port, sockets);
  return rc == -ENOENT ? 0 : rc; /* a kernel without IPv6 */
}

int zpm_sockets_listening(uint16_t port, struct zpm_sockets *sockets)
{
  int rc = zpm_sockets_ask_netlink(port, sockets);

  return rc == 0 || rc == ZPM_ENOMEM ? rc
                                     : zpm_sockets_read_proc(port, sockets);
}
