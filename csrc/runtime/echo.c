#include "runtime/echo.h"

#include <string.h>

static const char WORD[ZPM_ECHO_SIZE] = {'e', 'c', 'h', 'o'};

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  struct zpm_echo *echo = handle->data;

  (void)size;
  *buf = uv_buf_init(echo->got + echo->got_len,
                     (unsigned)(ZPM_ECHO_SIZE - echo->got_len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
  struct zpm_echo *echo = stream->data;

  (void)buf;
  if (got == 0)
    return;
  if (got > 0)
    echo->got_len += (size_t)got;
  if (got > 0 && echo->got_len < ZPM_ECHO_SIZE)
    return;
  uv_read_stop(stream);
  echo->done(echo->ctx, got > 0 && memcmp(echo->got, WORD, sizeof(WORD)) == 0);
}

/* What could not be written does not come back. */
static void on_written(uv_write_t *write, int status)
{
  (void)write;
  (void)status;
}

static void on_connected(uv_connect_t *connect, int status)
{
  struct zpm_echo *echo = connect->data;
  uv_stream_t *stream = (uv_stream_t *)&echo->tcp;
  uv_buf_t buf = uv_buf_init(echo->word, ZPM_ECHO_SIZE);

  if (status == UV_ECANCELED)
    return;
  if (status != 0 || uv_write(&echo->write, stream, &buf, 1, on_written) != 0 ||
      uv_read_start(stream, on_room, on_read) != 0)
    echo->done(echo->ctx, false);
}

int zpm_echo_start(struct zpm_echo *echo, uv_loop_t *loop,
                   const struct sockaddr *address, struct zpm_closer *closer,
                   zpm_echo_done_cb *done, void *ctx)
{
  *echo = (struct zpm_echo){.done = done, .ctx = ctx, .closer = closer};
  memcpy(echo->word, WORD, sizeof(WORD));
  uv_tcp_init(loop, &echo->tcp);
  uv_unref((uv_handle_t *)&echo->tcp);
  zpm_closer_hold(closer);
  echo->tcp.data = echo;
  echo->connect.data = echo;
  return uv_tcp_connect(&echo->connect, &echo->tcp, address, on_connected);
}

static void on_closed(uv_handle_t *handle)
{
  const struct zpm_echo *echo = handle->data;

  zpm_closer_release(echo->closer);
}

void zpm_echo_close(struct zpm_echo *echo)
{
  if (echo->closer != NULL && !uv_is_closing((uv_handle_t *)&echo->tcp))
    uv_close((uv_handle_t *)&echo->tcp, on_closed);
}
