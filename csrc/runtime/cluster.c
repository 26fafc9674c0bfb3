#include "runtime/cluster_internal.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/keeper_link.h"
#include "runtime/services.h"

/* ---- one socket ---- */

struct zpm_cluster_socket *
zpm_cluster_find_socket(const struct zpm_cluster *cluster, const char *key)
{
  ZPM_LIST_EACH(it, &cluster->sockets)
  {
    struct zpm_cluster_socket *socket =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link);

    if (strcmp(socket->key, key) == 0)
      return socket;
  }
  return NULL;
}

static void free_socket(struct zpm_cluster_socket *socket)
{
  zpm_free(socket->query);
  zpm_free(socket->data);
  zpm_free(socket->path);
  zpm_free(socket);
}

static char *copy_text(const char *text, size_t len)
{
  char *copy = zpm_alloc(len + 1);

  if (copy == NULL)
    return NULL;
  memcpy(copy, text, len);
  copy[len] = '\0';
  return copy;
}

static struct zpm_cluster_socket *
create_socket(const struct zpm_worker_message *query, const char *json,
              size_t len)
{
  struct zpm_cluster_socket *socket = zpm_alloc_zeroed(1, sizeof(*socket));

  if (socket == NULL)
    return NULL;
  socket->place = query->place;
  zpm_place_key(&query->place, socket->key);
  socket->query = copy_text(json, len);
  if (query->data != NULL)
    socket->data = zpm_strdup(query->data);
  if (socket->query != NULL && (socket->data != NULL || query->data == NULL))
    return socket;
  free_socket(socket);
  return NULL;
}

struct zpm_cluster_socket *
zpm_cluster_add_socket(struct zpm_cluster *cluster,
                       const struct zpm_worker_message *query, const char *json,
                       size_t len, int fd)
{
  struct zpm_cluster_socket *socket = create_socket(query, json, len);

  if (socket == NULL ||
      uv_poll_init(cluster->services->loop, &socket->poll, fd) != 0) {
    if (socket != NULL)
      free_socket(socket);
    close(fd);
    return NULL;
  }
  socket->cluster = cluster;
  socket->fd = fd;
  socket->id = ++cluster->services->last_id;
  zpm_list_init(&socket->waiting);
  zpm_list_init(&socket->lanes);
  uv_timer_init(cluster->services->loop, &socket->window);
  uv_unref((uv_handle_t *)&socket->window);
  socket->window.data = socket;
  uv_timer_init(cluster->services->loop, &socket->pause);
  uv_unref((uv_handle_t *)&socket->pause);
  uv_unref((uv_handle_t *)&socket->poll);
  socket->poll.data = socket;
  socket->pause.data = socket;
  zpm_list_append(&cluster->sockets, &socket->link);
  return socket;
}

/* Files of an app that runs as somebody else are not ours to make: we may be
 * root, and it could have them made anywhere. */
static bool is_for_another_user(const struct zpm_config *config)
{
  return config->user != NULL || config->uid != ZPM_ID_KEEP;
}

int zpm_cluster_open_socket(struct zpm_cluster *cluster,
                            const struct zpm_worker_message *query,
                            const char *json, size_t len,
                            struct zpm_cluster_socket **out)
{
  const struct zpm_place *place = &query->place;
  char key[ZPM_PLACE_KEY_MAX];
  char *path;
  int fd;

  zpm_place_key(place, key);
  *out = zpm_cluster_find_socket(cluster, key);
  if (*out != NULL)
    return 0;
  if (place->type == ZPM_ADDRESS_PATH && is_for_another_user(cluster->config))
    return UV_EACCES;
  fd = zpm_cluster_bind(place, cluster->config->cwd, &path);
  if (fd < 0)
    return fd;
  *out = zpm_cluster_add_socket(cluster, query, json, len, fd);
  if (*out == NULL) {
    zpm_free(path);
    return UV_ENOMEM;
  }
  (*out)->path = path;
  zpm_cluster_keep(cluster);
  zpm_cluster_keep_socket(*out);
  return 0;
}

static void on_pause_closed(uv_handle_t *handle)
{
  free_socket(handle->data);
}

static void on_window_closed(uv_handle_t *handle)
{
  struct zpm_cluster_socket *socket = handle->data;

  uv_close((uv_handle_t *)&socket->pause, on_pause_closed);
}

static void on_poll_closed(uv_handle_t *handle)
{
  struct zpm_cluster_socket *socket = handle->data;

  close(socket->fd);
  uv_close((uv_handle_t *)&socket->window, on_window_closed);
}

/* The socket first, then its members, none of whom holds it any more. */
static void forget_members(const struct zpm_cluster_socket *socket)
{
  ZPM_LIST_EACH(it, &socket->cluster->workers)
  {
    struct zpm_worker *worker = ZPM_CONTAINER_OF(it, struct zpm_worker, link);

    for (size_t i = 0; i < worker->member_count; i++) {
      if (worker->members[i].socket == socket)
        worker->members[i--] = worker->members[--worker->member_count];
    }
  }
}

static void release_socket(struct zpm_cluster_socket *socket)
{
  zpm_list_remove(&socket->link);
  zpm_cluster_drop_waiting(socket);
  zpm_cluster_close_lanes(socket);
  uv_close((uv_handle_t *)&socket->poll, on_poll_closed);
}

void zpm_cluster_close_socket(struct zpm_cluster_socket *socket)
{
  struct zpm_cluster *cluster = socket->cluster;
  char name[ZPM_WIRE_NAME_MAX];

  forget_members(socket);
  if (socket->path != NULL)
    unlink(socket->path);
  zpm_cluster_socket_name(name, socket->id);
  zpm_keeper_link_del(cluster->services->link, name);
  /* Others may hold it, too: it is to take no connection any more. */
  shutdown(socket->fd, SHUT_RDWR);
  ZPM_LIST_EACH(it, &socket->lanes)
  {
    const struct zpm_cluster_lane *lane =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_lane, link);

    zpm_cluster_socket_name(name, lane->id);
    zpm_keeper_link_del(cluster->services->link, name);
    shutdown(lane->fd, SHUT_RDWR);
  }
  release_socket(socket);
  zpm_cluster_keep(cluster);
}

bool zpm_cluster_sockname_of(const struct zpm_cluster_socket *socket,
                             char address[ZPM_PLACE_ADDRESS_MAX],
                             struct zpm_cluster_sockname *name)
{
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage storage;
  } bound = {0};
  socklen_t len = sizeof(bound);

  *name = (struct zpm_cluster_sockname){.address = address};
  if (getsockname(socket->fd, &bound.any, &len) != 0)
    return false;
  if (bound.any.sa_family == AF_INET) {
    name->port = ntohs(bound.v4.sin_port);
    return uv_ip4_name(&bound.v4, address, ZPM_PLACE_ADDRESS_MAX) == 0;
  }
  name->is_ipv6 = bound.any.sa_family == AF_INET6;
  name->port = ntohs(bound.v6.sin6_port);
  return name->is_ipv6 &&
         uv_ip6_name(&bound.v6, address, ZPM_PLACE_ADDRESS_MAX) == 0;
}

bool zpm_cluster_has_port(const struct zpm_cluster *cluster, uint16_t port)
{
  ZPM_LIST_EACH(it, &cluster->sockets)
  {
    struct zpm_cluster_sockname name;
    char address[ZPM_PLACE_ADDRESS_MAX];

    if (zpm_cluster_sockname_of(
            ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link), address,
            &name) &&
        name.port == port)
      return true;
  }
  return false;
}

/* As if a worker in Node had asked for it, so that it is kept like any other.
 */
int zpm_cluster_port_socket(struct zpm_cluster *cluster, uint16_t port)
{
  struct zpm_worker_message query = ZPM_WORKER_MESSAGE_NOTHING;
  struct zpm_cluster_socket *socket;
  struct zpm_str text = {0};
  int rc = zpm_str_printf(&text,
                          "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\","
                          "\"index\":0,\"data\":null,\"address\":null,"
                          "\"port\":%u,\"addressType\":4,\"seq\":0}",
                          (unsigned)port);

  if (rc == 0)
    rc = zpm_worker_message_parse(&query, text.data, text.len);
  if (rc == 0)
    rc = zpm_cluster_open_socket(cluster, &query, text.data, text.len, &socket);
  if (rc == 0)
    rc = zpm_cluster_listen(socket);
  zpm_worker_message_deinit(&query);
  zpm_str_deinit(&text);
  if (rc != 0)
    return rc;
  return socket->fd;
}

/* ---- all of it ---- */

struct zpm_cluster *zpm_cluster_create(struct zpm_services *services,
                                       const struct zpm_config *config)
{
  struct zpm_cluster *cluster = zpm_alloc_zeroed(1, sizeof(*cluster));

  if (cluster == NULL)
    return NULL;
  cluster->services = services;
  cluster->config = config;
  zpm_list_init(&cluster->sockets);
  zpm_list_init(&cluster->workers);
  return cluster;
}

void zpm_cluster_close_sockets(struct zpm_cluster *cluster)
{
  ZPM_LIST_EACH(it, &cluster->sockets)
  zpm_cluster_close_socket(
      ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link));
}

/* What the keeper has stays with it: only we end, perhaps. */
void zpm_cluster_destroy(struct zpm_cluster *cluster)
{
  if (cluster == NULL)
    return;
  ZPM_LIST_EACH(it, &cluster->sockets)
  release_socket(ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link));
  zpm_str_deinit(&cluster->inherited);
  zpm_free(cluster);
}
