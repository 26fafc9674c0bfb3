#include "runtime/cluster_internal.h"

#include <string.h>

#include "base/alloc.h"
#include "runtime/channel.h"
#include "runtime/services.h"

enum { MEMBERS_MAX = 256 };

/* ---- speaking ---- */

/* Without the memory for it the worker is not told, and waits for an answer;
 * what looks after it ends it in time. */
void zpm_worker_send(const struct zpm_worker *worker, struct zpm_str *line,
                     int rc)
{
  if (rc == 0 && worker->channel != NULL)
    zpm_channel_send(worker->channel, line->data, line->len);
  zpm_str_deinit(line);
}

static struct zpm_cluster_answer
answer_to(struct zpm_worker *worker, const struct zpm_worker_message *query,
          const char *key, const char *data)
{
  return (struct zpm_cluster_answer){
      .seq = worker->seq++, .ack = query->seq, .key = key, .data = data};
}

static void refuse(struct zpm_worker *worker,
                   const struct zpm_worker_message *query, int error)
{
  struct zpm_cluster_answer answer =
      answer_to(worker, query, NULL, query->data);
  struct zpm_str line = {0};

  zpm_worker_send(worker, &line,
                  zpm_cluster_say_refused(&line, &answer, error));
}

static void acknowledge(struct zpm_worker *worker, int64_t ack)
{
  struct zpm_str line = {0};

  zpm_worker_send(worker, &line,
                  zpm_cluster_say_ack(&line, worker->seq++, ack));
}

/* ---- a socket that it wants ---- */

static bool is_udp(const struct zpm_cluster_socket *socket)
{
  return socket->place.type == ZPM_ADDRESS_UDP4 ||
         socket->place.type == ZPM_ADDRESS_UDP6;
}

struct zpm_member *zpm_worker_member(const struct zpm_worker *worker,
                                     const struct zpm_cluster_socket *socket)
{
  for (size_t i = 0; i < worker->member_count; i++) {
    if (worker->members[i].socket == socket)
      return &worker->members[i];
  }
  return NULL;
}

struct zpm_member *zpm_worker_join(struct zpm_worker *worker,
                                   struct zpm_cluster_socket *socket,
                                   enum zpm_joining how)
{
  struct zpm_member *members;

  if (worker->member_count == MEMBERS_MAX)
    return NULL;
  members = zpm_realloc(worker->members,
                        (worker->member_count + 1) * sizeof(*members));
  if (members == NULL)
    return NULL;
  worker->members = members;
  members[worker->member_count] =
      (struct zpm_member){.socket = socket, .how = how};
  return &members[worker->member_count++];
}

static void leave(struct zpm_worker *worker, struct zpm_member *member)
{
  *member = worker->members[--worker->member_count];
}

static void say_rr(struct zpm_worker *worker,
                   const struct zpm_worker_message *query,
                   const struct zpm_cluster_socket *socket)
{
  struct zpm_cluster_answer answer =
      answer_to(worker, query, socket->key, socket->data);
  char address[ZPM_PLACE_ADDRESS_MAX];
  struct zpm_cluster_sockname name;
  bool named = zpm_cluster_sockname_of(socket, address, &name);
  struct zpm_str line = {0};

  zpm_worker_send(
      worker, &line,
      zpm_cluster_say_newconns_come(&line, &answer, named ? &name : NULL));
}

static void say_shared(struct zpm_worker *worker,
                       const struct zpm_worker_message *query,
                       const struct zpm_cluster_socket *socket, int fd)
{
  struct zpm_cluster_answer answer =
      answer_to(worker, query, socket->key, socket->data);
  struct zpm_str line = {0};

  if (zpm_cluster_say_shared(&line, &answer, is_udp(socket)) == 0)
    zpm_channel_send_handle(worker->channel, line.data, line.len, fd,
                            answer.seq);
  zpm_str_deinit(&line);
}

static bool is_joined_by_others(const struct zpm_cluster_socket *socket,
                                const struct zpm_worker *but)
{
  ZPM_LIST_EACH(it, &socket->cluster->workers)
  {
    const struct zpm_worker *worker =
        ZPM_CONTAINER_OF(it, struct zpm_worker, link);

    if (worker != but && zpm_worker_member(worker, socket) != NULL)
      return true;
  }
  return false;
}

/* How it is to join, by what the config says and the place allows; `*fd` is
 * what it gets to listen at, or -1. */
static enum zpm_joining choose_way(const struct zpm_worker *worker,
                                   struct zpm_cluster_socket *socket, int *fd)
{
  enum zpm_scheduling scheduling =
      (enum zpm_scheduling)worker->cluster->config->scheduling;
  const struct zpm_cluster_lane *lane = NULL;

  *fd = socket->fd;
  if (is_udp(socket) || scheduling == ZPM_SCHEDULING_SHARED)
    return ZPM_JOINED_SHARED;
  if (scheduling != ZPM_SCHEDULING_RR)
    lane = zpm_cluster_open_lane(socket, worker->instance);
  *fd = lane != NULL ? lane->fd : -1;
  return lane != NULL ? ZPM_JOINED_LANE : ZPM_JOINED_RR;
}

static int admit(struct zpm_worker *worker,
                 const struct zpm_worker_message *query,
                 struct zpm_cluster_socket *socket)
{
  int fd;
  enum zpm_joining how = choose_way(worker, socket, &fd);
  int rc = how == ZPM_JOINED_RR ? zpm_cluster_listen(socket) : 0;
  const struct zpm_member *member = zpm_worker_member(worker, socket);

  if (rc != 0)
    return rc;
  /* Node makes a handle of each answer, and trips over a key that it has; but
   * a former daemon may have died before it answered. */
  if (member != NULL && member->listening)
    return UV_EADDRINUSE;
  if (fd >= 0 && !zpm_channel_takes_handle(worker->channel))
    return UV_EAGAIN;
  if (member == NULL && zpm_worker_join(worker, socket, how) == NULL)
    return UV_ENOMEM;
  /* First, or our successor would not know whose socket the worker has. */
  zpm_cluster_keep(worker->cluster);
  if (fd >= 0)
    say_shared(worker, query, socket, fd);
  else
    say_rr(worker, query, socket);
  return 0;
}

static void on_query(struct zpm_worker *worker,
                     const struct zpm_worker_message *query, const char *json,
                     size_t len)
{
  struct zpm_cluster_socket *socket = NULL;
  int rc;

  if (worker->state == ZPM_WORKER_LEAVES || worker->channel == NULL)
    return;
  rc = zpm_cluster_open_socket(worker->cluster, query, json, len, &socket);
  if (rc == 0)
    rc = admit(worker, query, socket);
  if (rc == 0)
    return;
  refuse(worker, query, rc);
  if (socket != NULL && zpm_worker_member(worker, socket) == NULL &&
      !is_joined_by_others(socket, worker))
    zpm_cluster_close_socket(socket);
}

/* What a worker says of its port is the real one; the place is not. */
static struct zpm_member *
member_that_listens(const struct zpm_worker *worker,
                    const struct zpm_worker_message *message)
{
  struct zpm_place asked = message->place;
  char key[ZPM_PLACE_KEY_MAX];

  zpm_place_key(&asked, key);
  for (size_t i = 0; i < worker->member_count; i++) {
    if (strcmp(worker->members[i].socket->key, key) == 0)
      return &worker->members[i];
  }
  asked.port = 0;
  zpm_place_key(&asked, key);
  for (size_t i = 0; i < worker->member_count; i++) {
    if (strcmp(worker->members[i].socket->key, key) == 0)
      return &worker->members[i];
  }
  return NULL;
}

/* Also when it is said again: a former daemon may have died over it. */
static void on_listening(struct zpm_worker *worker,
                         const struct zpm_worker_message *message)
{
  struct zpm_member *member = member_that_listens(worker, message);

  if (member == NULL || worker->channel == NULL ||
      worker->state == ZPM_WORKER_LEAVES)
    return;
  member->listening = true;
  zpm_cluster_keep(worker->cluster);
  zpm_cluster_steer(member->socket);
  zpm_cluster_pump(member->socket);
  worker->events->listening(worker->ctx);
}

/* When no worker serves it any more, as none wants to, it is closed. */
static void on_close(struct zpm_worker *worker, const char *key)
{
  struct zpm_cluster_socket *socket =
      zpm_cluster_find_socket(worker->cluster, key);
  struct zpm_member *member =
      socket != NULL ? zpm_worker_member(worker, socket) : NULL;

  if (member == NULL)
    return;
  leave(worker, member);
  zpm_cluster_steer(socket);
  if ((worker->state == ZPM_WORKER_SERVES ||
       worker->state == ZPM_WORKER_COMES) &&
      !is_joined_by_others(socket, worker))
    zpm_cluster_close_socket(socket);
  else
    zpm_cluster_keep(worker->cluster);
}

static void on_leaving(struct zpm_worker *worker, int64_t seq)
{
  worker->state = ZPM_WORKER_LEAVES;
  zpm_cluster_steer_all(worker->cluster);
  zpm_cluster_keep(worker->cluster);
  acknowledge(worker, seq);
}

static void on_said(struct zpm_worker *worker,
                    const struct zpm_worker_message *message, const char *json,
                    size_t len)
{
  switch (message->said) {
  case ZPM_SAID_QUERY_SERVER:
    on_query(worker, message, json, len);
    break;
  case ZPM_SAID_LISTENING:
    on_listening(worker, message);
    break;
  case ZPM_SAID_CLOSE:
    on_close(worker, message->key);
    break;
  case ZPM_SAID_ACCEPTED:
    zpm_cluster_on_accepted(worker, message->ack, message->accepted);
    break;
  case ZPM_SAID_EXITED_AFTER_DISCONNECT:
    on_leaving(worker, message->seq);
    break;
  case ZPM_SAID_GARBAGE:
    if (message->seq >= 0)
      refuse(worker, message, UV_EINVAL);
    break;
  case ZPM_SAID_ONLINE:
    worker->events->online(worker->ctx);
    break;
  case ZPM_SAID_USER:
  case ZPM_SAID_HANDLE:
  case ZPM_SAID_HANDLE_ACK:
  case ZPM_SAID_HANDLE_NACK:
  case ZPM_SAID_HEAP:
  case ZPM_SAID_OTHER:
    break;
  }
}

void zpm_worker_on_message(struct zpm_worker *worker, const char *json,
                           size_t len)
{
  struct zpm_worker_message message;

  if (zpm_worker_message_parse(&message, json, len) != 0)
    return;
  on_said(worker, &message, json, len);
  zpm_worker_message_deinit(&message);
}

/* A connection goes to another one; a socket cannot be sent again in its
 * answer, and is refused. */
void zpm_worker_on_handle_lost(struct zpm_worker *worker, int64_t token)
{
  zpm_cluster_on_accepted(worker, token, false);
}
