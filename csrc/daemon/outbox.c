#include "daemon/outbox.h"

void zpm_outbox_init(struct zpm_outbox *outbox, uv_stream_t *stream,
                     void (*progress)(void *ctx, int status), void *ctx)
{
  *outbox =
      (struct zpm_outbox){.stream = stream, .progress = progress, .ctx = ctx};
  outbox->write.data = outbox;
}

void zpm_outbox_deinit(struct zpm_outbox *outbox)
{
  zpm_str_deinit(&outbox->flight);
  zpm_str_deinit(&outbox->queue);
}

size_t zpm_outbox_waiting(const struct zpm_outbox *outbox)
{
  return outbox->flight.len + outbox->queue.len;
}

static int write_next(struct zpm_outbox *outbox);

static void on_written(uv_write_t *write, int status)
{
  struct zpm_outbox *outbox = write->data;

  if (uv_is_closing((uv_handle_t *)outbox->stream))
    return;
  zpm_str_deinit(&outbox->flight);
  if (status == 0 && outbox->queue.len > 0)
    status = write_next(outbox);
  outbox->progress(outbox->ctx, status);
}

static int write_next(struct zpm_outbox *outbox)
{
  uv_buf_t buf;

  outbox->flight = outbox->queue;
  outbox->queue = (struct zpm_str){0};
  buf = uv_buf_init(outbox->flight.data, (unsigned)outbox->flight.len);
  return uv_write(&outbox->write, outbox->stream, &buf, 1, on_written);
}

/* How much the socket takes now; negative: it is broken. */
static int write_now(struct zpm_outbox *outbox, const char *bytes, size_t len)
{
  uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);
  int rc;

  if (zpm_outbox_waiting(outbox) > 0)
    return 0;
  rc = uv_try_write(outbox->stream, &buf, 1);
  return rc == UV_EAGAIN ? 0 : rc;
}

int zpm_outbox_put(struct zpm_outbox *outbox, const char *bytes, size_t len)
{
  int written = write_now(outbox, bytes, len);
  int rc;

  if (written < 0 || (size_t)written == len)
    return written < 0 ? written : 0;
  rc = zpm_str_append(&outbox->queue, bytes + written, len - (size_t)written);
  if (rc == 0 && outbox->flight.len == 0)
    rc = write_next(outbox);
  return rc;
}
