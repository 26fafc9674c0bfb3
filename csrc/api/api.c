#include "api/api.h"

#include "api/call.h"
#include "api/handlers.h"
#include "api/state.h"
#include "api/subscription.h"
#include "api/tail.h"
#include "base/alloc.h"
#include "proto/message.h"

enum {
  OPEN_CALLS_MAX = 256,
  HELD_BYTES_MAX = 1024 * 1024,
};

static zpm_handler *const HANDLERS[ZPM_COMMAND_COUNT] = {
    [ZPM_CMD_HELLO] = zpm_host_hello,
    [ZPM_CMD_PING] = zpm_host_ping,
    [ZPM_CMD_START] = zpm_lifecycle_start,
    [ZPM_CMD_START_MANY] = zpm_batch_start,
    [ZPM_CMD_ADD_WORKER] = zpm_lifecycle_add,
    [ZPM_CMD_STOP] = zpm_lifecycle_stop,
    [ZPM_CMD_RESTART] = zpm_lifecycle_restart,
    [ZPM_CMD_RELOAD] = zpm_cluster_reload,
    [ZPM_CMD_SCALE] = zpm_cluster_scale,
    [ZPM_CMD_DELETE] = zpm_lifecycle_delete,
    [ZPM_CMD_STATS] = zpm_look_stats,
    [ZPM_CMD_LIST] = zpm_look_list,
    [ZPM_CMD_DESCRIBE] = zpm_look_describe,
    [ZPM_CMD_FIND_WORKER] = zpm_look_find,
    [ZPM_CMD_GET_STORE] = zpm_look_store,
    [ZPM_CMD_LOGS] = zpm_follow_logs,
    [ZPM_CMD_SUBSCRIBE] = zpm_follow_subscribe,
    [ZPM_CMD_DOCTOR] = zpm_doctor_run,
    [ZPM_CMD_SAVE] = zpm_host_save,
    [ZPM_CMD_SHUTDOWN] = zpm_host_shutdown,
    [ZPM_CMD_UPDATE] = zpm_host_update,
};

/* NULL stays NULL; false: out of memory. */
static bool copy_text(char **copy, const char *text)
{
  *copy = text != NULL ? zpm_strdup(text) : NULL;
  return *copy != NULL || text == NULL;
}

struct zpm_api *zpm_api_create(uv_loop_t *loop,
                               const struct zpm_api_options *options)
{
  struct zpm_api *api = zpm_alloc(sizeof(*api));

  if (api == NULL)
    return NULL;
  *api = (struct zpm_api){.loop = loop,
                          .on_shutdown = options->shutdown,
                          .on_update = options->update,
                          .ctx = options->ctx};
  zpm_list_init(&api->peers);
  zpm_list_init(&api->tails);
  if (copy_text(&api->home, options->home) &&
      copy_text(&api->namespace_name, options->namespace_name))
    return api;
  zpm_api_destroy(api);
  return NULL;
}

void zpm_api_attach(struct zpm_api *api, struct zpm_supervisor *supervisor)
{
  api->supervisor = supervisor;
}

void zpm_api_destroy(struct zpm_api *api)
{
  if (api == NULL)
    return;
  zpm_tail_drop_all(&api->tails);
  zpm_free(api->home);
  zpm_free(api->namespace_name);
  zpm_free(api);
}

void zpm_api_peer_init(struct zpm_api *api, struct zpm_peer *peer,
                       zpm_peer_send_cb *send)
{
  *peer = (struct zpm_peer){.api = api, .send = send};
  zpm_list_init(&peer->calls);
  zpm_list_init(&peer->subscriptions);
  zpm_list_append(&api->peers, &peer->link);
}

void zpm_api_peer_close(struct zpm_peer *peer)
{
  zpm_subscription_end_all(peer);
  zpm_call_drop_all(peer);
  zpm_list_remove(&peer->link);
}

bool zpm_api_peer_busy(const struct zpm_peer *peer)
{
  return peer->open_calls >= OPEN_CALLS_MAX ||
         peer->held_bytes >= HELD_BYTES_MAX;
}

/* ---- requests ---- */

static void dispatch(struct zpm_call *call)
{
  zpm_handler *handler = HANDLERS[call->request.command->id];
  struct zpm_error err;

  if (handler != NULL) {
    handler(call);
    return;
  }
  zpm_error_set(&err, ZPM_ECOMMAND, "'%s' is not a request",
                call->request.command->name);
  zpm_call_answer_error(call, &err);
}

int zpm_api_handle(struct zpm_peer *peer, const char *line, size_t len)
{
  struct zpm_request request = {0};
  struct zpm_error err = {0};
  int rc = zpm_request_parse(line, len, &request, &err);
  struct zpm_call *call = zpm_call_create(peer, &request);

  if (call == NULL) {
    zpm_call_send_no_memory(peer, request.id);
    zpm_request_deinit(&request);
  } else if (rc != 0) {
    zpm_call_answer_error(call, &err);
  } else {
    dispatch(call);
  }
  return rc == ZPM_EPROTO ? rc : 0;
}
