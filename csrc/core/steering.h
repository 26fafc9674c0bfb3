#ifndef ZPM_CORE_STEERING_H
#define ZPM_CORE_STEERING_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When the connections of a cluster go through the daemon, and when past it.
 *
 * Few of them are handed on one by one, so that each goes to the worker that is
 * least busy.  When there are many, that costs more than it brings: the kernel
 * spreads them over sockets that the workers accept from themselves, and only a
 * sample still comes by, to tell when there are few again.
 */
enum {
  ZPM_STEERING_WINDOW_MS = 100,
  /* Connections per window that are many: 500 a second. */
  ZPM_STEERING_MANY = 50,
  /* One of so many comes by; a power of two. */
  ZPM_STEERING_SAMPLE = 16,
  /* Looks at the sample: in as many windows, how few are few: 250 a second. */
  ZPM_STEERING_LOOK_WINDOWS = 10,
  ZPM_STEERING_FEW = 250 / ZPM_STEERING_SAMPLE,
  /* Windows without an answer after which a worker is passed by. */
  ZPM_STEERING_PATIENCE = 2,
};

struct zpm_steering {
  bool spreads;       /* the kernel does */
  uint64_t window_ms; /* monotonic; when the current one began */
  unsigned count;     /* connections that came by in it, or since the look */
  unsigned windows;   /* since the last look */
};

/* A connection came by.  True: there are many from now on. */
bool zpm_steering_on_connection(struct zpm_steering *steering, uint64_t now_ms);
/* While it spreads, after each window.  True: there are few from now on. */
bool zpm_steering_on_window(struct zpm_steering *steering);

#endif
