#ifndef ZPM_RUNTIME_LOOKUP_H
#define ZPM_RUNTIME_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <uv.h>

/*
 * From the name of a host to its addresses.
 */
enum { ZPM_LOOKUP_MAX = 8 };

struct zpm_addresses {
  struct sockaddr_storage items[ZPM_LOOKUP_MAX];
  size_t len;
};

/* Addresses, and "localhost" (127.0.0.1, then ::1), need no asking. False: a
 * name that must be looked up. */
bool zpm_lookup_known(const char *host, uint16_t port,
                      struct zpm_addresses *addresses);

struct zpm_lookup;

/* `rc` is 0 (and there is at least one address) or a code of libuv. */
typedef void zpm_lookup_done_cb(void *ctx, int rc,
                                const struct zpm_addresses *addresses);

/* `done` comes once, from the loop, unless the lookup is cancelled before. */
int zpm_lookup_start(uv_loop_t *loop, const char *host, uint16_t port,
                     zpm_lookup_done_cb *done, void *ctx,
                     struct zpm_lookup **out);
/* A lookup that has begun cannot be stopped: it goes on without us, and the
 * loop has an end only when it has.  One that waits for its turn is taken back,
 * so that a name server that hangs does not pile them up. */
void zpm_lookup_cancel(struct zpm_lookup *lookup);

#endif
