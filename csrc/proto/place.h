#ifndef ZPM_PROTO_PLACE_H
#define ZPM_PROTO_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/*
 * A place to listen at, as a worker of Node's cluster asks its primary for it.
 */
enum zpm_address_type {
  ZPM_ADDRESS_TCP4, /* with a null address: any, by IPv6 and IPv4 if possible */
  ZPM_ADDRESS_TCP6,
  ZPM_ADDRESS_PATH, /* a Unix socket */
  ZPM_ADDRESS_UDP4,
  ZPM_ADDRESS_UDP6,
  ZPM_ADDRESS_FD, /* listen({fd}): a descriptor of the primary, and no more */
};

enum {
  ZPM_PLACE_ADDRESS_MAX = 108, /* sun_path and its NUL */
  ZPM_PLACE_KEY_MAX = 160,
};

struct zpm_place {
  char address[ZPM_PLACE_ADDRESS_MAX]; /* a numeric IP, or a path; "": null */
  int port; /* -1: a path, or what a descriptor (`fd`) is bound to */
  enum zpm_address_type type;
  int32_t fd;        /* -1: none given */
  uint32_t flags;    /* UV_TCP_IPV6ONLY and the like */
  int32_t backlog;   /* 0: none given that makes sense (Node 12 tells none) */
  uint32_t index;    /* which of the worker's servers with such an address */
  bool readable_all; /* a path: for everybody */
  bool writable_all;
};

/* Reads a queryServer or a listening message, whose strings must hold no NUL.
 * False: its fields are nonsense.  A numeric IP has only been looked at for the
 * characters that occur in one. */
bool zpm_place_from_json(struct zpm_place *out, const cJSON *message);

/* The key that a primary in Node makes of it:
 * address:port:addressType:fd:index, with "null" and "undefined" for what was
 * not given. */
void zpm_place_key(const struct zpm_place *place, char key[ZPM_PLACE_KEY_MAX]);

#endif
