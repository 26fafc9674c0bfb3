#include "runtime/cluster_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "core/hashes.h"
#include "platform/platform.h"
#include "runtime/keeper_link.h"
#include "runtime/services.h"

/*
 * What the next daemon must know of a cluster is a text that the keeper holds,
 * as it does each of the sockets; one fact a line:
 *
 *   last ID                          the last id of a worker
 *   socket NUMBER QUERY              QUERY is what its first worker asked
 *   lane NUMBER SOCKET INSTANCE      NUMBER as of a socket, in their order
 *   worker RUN ID STATE
 *   member RUN NUMBER HOW LISTENS    the worker has joined that socket
 */
enum { SOCKET_KIND = 's', CLUSTER_KIND = 'c', LONGEST = 1 << 20 };

void zpm_cluster_name(char *name, const struct zpm_config *config)
{
  zpm_keeper_name(name, CLUSTER_KIND,
                  zpm_hashes_of(0, config->name, strlen(config->name)));
}

void zpm_cluster_socket_name(char *name, uint64_t id)
{
  zpm_keeper_name(name, SOCKET_KIND, id);
}

/* ---- writing ---- */

static int put_members(struct zpm_str *text, const struct zpm_worker *worker)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < worker->member_count; i++)
    rc = zpm_str_printf(text, "member %" PRIu64 " %" PRIu64 " %d %d\n",
                        worker->run, worker->members[i].socket->id,
                        (int)worker->members[i].how,
                        worker->members[i].listening);
  return rc;
}

static int put_lanes(struct zpm_str *text,
                     const struct zpm_cluster_socket *socket)
{
  int rc = 0;

  ZPM_LIST_EACH(it, &socket->lanes)
  {
    const struct zpm_cluster_lane *lane =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_lane, link);

    rc = rc != 0 ? rc
                 : zpm_str_printf(text, "lane %" PRIu64 " %" PRIu64 " %u\n",
                                  lane->id, socket->id, lane->instance);
  }
  return rc;
}

static int put_all(struct zpm_str *text, const struct zpm_cluster *cluster)
{
  int rc = zpm_str_printf(text, "last %" PRId32 "\n", cluster->last_worker);

  ZPM_LIST_EACH(it, &cluster->sockets)
  {
    const struct zpm_cluster_socket *socket =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link);

    rc = rc != 0 ? rc
                 : zpm_str_printf(text, "socket %" PRIu64 " %s\n", socket->id,
                                  socket->query);
    rc = rc != 0 ? rc : put_lanes(text, socket);
  }
  ZPM_LIST_EACH(at, &cluster->workers)
  {
    const struct zpm_worker *worker =
        ZPM_CONTAINER_OF(at, struct zpm_worker, link);

    rc = rc != 0 ? rc
                 : zpm_str_printf(text, "worker %" PRIu64 " %" PRId32 " %d\n",
                                  worker->run, worker->id, (int)worker->state);
    rc = rc != 0 ? rc : put_members(text, worker);
  }
  return rc;
}

/* A new file each time, so that there is a whole one at any time.  Without
 * memory for it the old one stays, and is as good as it was; so does it until
 * all is taken that it tells. */
void zpm_cluster_keep(struct zpm_cluster *cluster)
{
  struct zpm_keeper_link *link = cluster->services->link;
  char name[ZPM_WIRE_NAME_MAX];
  struct zpm_str text = {0};
  int fd;

  if (cluster->inherited.len > 0)
    return;
  zpm_cluster_name(name, cluster->config);
  if (zpm_list_empty(&cluster->sockets)) {
    zpm_keeper_link_del(link, name);
    return;
  }
  fd = put_all(&text, cluster) == 0 ? zpm_platform_memfd("zpm-cluster") : -1;
  if (fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len)
    zpm_keeper_link_put(link, name, fd);
  if (fd >= 0)
    close(fd);
  zpm_str_deinit(&text);
}

void zpm_cluster_keep_socket(const struct zpm_cluster_socket *socket)
{
  char name[ZPM_WIRE_NAME_MAX];

  zpm_cluster_socket_name(name, socket->id);
  zpm_keeper_link_put(socket->cluster->services->link, name, socket->fd);
}

void zpm_cluster_keep_lane(const struct zpm_cluster_lane *lane)
{
  char name[ZPM_WIRE_NAME_MAX];

  zpm_cluster_socket_name(name, lane->id);
  zpm_keeper_link_put(lane->socket->cluster->services->link, name, lane->fd);
}

void zpm_cluster_hand_over(struct zpm_cluster *cluster)
{
  zpm_cluster_keep(cluster);
  ZPM_LIST_EACH(it, &cluster->sockets)
  {
    const struct zpm_cluster_socket *socket =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link);

    zpm_cluster_keep_socket(socket);
    ZPM_LIST_EACH(at, &socket->lanes)
    zpm_cluster_keep_lane(ZPM_CONTAINER_OF(at, struct zpm_cluster_lane, link));
  }
}

/* ---- reading ---- */

static int read_all(struct zpm_str *text, int fd)
{
  struct stat file;
  ssize_t got;
  int rc;

  if (fstat(fd, &file) != 0 || file.st_size > LONGEST)
    return UV_EIO;
  rc = zpm_str_reserve(text, (size_t)file.st_size);
  if (rc != 0)
    return rc;
  got = pread(fd, text->data, (size_t)file.st_size, 0);
  if (got != file.st_size)
    return UV_EIO;
  text->len = (size_t)got;
  text->data[text->len] = '\0';
  return 0;
}

/* The next number of a line, and what is behind it; false: there is none. */
static bool read_number(const char **text, uint64_t *number)
{
  char *end;

  errno = 0;
  *number = strtoull(*text, &end, 10);
  if (errno != 0 || end == *text)
    return false;
  *text = end + (*end == ' ');
  return true;
}

/* Calls `each` for every line that begins with that word; it may stop. */
static void each_line(const char *text, const char *word,
                      bool (*each)(void *ctx, const char *rest, size_t len),
                      void *ctx)
{
  size_t size = strlen(word);

  while (text != NULL && *text != '\0') {
    size_t len = strcspn(text, "\n");

    if (len > size && memcmp(text, word, size) == 0 && text[size] == ' ' &&
        !each(ctx, text + size + 1, len - size - 1))
      return;
    text += len + (text[len] == '\n');
  }
}

struct adoption {
  struct zpm_cluster *cluster;
  int (*claim)(void *ctx, const char *name);
  void *ctx;
};

static void adopt_socket(struct zpm_cluster *cluster, uint64_t id, int fd,
                         const char *query, size_t len)
{
  struct zpm_worker_message message;
  struct zpm_cluster_socket *socket = NULL;

  if (zpm_worker_message_parse(&message, query, len) != 0) {
    close(fd);
    return;
  }
  if (message.said == ZPM_SAID_QUERY_SERVER)
    socket = zpm_cluster_add_socket(cluster, &message, query, len, fd);
  else
    close(fd);
  if (socket != NULL) {
    socket->id = id;
    socket->path = zpm_cluster_path(&message.place, cluster->config->cwd);
  }
  zpm_worker_message_deinit(&message);
}

static bool on_socket(void *ctx, const char *rest, size_t len)
{
  const struct adoption *adoption = ctx;
  char name[ZPM_WIRE_NAME_MAX];
  const char *query = rest;
  uint64_t id;
  int fd;

  if (!read_number(&query, &id))
    return true;
  zpm_cluster_socket_name(name, id);
  fd = adoption->claim(adoption->ctx, name);
  if (fd >= 0)
    adopt_socket(adoption->cluster, id, fd, query,
                 len - (size_t)(query - rest));
  return true;
}

static struct zpm_cluster_socket *
socket_of_id(const struct zpm_cluster *cluster, uint64_t id)
{
  ZPM_LIST_EACH(it, &cluster->sockets)
  {
    struct zpm_cluster_socket *socket =
        ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link);

    if (socket->id == id)
      return socket;
  }
  return NULL;
}

static bool on_lane(void *ctx, const char *rest, size_t len)
{
  const struct adoption *adoption = ctx;
  struct zpm_cluster_socket *socket;
  struct zpm_cluster_lane *lane;
  char name[ZPM_WIRE_NAME_MAX];
  uint64_t id;
  uint64_t of;
  uint64_t instance;
  int fd;

  (void)len;
  if (!read_number(&rest, &id) || !read_number(&rest, &of) ||
      !read_number(&rest, &instance))
    return true;
  socket = socket_of_id(adoption->cluster, of);
  zpm_cluster_socket_name(name, id);
  fd = socket != NULL ? adoption->claim(adoption->ctx, name) : -1;
  lane = fd >= 0 ? zpm_cluster_add_lane(socket, (unsigned)instance, fd) : NULL;
  if (lane != NULL)
    lane->id = id;
  return true;
}

static bool on_last(void *ctx, const char *rest, size_t len)
{
  struct zpm_cluster *cluster = ctx;
  uint64_t last;

  (void)len;
  if (read_number(&rest, &last))
    cluster->last_worker = (int32_t)last;
  return false;
}

void zpm_cluster_adopt(struct zpm_cluster *cluster, int fd,
                       int (*claim)(void *ctx, const char *name), void *ctx)
{
  struct adoption adoption = {cluster, claim, ctx};

  if (fd < 0)
    return;
  if (read_all(&cluster->inherited, fd) == 0) {
    each_line(cluster->inherited.data, "last", on_last, cluster);
    each_line(cluster->inherited.data, "socket", on_socket, &adoption);
    each_line(cluster->inherited.data, "lane", on_lane, &adoption);
  } else {
    zpm_str_deinit(&cluster->inherited);
  }
  close(fd);
}

void zpm_cluster_adopted(struct zpm_cluster *cluster)
{
  zpm_str_deinit(&cluster->inherited);
  zpm_cluster_keep(cluster);
}

static bool on_worker(void *ctx, const char *rest, size_t len)
{
  struct zpm_worker *worker = ctx;
  uint64_t run;
  uint64_t id;
  uint64_t state;

  (void)len;
  if (!read_number(&rest, &run) || run != worker->run ||
      !read_number(&rest, &id) || !read_number(&rest, &state))
    return true;
  worker->id = (int32_t)id;
  worker->state = (enum zpm_worker_state)state;
  return false;
}

static bool on_member(void *ctx, const char *rest, size_t len)
{
  struct zpm_worker *worker = ctx;
  struct zpm_cluster_socket *socket;
  struct zpm_member *member;
  uint64_t run;
  uint64_t id;
  uint64_t how;
  uint64_t listens;

  (void)len;
  if (!read_number(&rest, &run) || run != worker->run ||
      !read_number(&rest, &id) || !read_number(&rest, &how) ||
      !read_number(&rest, &listens))
    return true;
  socket = socket_of_id(worker->cluster, id);
  if (socket == NULL)
    return true;
  member = zpm_worker_join(worker, socket, (enum zpm_joining)how);
  if (member != NULL)
    member->listening = listens != 0;
  return true;
}

bool zpm_cluster_recall(struct zpm_worker *worker)
{
  const char *text = worker->cluster->inherited.data;

  each_line(text, "worker", on_worker, worker);
  each_line(text, "member", on_member, worker);
  return worker->id != 0;
}
