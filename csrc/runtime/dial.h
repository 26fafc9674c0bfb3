#ifndef ZPM_RUNTIME_DIAL_H
#define ZPM_RUNTIME_DIAL_H

#include <stddef.h>

#include <uv.h>

#include "core/probe.h"
#include "runtime/lookup.h"

/*
 * A connection to an endpoint: its name is looked up, its addresses are tried
 * in turn.  It takes as long as it takes; who wants less closes it.
 */
struct zpm_services;

enum zpm_dial_phase {
  ZPM_DIAL_LOOKING_UP,
  ZPM_DIAL_CONNECTING,
  ZPM_DIAL_CONNECTED,
  ZPM_DIAL_FAILED,
};

/* `rc` is 0: connected; else a code of libuv: of the lookup (UV_EAI_*), or of
 * the first address. */
typedef void zpm_dial_done_cb(void *ctx, int rc);

struct zpm_dial {
  enum zpm_dial_phase phase;
  struct zpm_services *services;
  uv_tcp_t tcp; /* CONNECTED: to be read and written by the owner */
  uv_connect_t connect;
  struct zpm_lookup *lookup; /* NULL: none is under way */
  struct zpm_addresses addresses;
  size_t next;     /* address to try */
  int first_error; /* 0: none */
  zpm_dial_done_cb *done;
  void (*closed)(void *ctx); /* NULL: nobody closes it */
  void *ctx;
};

/* `dial` is the owner's memory, until `closed`.  `done` comes once, from the
 * loop, unless it is closed before. */
int zpm_dial_start(struct zpm_dial *dial, struct zpm_services *services,
                   const struct zpm_endpoint *endpoint, zpm_dial_done_cb *done,
                   void *ctx);
/* CONNECTED at once, by a connection that there is already: `fd` is taken over,
 * also on failure; `done` does not come.  `ctx` is that of `closed`. */
int zpm_dial_adopt(struct zpm_dial *dial, struct zpm_services *services, int fd,
                   void *ctx);
/* Only after a start that worked. `closed` comes from the loop, or at once. */
void zpm_dial_close(struct zpm_dial *dial, void (*closed)(void *ctx));

#endif
