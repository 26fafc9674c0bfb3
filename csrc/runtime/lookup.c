#include "runtime/lookup.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <uv.h>

#include "base/alloc.h"
#include "core/probe.h"
#include "runtime/closer.h"
#include "runtime/services.h"
#include "zpm/error.h"

struct zpm_lookup {
  uv_getaddrinfo_t request;
  struct zpm_lookups *all;
  zpm_lookup_done_cb *done; /* NULL: cancelled */
  void *ctx;
};

/* ---- without asking ---- */

static bool add(struct zpm_addresses *addresses, const char *host,
                uint16_t port)
{
  struct sockaddr_storage *item = &addresses->items[addresses->len];

  memset(item, 0, sizeof(*item));
  if (uv_ip4_addr(host, port, (struct sockaddr_in *)item) != 0 &&
      uv_ip6_addr(host, port, (struct sockaddr_in6 *)item) != 0)
    return false;
  addresses->len++;
  return true;
}

bool zpm_lookup_known(const char *host, uint16_t port,
                      struct zpm_addresses *addresses)
{
  addresses->len = 0;
  if (strcasecmp(host, "localhost") != 0)
    return add(addresses, host, port);
  return add(addresses, "127.0.0.1", port) && add(addresses, "::1", port);
}

/* ---- asking ---- */

static void collect(struct zpm_addresses *addresses,
                    const struct addrinfo *found)
{
  addresses->len = 0;
  for (; found != NULL && addresses->len < ZPM_LOOKUP_MAX;
       found = found->ai_next) {
    if (found->ai_addrlen > sizeof(addresses->items[0]))
      continue;
    memset(&addresses->items[addresses->len], 0, sizeof(addresses->items[0]));
    memcpy(&addresses->items[addresses->len], found->ai_addr,
           found->ai_addrlen);
    addresses->len++;
  }
}

static void count_off(struct zpm_lookups *all)
{
  if (--all->count == 0 && all->waits != NULL)
    zpm_closer_release(all->waits);
}

static void on_found(uv_getaddrinfo_t *request, int status,
                     struct addrinfo *found)
{
  struct zpm_lookup *lookup = request->data;
  zpm_lookup_done_cb *done = lookup->done;
  void *ctx = lookup->ctx;
  struct zpm_addresses addresses;

  count_off(lookup->all);
  zpm_free(lookup);
  collect(&addresses, found);
  uv_freeaddrinfo(found);
  if (done == NULL)
    return;
  if (status == 0 && addresses.len == 0)
    status = UV_EAI_NODATA;
  done(ctx, status, &addresses);
}

int zpm_lookup_start(struct zpm_services *services,
                     const struct zpm_endpoint *endpoint,
                     zpm_lookup_done_cb *done, void *ctx,
                     struct zpm_lookup **out)
{
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct zpm_lookup *lookup = zpm_alloc(sizeof(*lookup));
  char service[8];
  int rc;

  if (lookup == NULL)
    return ZPM_ENOMEM;
  *lookup =
      (struct zpm_lookup){.all = &services->lookups, .done = done, .ctx = ctx};
  lookup->request.data = lookup;
  snprintf(service, sizeof(service), "%u", (unsigned)endpoint->port);
  rc = uv_getaddrinfo(services->loop, &lookup->request, on_found,
                      endpoint->host, service, &hints);
  if (rc != 0) {
    zpm_free(lookup);
    return rc;
  }
  services->lookups.count++;
  *out = lookup;
  return 0;
}

void zpm_lookup_cancel(struct zpm_lookup *lookup)
{
  lookup->done = NULL;
  uv_cancel((uv_req_t *)&lookup->request);
}

void zpm_lookups_wait(struct zpm_lookups *lookups, struct zpm_closer *closer)
{
  if (lookups->count == 0)
    return;
  zpm_closer_hold(closer);
  lookups->waits = closer;
}
