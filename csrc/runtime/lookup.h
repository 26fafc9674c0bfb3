#ifndef ZPM_RUNTIME_LOOKUP_H
#define ZPM_RUNTIME_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * From the name of a host to its addresses.
 */
struct zpm_closer;
struct zpm_endpoint;
struct zpm_lookup;
struct zpm_services;

enum { ZPM_LOOKUP_MAX = 8 };

struct zpm_addresses {
  struct sockaddr_storage items[ZPM_LOOKUP_MAX];
  size_t len;
};

/* Addresses, and "localhost" (127.0.0.1, then ::1), need no asking. False: a
 * name that must be looked up. */
bool zpm_lookup_known(const char *host, uint16_t port,
                      struct zpm_addresses *addresses);

/* `rc` is 0 (and there is at least one address) or a code of libuv. */
typedef void zpm_lookup_done_cb(void *ctx, int rc,
                                const struct zpm_addresses *addresses);

/* Those of one supervisor that are under way.  All zero: none. */
struct zpm_lookups {
  size_t count;
  struct zpm_closer *waits; /* until there is none, or NULL */
};

/* `done` comes once, from the loop, unless the lookup is cancelled before. */
int zpm_lookup_start(struct zpm_services *services,
                     const struct zpm_endpoint *endpoint,
                     zpm_lookup_done_cb *done, void *ctx,
                     struct zpm_lookup **out);
/* A lookup that has begun cannot be stopped: it goes on without us, and the
 * loop has an end only when it has.  One that waits for its turn is taken back,
 * so that a name server that hangs does not pile them up. */
void zpm_lookup_cancel(struct zpm_lookup *lookup);

/* For the end of a supervisor, once all are cancelled: holds the closer until
 * they are over.  A host that ends its loop after that (a worker thread of
 * Node does) finds nothing left in it. */
void zpm_lookups_wait(struct zpm_lookups *lookups, struct zpm_closer *closer);

#endif
