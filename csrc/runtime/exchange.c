#include "runtime/exchange.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "runtime/tls.h"
#include "zpm/version.h"

/* ---- what we send ---- */

struct outgoing {
  uv_write_t request;
  struct zpm_str bytes;
};

/* Whether it worked is seen when reading. */
static void on_written(uv_write_t *request, int status)
{
  struct outgoing *outgoing = request->data;

  (void)status;
  zpm_str_deinit(&outgoing->bytes);
  zpm_free(outgoing);
}

/* Takes the bytes over. */
static int send_bytes(struct zpm_exchange *exchange, struct zpm_str *bytes)
{
  struct outgoing *outgoing = zpm_alloc(sizeof(*outgoing));
  uv_buf_t buf;
  int rc = ZPM_ENOMEM;

  if (outgoing != NULL) {
    *outgoing = (struct outgoing){.bytes = *bytes};
    outgoing->request.data = outgoing;
    buf = uv_buf_init(bytes->data, (unsigned)bytes->len);
    rc = uv_write(&outgoing->request, exchange->stream, &buf, 1, on_written);
  }
  if (rc != 0) {
    zpm_str_deinit(bytes);
    zpm_free(outgoing);
  }
  return rc;
}

static int send_what_tls_wants(struct zpm_exchange *exchange)
{
  struct zpm_str bytes = {0};

  zpm_tls_take(exchange->tls, &bytes);
  return bytes.len > 0 ? send_bytes(exchange, &bytes) : 0;
}

static int put_request(struct zpm_str *request,
                       const struct zpm_endpoint *endpoint)
{
  return zpm_str_printf(request,
                        "GET %s HTTP/1.1\r\n"
                        "Host: %s\r\n"
                        "User-Agent: zpm/" ZPM_VERSION "\r\n"
                        "Accept: */*\r\n"
                        "Connection: close\r\n"
                        "\r\n",
                        endpoint->path, endpoint->host_header);
}

static int send_request(struct zpm_exchange *exchange,
                        const struct zpm_endpoint *endpoint)
{
  struct zpm_str request = {0};
  int rc = put_request(&request, endpoint);

  if (rc == 0 && exchange->tls == NULL)
    return send_bytes(exchange, &request);
  if (rc == 0) {
    zpm_tls_write(exchange->tls, request.data, request.len);
    rc = send_what_tls_wants(exchange);
  }
  zpm_str_deinit(&request);
  return rc;
}

/* ---- what comes back ---- */

/* `cause` may belong to the TLS session. */
static void finish(struct zpm_exchange *exchange, int status, const char *cause)
{
  char kept[ZPM_HEALTH_CAUSE_SIZE];

  snprintf(kept, sizeof(kept), "%s", cause);
  zpm_exchange_end(exchange);
  exchange->done(exchange->ctx, status, kept);
}

static void on_garbage(struct zpm_exchange *exchange)
{
  char cause[ZPM_HEALTH_CAUSE_SIZE];

  snprintf(cause, sizeof(cause), "it does not answer in HTTP, but \"%s\"",
           exchange->head.excerpt);
  finish(exchange, 0, cause);
}

/* True: the exchange is over. */
static bool read_head(struct zpm_exchange *exchange, const char *bytes,
                      size_t len)
{
  switch (zpm_http_head_feed(&exchange->head, bytes, len)) {
  case ZPM_HTTP_HEAD_STATUS:
    finish(exchange, (int)exchange->head.status, "");
    return true;
  case ZPM_HTTP_HEAD_GARBAGE:
    on_garbage(exchange);
    return true;
  case ZPM_HTTP_HEAD_ENDLESS:
    finish(exchange, 0, "its answer has a head without end");
    return true;
  case ZPM_HTTP_HEAD_MORE:
  default:
    return false;
  }
}

/* True: the exchange is over.  What comes is decrypted in pieces. */
static bool read_tls(struct zpm_exchange *exchange)
{
  char plain[512];
  size_t got = zpm_tls_read(exchange->tls, plain, sizeof(plain));

  while (got > 0) {
    if (read_head(exchange, plain, got))
      return true;
    got = zpm_tls_read(exchange->tls, plain, sizeof(plain));
  }
  if (zpm_tls_state(exchange->tls) != ZPM_TLS_FAILED)
    return false;
  finish(exchange, 0, zpm_tls_failure(exchange->tls));
  return true;
}

static void on_bytes(struct zpm_exchange *exchange, size_t len)
{
  int rc;

  if (exchange->tls == NULL) {
    read_head(exchange, exchange->chunk, len);
    return;
  }
  zpm_tls_feed(exchange->tls, exchange->chunk, len);
  rc = send_what_tls_wants(exchange);
  if (!read_tls(exchange) && rc != 0)
    finish(exchange, rc, "out of memory");
}

static void on_end(struct zpm_exchange *exchange, int rc)
{
  if (exchange->tls != NULL) {
    zpm_tls_end(exchange->tls);
    if (read_tls(exchange))
      return;
  }
  if (rc != UV_EOF)
    finish(exchange, 0, uv_strerror(rc));
  else if (exchange->head.seen == 0)
    finish(exchange, 0, "it closed the connection without an answer");
  else
    finish(exchange, 0, "it closed the connection within its answer");
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
  struct zpm_exchange *exchange = stream->data;

  (void)buf;
  if (got > 0)
    on_bytes(exchange, (size_t)got);
  else if (got < 0)
    on_end(exchange, (int)got);
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
  struct zpm_exchange *exchange = handle->data;

  (void)suggested;
  *buf = uv_buf_init(exchange->chunk, sizeof(exchange->chunk));
}

/* ---- life ---- */

int zpm_exchange_start(struct zpm_exchange *exchange, uv_stream_t *stream,
                       const struct zpm_endpoint *endpoint, bool insecure,
                       struct zpm_error *err)
{
  int rc = 0;

  exchange->stream = stream;
  stream->data = exchange;
  if (endpoint->secure)
    rc = zpm_tls_create(endpoint->host, insecure, &exchange->tls, err);
  if (rc != 0)
    return rc;
  rc = send_request(exchange, endpoint);
  if (rc == 0)
    rc = uv_read_start(stream, on_room_wanted, on_read);
  if (rc != 0)
    zpm_error_set(err, rc, "%s",
                  rc == ZPM_ENOMEM ? zpm_code_text(rc) : uv_strerror(rc));
  return rc;
}

/* A goodbye is sent if there is room for it; nobody waits. */
static void say_goodbye(struct zpm_exchange *exchange)
{
  struct zpm_str bytes = {0};
  uv_buf_t buf;

  zpm_tls_finish(exchange->tls);
  zpm_tls_take(exchange->tls, &bytes);
  buf = uv_buf_init(bytes.data, (unsigned)bytes.len);
  if (bytes.len > 0)
    uv_try_write(exchange->stream, &buf, 1);
  zpm_str_deinit(&bytes);
}

void zpm_exchange_end(struct zpm_exchange *exchange)
{
  if (exchange->stream != NULL)
    uv_read_stop(exchange->stream);
  if (exchange->tls != NULL)
    say_goodbye(exchange);
  zpm_tls_destroy(exchange->tls);
  exchange->tls = NULL;
  exchange->stream = NULL;
}

const char *zpm_exchange_lacks(const struct zpm_exchange *exchange)
{
  if (exchange->tls != NULL &&
      zpm_tls_state(exchange->tls) == ZPM_TLS_HANDSHAKING)
    return "no TLS session";
  return exchange->head.seen == 0 ? "no answer" : "no whole answer";
}
