#include "runtime/channel_outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "zpm/error.h"

struct parcel {
  struct zpm_list link;
  int fd; /* goes with the first byte; -1: none, or gone */
  size_t len;
  size_t sent;
  char bytes[];
};

void zpm_channel_outbox_init(struct zpm_channel_outbox *outbox, int fd)
{
  *outbox = (struct zpm_channel_outbox){.fd = fd};
  zpm_list_init(&outbox->queue);
}

static void let_go(struct parcel *parcel)
{
  if (parcel->fd >= 0)
    close(parcel->fd);
  parcel->fd = -1;
}

static void destroy(struct zpm_channel_outbox *outbox, struct parcel *parcel)
{
  let_go(parcel);
  outbox->bytes -= parcel->len;
  zpm_list_remove(&parcel->link);
  zpm_free(parcel);
}

void zpm_channel_outbox_deinit(struct zpm_channel_outbox *outbox)
{
  ZPM_LIST_EACH(it, &outbox->queue)
  destroy(outbox, ZPM_CONTAINER_OF(it, struct parcel, link));
}

static void attach(struct msghdr *message, int fd)
{
  struct cmsghdr *head = message->msg_control;

  message->msg_controllen = CMSG_SPACE(sizeof(fd));
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(fd));
  memcpy(CMSG_DATA(head), &fd, sizeof(fd));
}

/* ETOOMANYREFS: many descriptors are under way; they will be taken. */
static bool is_temporary(int error)
{
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS ||
         error == ETOOMANYREFS;
}

/* Bytes written, 0 if none can be now, or a negative errno. */
static ssize_t try_send(int socket, const char *bytes, size_t len, int fd)
{
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  /* sendmsg does not write to it */
  struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  ssize_t sent;

  if (fd >= 0) {
    message.msg_control = control.bytes;
    attach(&message, fd);
  }
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0)
    return is_temporary(errno) ? 0 : -errno;
  return sent;
}

static int enqueue(struct zpm_channel_outbox *outbox, const char *line,
                   size_t len, size_t sent, int fd)
{
  struct parcel *parcel;

  if (outbox->bytes + len > ZPM_CHANNEL_OUTBOX_MAX)
    return -ENOBUFS;
  parcel = zpm_alloc(sizeof(*parcel) + len);
  if (parcel == NULL)
    return ZPM_ENOMEM;
  *parcel = (struct parcel){.fd = -1, .len = len, .sent = sent};
  memcpy(parcel->bytes, line, len);
  if (fd >= 0 && sent == 0) {
    parcel->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (parcel->fd < 0) {
      int rc = -errno;

      zpm_free(parcel);
      return rc;
    }
  }
  zpm_list_append(&outbox->queue, &parcel->link);
  outbox->bytes += len;
  return 0;
}

int zpm_channel_outbox_send(struct zpm_channel_outbox *outbox, const char *line,
                            size_t len, int fd)
{
  ssize_t sent = 0;

  if (zpm_list_empty(&outbox->queue))
    sent = try_send(outbox->fd, line, len, fd);
  if (sent < 0)
    return (int)sent;
  return (size_t)sent == len ? 0 : enqueue(outbox, line, len, (size_t)sent, fd);
}

int zpm_channel_outbox_flush(struct zpm_channel_outbox *outbox)
{
  ZPM_LIST_EACH(it, &outbox->queue)
  {
    struct parcel *parcel = ZPM_CONTAINER_OF(it, struct parcel, link);
    ssize_t sent = try_send(outbox->fd, parcel->bytes + parcel->sent,
                            parcel->len - parcel->sent, parcel->fd);

    if (sent < 0)
      return (int)sent;
    if (sent > 0)
      let_go(parcel);
    parcel->sent += (size_t)sent;
    if (parcel->sent < parcel->len)
      return 0;
    destroy(outbox, parcel);
  }
  return 0;
}

bool zpm_channel_outbox_empty(const struct zpm_channel_outbox *outbox)
{
  return zpm_list_empty(&outbox->queue);
}
