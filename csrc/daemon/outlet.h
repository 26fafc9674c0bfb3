#ifndef ZPM_DAEMON_OUTLET_H
#define ZPM_DAEMON_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/str.h"

/*
 * Output to a descriptor that may block, and that we must not make
 * non-blocking, as it is shared: a terminal, somebody's pipe.  A thread of
 * libuv writes; what comes meanwhile is queued.
 */
struct zpm_outlet {
  uv_loop_t *loop;
  int fd;
  struct zpm_str queue;  /* to be written after it */
  struct zpm_str flight; /* being written */
  size_t flown;          /* of `flight` */
  uv_fs_t write;
  uv_timer_t again; /* somebody else has made it non-blocking, and it is full */
  bool busy;        /* `write` or `again` is under way */
  int error;        /* 0, or what is wrong: nothing more is written */
  /* Something has been written, or cannot be: see `error`. */
  void (*changed)(void *ctx);
  void *ctx;
};

void zpm_outlet_init(struct zpm_outlet *outlet, uv_loop_t *loop, int fd,
                     void (*changed)(void *ctx), void *ctx);
/* Nothing may be under way.  Its handle is closed by the loop. */
void zpm_outlet_close(struct zpm_outlet *outlet);

/* False: it was not taken, for lack of memory, or as there is an error. */
bool zpm_outlet_put(struct zpm_outlet *outlet, const char *bytes, size_t len);

/* Bytes that wait. */
size_t zpm_outlet_waiting(const struct zpm_outlet *outlet);

#endif
