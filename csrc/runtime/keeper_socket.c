#include "runtime/keeper_socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/keeper_outbox.h"
#include "zpm/error.h"

enum { RECORDS_PER_READ = 32, DRAIN_MS = 1000 };

struct zpm_keeper_socket {
  uv_poll_t poll;
  int fd;
  const struct zpm_keeper_socket_events *events;
  void *ctx;
  struct zpm_keeper_outbox outbox;
  struct zpm_wire_record partial; /* the beginning of a record */
  size_t partial_len;
  bool closing;
  struct zpm_closer *closer;
};

typedef void record_cb(void *ctx, const struct zpm_wire_record *record);

static void on_socket(uv_poll_t *handle, int status, int events);

static void watch(struct zpm_keeper_socket *socket)
{
  int events = UV_READABLE;

  if (socket->closing)
    return;
  if (!zpm_keeper_outbox_empty(&socket->outbox))
    events |= UV_WRITABLE;
  uv_poll_start(&socket->poll, events, on_socket);
}

static void take_bytes(struct zpm_keeper_socket *socket, const char *bytes,
                       size_t len, record_cb *on_record)
{
  while (len > 0 && !socket->closing) {
    size_t missing = sizeof(socket->partial) - socket->partial_len;
    size_t step = len < missing ? len : missing;
    struct zpm_wire_record record;

    memcpy((char *)&socket->partial + socket->partial_len, bytes, step);
    socket->partial_len += step;
    bytes += step;
    len -= step;
    if (socket->partial_len < sizeof(record))
      return;
    record = socket->partial;
    socket->partial_len = 0;
    on_record(socket->ctx, &record);
  }
}

/* False when the keeper is gone. */
static bool read_some(struct zpm_keeper_socket *socket, record_cb *on_record)
{
  char bytes[RECORDS_PER_READ * sizeof(struct zpm_wire_record)];
  ssize_t len;

  do {
    len = recv(socket->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
  } while (len < 0 && errno == EINTR);
  if (len > 0)
    take_bytes(socket, bytes, (size_t)len, on_record);
  return len > 0 || (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
  struct zpm_keeper_socket *socket = handle->data;
  bool there = true;

  if (status != 0 || (events & UV_READABLE) != 0)
    there = read_some(socket, socket->events->record);
  if (socket->closing)
    return;
  /* An error stops the handle, so nothing would wake us again. */
  if (!there || status != 0) {
    uv_poll_stop(&socket->poll);
    socket->events->ended(socket->ctx);
    return;
  }
  zpm_keeper_outbox_flush(&socket->outbox);
  watch(socket);
}

int zpm_keeper_socket_open(uv_loop_t *loop, int fd,
                           const struct zpm_keeper_socket_events *events,
                           void *ctx, struct zpm_closer *closer,
                           struct zpm_keeper_socket **out)
{
  struct zpm_keeper_socket *socket = zpm_alloc_zeroed(1, sizeof(*socket));
  int rc = socket != NULL ? uv_poll_init(loop, &socket->poll, fd) : ZPM_ENOMEM;

  if (rc != 0) {
    zpm_free(socket);
    close(fd);
    return rc;
  }
  socket->fd = fd;
  socket->events = events;
  socket->ctx = ctx;
  socket->closer = closer;
  socket->poll.data = socket;
  zpm_closer_hold(closer);
  zpm_keeper_outbox_init(&socket->outbox, fd);
  uv_unref((uv_handle_t *)&socket->poll);
  watch(socket);
  *out = socket;
  return 0;
}

int zpm_keeper_socket_send(struct zpm_keeper_socket *socket,
                           const struct zpm_wire_record *record, const int *fds,
                           size_t count)
{
  int rc = zpm_keeper_outbox_send(&socket->outbox, record, fds, count);

  if (!zpm_keeper_outbox_empty(&socket->outbox))
    watch(socket);
  return rc;
}

static void pass_over(void *ctx, const struct zpm_wire_record *record)
{
  (void)ctx;
  (void)record;
}

/* A keeper that is not heard does not listen for long either.  What it says is
 * passed over: what matters of it, the next daemon is told as well. */
void zpm_keeper_socket_drain(struct zpm_keeper_socket *socket)
{
  struct pollfd ready = {.fd = socket->fd, .events = POLLIN | POLLOUT};

  while (!zpm_keeper_outbox_empty(&socket->outbox)) {
    int rc = poll(&ready, 1, DRAIN_MS);

    if (rc == 0 || (rc < 0 && errno != EINTR))
      return;
    if (rc > 0 && (ready.revents & POLLIN) != 0 &&
        !read_some(socket, pass_over))
      return;
    zpm_keeper_outbox_flush(&socket->outbox);
  }
}

void zpm_keeper_socket_ref(struct zpm_keeper_socket *socket, bool keep_alive)
{
  if (keep_alive)
    uv_ref((uv_handle_t *)&socket->poll);
  else
    uv_unref((uv_handle_t *)&socket->poll);
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_keeper_socket *socket = handle->data;
  struct zpm_closer *closer = socket->closer;

  close(socket->fd);
  zpm_free(socket);
  zpm_closer_release(closer);
}

void zpm_keeper_socket_close(struct zpm_keeper_socket *socket)
{
  if (socket == NULL)
    return;
  zpm_keeper_outbox_flush(&socket->outbox);
  zpm_keeper_outbox_deinit(&socket->outbox);
  socket->closing = true;
  uv_close((uv_handle_t *)&socket->poll, on_closed);
}
