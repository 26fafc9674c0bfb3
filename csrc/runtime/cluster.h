#ifndef ZPM_RUNTIME_CLUSTER_H
#define ZPM_RUNTIME_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zpm/error.h"

/*
 * The primary of an app in cluster mode: its workers are Node programs that
 * take themselves for children of node:cluster, and ask for the sockets that
 * they listen at.
 *
 * The sockets are the app's, and outlive its workers: while none is there,
 * connections wait in the queue of the kernel and none is refused.  Who accepts
 * them is told to each worker with its answer, by what the config says then:
 *
 *   rr         we do, and hand them on as core/dispatch.h says
 *   reuseport  the worker does, from a socket of its instance, to which the
 *              kernel sends its share
 *   auto       the one or the other, as core/steering.h says
 *   shared     the worker does, from a socket that all have
 *
 * A connection that a worker has not said to have taken is still held here, and
 * goes to another one when the worker is gone.
 */
struct zpm_channel;
struct zpm_cluster;
struct zpm_config;
struct zpm_endpoint;
struct zpm_services;
struct zpm_worker;

/* ---- the cluster of an app ---- */

/* `config` must outlive it.  NULL: out of memory. */
struct zpm_cluster *zpm_cluster_create(struct zpm_services *services,
                                       const struct zpm_config *config);
/* After the last worker.  Memory is released by the loop.  NULL is legal. */
void zpm_cluster_destroy(struct zpm_cluster *cluster);
/* The app is at rest: nobody is to connect to it any more. */
void zpm_cluster_close_sockets(struct zpm_cluster *cluster);
/* A socket that listens at that port of all addresses, for workers that do not
 * ask: it stays the cluster's.  Or a negative code. */
int zpm_cluster_port_socket(struct zpm_cluster *cluster, uint16_t port);
/* Whether a socket of it is bound to that port. */
bool zpm_cluster_has_port(const struct zpm_cluster *cluster, uint16_t port);

/* ---- for the next daemon ---- */

/* By which the keeper has its sockets, and what to know of them. */
void zpm_cluster_name(char *name, const struct zpm_config *config);
/* Goes on with what a former daemon left under that name (`fd` is taken over);
 * `claim` gives what is kept under the name of a socket, or -1. */
void zpm_cluster_adopt(struct zpm_cluster *cluster, int fd,
                       int (*claim)(void *ctx, const char *name), void *ctx);
/* All workers that it had have begun here. */
void zpm_cluster_adopted(struct zpm_cluster *cluster);
/* Gives all to a new keeper. */
void zpm_cluster_hand_over(struct zpm_cluster *cluster);

/* ---- a worker ---- */

struct zpm_worker_events {
  /* It is there, and none of the app's code has run yet. */
  void (*online)(void *ctx);
  /* It listens at one socket more. */
  void (*listening)(void *ctx);
};

/* For the run of that id.  It gets no connection before it is admitted, as far
 * as that is ours to say.  NULL: out of memory. */
struct zpm_worker *zpm_worker_begin(struct zpm_cluster *cluster, uint64_t run,
                                    unsigned instance,
                                    const struct zpm_worker_events *events,
                                    void *ctx);
/* NODE_UNIQUE_ID: the cluster.worker.id of the app. */
int32_t zpm_worker_id(const struct zpm_worker *worker);
/* By which it is spoken to, until zpm_worker_end. */
void zpm_worker_attach(struct zpm_worker *worker, struct zpm_channel *channel);
/* One line from its channel. */
void zpm_worker_on_message(struct zpm_worker *worker, const char *json,
                           size_t len);
void zpm_worker_on_pong(struct zpm_worker *worker);
void zpm_worker_on_handle_lost(struct zpm_worker *worker, int64_t token);
/* Whether it has come so far that it listens; one that never does is up as
 * soon as it runs. */
bool zpm_worker_listens(const struct zpm_worker *worker);
/* It is ready.  Twice is harmless. */
void zpm_worker_admit(struct zpm_worker *worker);
/* Connections handed to it so far. */
uint64_t zpm_worker_connections(const struct zpm_worker *worker);
/* A connection for a probe of that endpoint: as of zpm_visit_cb in checks.h. */
int zpm_worker_visit(struct zpm_worker *worker,
                     const struct zpm_endpoint *endpoint, int *fd);
/* No new connection, and its next answer on each old one is the last. */
void zpm_worker_drain(struct zpm_worker *worker);
/* It closes its servers, finishes what it has, and leaves.  False: it cannot be
 * told. */
bool zpm_worker_disconnect(struct zpm_worker *worker);
/* Its channel is at its end: what it has not taken goes to others. */
void zpm_worker_end(struct zpm_worker *worker);

#endif
