#ifndef ZPM_RUNTIME_CLUSTER_INTERNAL_H
#define ZPM_RUNTIME_CLUSTER_INTERNAL_H

#include <uv.h>

#include "base/list.h"
#include "base/str.h"
#include "core/config.h"
#include "core/dispatch.h"
#include "core/steering.h"
#include "proto/cluster_message.h"
#include "proto/cluster_say.h"
#include "runtime/cluster.h"

/*
 * What the files of the cluster share: cluster.c (its sockets),
 * cluster_bind.c (making one), cluster_lanes.c (one per instance),
 * cluster_worker.c (the life of a worker), cluster_talk.c (what it asks for),
 * cluster_dispatch.c (connections), cluster_visit.c (those of probes),
 * cluster_kept.c (for the next daemon).
 */
enum { ZPM_CLUSTER_BACKLOG = 511 }; /* if none is asked for; as Node */

struct zpm_cluster {
  struct zpm_services *services;
  const struct zpm_config *config;
  struct zpm_list sockets; /* zpm_cluster_socket.link */
  struct zpm_list workers; /* zpm_worker.link */
  int32_t last_worker;     /* id */
  uint64_t last_turn;
  struct zpm_str inherited; /* what a former daemon knew, until all is taken */
};

struct zpm_cluster_socket {
  struct zpm_list link;
  struct zpm_cluster *cluster;
  uint64_t id; /* the keeper's name for it */
  struct zpm_place place;
  char key[ZPM_PLACE_KEY_MAX];
  char *query; /* of the worker that asked first: JSON */
  char *data;  /* of that: what all workers are given; NULL: null */
  int fd;
  char *path; /* that is to be unlinked; or NULL */
  uv_poll_t poll;
  uv_timer_t pause; /* after a lack of descriptors */
  struct zpm_list
      waiting; /* zpm_cluster_conn.link: accepted, and with nobody */
  struct zpm_steering steering;
  uv_timer_t window;     /* of it, while it spreads */
  struct zpm_list lanes; /* zpm_cluster_lane.link, by their index */
  unsigned lane_count;
};

/*
 * A socket at the same place for one instance: its worker accepts from that
 * itself, if the kernel is told to send connections there (platform.h).  It
 * listens as long as the app runs, whoever comes and goes: so its index stays.
 */
struct zpm_cluster_lane {
  struct zpm_list link;
  struct zpm_cluster_socket *socket;
  uint64_t id; /* the keeper's name for it */
  unsigned instance;
  unsigned index; /* in its group; 0 is the socket itself */
  int fd;
  uv_poll_t poll; /* while nobody else accepts from it */
};

/* A connection that no worker has taken. */
struct zpm_cluster_conn {
  struct zpm_list link;
  struct zpm_cluster_socket *socket;
  int fd;
  int64_t seq;    /* of the newconn that hands it on */
  unsigned tries; /* workers that did not want it */
};

enum zpm_joining {
  ZPM_JOINED_RR,
  ZPM_JOINED_SHARED,
  ZPM_JOINED_LANE, /* of its instance; and as RR */
};

struct zpm_member {
  struct zpm_cluster_socket *socket;
  enum zpm_joining how;
  bool listening;
};

/* By its number it is kept for the next daemon. */
enum zpm_worker_state {
  ZPM_WORKER_SERVES = 0,
  ZPM_WORKER_DRAINS = 1, /* gets no connection any more */
  ZPM_WORKER_LEAVES = 2, /* and asks for no socket: it is to disconnect */
  ZPM_WORKER_COMES = 3,  /* gets none yet but from its probes */
};

struct zpm_worker {
  struct zpm_list link;
  struct zpm_cluster *cluster;
  const struct zpm_worker_events *events;
  void *ctx;
  struct zpm_channel *channel; /* or NULL */
  uint64_t run;
  int32_t id;
  unsigned instance;
  unsigned silent; /* windows since it was asked whether it is there */
  int64_t seq;     /* of what we say to it */
  enum zpm_worker_state state;
  struct zpm_member *members;
  size_t member_count;
  struct zpm_list in_flight; /* zpm_cluster_conn.link */
  struct zpm_dispatch_load load;
  uint64_t connections;
};

/* ---- cluster.c ---- */

/* The one of that place, or a new one.  0 or a negative code for the worker. */
int zpm_cluster_open_socket(struct zpm_cluster *cluster,
                            const struct zpm_worker_message *query,
                            const char *json, size_t len,
                            struct zpm_cluster_socket **out);
/* One that is there already: `fd` is taken over, also on failure. */
struct zpm_cluster_socket *
zpm_cluster_add_socket(struct zpm_cluster *cluster,
                       const struct zpm_worker_message *query, const char *json,
                       size_t len, int fd);
void zpm_cluster_close_socket(struct zpm_cluster_socket *socket);
struct zpm_cluster_socket *
zpm_cluster_find_socket(const struct zpm_cluster *cluster, const char *key);
/* What it is bound to; false: a path, or not known. */
bool zpm_cluster_sockname_of(const struct zpm_cluster_socket *socket,
                             char address[ZPM_PLACE_ADDRESS_MAX],
                             struct zpm_cluster_sockname *name);

/* ---- cluster_bind.c ---- */

/* A socket that is bound there, or a negative code of libuv.  `cwd`: what a
 * path is relative to.  `*path` (owned): what must be unlinked in the end. */
int zpm_cluster_bind(const struct zpm_place *place, const char *cwd,
                     char **path);

/* Where a path lies (owned); NULL: it is none, or no memory. */
char *zpm_cluster_path(const struct zpm_place *place, const char *cwd);

/* ---- cluster_talk.c ---- */

/* How it has joined that socket; NULL: it has not. */
struct zpm_member *zpm_worker_member(const struct zpm_worker *worker,
                                     const struct zpm_cluster_socket *socket);
/* If `rc` is 0; releases the line. */
void zpm_worker_send(const struct zpm_worker *worker, struct zpm_str *line,
                     int rc);

/* NULL: it cannot have one more. */
struct zpm_member *zpm_worker_join(struct zpm_worker *worker,
                                   struct zpm_cluster_socket *socket,
                                   enum zpm_joining how);

/* ---- cluster_dispatch.c ---- */

/* Accepts and hands on what can be, and waits for more while there is room. */
void zpm_cluster_pump(struct zpm_cluster_socket *socket);
/* Begins to accept.  0 or a negative code. */
int zpm_cluster_listen(struct zpm_cluster_socket *socket);
int zpm_cluster_backlog(const struct zpm_cluster_socket *socket);
void zpm_cluster_on_accepted(struct zpm_worker *worker, int64_t seq,
                             bool accepted);
/* All that this worker has not taken goes back. */
void zpm_cluster_take_back(struct zpm_worker *worker);
void zpm_cluster_drop_waiting(struct zpm_cluster_socket *socket);

/* Hands on what one lane has, as far as it can be. */
void zpm_cluster_pump_lane(struct zpm_cluster_lane *lane);

/* ---- cluster_lanes.c ---- */

/* The lane of an instance, which is made if need be; NULL: it cannot be. */
struct zpm_cluster_lane *
zpm_cluster_open_lane(struct zpm_cluster_socket *socket, unsigned instance);
/* One that is there already: `fd` is taken over, also on failure. */
struct zpm_cluster_lane *zpm_cluster_add_lane(struct zpm_cluster_socket *socket,
                                              unsigned instance, int fd);
/* After any change of who serves: tells the kernel, and looks after the lanes
 * that nobody serves. */
void zpm_cluster_steer(struct zpm_cluster_socket *socket);
void zpm_cluster_steer_all(struct zpm_cluster *cluster);
/* A connection has come by. */
void zpm_cluster_count(struct zpm_cluster_socket *socket);
/* Memory is released by the loop. */
void zpm_cluster_close_lanes(struct zpm_cluster_socket *socket);
/* Somebody accepts from it. */
bool zpm_cluster_is_served(const struct zpm_cluster_lane *lane);
bool zpm_cluster_serves(const struct zpm_worker *worker,
                        const struct zpm_cluster_socket *socket);

/* ---- cluster_kept.c ---- */

/* After any change of sockets or of who has joined them. */
void zpm_cluster_keep(struct zpm_cluster *cluster);
/* After it has been opened and the text speaks of it: of another one our
 * successor knows nothing, and its port is taken until the keeper has let it
 * go. */
void zpm_cluster_keep_socket(const struct zpm_cluster_socket *socket);
void zpm_cluster_keep_lane(const struct zpm_cluster_lane *lane);
/* What a former daemon knew of that run; false: nothing. */
bool zpm_cluster_recall(struct zpm_worker *worker);
/* The keeper's name for a socket, or a lane. */
void zpm_cluster_socket_name(char *name, uint64_t id);

#endif
