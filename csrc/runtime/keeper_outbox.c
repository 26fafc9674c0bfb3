#include "runtime/keeper_outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "zpm/error.h"

struct parcel {
  struct zpm_list link;
  struct zpm_wire_record record;
  size_t sent; /* bytes; the descriptors went with the first one */
  int fds[ZPM_WIRE_FD_MAX];
  size_t fd_count;
};

enum outcome { SENT, LATER, BROKEN };

void zpm_keeper_outbox_init(struct zpm_keeper_outbox *outbox, int fd)
{
  outbox->fd = fd;
  zpm_list_init(&outbox->queue);
}

static void destroy(struct parcel *parcel)
{
  for (size_t i = 0; i < parcel->fd_count; i++)
    close(parcel->fds[i]);
  zpm_list_remove(&parcel->link);
  zpm_free(parcel);
}

void zpm_keeper_outbox_deinit(struct zpm_keeper_outbox *outbox)
{
  ZPM_LIST_EACH(it, &outbox->queue)
  destroy(ZPM_CONTAINER_OF(it, struct parcel, link));
}

static void attach(struct msghdr *message, const int *fds, size_t count)
{
  struct cmsghdr *head = message->msg_control;

  message->msg_controllen = CMSG_SPACE(count * sizeof(*fds));
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(count * sizeof(*fds));
  memcpy(CMSG_DATA(head), fds, count * sizeof(*fds));
}

/* ETOOMANYREFS: many descriptors are under way; the keeper will take them. */
static bool is_temporary(int error)
{
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS ||
         error == ETOOMANYREFS;
}

static enum outcome try_send(int fd, struct parcel *parcel, const int *fds,
                             size_t count)
{
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * ZPM_WIRE_FD_MAX)];
  } control = {0};
  struct iovec rest = {.iov_base = (char *)&parcel->record + parcel->sent,
                       .iov_len = sizeof(parcel->record) - parcel->sent};
  struct msghdr message = {.msg_iov = &rest, .msg_iovlen = 1};
  ssize_t len;

  if (count > 0 && parcel->sent == 0) {
    message.msg_control = control.bytes;
    attach(&message, fds, count);
  }
  do {
    len = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (len < 0 && errno == EINTR);
  if (len < 0)
    return is_temporary(errno) ? LATER : BROKEN;
  parcel->sent += (size_t)len;
  return parcel->sent == sizeof(parcel->record) ? SENT : LATER;
}

static int keep_fds(struct parcel *parcel, const int *fds, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
      return -errno;
    parcel->fds[parcel->fd_count++] = copy;
  }
  return 0;
}

static int enqueue(struct zpm_keeper_outbox *outbox,
                   const struct parcel *unsent, const int *fds, size_t count)
{
  struct parcel *parcel = zpm_alloc(sizeof(*parcel));
  int rc;

  if (parcel == NULL)
    return ZPM_ENOMEM;
  *parcel = *unsent;
  zpm_list_init(&parcel->link);
  rc = parcel->sent == 0 ? keep_fds(parcel, fds, count) : 0;
  if (rc != 0) {
    destroy(parcel);
    return rc;
  }
  zpm_list_append(&outbox->queue, &parcel->link);
  return 0;
}

int zpm_keeper_outbox_send(struct zpm_keeper_outbox *outbox,
                           const struct zpm_wire_record *record, const int *fds,
                           size_t count)
{
  struct parcel parcel = {.record = *record};
  enum outcome outcome = LATER;

  if (zpm_list_empty(&outbox->queue))
    outcome = try_send(outbox->fd, &parcel, fds, count);
  if (outcome == BROKEN)
    return ZPM_EKEEPER;
  return outcome == SENT ? 0 : enqueue(outbox, &parcel, fds, count);
}

void zpm_keeper_outbox_flush(struct zpm_keeper_outbox *outbox)
{
  ZPM_LIST_EACH(it, &outbox->queue)
  {
    struct parcel *parcel = ZPM_CONTAINER_OF(it, struct parcel, link);
    if (try_send(outbox->fd, parcel, parcel->fds, parcel->fd_count) == LATER)
      return;
    destroy(parcel); /* sent, or never to be: the keeper is gone */
  }
}

bool zpm_keeper_outbox_empty(const struct zpm_keeper_outbox *outbox)
{
  return zpm_list_empty(&outbox->queue);
}
