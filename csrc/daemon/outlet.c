#include "daemon/outlet.h"

/* How much a thread writes at once, so that a slow reader is seen to read. */
enum { PIECE = 64 * 1024, AGAIN_MS = 10 };

static void go_on(struct zpm_outlet *outlet);

static void give_up(struct zpm_outlet *outlet, int error)
{
  outlet->error = error;
  zpm_str_deinit(&outlet->queue);
  zpm_str_deinit(&outlet->flight);
  outlet->flown = 0;
}

static void on_again(uv_timer_t *timer)
{
  struct zpm_outlet *outlet = timer->data;

  outlet->busy = false;
  go_on(outlet);
}

static void on_written(uv_fs_t *write)
{
  struct zpm_outlet *outlet = write->data;
  ssize_t result = write->result;

  outlet->busy = false;
  uv_fs_req_cleanup(write);
  if (result == UV_EAGAIN) {
    outlet->busy = true;
    uv_timer_start(&outlet->again, on_again, AGAIN_MS, 0);
    return;
  }
  if (result >= 0)
    outlet->flown += (size_t)result;
  else if (result != UV_EINTR)
    give_up(outlet, (int)result);
  go_on(outlet);
  outlet->changed(outlet->ctx);
}

/* The queue takes off when what went before it has arrived. */
static void take_off(struct zpm_outlet *outlet)
{
  struct zpm_str landed = outlet->flight;

  if (outlet->flown < outlet->flight.len)
    return;
  outlet->flight = outlet->queue;
  outlet->queue = landed;
  outlet->flown = 0;
  zpm_str_clear(&outlet->queue);
}

static void go_on(struct zpm_outlet *outlet)
{
  uv_buf_t piece;
  size_t left;
  int rc;

  if (outlet->busy || outlet->error != 0)
    return;
  take_off(outlet);
  left = outlet->flight.len - outlet->flown;
  if (left == 0)
    return;
  piece = uv_buf_init(outlet->flight.data + outlet->flown,
                      left < PIECE ? (unsigned)left : PIECE);
  outlet->write.data = outlet;
  outlet->busy = true;
  rc = uv_fs_write(outlet->loop, &outlet->write, outlet->fd, &piece, 1, -1,
                   on_written);
  if (rc < 0) {
    outlet->busy = false;
    give_up(outlet, rc);
  }
}

void zpm_outlet_init(struct zpm_outlet *outlet, uv_loop_t *loop, int fd,
                     void (*changed)(void *ctx), void *ctx)
{
  *outlet = (struct zpm_outlet){
      .loop = loop, .fd = fd, .changed = changed, .ctx = ctx};
  uv_timer_init(loop, &outlet->again);
  outlet->again.data = outlet;
}

void zpm_outlet_close(struct zpm_outlet *outlet)
{
  uv_close((uv_handle_t *)&outlet->again, NULL);
  zpm_str_deinit(&outlet->queue);
  zpm_str_deinit(&outlet->flight);
  outlet->flown = 0;
}

bool zpm_outlet_put(struct zpm_outlet *outlet, const char *bytes, size_t len)
{
  if (outlet->error != 0 || zpm_str_append(&outlet->queue, bytes, len) != 0)
    return false;
  go_on(outlet);
  return true;
}

size_t zpm_outlet_waiting(const struct zpm_outlet *outlet)
{
  return outlet->queue.len + outlet->flight.len - outlet->flown;
}
