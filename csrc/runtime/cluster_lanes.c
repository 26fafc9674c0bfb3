#include "runtime/cluster_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "platform/platform.h"
#include "runtime/channel.h"
#include "runtime/services.h"

/* ---- making one ---- */

static int set_on(int fd, int level, int option)
{
  const int on = 1;

  return setsockopt(fd, level, option, &on, sizeof(on)) == 0 ? 0 : -errno;
}

/* Bound without it, so that a stranger's would have been in the way. */
static int begin_group(struct zpm_cluster_socket *socket)
{
  const struct zpm_steer all_here = {0};
  int rc = set_on(socket->fd, SOL_SOCKET, SO_REUSEPORT);

  if (rc == 0)
    rc = zpm_cluster_listen(socket);
  return rc == 0 ? zpm_platform_steer(socket->fd, &all_here) : rc;
}

static int set_options(int fd, int family, int only_v6)
{
  int rc = set_on(fd, SOL_SOCKET, SO_REUSEADDR);

  if (rc == 0)
    rc = set_on(fd, SOL_SOCKET, SO_REUSEPORT);
  if (rc == 0 && family == AF_INET6 &&
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof(only_v6)) != 0)
    rc = -errno;
  return rc;
}

/* Another socket just like it, or a negative errno. */
static int make_like(const struct zpm_cluster_socket *original)
{
  struct sockaddr_storage where = {0};
  socklen_t len = sizeof(where);
  int only_v6 = 0;
  socklen_t size = sizeof(only_v6);
  int fd;
  int rc;

  if (getsockname(original->fd, (struct sockaddr *)&where, &len) != 0)
    return -errno;
  getsockopt(original->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &size);
  fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return -errno;
  rc = set_options(fd, where.ss_family, only_v6);
  if (rc == 0 && (bind(fd, (struct sockaddr *)&where, len) != 0 ||
                  listen(fd, zpm_cluster_backlog(original)) != 0))
    rc = -errno;
  if (rc == 0)
    return fd;
  close(fd);
  return rc;
}

static struct zpm_cluster_lane *
find_lane(const struct zpm_cluster_socket *socket, unsigned instance)
{
  ZPM_LIST_EACH(it, &socket->lanes)
  {
    struct zpm_cluster_lane *lane =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_lane, link);

    if (lane->instance == instance)
      return lane;
  }
  return NULL;
}

struct zpm_cluster_lane *zpm_cluster_add_lane(struct zpm_cluster_socket *socket,
                                              unsigned instance, int fd)
{
  struct zpm_services *services = socket->cluster->services;
  struct zpm_cluster_lane *lane = zpm_alloc_zeroed(1, sizeof(*lane));

  if (lane == NULL || uv_poll_init(services->loop, &lane->poll, fd) != 0) {
    zpm_free(lane);
    close(fd);
    return NULL;
  }
  lane->socket = socket;
  lane->id = ++services->last_id;
  lane->instance = instance;
  lane->index = ++socket->lane_count;
  lane->fd = fd;
  lane->poll.data = lane;
  uv_unref((uv_handle_t *)&lane->poll);
  zpm_list_append(&socket->lanes, &lane->link);
  return lane;
}

static bool is_tcp(const struct zpm_cluster_socket *socket)
{
  return socket->place.type == ZPM_ADDRESS_TCP4 ||
         socket->place.type == ZPM_ADDRESS_TCP6;
}

/* A socket that has listened without a group cannot begin one. */
struct zpm_cluster_lane *
zpm_cluster_open_lane(struct zpm_cluster_socket *socket, unsigned instance)
{
  struct zpm_cluster_lane *lane = find_lane(socket, instance);
  int fd;

  if (lane != NULL)
    return lane;
  if (!is_tcp(socket) || (socket->lane_count == 0 && begin_group(socket) != 0))
    return NULL;
  fd = make_like(socket);
  if (fd < 0)
    return NULL;
  lane = zpm_cluster_add_lane(socket, instance, fd);
  if (lane == NULL)
    return NULL;
  zpm_cluster_keep(socket->cluster);
  zpm_cluster_keep_lane(lane);
  return lane;
}

static void on_poll_closed(uv_handle_t *handle)
{
  struct zpm_cluster_lane *lane = handle->data;

  close(lane->fd);
  zpm_free(lane);
}

void zpm_cluster_close_lanes(struct zpm_cluster_socket *socket)
{
  ZPM_LIST_EACH(it, &socket->lanes)
  {
    struct zpm_cluster_lane *lane =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_lane, link);

    zpm_list_remove(&lane->link);
    uv_close((uv_handle_t *)&lane->poll, on_poll_closed);
  }
}

/* ---- who is served by whom ---- */

static bool is_late(const struct zpm_worker *worker)
{
  return worker->silent > ZPM_STEERING_PATIENCE;
}

bool zpm_cluster_serves(const struct zpm_worker *worker,
                        const struct zpm_cluster_socket *socket)
{
  const struct zpm_member *member = zpm_worker_member(worker, socket);

  return worker->state == ZPM_WORKER_SERVES && worker->channel != NULL &&
         !is_late(worker) && member != NULL && member->listening;
}

static bool joined_by_lane(const struct zpm_worker *worker,
                           const struct zpm_cluster_socket *socket)
{
  const struct zpm_member *member = zpm_worker_member(worker, socket);

  return member != NULL && member->how == ZPM_JOINED_LANE;
}

bool zpm_cluster_is_served(const struct zpm_cluster_lane *lane)
{
  ZPM_LIST_EACH(it, &lane->socket->cluster->workers)
  {
    const struct zpm_worker *worker =
        ZPM_CONTAINER_OF(it, struct zpm_worker, link);

    if (worker->instance == lane->instance &&
        joined_by_lane(worker, lane->socket) &&
        zpm_cluster_serves(worker, lane->socket))
      return true;
  }
  return false;
}

/* ---- telling the kernel ---- */

static bool spreads(const struct zpm_cluster_socket *socket)
{
  return socket->steering.spreads ||
         socket->cluster->config->scheduling == ZPM_SCHEDULING_REUSEPORT;
}

/* Without the memory for it all stays as it is, until the next change. */
static void tell_kernel(const struct zpm_cluster_socket *socket)
{
  unsigned *indexes = zpm_alloc(socket->lane_count * sizeof(*indexes));
  struct zpm_steer steer = {
      .indexes = indexes,
      .sample = socket->steering.spreads ? ZPM_STEERING_SAMPLE : 0,
  };

  if (indexes == NULL)
    return;
  ZPM_LIST_EACH(it, &socket->lanes)
  {
    const struct zpm_cluster_lane *lane =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_lane, link);

    if (spreads(socket) && zpm_cluster_is_served(lane))
      indexes[steer.count++] = lane->index;
  }
  zpm_platform_steer(socket->fd, &steer);
  zpm_free(indexes);
}

void zpm_cluster_steer(struct zpm_cluster_socket *socket)
{
  if (socket->lane_count == 0)
    return;
  tell_kernel(socket);
  zpm_cluster_pump(socket);
  ZPM_LIST_EACH(it, &socket->lanes)
  {
    struct zpm_cluster_lane *lane =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_lane, link);

    if (zpm_cluster_is_served(lane))
      uv_poll_stop(&lane->poll);
    else
      zpm_cluster_pump_lane(lane);
  }
}

void zpm_cluster_steer_all(struct zpm_cluster *cluster)
{
  ZPM_LIST_EACH(it, &cluster->sockets)
  zpm_cluster_steer(ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link));
}

/* ---- few or many ---- */

/* Asks each whether it is there; true if one that was is not any more. */
static bool ask_workers(const struct zpm_cluster_socket *socket)
{
  bool changed = false;

  ZPM_LIST_EACH(it, &socket->cluster->workers)
  {
    struct zpm_worker *worker = ZPM_CONTAINER_OF(it, struct zpm_worker, link);
    bool was_late = is_late(worker);

    if (worker->channel == NULL || !joined_by_lane(worker, socket))
      continue;
    worker->silent++;
    zpm_channel_ping(worker->channel);
    changed = changed || is_late(worker) != was_late;
  }
  return changed;
}

static void forgive_workers(const struct zpm_cluster_socket *socket)
{
  ZPM_LIST_EACH(it, &socket->cluster->workers)
  {
    struct zpm_worker *worker = ZPM_CONTAINER_OF(it, struct zpm_worker, link);

    if (joined_by_lane(worker, socket))
      worker->silent = 0;
  }
}

static void on_window(uv_timer_t *timer)
{
  struct zpm_cluster_socket *socket = timer->data;

  if (zpm_steering_on_window(&socket->steering)) {
    uv_timer_stop(timer);
    forgive_workers(socket);
    zpm_cluster_steer(socket);
  } else if (ask_workers(socket)) {
    zpm_cluster_steer(socket);
  }
}

void zpm_cluster_count(struct zpm_cluster_socket *socket)
{
  uint64_t now_ms = uv_now(socket->cluster->services->loop);

  if (socket->lane_count == 0 ||
      socket->cluster->config->scheduling != ZPM_SCHEDULING_AUTO ||
      !zpm_steering_on_connection(&socket->steering, now_ms))
    return;
  uv_timer_start(&socket->window, on_window, ZPM_STEERING_WINDOW_MS,
                 ZPM_STEERING_WINDOW_MS);
  zpm_cluster_steer(socket);
}
