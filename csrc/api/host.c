#include "api/handlers.h"

#include "api/event_json.h"
#include "api/state.h"
#include "proto/version.h"
#include "zpm/version.h"

/*
 * Commands about the host itself: hello, ping, save, shutdown, update.
 */

enum { PROTOCOL = 1 };

static void put_text(struct zpm_writer *w, const char *key, const char *text)
{
  zpm_writer_key(w, key);
  zpm_writer_text(w, text);
}

static void put_advice(struct zpm_writer *w, const char *client)
{
  struct zpm_str advice = {0};

  if (zpm_version_advice(&advice, client, ZPM_VERSION) != 0)
    w->failed = true;
  put_text(w, "advice", advice.len > 0 ? advice.data : NULL);
  zpm_str_deinit(&advice);
}

void zpm_host_hello(struct zpm_call *call)
{
  const char *client = zpm_request_string(&call->request, "version");
  struct zpm_writer w;

  zpm_call_begin(call, &w);
  zpm_writer_begin_object(&w);
  put_text(&w, "version", ZPM_VERSION);
  zpm_writer_key(&w, "protocol");
  zpm_writer_int(&w, PROTOCOL);
  zpm_writer_key(&w, "pid");
  zpm_writer_int(&w, uv_os_getpid());
  zpm_writer_key(&w, "keeperPid");
  zpm_writer_int(&w, zpm_supervisor_keeper_pid(call->api->supervisor));
  put_text(&w, "keeperVersion",
           zpm_supervisor_keeper_version(call->api->supervisor));
  put_text(&w, "home", call->api->home);
  put_text(&w, "namespace", call->api->namespace_name);
  zpm_writer_key(&w, "compatible");
  zpm_writer_bool(&w, zpm_version_compatible(client, ZPM_VERSION));
  put_advice(&w, client);
  zpm_writer_end_object(&w);
  zpm_call_end(call, &w);
}

void zpm_host_ping(struct zpm_call *call)
{
  zpm_call_answer_text(call, "pong");
}

/* ---- save ---- */

static size_t count_wanted(const struct zpm_supervisor *supervisor)
{
  size_t wanted = 0;

  for (size_t i = 0; i < zpm_supervisor_count(supervisor); i++) {
    struct zpm_app_view view;

    zpm_app_view(zpm_supervisor_app(supervisor, i), &view);
    if (view.status != ZPM_STATUS_STOPPED)
      wanted++;
  }
  return wanted;
}

void zpm_host_save(struct zpm_call *call)
{
  struct zpm_supervisor *supervisor = call->api->supervisor;
  struct zpm_error err = {0};
  struct zpm_writer w;

  if (zpm_supervisor_save(supervisor, &err) != 0) {
    zpm_call_answer_error(call, &err);
    return;
  }
  zpm_call_begin(call, &w);
  zpm_writer_begin_object(&w);
  zpm_writer_key(&w, "apps");
  zpm_writer_uint(&w, zpm_supervisor_count(supervisor));
  zpm_writer_key(&w, "wanted");
  zpm_writer_uint(&w, count_wanted(supervisor));
  zpm_writer_end_object(&w);
  zpm_call_end(call, &w);
}

/* ---- shutdown ---- */

static struct zpm_call *next_waiting(struct zpm_api *api)
{
  ZPM_LIST_EACH(p, &api->peers)
  {
    struct zpm_peer *peer = ZPM_CONTAINER_OF(p, struct zpm_peer, link);

    ZPM_LIST_EACH(c, &peer->calls)
    {
      struct zpm_call *call = ZPM_CONTAINER_OF(c, struct zpm_call, link);

      if (call->parked && !call->answered)
        return call;
    }
  }
  return NULL;
}

/* A connection that ends without this is worth another try. */
static void say_goodbye(const struct zpm_api *api)
{
  struct zpm_str line = {0};

  if (zpm_event_json_shutdown(&line) == 0) {
    ZPM_LIST_EACH(it, &api->peers)
    {
      struct zpm_peer *peer = ZPM_CONTAINER_OF(it, struct zpm_peer, link);

      if (!zpm_list_empty(&peer->subscriptions))
        peer->send(peer, line.data, line.len, false);
    }
  }
  zpm_str_deinit(&line);
}

static void on_suspended(void *ctx, const char *text,
                         const struct zpm_error *err)
{
  struct zpm_api *api = ctx;
  struct zpm_call *call;

  api->shut_down = true;
  for (call = next_waiting(api); call != NULL; call = next_waiting(api))
    zpm_call_done(call, text, err);
  say_goodbye(api);
  api->on_shutdown(api->ctx);
}

void zpm_api_shutdown(struct zpm_api *api)
{
  if (api->shutting_down)
    return;
  api->shutting_down = true;
  zpm_supervisor_suspend(api->supervisor, on_suspended, api);
}

void zpm_host_shutdown(struct zpm_call *call)
{
  struct zpm_api *api = call->api;
  struct zpm_error err;

  if (api->on_shutdown == NULL) {
    zpm_error_set(&err, ZPM_EUNSUPPORTED,
                  "only a daemon can be shut down: use stopAll() here");
    zpm_call_answer_error(call, &err);
  } else if (api->shut_down) {
    zpm_call_answer_text(call, "shutting down");
  } else {
    zpm_call_park(call);
    zpm_api_shutdown(api);
  }
}

/* ---- update ---- */

void zpm_host_update(struct zpm_call *call)
{
  struct zpm_api *api = call->api;
  const char *program = zpm_request_string(&call->request, "zpm");
  struct zpm_str text = {0};
  struct zpm_error err = {0};
  int rc;

  if (api->on_update == NULL) {
    zpm_error_set(&err, ZPM_EUNSUPPORTED,
                  "only a daemon can be replaced: restart this program to "
                  "update the zpm in it");
    zpm_call_answer_error(call, &err);
    return;
  }
  if (api->shutting_down)
    rc = zpm_error_set(&err, ZPM_ECLOSING, "%s", zpm_code_text(ZPM_ECLOSING));
  else
    rc = zpm_str_printf(&text, "handing over to %s", program);
  if (rc == ZPM_ENOMEM)
    zpm_error_set(&err, rc, "%s", zpm_code_text(rc));
  if (rc == 0)
    rc = api->on_update(api->ctx, program, &err);
  if (rc == 0)
    zpm_call_answer_text(call, text.data);
  else
    zpm_call_answer_error(call, &err);
  zpm_str_deinit(&text);
}
