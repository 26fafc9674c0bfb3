#include "runtime/cluster_internal.h"

#include "base/alloc.h"
#include "runtime/channel.h"
#include "runtime/wall.h"

void zpm_worker_on_pong(struct zpm_worker *worker)
{
  bool was_late = worker->silent > ZPM_STEERING_PATIENCE;

  worker->silent = 0;
  if (was_late)
    zpm_cluster_steer_all(worker->cluster);
}

struct zpm_worker *zpm_worker_begin(struct zpm_cluster *cluster, uint64_t run,
                                    unsigned instance,
                                    const struct zpm_worker_events *events,
                                    void *ctx)
{
  struct zpm_worker *worker = zpm_alloc_zeroed(1, sizeof(*worker));

  if (worker == NULL)
    return NULL;
  worker->cluster = cluster;
  worker->events = events;
  worker->ctx = ctx;
  worker->run = run;
  worker->instance = instance;
  worker->state = ZPM_WORKER_COMES;
  /* What a former daemon has said to it must not be answered to us; neither
   * says a thousand things in a millisecond. */
  worker->seq = (int64_t)zpm_wall_ms() * 1000;
  zpm_list_init(&worker->in_flight);
  zpm_list_append(&cluster->workers, &worker->link);
  if (!zpm_cluster_recall(worker))
    worker->id = ++cluster->last_worker;
  return worker;
}

int32_t zpm_worker_id(const struct zpm_worker *worker)
{
  return worker->id;
}

static void steer_and_pump(struct zpm_cluster *cluster)
{
  zpm_cluster_steer_all(cluster);
  ZPM_LIST_EACH(it, &cluster->sockets)
  zpm_cluster_pump(ZPM_CONTAINER_OF(it, struct zpm_cluster_socket, link));
}

void zpm_worker_attach(struct zpm_worker *worker, struct zpm_channel *channel)
{
  worker->channel = channel;
  steer_and_pump(worker->cluster);
}

void zpm_worker_admit(struct zpm_worker *worker)
{
  if (worker->state != ZPM_WORKER_COMES)
    return;
  worker->state = ZPM_WORKER_SERVES;
  steer_and_pump(worker->cluster);
  zpm_cluster_keep(worker->cluster);
}

bool zpm_worker_listens(const struct zpm_worker *worker)
{
  for (size_t i = 0; i < worker->member_count; i++) {
    if (worker->members[i].listening)
      return true;
  }
  return false;
}

uint64_t zpm_worker_connections(const struct zpm_worker *worker)
{
  return worker->connections;
}

void zpm_worker_drain(struct zpm_worker *worker)
{
  if (worker->state == ZPM_WORKER_DRAINS || worker->state == ZPM_WORKER_LEAVES)
    return;
  worker->state = ZPM_WORKER_DRAINS;
  zpm_cluster_steer_all(worker->cluster);
  zpm_cluster_keep(worker->cluster);
  if (worker->channel != NULL)
    zpm_channel_say_word(worker->channel, ZPM_WORD_DRAIN);
}

bool zpm_worker_disconnect(struct zpm_worker *worker)
{
  struct zpm_str line = {0};
  int rc;

  if (worker->channel == NULL)
    return false;
  worker->state = ZPM_WORKER_LEAVES;
  zpm_cluster_steer_all(worker->cluster);
  zpm_cluster_keep(worker->cluster);
  rc = zpm_cluster_say_disconnect(&line, worker->seq++);
  zpm_worker_send(worker, &line, rc);
  return rc == 0;
}

/* What it has said last may be what it has taken. */
void zpm_worker_end(struct zpm_worker *worker)
{
  worker->state = ZPM_WORKER_LEAVES;
  if (worker->channel != NULL)
    zpm_channel_listen(worker->channel);
  worker->channel = NULL;
  zpm_list_remove(&worker->link);
  zpm_cluster_steer_all(worker->cluster);
  zpm_cluster_take_back(worker);
  zpm_free(worker->members);
  zpm_free(worker);
}
