#include "runtime/cluster_internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/channel.h"

enum {
  ACCEPTS_PER_TURN = 64, /* the loop has others to look after */
  /* Of a connection: more than there can be servers that are just closing. */
  TRIES_MAX = 64,
  PAUSE_MS = 100, /* after a lack of descriptors or memory */
};

/* ---- who takes it ---- */

static bool takes_from(const struct zpm_worker *worker,
                       const struct zpm_cluster_socket *socket)
{
  return zpm_dispatch_has_room(&worker->load) &&
         zpm_cluster_serves(worker, socket) &&
         zpm_channel_takes_handle(worker->channel);
}

static bool accepts_itself(const struct zpm_worker *worker,
                           const struct zpm_cluster_socket *socket)
{
  const struct zpm_member *member = zpm_worker_member(worker, socket);

  return member != NULL && member->how == ZPM_JOINED_SHARED;
}

/* For one that we have, or (`ours`) that we would accept. */
static struct zpm_worker *choose(const struct zpm_cluster_socket *socket,
                                 bool ours)
{
  struct zpm_worker *best = NULL;

  ZPM_LIST_EACH(it, &socket->cluster->workers)
  {
    struct zpm_worker *worker = ZPM_CONTAINER_OF(it, struct zpm_worker, link);

    if (takes_from(worker, socket) &&
        !(ours && accepts_itself(worker, socket)) &&
        (best == NULL || zpm_dispatch_prefers(&worker->load, &best->load)))
      best = worker;
  }
  return best;
}

/* ---- handing on ---- */

static void drop(struct zpm_cluster_conn *conn)
{
  close(conn->fd);
  zpm_list_remove(&conn->link);
  zpm_free(conn);
}

/* Its memory is the list's that it is put in.  False: it waits on, as there is
 * no memory to hand it over. */
static bool hand_to(struct zpm_worker *worker, struct zpm_cluster_conn *conn)
{
  struct zpm_str line = {0};

  conn->seq = worker->seq++;
  if (zpm_cluster_say_newconn(&line, conn->seq, conn->socket->key) != 0) {
    zpm_list_append(&conn->socket->waiting, &conn->link);
    return false;
  }
  zpm_list_append(&worker->in_flight, &conn->link);
  worker->load.in_flight++;
  worker->load.last_turn = ++worker->cluster->last_turn;
  worker->connections++;
  zpm_channel_send_handle(worker->channel, line.data, line.len, conn->fd,
                          conn->seq);
  zpm_str_deinit(&line);
  return true;
}

static struct zpm_cluster_conn *accept_one(int fd, int *error)
{
  struct zpm_cluster_conn *conn = zpm_alloc_zeroed(1, sizeof(*conn));

  if (conn == NULL) {
    *error = ENOMEM;
    return NULL;
  }
  zpm_list_init(&conn->link);
  do {
    conn->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  } while (conn->fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (conn->fd >= 0)
    return conn;
  *error = errno;
  zpm_free(conn);
  return NULL;
}

static struct zpm_cluster_conn *next_conn(struct zpm_cluster_socket *socket,
                                          int *error)
{
  struct zpm_cluster_conn *conn;

  if (!zpm_list_empty(&socket->waiting)) {
    conn =
        ZPM_CONTAINER_OF(socket->waiting.next, struct zpm_cluster_conn, link);
    zpm_list_remove(&conn->link);
    return conn;
  }
  conn = accept_one(socket->fd, error);
  if (conn == NULL)
    return NULL;
  conn->socket = socket;
  zpm_cluster_count(socket);
  return conn;
}

/* ---- waiting for more ---- */

static void pump_all(struct zpm_cluster_socket *socket);

static void on_pause_over(uv_timer_t *timer)
{
  pump_all(timer->data);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
  (void)status;
  (void)events;
  zpm_cluster_pump(poll->data);
}

/* A lack of something is over by itself; polling would find it at once. */
static void pause_after(struct zpm_cluster_socket *socket, int error)
{
  if (error != EAGAIN && error != 0)
    uv_timer_start(&socket->pause, on_pause_over, PAUSE_MS, 0);
}

static void rest(struct zpm_cluster_socket *socket, int error)
{
  uv_poll_stop(&socket->poll);
  pause_after(socket, error);
}

static struct zpm_worker *choose_for_next(const struct zpm_cluster_socket *s)
{
  return choose(s, zpm_list_empty(&s->waiting));
}

void zpm_cluster_pump(struct zpm_cluster_socket *socket)
{
  struct zpm_worker *worker = choose_for_next(socket);
  int error = 0;

  for (int i = 0; worker != NULL && i < ACCEPTS_PER_TURN; i++) {
    struct zpm_cluster_conn *conn = next_conn(socket, &error);

    if (conn == NULL)
      break;
    if (!hand_to(worker, conn)) {
      error = ENOMEM;
      break;
    }
    worker = choose_for_next(socket);
  }
  if (worker == NULL || (error != 0 && error != EAGAIN))
    rest(socket, error);
  else
    uv_poll_start(&socket->poll, UV_READABLE, on_connection);
}

static void on_lane_connection(uv_poll_t *poll, int status, int events)
{
  (void)status;
  (void)events;
  zpm_cluster_pump_lane(poll->data);
}

/* What nobody has room for waits where it is. */
void zpm_cluster_pump_lane(struct zpm_cluster_lane *lane)
{
  struct zpm_cluster_socket *socket = lane->socket;
  struct zpm_worker *worker = choose(socket, true);
  int error = 0;

  for (int i = 0; worker != NULL && i < ACCEPTS_PER_TURN; i++) {
    struct zpm_cluster_conn *conn = accept_one(lane->fd, &error);

    if (conn == NULL)
      break;
    conn->socket = socket;
    if (!hand_to(worker, conn)) {
      error = ENOMEM;
      break;
    }
    worker = choose(socket, true);
  }
  pause_after(socket, error);
  if (worker == NULL || (error != 0 && error != EAGAIN))
    uv_poll_stop(&lane->poll);
  else
    uv_poll_start(&lane->poll, UV_READABLE, on_lane_connection);
}

/* The lanes that nobody serves have their turn after it. */
static void pump_all(struct zpm_cluster_socket *socket)
{
  zpm_cluster_pump(socket);
  ZPM_LIST_EACH(it, &socket->lanes)
  {
    struct zpm_cluster_lane *lane =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_lane, link);

    if (!zpm_cluster_is_served(lane))
      zpm_cluster_pump_lane(lane);
  }
}

int zpm_cluster_backlog(const struct zpm_cluster_socket *socket)
{
  return socket->place.backlog > 0 ? socket->place.backlog
                                   : ZPM_CLUSTER_BACKLOG;
}

int zpm_cluster_listen(struct zpm_cluster_socket *socket)
{
  return listen(socket->fd, zpm_cluster_backlog(socket)) == 0 ? 0 : -errno;
}

/* ---- what the worker says to it ---- */

static struct zpm_cluster_conn *find_conn(const struct zpm_worker *worker,
                                          int64_t seq)
{
  ZPM_LIST_EACH(it, &worker->in_flight)
  {
    struct zpm_cluster_conn *conn =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_conn, link);

    if (conn->seq == seq)
      return conn;
  }
  return NULL;
}

/* Nobody wants it: as good as refused. */
static void give_back(struct zpm_cluster_conn *conn)
{
  zpm_list_remove(&conn->link);
  if (++conn->tries > TRIES_MAX)
    drop(conn);
  else
    zpm_list_append(&conn->socket->waiting, &conn->link);
}

void zpm_cluster_on_accepted(struct zpm_worker *worker, int64_t seq,
                             bool accepted)
{
  struct zpm_cluster_conn *conn = find_conn(worker, seq);
  struct zpm_cluster_socket *socket;

  if (conn == NULL)
    return;
  socket = conn->socket;
  worker->load.in_flight--;
  if (accepted)
    drop(conn);
  else
    give_back(conn);
  pump_all(socket);
}

void zpm_cluster_take_back(struct zpm_worker *worker)
{
  while (!zpm_list_empty(&worker->in_flight)) {
    struct zpm_cluster_conn *conn =
        ZPM_CONTAINER_OF(worker->in_flight.next, struct zpm_cluster_conn, link);

    give_back(conn);
  }
  worker->load.in_flight = 0;
  ZPM_LIST_EACH(it, &worker->cluster->sockets)
  pump_all(ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link));
}

/* Also those that workers have been handed for it. */
void zpm_cluster_drop_waiting(struct zpm_cluster_socket *socket)
{
  ZPM_LIST_EACH(it, &socket->waiting)
  drop(ZPM_CONTAINER_OF(it, struct zpm_cluster_conn, link));
  ZPM_LIST_EACH(at, &socket->cluster->workers)
  {
    struct zpm_worker *worker = ZPM_CONTAINER_OF(at, struct zpm_worker, link);

    ZPM_LIST_EACH(it, &worker->in_flight)
    {
      struct zpm_cluster_conn *conn =
          ZPM_CONTAINER_OF(it, struct zpm_cluster_conn, link);

      if (conn->socket != socket)
        continue;
      worker->load.in_flight--;
      drop(conn);
    }
  }
}
