#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "core/config.h"
#include "core/probe.h"
#include "runtime/channel.h"
#include "runtime/cluster.h"
#include "runtime/keeper_link.h"
#include "runtime/scarce_memory.h"
#include "runtime/services.h"

/* One worker of a cluster, whose part the tests play. */
struct play {
  uv_loop_t loop;
  struct zpm_services services;
  struct zpm_config config;
  struct zpm_cluster *cluster;
  struct zpm_worker *worker;
  struct zpm_channel *channel;
  int node; /* the worker's end of its channel */
  char heard[4096];
  size_t heard_len;
  int handle; /* that came with it last; -1 */
  unsigned port;
};

/* ---- there is no keeper here ---- */

int zpm_keeper_link_put(struct zpm_keeper_link *link, const char *name, int fd)
{
  (void)link;
  (void)name;
  (void)fd;
  return 0;
}

int zpm_keeper_link_del(struct zpm_keeper_link *link, const char *name)
{
  (void)link;
  (void)name;
  return 0;
}

void zpm_keeper_name(char name[ZPM_WIRE_NAME_MAX], char kind, uint64_t id)
{
  snprintf(name, ZPM_WIRE_NAME_MAX, "%c%llu", kind, (unsigned long long)id);
}

/* ---- our side ---- */

static void on_message(void *ctx, const char *json, size_t len)
{
  struct play *play = ctx;

  zpm_worker_on_message(play->worker, json, len);
}

static void ignore(void *ctx)
{
  (void)ctx;
}

static void ignore_heap(void *ctx, uint64_t used, uint64_t lag_ns)
{
  (void)ctx;
  (void)used;
  (void)lag_ns;
}

static const struct zpm_channel_events CHANNEL_EVENTS = {
    .heap = ignore_heap, .message = on_message, .closed = ignore};
static const struct zpm_worker_events WORKER_EVENTS = {.online = ignore,
                                                       .listening = ignore};

/* ---- the worker's side ---- */

static void says(struct play *play, const char *line)
{
  assert_int_equal(send(play->node, line, strlen(line), MSG_NOSIGNAL),
                   (ssize_t)strlen(line));
}

static void hear(struct play *play)
{
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  struct iovec part = {play->heard + play->heard_len,
                       sizeof(play->heard) - 1 - play->heard_len};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
  ssize_t got = recvmsg(play->node, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

  if (got <= 0)
    return;
  play->heard_len += (size_t)got;
  play->heard[play->heard_len] = '\0';
  if (CMSG_FIRSTHDR(&message) != NULL)
    memcpy(&play->handle, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
}

static void on_tick(uv_timer_t *timer)
{
  (void)timer;
}

/* Lets the loop go on for a moment, and hears what there is. */
static void go_on(struct play *play)
{
  uv_timer_t tick;

  uv_timer_init(&play->loop, &tick);
  uv_timer_start(&tick, on_tick, 5, 0);
  uv_run(&play->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&tick, NULL);
  uv_run(&play->loop, UV_RUN_NOWAIT);
  hear(play);
}

static void wait_for(struct play *play, const char *what)
{
  while (strstr(play->heard, what) == NULL)
    go_on(play);
}

static void forget(struct play *play)
{
  play->heard_len = 0;
  play->heard[0] = '\0';
  if (play->handle >= 0)
    close(play->handle);
  play->handle = -1;
}

/* At a port of 127.0.0.1. */
static void listens(struct play *play)
{
  char line[256];

  says(play, "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\",\"seq\":0}\n"
             "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\",\"index\":0,"
             "\"data\":null,\"address\":\"127.0.0.1\",\"port\":0,"
             "\"addressType\":4,\"seq\":1}\n");
  wait_for(play, "\"sockname\"");
  assert_int_equal(
      sscanf(strstr(play->heard, "\"port\":"), "\"port\":%u", &play->port), 1);
  snprintf(line, sizeof(line),
           "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"listening\",\"index\":0,"
           "\"data\":null,\"address\":\"127.0.0.1\",\"port\":%u,"
           "\"addressType\":4,\"seq\":2}\n",
           play->port);
  says(play, line);
  while (!zpm_worker_listens(play->worker))
    go_on(play);
  forget(play);
}

static int open_client(const struct play *play)
{
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)play->port)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  return fd;
}

static int set_up(void **state)
{
  struct play *play = calloc(1, sizeof(*play));
  int ends[2];

  if (play == NULL || uv_loop_init(&play->loop) != 0 ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return -1;
  *state = play;
  play->services.loop = &play->loop;
  play->node = ends[1];
  play->handle = -1;
  zpm_config_init(&play->config);
  play->config.name = zpm_strdup("web");
  play->config.scheduling = ZPM_SCHEDULING_RR;
  play->cluster = zpm_cluster_create(&play->services, &play->config);
  play->worker = zpm_worker_begin(play->cluster, 1, 0, &WORKER_EVENTS, play);
  if (zpm_channel_open(&play->loop, ends[0], &CHANNEL_EVENTS, play,
                       &play->channel, NULL) != 0)
    return -1;
  zpm_worker_attach(play->worker, play->channel);
  return 0;
}

static int tear_down(void **state)
{
  struct play *play = *state;
  int rc;

  forget(play);
  zpm_worker_end(play->worker);
  zpm_channel_close(play->channel);
  zpm_cluster_close_sockets(play->cluster);
  zpm_cluster_destroy(play->cluster);
  uv_run(&play->loop, UV_RUN_DEFAULT);
  rc = uv_loop_close(&play->loop);
  close(play->node);
  zpm_config_deinit(&play->config);
  free(play);
  return rc;
}

/* ---- tests ---- */

static void who_is_not_ready_gets_no_connection(void **state)
{
  struct play *play = *state;
  int client;

  listens(play);
  client = open_client(play);
  for (int i = 0; i < 5; i++)
    go_on(play);
  assert_string_equal(play->heard, "");
  zpm_worker_admit(play->worker);
  wait_for(play, "newconn");
  assert_true(play->handle >= 0);
  assert_int_equal(zpm_worker_connections(play->worker), 1);
  close(client);
}

static void a_connection_waits_while_there_is_no_memory(void **state)
{
  struct play *play = *state;
  int client;

  listens(play);
  zpm_worker_admit(play->worker);
  client = open_client(play);
  allocations_left = 1; /* for the connection, and not for its line */
  for (int i = 0; i < 5; i++)
    go_on(play);
  assert_string_equal(play->heard, "");
  assert_int_equal(zpm_worker_connections(play->worker), 0);
  allocations_left = -1;
  wait_for(play, "newconn");
  assert_true(play->handle >= 0);
  assert_int_equal(zpm_worker_connections(play->worker), 1);
  close(client);
}

static void a_visit_is_for_this_worker_alone(void **state)
{
  struct play *play = *state;
  struct zpm_endpoint endpoint = {.host = "localhost"};
  char byte = 'x';
  int fd;

  listens(play);
  endpoint.port = (uint16_t)play->port;
  assert_int_equal(zpm_worker_visit(play->worker, &endpoint, NULL), 1);
  assert_int_equal(zpm_worker_visit(play->worker, &endpoint, &fd), 1);
  wait_for(play, "newconn");
  assert_true(play->handle >= 0);
  assert_int_equal(send(fd, &byte, 1, 0), 1);
  byte = '\0';
  assert_int_equal(recv(play->handle, &byte, 1, MSG_WAITALL), 1);
  assert_int_equal(byte, 'x');
  assert_int_equal(zpm_worker_connections(play->worker), 0);
  close(fd);
}

static void who_does_not_listen_yet_cannot_be_visited(void **state)
{
  struct play *play = *state;
  struct zpm_endpoint endpoint = {.host = "127.0.0.1", .port = 1};
  struct zpm_worker *other;
  int fd;

  listens(play);
  /* That is nobody of the app. */
  assert_int_equal(zpm_worker_visit(play->worker, &endpoint, &fd), 0);
  endpoint.port = (uint16_t)play->port;
  other = zpm_worker_begin(play->cluster, 2, 1, &WORKER_EVENTS, play);
  assert_int_equal(zpm_worker_visit(other, &endpoint, &fd), UV_ECONNREFUSED);
  zpm_worker_end(other);
}

#define in_a_play(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      in_a_play(who_is_not_ready_gets_no_connection),
      in_a_play(a_connection_waits_while_there_is_no_memory),
      in_a_play(a_visit_is_for_this_worker_alone),
      in_a_play(who_does_not_listen_yet_cannot_be_visited),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
