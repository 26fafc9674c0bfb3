#ifndef ZPM_RUNTIME_KEEPER_SOCKET_H
#define ZPM_RUNTIME_KEEPER_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "keeper/wire.h"
#include "runtime/closer.h"

/*
 * One socket to one keeper, with what is still to be written to it: whole
 * records in, whole records out.  It never blocks, and reads while it writes.
 */
struct zpm_keeper_socket;

struct zpm_keeper_socket_events {
  void (*record)(void *ctx, const struct zpm_wire_record *record);
  /* Nobody is at the other end any more; it is to be closed.  Comes last. */
  void (*ended)(void *ctx);
};

/* Takes `fd` over, also on failure.  Keeps no loop alive, unless told to.
 * `closer` is held until its handle is closed. */
int zpm_keeper_socket_open(uv_loop_t *loop, int fd,
                           const struct zpm_keeper_socket_events *events,
                           void *ctx, struct zpm_closer *closer,
                           struct zpm_keeper_socket **out);

/* Sends or queues; the descriptors stay the caller's. */
int zpm_keeper_socket_send(struct zpm_keeper_socket *socket,
                           const struct zpm_wire_record *record, const int *fds,
                           size_t count);

/* Waits until all is written, a second of silence at most. */
void zpm_keeper_socket_drain(struct zpm_keeper_socket *socket);

void zpm_keeper_socket_ref(struct zpm_keeper_socket *socket, bool keep_alive);

/* Writes what can be written at once.  Nothing is told after this; the memory
 * goes with the loop.  NULL is legal. */
void zpm_keeper_socket_close(struct zpm_keeper_socket *socket);

#endif
