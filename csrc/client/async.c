#include "zpm/client.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/list.h"
#include "client/inbox.h"

struct zpm_client {
  uv_pipe_t pipe;
  struct zpm_inbox inbox;
  struct zpm_client_events events;
  void *ctx;
  bool ended; /* the owner was told, or wants to hear no more */
  void (*closed)(void *ctx);
  void *closed_ctx;
};

struct outgoing {
  uv_write_t request;
  char bytes[];
};

/* ---- receiving ---- */

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
  struct zpm_client *client = handle->data;
  char *room = zpm_inbox_room(&client->inbox);

  (void)suggested;
  *buf = uv_buf_init(room, room != NULL ? ZPM_INBOX_ROOM : 0);
}

static void end(struct zpm_client *client, int code)
{
  struct zpm_error err = {0};

  if (client->ended)
    return;
  client->ended = true;
  uv_read_stop((uv_stream_t *)&client->pipe);
  if (code == UV_EOF)
    zpm_error_set(&err, ZPM_EDAEMON, "the daemon closed the connection");
  else
    zpm_error_set(&err, ZPM_EDAEMON, "the connection to the daemon broke: %s",
                  uv_strerror(code));
  client->events.ended(client->ctx, &err);
}

static void on_received(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
  struct zpm_client *client = stream->data;
  const char *line;
  size_t len;

  (void)buf;
  if (got < 0) {
    end(client, (int)got);
    return;
  }
  zpm_inbox_filled(&client->inbox, (size_t)got);
  /* A line may make its receiver close the client: then no more is told. */
  while (!client->ended &&
         (line = zpm_inbox_take(&client->inbox, &len)) != NULL)
    client->events.line(client->ctx, line, len);
}

/* ---- sending ---- */

static void on_sent(uv_write_t *request, int status)
{
  struct zpm_client *client = request->data;

  zpm_free(ZPM_CONTAINER_OF(request, struct outgoing, request));
  /* A daemon that has turned us away said why: that is still to be read. */
  if (status < 0 && status != UV_EPIPE)
    end(client, status);
}

int zpm_client_send(struct zpm_client *client, const char *line, size_t len)
{
  struct outgoing *outgoing;
  uv_buf_t buf;
  int rc;

  if (client->ended)
    return ZPM_EDAEMON;
  outgoing = zpm_alloc(sizeof(*outgoing) + len + 1);
  if (outgoing == NULL)
    return ZPM_ENOMEM;
  memcpy(outgoing->bytes, line, len);
  outgoing->bytes[len] = '\n';
  outgoing->request.data = client;
  buf = uv_buf_init(outgoing->bytes, (unsigned)len + 1);
  rc = uv_write(&outgoing->request, (uv_stream_t *)&client->pipe, &buf, 1,
                on_sent);
  if (rc != 0)
    zpm_free(outgoing);
  return rc;
}

/* ---- life ---- */

int zpm_client_open(uv_loop_t *loop, int fd,
                    const struct zpm_client_events *events, void *ctx,
                    struct zpm_client **out, struct zpm_error *err)
{
  struct zpm_client *client = zpm_alloc_zeroed(1, sizeof(*client));
  int rc;

  *out = NULL;
  if (client == NULL) {
    close(fd);
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  }
  client->events = *events;
  client->ctx = ctx;
  uv_pipe_init(loop, &client->pipe, 0);
  client->pipe.data = client;
  rc = uv_pipe_open(&client->pipe, fd);
  if (rc != 0)
    close(fd);
  else
    rc = uv_read_start((uv_stream_t *)&client->pipe, on_room_wanted,
                       on_received);
  if (rc != 0) {
    zpm_client_close(client, NULL, NULL);
    return zpm_error_set(err, rc, "cannot use the connection: %s",
                         uv_strerror(rc));
  }
  *out = client;
  return 0;
}

void zpm_client_ref(struct zpm_client *client, bool keep_alive)
{
  if (keep_alive)
    uv_ref((uv_handle_t *)&client->pipe);
  else
    uv_unref((uv_handle_t *)&client->pipe);
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_client *client = handle->data;
  void (*closed)(void *ctx) = client->closed;
  void *ctx = client->closed_ctx;

  zpm_inbox_deinit(&client->inbox);
  zpm_free(client);
  if (closed != NULL)
    closed(ctx);
}

void zpm_client_close(struct zpm_client *client, void (*closed)(void *ctx),
                      void *ctx)
{
  client->ended = true;
  client->closed = closed;
  client->closed_ctx = ctx;
  uv_close((uv_handle_t *)&client->pipe, on_closed);
}
