#include "runtime/trial.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "base/alloc.h"
#include "core/config.h"
#include "core/record.h"
#include "runtime/channel.h"
#include "runtime/closer.h"
#include "runtime/cluster_internal.h"
#include "runtime/echo.h"
#include "runtime/job.h"
#include "runtime/proc.h"

struct zpm_trial {
  struct zpm_services *services;
  struct zpm_selftest_state state;
  unsigned heard; /* facts of the message that is being dealt with */
  struct zpm_config config;
  struct zpm_environment environment;
  struct zpm_recipe recipe;
  struct zpm_cluster *cluster;
  struct zpm_worker *worker;   /* or NULL */
  struct zpm_channel *channel; /* or NULL */
  struct zpm_job *job;         /* NULL: it has ended */
  uv_timer_t deadline;
  struct zpm_echo handed; /* our client, of a connection that is handed on, */
  struct zpm_echo shared; /* and of one that the worker accepts */
  zpm_trial_done_cb *done;
  void *ctx;
  struct zpm_closer closer; /* its handles */
};

/* ---- its end ---- */

static void release(void *ctx)
{
  struct zpm_trial *trial = ctx;

  zpm_config_deinit(&trial->config);
  zpm_strv_deinit(&trial->environment.vars);
  zpm_free(trial);
}

static void on_deadline_closed(uv_handle_t *handle)
{
  struct zpm_trial *trial = handle->data;

  zpm_closer_release(&trial->closer);
}

static void drop_channel(struct zpm_trial *trial)
{
  struct zpm_worker *worker = trial->worker;

  trial->worker = NULL; /* what it says now is not heard */
  if (worker != NULL)
    zpm_worker_end(worker);
  if (trial->channel != NULL)
    zpm_channel_close(trial->channel);
  trial->channel = NULL;
}

void zpm_trial_cancel(struct zpm_trial *trial)
{
  if (trial->job != NULL)
    zpm_job_cancel(trial->job);
  zpm_echo_close(&trial->handed);
  zpm_echo_close(&trial->shared);
  drop_channel(trial);
  if (trial->cluster != NULL)
    zpm_cluster_close_sockets(trial->cluster);
  zpm_cluster_destroy(trial->cluster);
  uv_close((uv_handle_t *)&trial->deadline, on_deadline_closed);
}

static void end(struct zpm_trial *trial, enum zpm_selftest verdict,
                bool in_vain)
{
  zpm_trial_done_cb *done = trial->done;
  void *ctx = trial->ctx;

  zpm_trial_cancel(trial);
  done(ctx, verdict, in_vain);
}

static void finish(struct zpm_trial *trial, enum zpm_selftest verdict)
{
  end(trial, verdict, false);
}

static void on_deadline(uv_timer_t *timer)
{
  struct zpm_trial *trial = timer->data;

  end(trial, trial->state.step, true);
}

/* ---- the steps ---- */

static void hear(struct zpm_trial *trial, unsigned facts);

static void on_echo(void *ctx, bool echoed)
{
  struct zpm_trial *trial = ctx;

  if (echoed)
    hear(trial, ZPM_SELFTEST_ECHOED);
  else
    finish(trial, trial->state.step);
}

static int newest_address(const struct zpm_trial *trial,
                          struct sockaddr_in *address)
{
  const struct zpm_cluster_socket *socket = ZPM_CONTAINER_OF(
      trial->cluster->sockets.prev, struct zpm_cluster_socket, link);
  char text[ZPM_PLACE_ADDRESS_MAX];
  struct zpm_cluster_sockname name;

  if (zpm_list_empty(&trial->cluster->sockets) ||
      !zpm_cluster_sockname_of(socket, text, &name))
    return UV_EINVAL;
  return uv_ip4_addr(text, name.port, address);
}

static int send_word(struct zpm_trial *trial, struct zpm_echo *echo)
{
  struct sockaddr_in address;
  int rc = newest_address(trial, &address);

  return rc != 0 ? rc
                 : zpm_echo_start(echo, trial->services->loop,
                                  (const struct sockaddr *)&address,
                                  &trial->closer, on_echo, trial);
}

/* False: it is not the worker's fault that this is not possible. */
static bool carry_out(struct zpm_trial *trial, enum zpm_selftest_todo todo)
{
  switch (todo) {
  case ZPM_SELFTEST_WAIT:
    break;
  case ZPM_SELFTEST_SEND:
    return send_word(trial, &trial->handed) == 0;
  case ZPM_SELFTEST_SHARE_NEXT:
    trial->config.scheduling = ZPM_SCHEDULING_SHARED;
    zpm_echo_close(&trial->handed);
    break;
  case ZPM_SELFTEST_SEND_SHARED:
    return send_word(trial, &trial->shared) == 0;
  case ZPM_SELFTEST_ASK:
    zpm_channel_ping(trial->channel);
    break;
  case ZPM_SELFTEST_DISCONNECT:
    zpm_echo_close(&trial->shared);
    return zpm_worker_disconnect(trial->worker);
  }
  return true;
}

/* May be the end of the trial.  One that has closed its channel is on its way
 * out, and all that is left to come is how it ends. */
static void hear(struct zpm_trial *trial, unsigned facts)
{
  enum zpm_selftest_todo todo = zpm_selftest_hear(&trial->state, facts);

  if (trial->state.step == ZPM_SELFTEST_PASSED)
    finish(trial, ZPM_SELFTEST_PASSED);
  else if (trial->channel != NULL && !carry_out(trial, todo))
    finish(trial, ZPM_SELFTEST_UNKNOWN);
}

static void on_online(void *ctx)
{
  struct zpm_trial *trial = ctx;

  trial->heard |= ZPM_SELFTEST_IS_ONLINE;
}

static void on_listening(void *ctx)
{
  struct zpm_trial *trial = ctx;

  trial->heard |= ZPM_SELFTEST_LISTENS;
}

static const struct zpm_worker_events WORKER_EVENTS = {
    .online = on_online,
    .listening = on_listening,
};

/* ---- its channel ---- */

/* The worker is out of the hands of the cluster when the trial may end. */
static void on_message(void *ctx, const char *json, size_t len)
{
  struct zpm_trial *trial = ctx;

  if (trial->worker == NULL)
    return;
  trial->heard = 0;
  zpm_worker_on_message(trial->worker, json, len);
  if (zpm_worker_connections(trial->worker) > 0)
    trial->heard |= ZPM_SELFTEST_TOOK;
  hear(trial, trial->heard);
}

static void on_pong(void *ctx)
{
  struct zpm_trial *trial = ctx;

  if (trial->worker == NULL)
    return;
  zpm_worker_on_pong(trial->worker);
  hear(trial, ZPM_SELFTEST_PONGED);
}

static void on_handle_lost(void *ctx, int64_t token)
{
  struct zpm_trial *trial = ctx;

  if (trial->worker != NULL)
    zpm_worker_on_handle_lost(trial->worker, token);
}

static void on_heap(void *ctx, uint64_t used_bytes, uint64_t lag_ns)
{
  (void)ctx;
  (void)used_bytes;
  (void)lag_ns;
}

static void on_channel_closed(void *ctx)
{
  drop_channel(ctx);
}

static const struct zpm_channel_events CHANNEL_EVENTS = {
    .heap = on_heap,
    .pong = on_pong,
    .handle_lost = on_handle_lost,
    .message = on_message,
    .closed = on_channel_closed,
};

/* ---- its process ---- */

static void on_job_done(void *ctx, const struct zpm_job_result *result)
{
  struct zpm_trial *trial = ctx;

  trial->job = NULL;
  if (result->error.code != 0)
    finish(trial, ZPM_SELFTEST_UNKNOWN);
  else if (trial->state.step == ZPM_SELFTEST_LEAVE && result->end.known &&
           result->end.code == 0)
    hear(trial, ZPM_SELFTEST_LEFT);
  else
    finish(trial, trial->state.step);
}

/* A '/' is in no name of an app: so nothing of it is taken for an app's. */
static const char NAME[] = "/self-test";

static int configure(struct zpm_trial *trial,
                     const struct zpm_trial_options *options)
{
  struct zpm_config *config = &trial->config;
  const struct zpm_config *app = options->config;

  config->name = zpm_strdup(NAME);
  config->script_path = zpm_strdup(options->script);
  config->cwd = zpm_strdup("/");
  config->interpreter_command = zpm_strdup(options->program);
  if (app->user != NULL)
    config->user = zpm_strdup(app->user);
  config->interpreter = ZPM_INTERPRETER_CUSTOM;
  config->mode = ZPM_MODE_CLUSTER;
  config->scheduling = ZPM_SCHEDULING_RR;
  config->uid = app->uid;
  config->gid = app->gid;
  return config->name != NULL && config->script_path != NULL &&
                 config->cwd != NULL && config->interpreter_command != NULL &&
                 (config->user != NULL || app->user == NULL)
             ? 0
             : ZPM_ENOMEM;
}

/* Only what a binary, or a script around it, may need to be found and to run:
 * the app's own may have any Node do anything. */
static int choose_env(struct zpm_strv *env, const struct zpm_strv *from)
{
  static const char *const KEYS[] = {"PATH", "HOME", "LD_LIBRARY_PATH"};
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < sizeof(KEYS) / sizeof(*KEYS); i++) {
    const char *value = zpm_strv_env_get(from, KEYS[i]);

    if (value != NULL)
      rc = zpm_strv_env_set(env, KEYS[i], value);
  }
  return rc;
}

static int open_channel(struct zpm_trial *trial, int fd)
{
  int rc = zpm_channel_open(trial->services->loop, fd, &CHANNEL_EVENTS, trial,
                            &trial->channel, NULL);

  if (rc != 0)
    return rc;
  trial->worker = zpm_worker_begin(trial->cluster, 0, 0, &WORKER_EVENTS, trial);
  if (trial->worker == NULL)
    return ZPM_ENOMEM;
  zpm_worker_attach(trial->worker, trial->channel);
  zpm_worker_admit(trial->worker);
  return 0;
}

static int start_job(struct zpm_trial *trial, int fd)
{
  struct zpm_job_worker worker = {fd, zpm_worker_id(trial->worker)};
  struct zpm_job_options job = {.recipe = &trial->recipe, .worker = &worker};

  return zpm_job_start(trial->services, &job, on_job_done, trial, &trial->job,
                       NULL);
}

static int begin(struct zpm_trial *trial,
                 const struct zpm_trial_options *options)
{
  int pair[2];
  int rc = configure(trial, options);

  if (rc == 0)
    rc = choose_env(&trial->environment.vars, options->env);
  trial->cluster = zpm_cluster_create(trial->services, &trial->config);
  if (rc != 0 || trial->cluster == NULL ||
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return ZPM_ENOMEM;
  rc = open_channel(trial, pair[0]);
  if (rc == 0)
    rc = start_job(trial, pair[1]);
  close(pair[1]);
  return rc;
}

struct zpm_trial *zpm_trial_start(struct zpm_services *services,
                                  const struct zpm_trial_options *options,
                                  zpm_trial_done_cb *done, void *ctx)
{
  struct zpm_trial *trial = zpm_alloc_zeroed(1, sizeof(*trial));

  if (trial == NULL)
    return NULL;
  trial->services = services;
  trial->state = (struct zpm_selftest_state)ZPM_SELFTEST_BEGIN;
  trial->recipe.config = &trial->config;
  trial->recipe.environment = &trial->environment;
  trial->done = done;
  trial->ctx = ctx;
  zpm_config_init(&trial->config);
  zpm_closer_init(&trial->closer, release, trial);
  uv_timer_init(services->loop, &trial->deadline);
  uv_unref((uv_handle_t *)&trial->deadline);
  trial->deadline.data = trial;
  if (begin(trial, options) == 0) {
    uv_timer_start(&trial->deadline, on_deadline, options->limit_ms, 0);
    return trial;
  }
  zpm_trial_cancel(trial);
  return NULL;
}
