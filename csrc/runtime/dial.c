#include "runtime/dial.h"

#include <string.h>
#include <unistd.h>

#include "base/list.h"
#include "runtime/services.h"

/* The first error is the one that counts: "localhost" is 127.0.0.1 before all,
 * and where there is no IPv6, ::1 says nothing. */
static void note_error(struct zpm_dial *dial, int rc)
{
  if (dial->first_error == 0)
    dial->first_error = rc;
}

/* We are out of something: no address will be better. */
static bool is_ours(int rc)
{
  return rc == UV_EMFILE || rc == UV_ENFILE || rc == UV_ENOMEM ||
         rc == UV_ENOBUFS;
}

/* Where nobody listens on a port that the system gives to who connects, a
 * socket may be connected to itself: once in some thousand times. */
static bool is_to_itself(const uv_tcp_t *tcp)
{
  struct sockaddr_storage here = {0};
  struct sockaddr_storage there = {0};
  int here_len = sizeof(here);
  int there_len = sizeof(there);

  return uv_tcp_getsockname(tcp, (struct sockaddr *)&here, &here_len) == 0 &&
         uv_tcp_getpeername(tcp, (struct sockaddr *)&there, &there_len) == 0 &&
         here_len == there_len && memcmp(&here, &there, (size_t)here_len) == 0;
}

/* ---- one address after the other ---- */

static void connect_next(struct zpm_dial *dial);

/* The data of the handle belongs to who uses the connection. */
static struct zpm_dial *dial_of(uv_handle_t *handle)
{
  return ZPM_CONTAINER_OF(handle, struct zpm_dial, tcp);
}

static void on_failed_closed(uv_handle_t *handle)
{
  struct zpm_dial *dial = dial_of(handle);

  if (dial->closed != NULL) {
    dial->closed(dial->ctx);
  } else if (dial->next < dial->addresses.len && !is_ours(dial->first_error)) {
    connect_next(dial);
  } else {
    dial->phase = ZPM_DIAL_FAILED;
    dial->done(dial->ctx, dial->first_error);
  }
}

static void on_connected(uv_connect_t *connect, int status)
{
  struct zpm_dial *dial = connect->data;

  if (dial->closed != NULL) /* then status says so */
    return;
  if (status == 0 && is_to_itself(&dial->tcp))
    status = UV_ECONNREFUSED;
  if (status == 0) {
    dial->phase = ZPM_DIAL_CONNECTED;
    dial->done(dial->ctx, 0);
    return;
  }
  note_error(dial, status);
  uv_close((uv_handle_t *)&dial->tcp, on_failed_closed);
}

static void connect_next(struct zpm_dial *dial)
{
  const struct sockaddr *address =
      (const struct sockaddr *)&dial->addresses.items[dial->next++];
  int rc;

  dial->phase = ZPM_DIAL_CONNECTING;
  uv_tcp_init(dial->services->loop,
              &dial->tcp); /* opens no socket: cannot fail */
  uv_unref((uv_handle_t *)&dial->tcp);
  dial->connect.data = dial;
  rc = uv_tcp_connect(&dial->connect, &dial->tcp, address, on_connected);
  if (rc == 0)
    return;
  note_error(dial, rc);
  uv_close((uv_handle_t *)&dial->tcp, on_failed_closed);
}

/* ---- life ---- */

static void on_looked_up(void *ctx, int rc,
                         const struct zpm_addresses *addresses)
{
  struct zpm_dial *dial = ctx;

  dial->lookup = NULL;
  if (rc == 0) {
    dial->addresses = *addresses;
    connect_next(dial);
    return;
  }
  dial->phase = ZPM_DIAL_FAILED;
  dial->done(dial->ctx, rc);
}

int zpm_dial_start(struct zpm_dial *dial, struct zpm_services *services,
                   const struct zpm_endpoint *endpoint, zpm_dial_done_cb *done,
                   void *ctx)
{
  *dial = (struct zpm_dial){.phase = ZPM_DIAL_LOOKING_UP,
                            .services = services,
                            .done = done,
                            .ctx = ctx};
  if (!zpm_lookup_known(endpoint->host, endpoint->port, &dial->addresses))
    return zpm_lookup_start(services, endpoint, on_looked_up, dial,
                            &dial->lookup);
  connect_next(dial);
  return 0;
}

int zpm_dial_adopt(struct zpm_dial *dial, struct zpm_services *services, int fd,
                   void *ctx)
{
  int rc;

  *dial = (struct zpm_dial){
      .phase = ZPM_DIAL_CONNECTED, .services = services, .next = 1, .ctx = ctx};
  uv_tcp_init(services->loop, &dial->tcp);
  uv_unref((uv_handle_t *)&dial->tcp);
  rc = uv_tcp_open(&dial->tcp, fd);
  if (rc != 0)
    close(fd);
  return rc;
}

static void on_tcp_closed(uv_handle_t *handle)
{
  struct zpm_dial *dial = dial_of(handle);

  dial->closed(dial->ctx);
}

void zpm_dial_close(struct zpm_dial *dial, void (*closed)(void *ctx))
{
  uv_handle_t *tcp = (uv_handle_t *)&dial->tcp;
  bool was_opened = dial->next > 0;

  dial->closed = closed;
  if (dial->lookup != NULL)
    zpm_lookup_cancel(dial->lookup);
  if (!was_opened || dial->phase == ZPM_DIAL_FAILED)
    closed(dial->ctx);
  else if (!uv_is_closing(tcp))
    uv_close(tcp, on_tcp_closed);
}
