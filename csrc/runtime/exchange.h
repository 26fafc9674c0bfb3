#ifndef ZPM_RUNTIME_EXCHANGE_H
#define ZPM_RUNTIME_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "core/health.h"
#include "core/http_head.h"
#include "core/probe.h"

/*
 * One GET over a connection, plain or TLS, up to the status of the answer: what
 * the server sends after it is not read.  Nothing that a server does makes it
 * take more memory than this struct (and a TLS session's bounded one).
 */
struct zpm_tls;

/* `status` is that of the answer; 0: there was none, `cause` says why; or a
 * negative code: we could not go on, through no fault of the server. */
typedef void zpm_exchange_done_cb(void *ctx, int status, const char *cause);

enum { ZPM_EXCHANGE_CHUNK = 4096 };

struct zpm_exchange {
  uv_stream_t *stream; /* the owner's */
  struct zpm_tls *tls; /* NULL: plain */
  struct zpm_http_head head;
  zpm_exchange_done_cb *done;
  void *ctx;
  char chunk[ZPM_EXCHANGE_CHUNK];
};

/* `stream` is connected, and its data is the exchange's until it ends.  `done`
 * comes at most once, from the loop, and not if a code is returned. */
int zpm_exchange_start(struct zpm_exchange *exchange, uv_stream_t *stream,
                       const struct zpm_endpoint *endpoint, bool insecure,
                       struct zpm_error *err);
/* To be called before the stream is closed: `done` does not come after it. Also
 * from `done`, more than once, and without a start (all zero). */
void zpm_exchange_end(struct zpm_exchange *exchange);

/* What it waits for, to stand before "within 5 s": "no answer". */
const char *zpm_exchange_lacks(const struct zpm_exchange *exchange);

#endif
