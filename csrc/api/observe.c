#include "api/api.h"

#include "api/event_json.h"
#include "api/state.h"
#include "api/subscription.h"
#include "api/tail.h"
#include "base/utf8.h"

/* For each subscription.  It may end the one it is given; nothing that it does
 * may remove another, or a peer: `send` never does. */
typedef void visit_cb(struct zpm_subscription *subscription, const void *arg);

static void visit_peer(struct zpm_peer *peer, visit_cb *visit, const void *arg)
{
  ZPM_LIST_EACH(it, &peer->subscriptions)
  visit(ZPM_CONTAINER_OF(it, struct zpm_subscription, link), arg);
}

static void visit_all(struct zpm_api *api, visit_cb *visit, const void *arg)
{
  ZPM_LIST_EACH(it, &api->peers)
  visit_peer(ZPM_CONTAINER_OF(it, struct zpm_peer, link), visit, arg);
}

/* ---- output ---- */

static void visit_output(struct zpm_subscription *subscription, const void *arg)
{
  const struct zpm_output *output = arg;

  if (zpm_subscription_wants(subscription, ZPM_TOPIC_LOG, output->app) &&
      (subscription->stream == ZPM_STREAM_BOTH ||
       subscription->stream == output->stream))
    zpm_subscription_output(subscription, output);
}

/* Sends whole characters only, and keeps what is left for the next piece. */
static void send_output(struct zpm_api *api, struct zpm_output output)
{
  size_t tail = zpm_utf8_unfinished(output.bytes, output.len);

  output.len -= tail;
  output.place = zpm_log_place_before(output.place, tail);
  if (output.len > 0)
    visit_all(api, visit_output, &output);
  if (tail > 0)
    (void)zpm_tail_keep(&api->tails, output.app, output.stream,
                        output.bytes + output.len, tail);
}

static void on_output(struct zpm_api *api,
                      const struct zpm_supervisor_event *event)
{
  struct zpm_output output = {.app = event->name,
                              .stream = event->stream,
                              .bytes = event->bytes,
                              .len = event->len,
                              .place = *event->place};
  struct zpm_str joined = {0};

  if (zpm_tail_take(&api->tails, event->name, event->stream, &joined) == 0 &&
      joined.len > 0 &&
      zpm_str_append(&joined, event->bytes, event->len) == 0) {
    output.bytes = joined.data;
    output.len = joined.len;
  }
  send_output(api, output);
  zpm_str_deinit(&joined);
}

/* ---- the other events ---- */

struct notice {
  unsigned topic;
  bool sure; /* not to be left out: the state of the apps would not tell it */
  const char *app;
  const struct zpm_str *line;
};

static void visit_notice(struct zpm_subscription *subscription, const void *arg)
{
  const struct notice *notice = arg;
  struct zpm_peer *peer = subscription->peer;

  if (!zpm_subscription_wants(subscription, notice->topic, notice->app))
    return;
  if (notice->sure)
    peer->send(peer, notice->line->data, notice->line->len, false);
  else
    zpm_subscription_notify(subscription, notice->line);
}

static void notify(struct zpm_api *api,
                   const struct zpm_supervisor_event *event, unsigned topic)
{
  struct notice notice = {.topic = topic,
                          .sure = event->kind == ZPM_EVENT_DELETED,
                          .app = event->name};
  struct zpm_str line = {0};
  const struct zpm_app *app = zpm_supervisor_find(api->supervisor, event->name);

  notice.line = &line;
  if (zpm_event_json_app(&line, event->kind, event->name, app) == 0)
    visit_all(api, visit_notice, &notice);
  zpm_str_deinit(&line);
}

/* Who follows the output of this one app has come to the end of it. */
static void visit_deleted(struct zpm_subscription *subscription,
                          const void *arg)
{
  struct zpm_peer *peer = subscription->peer;
  struct zpm_str line = {0};

  if (!subscription->is_logs || subscription->name == NULL ||
      !zpm_subscription_wants(subscription, ZPM_TOPIC_LOG, arg))
    return;
  if (zpm_reply_end(&line, subscription->id) == 0)
    peer->send(peer, line.data, line.len, false);
  zpm_str_deinit(&line);
  zpm_subscription_end(subscription);
}

void zpm_api_observe(void *ctx, const struct zpm_supervisor_event *event)
{
  struct zpm_api *api = ctx;

  if (api->listeners == 0)
    return;
  switch (event->kind) {
  case ZPM_EVENT_LOG:
    if (api->log_listeners > 0)
      on_output(api, event);
    break;
  case ZPM_EVENT_APP:
    notify(api, event, ZPM_TOPIC_APP);
    break;
  case ZPM_EVENT_EXIT:
    notify(api, event, ZPM_TOPIC_EXIT);
    break;
  case ZPM_EVENT_DELETED:
    notify(api, event, ZPM_TOPIC_APP);
    visit_all(api, visit_deleted, event->name);
    break;
  case ZPM_EVENT_IDLE:
  case ZPM_EVENT_TROUBLE:
    break;
  }
}

void zpm_api_peer_drained(struct zpm_peer *peer)
{
  ZPM_LIST_EACH(it, &peer->subscriptions)
  zpm_subscription_catch_up(
      ZPM_CONTAINER_OF(it, struct zpm_subscription, link));
}
