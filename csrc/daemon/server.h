#ifndef ZPM_DAEMON_SERVER_H
#define ZPM_DAEMON_SERVER_H

#include <uv.h>

#include "api/api.h"
#include "zpm/error.h"

/*
 * The socket that clients connect to.  Only the same user and root are let in,
 * and ZPM_SERVER_CLIENTS_MAX of them; others get one line that says why.
 *
 * Without a free descriptor, a client is told so with one that is kept for that
 * (a connection that nobody accepts would make the loop spin), and the next one
 * waits a moment.
 *
 * When its file is removed, it is made anew.
 */
enum { ZPM_SERVER_CLIENTS_MAX = 1024, ZPM_SERVER_PAUSE_MS = 100 };

struct zpm_server;

/* Whoever calls this is the only daemon (it holds the lock): a socket file that
 * lies at `path` is a dead one, and is replaced. The file is 0600. */
int zpm_server_open(uv_loop_t *loop, struct zpm_api *api, const char *path,
                    struct zpm_server **out, struct zpm_error *err);

/* The pids of its clients, `room` of them at most; returns how many. */
size_t zpm_server_clients(const struct zpm_server *server, int *pids,
                          size_t room);

/* Takes no more clients and no more requests; answers still go out. */
void zpm_server_hush(struct zpm_server *server);
/* Flushes and closes all connections, removes the socket file; `closed` comes
 * from the loop. */
void zpm_server_close(struct zpm_server *server, void (*closed)(void *ctx),
                      void *ctx);

#endif
