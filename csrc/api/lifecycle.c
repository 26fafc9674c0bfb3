#include "api/handlers.h"

#include <string.h>

#include "api/batch.h"
#include "api/state.h"
#include "api/wish.h"

static void answer(struct zpm_call *call, int code, const char *text)
{
  struct zpm_error err;

  zpm_error_set(&err, code, "%s", text);
  zpm_call_answer_error(call, &err);
}

static bool is_known(const struct zpm_call *call, const char *name)
{
  return zpm_supervisor_find(call->api->supervisor, name) != NULL;
}

/* ---- start, add-worker ---- */

static struct zpm_order order_of(const struct zpm_call *call,
                                 const struct zpm_wish *wish)
{
  return (struct zpm_order){
      .config = &wish->config,
      .environment = wish->environment,
      .until_ready = zpm_request_bool(&call->request, "wait", false),
  };
}

static void start(struct zpm_call *call, const struct zpm_wish *wish)
{
  struct zpm_order order = order_of(call, wish);
  struct zpm_supervisor *supervisor = call->api->supervisor;
  struct zpm_error err;

  if (zpm_wish_check_start(wish, supervisor, &err) != 0)
    zpm_call_answer_error(call, &err);
  else
    zpm_supervisor_start(supervisor, &order, zpm_call_done, call);
}

static void add(struct zpm_call *call, const struct zpm_wish *wish)
{
  struct zpm_order order = order_of(call, wish);

  if (zpm_request_bool(&call->request, "autoStart", false))
    start(call, wish);
  else
    zpm_supervisor_add(call->api->supervisor, &order, zpm_call_done, call);
}

/* Reads the wish of the request and hands it on; the callee answers. */
static void with_wish(struct zpm_call *call,
                      void (*then)(struct zpm_call *call,
                                   const struct zpm_wish *wish))
{
  struct zpm_wish wish;
  struct zpm_error err = {0};

  if (zpm_wish_read(&wish, &call->request,
                    zpm_request_item(&call->request, "config"),
                    zpm_request_string(&call->request, "name"), &err) != 0)
    zpm_call_answer_error(call, &err);
  else
    then(call, &wish);
  zpm_wish_deinit(&wish);
}

void zpm_lifecycle_start(struct zpm_call *call)
{
  with_wish(call, start);
}

void zpm_lifecycle_add(struct zpm_call *call)
{
  with_wish(call, add);
}

/* ---- stop, restart, delete ---- */

static bool is_all(const char *name)
{
  return strcmp(name, "all") == 0;
}

void zpm_lifecycle_stop(struct zpm_call *call)
{
  const char *name = zpm_request_string(&call->request, "name");

  if (is_all(name))
    zpm_batch_all(call, zpm_supervisor_stop, "stopped");
  else if (!is_known(call, name))
    zpm_call_answer_no_app(call, name);
  else
    zpm_supervisor_stop(call->api->supervisor, name, zpm_call_done, call);
}

void zpm_lifecycle_delete(struct zpm_call *call)
{
  const char *name = zpm_request_string(&call->request, "name");

  if (is_all(name))
    zpm_batch_all(call, zpm_supervisor_delete, "deleted");
  else if (!is_known(call, name))
    zpm_call_answer_no_app(call, name);
  else
    zpm_supervisor_delete(call->api->supervisor, name, zpm_call_done, call);
}

static void restart_as_before(struct zpm_supervisor *supervisor,
                              const char *name, zpm_done_cb *done, void *ctx)
{
  zpm_supervisor_restart(supervisor, name, NULL, done, ctx);
}

static void restart_until_ready(struct zpm_supervisor *supervisor,
                                const char *name, zpm_done_cb *done, void *ctx)
{
  struct zpm_order order = {.until_ready = true};

  zpm_supervisor_restart(supervisor, name, &order, done, ctx);
}

static void restart_all(struct zpm_call *call)
{
  if (zpm_request_item(&call->request, "config") != NULL)
    answer(call, ZPM_EARG,
           "'restart' of all apps takes no config: name the app to change");
  else if (zpm_request_bool(&call->request, "wait", false))
    zpm_batch_all(call, restart_until_ready, "restarted");
  else
    zpm_batch_all(call, restart_as_before, "restarted");
}

static void restart_one(struct zpm_call *call, const struct zpm_wish *wish)
{
  const char *name = zpm_request_string(&call->request, "name");
  struct zpm_order order = order_of(call, wish);

  if (zpm_request_item(&call->request, "config") == NULL)
    order.config = NULL;
  if (strcmp(wish->config.name, name) != 0)
    answer(call, ZPM_EARG,
           "'restart' cannot give an app another name: delete it, then start "
           "it under the new one");
  else
    zpm_supervisor_restart(call->api->supervisor, name, &order, zpm_call_done,
                           call);
}

void zpm_lifecycle_restart(struct zpm_call *call)
{
  const char *name = zpm_request_string(&call->request, "name");

  if (is_all(name))
    restart_all(call);
  else if (!is_known(call, name))
    zpm_call_answer_no_app(call, name);
  else
    with_wish(call, restart_one);
}
