#ifndef ZPM_DAEMON_SESSION_H
#define ZPM_DAEMON_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "api/api.h"
#include "base/list.h"

/*
 * One connection: bytes in, lines to the api, lines out.
 *
 * Its memory is bounded whatever the client does.  It is not read from while
 * more than ZPM_SESSION_QUEUE_MAX bytes wait for it or too many of its requests
 * are open; output of apps is refused beyond ZPM_SESSION_DROPPABLE_MAX.
 *
 * It ends by itself: when the client has gone, or, if the client only closed
 * its sending side, when its requests have been answered.
 */
enum {
  ZPM_SESSION_QUEUE_MAX = 1024 * 1024,
  ZPM_SESSION_DROPPABLE_MAX = 256 * 1024,
  ZPM_SESSION_LINGER_MS = 2000,
};

/* All connections of one host. Handled with zpm_sessions_*. */
struct zpm_sessions {
  uv_loop_t *loop;
  struct zpm_api *api;
  struct zpm_list list;
  size_t count;
  char *scratch; /* what is being read; shared, as reading is never nested */
  bool quiet;    /* no request is taken any more */
  void (*closed)(void *ctx); /* set by zpm_sessions_close */
  void *ctx;
};

int zpm_sessions_init(struct zpm_sessions *sessions, uv_loop_t *loop,
                      struct zpm_api *api);
/* Releases what init took; all connections must be gone. */
void zpm_sessions_deinit(struct zpm_sessions *sessions);

/* Takes the connected socket over, also when it fails. */
int zpm_sessions_add(struct zpm_sessions *sessions, int fd);

/* The pids at the other ends, `room` of them at most; returns how many. */
size_t zpm_sessions_pids(const struct zpm_sessions *sessions, int *pids,
                         size_t room);

/* From now on no request is taken; answers still go out. */
void zpm_sessions_hush(struct zpm_sessions *sessions);
/* Sends what is waiting (for ZPM_SESSION_LINGER_MS at most), closes all, then
 * calls `closed`, from the loop or, if there are none, at once. */
void zpm_sessions_close(struct zpm_sessions *sessions,
                        void (*closed)(void *ctx), void *ctx);

#endif
