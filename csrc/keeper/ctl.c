#include "keeper/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union fd_message {
  struct cmsghdr align;
  char bytes[CMSG_SPACE(sizeof(int) * ZPM_WIRE_FD_MAX)];
};

void zpm_ctl_open(struct zpm_ctl *ctl, int fd)
{
  *ctl = (struct zpm_ctl){.fd = fd};
  fcntl(fd, F_SETFL, O_NONBLOCK);
}

void zpm_ctl_close(struct zpm_ctl *ctl)
{
  zpm_ctl_release(ctl);
  if (ctl->fd >= 0)
    close(ctl->fd);
  *ctl = (struct zpm_ctl){.fd = -1};
}

static void take_fds(struct zpm_ctl *ctl, struct msghdr *message)
{
  struct cmsghdr *head = CMSG_FIRSTHDR(message);
  size_t count;
  int fd;

  /* What did not fit has been closed by the kernel. */
  if ((message->msg_flags & MSG_CTRUNC) != 0)
    ctl->too_many_fds = true;
  if (head == NULL || head->cmsg_level != SOL_SOCKET ||
      head->cmsg_type != SCM_RIGHTS)
    return;
  count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (size_t i = 0; i < count; i++) {
    memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
    if (ctl->fd_count < ZPM_WIRE_FD_MAX) {
      ctl->fds[ctl->fd_count++] = fd;
      continue;
    }
    ctl->too_many_fds = true;
    close(fd);
  }
}

/* One record at most, so that the descriptors can only be its own. */
enum zpm_ctl_event zpm_ctl_receive(struct zpm_ctl *ctl)
{
  union fd_message control;
  struct iovec rest = {.iov_base = (char *)&ctl->in + ctl->in_len,
                       .iov_len = sizeof(ctl->in) - ctl->in_len};
  struct msghdr message = {.msg_iov = &rest,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof(control.bytes)};
  ssize_t len;

  do {
    len = recvmsg(ctl->fd, &message, MSG_CMSG_CLOEXEC);
  } while (len < 0 && errno == EINTR);
  if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return ZPM_CTL_NOTHING;
  if (len <= 0)
    return ZPM_CTL_END;
  take_fds(ctl, &message);
  ctl->in_len += (size_t)len;
  if (ctl->in_len < sizeof(ctl->in))
    return ZPM_CTL_NOTHING; /* poll is level-triggered: the rest follows */
  return ctl->in.magic == ZPM_WIRE_MAGIC ? ZPM_CTL_RECORD : ZPM_CTL_GARBAGE;
}

void zpm_ctl_release(struct zpm_ctl *ctl)
{
  for (size_t i = 0; i < ctl->fd_count; i++) {
    if (ctl->fds[i] >= 0)
      close(ctl->fds[i]);
  }
  ctl->fd_count = 0;
  ctl->too_many_fds = false;
  ctl->in_len = 0;
}

bool zpm_ctl_has_room(const struct zpm_ctl *ctl)
{
  return ctl->out_count < ZPM_CTL_OUT_MAX;
}

void zpm_ctl_push(struct zpm_ctl *ctl, const struct zpm_wire_record *record)
{
  ctl->out[(ctl->out_first + ctl->out_count++) % ZPM_CTL_OUT_MAX] = *record;
}

static void drop_output(struct zpm_ctl *ctl)
{
  ctl->out_count = 0;
  ctl->out_sent = 0;
}

bool zpm_ctl_flush(struct zpm_ctl *ctl)
{
  while (ctl->out_count > 0) {
    const char *first = (const char *)&ctl->out[ctl->out_first];
    ssize_t len =
        send(ctl->fd, first + ctl->out_sent,
             sizeof(ctl->out[0]) - ctl->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (len < 0 && errno == EINTR)
      continue;
    if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return false;
    if (len < 0) {
      drop_output(ctl); /* it is dying; the next one gets the table */
      return true;
    }
    ctl->out_sent += (size_t)len;
    if (ctl->out_sent < sizeof(ctl->out[0]))
      continue;
    ctl->out_sent = 0;
    ctl->out_first = (ctl->out_first + 1) % ZPM_CTL_OUT_MAX;
    ctl->out_count--;
  }
  return true;
}
