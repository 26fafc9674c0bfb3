#ifndef ZPM_RUNTIME_ECHO_H
#define ZPM_RUNTIME_ECHO_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "runtime/closer.h"

/*
 * A client that sends a word to a server which is to send it back.  Embedded by
 * its owner; all zero is closed.  The loop is not kept alive.
 */
enum { ZPM_ECHO_SIZE = 4 };

/* Whether the word has come back, as it was. */
typedef void zpm_echo_done_cb(void *ctx, bool echoed);

struct zpm_echo {
  uv_tcp_t tcp;
  uv_connect_t connect;
  uv_write_t write;
  char word[ZPM_ECHO_SIZE];
  char got[ZPM_ECHO_SIZE];
  size_t got_len;
  zpm_echo_done_cb *done;
  void *ctx;
  struct zpm_closer *closer; /* of its owner; NULL: it is closed */
};

/* Its owner's memory stays until the closer has been released.  `done` comes
 * once, from the loop, unless it is closed before.  It must be closed, also
 * after a failure. */
int zpm_echo_start(struct zpm_echo *echo, uv_loop_t *loop,
                   const struct sockaddr *address, struct zpm_closer *closer,
                   zpm_echo_done_cb *done, void *ctx);
/* Twice is harmless. */
void zpm_echo_close(struct zpm_echo *echo);

#endif
