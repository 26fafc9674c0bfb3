#include "zpm/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "client/inbox.h"

struct zpm_connection {
  int fd;
  struct zpm_inbox inbox;
  struct zpm_str outgoing; /* a line with its newline: one send() */
};

int zpm_connection_open(const struct zpm_client_options *options,
                        struct zpm_connection **out, struct zpm_error *err)
{
  struct zpm_connection *connection =
      zpm_alloc_zeroed(1, sizeof(struct zpm_connection));

  *out = NULL;
  if (connection == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  connection->fd = zpm_client_connect(options, err);
  if (connection->fd < 0) {
    int rc = connection->fd;

    zpm_free(connection);
    return rc;
  }
  *out = connection;
  return 0;
}

void zpm_connection_close(struct zpm_connection *connection)
{
  if (connection == NULL)
    return;
  close(connection->fd);
  zpm_inbox_deinit(&connection->inbox);
  zpm_str_deinit(&connection->outgoing);
  zpm_free(connection);
}

int zpm_connection_fd(const struct zpm_connection *connection)
{
  return connection->fd;
}

/* To a daemon that has turned us away nothing can be sent, but its reason can
 * still be read: that is for who receives next. */
static int send_all(int fd, const char *bytes, size_t len,
                    struct zpm_error *err)
{
  while (len > 0) {
    ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && errno == EPIPE)
      return 0;
    if (sent < 0)
      return zpm_error_set(err, ZPM_EDAEMON, "cannot send to the daemon: %s",
                           strerror(errno));
    bytes += sent;
    len -= (size_t)sent;
  }
  return 0;
}

int zpm_connection_send(struct zpm_connection *connection, const char *line,
                        struct zpm_error *err)
{
  struct zpm_str *outgoing = &connection->outgoing;

  zpm_str_clear(outgoing);
  if (zpm_str_puts(outgoing, line) != 0 || zpm_str_puts(outgoing, "\n") != 0)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  return send_all(connection->fd, outgoing->data, outgoing->len, err);
}

/* 0 when there is something to read (or the end). */
static int wait_readable(int fd, int timeout_ms, struct zpm_error *err)
{
  struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
  int ready;

  if (timeout_ms < 0)
    return 0; /* the read itself waits */
  do
    ready = poll(&poll_fd, 1, timeout_ms);
  while (ready < 0 && errno == EINTR);
  if (ready == 0)
    return zpm_error_set(err, UV_ETIMEDOUT,
                         "the daemon did not answer within %d ms", timeout_ms);
  return 0;
}

/* 1: something came, 0: the end, or a negative code. */
static int fill(struct zpm_connection *connection, struct zpm_error *err)
{
  char *room = zpm_inbox_room(&connection->inbox);
  ssize_t got;

  if (room == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  do
    got = read(connection->fd, room, ZPM_INBOX_ROOM);
  while (got < 0 && errno == EINTR);
  if (got < 0)
    return zpm_error_set(err, ZPM_EDAEMON,
                         "the connection to the daemon broke: %s",
                         strerror(errno));
  zpm_inbox_filled(&connection->inbox, (size_t)got);
  return got > 0;
}

const char *zpm_connection_receive(struct zpm_connection *connection,
                                   int timeout_ms, struct zpm_error *err)
{
  const char *line;
  size_t len;
  int rc;

  if (err != NULL)
    *err = (struct zpm_error){0};
  while ((line = zpm_inbox_take(&connection->inbox, &len)) == NULL) {
    rc = wait_readable(connection->fd, timeout_ms, err);
    if (rc == 0)
      rc = fill(connection, err);
    if (rc <= 0)
      return NULL;
  }
  return line;
}
