#include "api/subscription.h"

#include <string.h>

#include "api/state.h"
#include "api/tail.h"
#include "base/alloc.h"

int zpm_subscription_add(struct zpm_peer *peer,
                         const struct zpm_subscription *wish, const char *name)
{
  struct zpm_subscription *added = zpm_alloc(sizeof(*added));

  if (added == NULL)
    return ZPM_ENOMEM;
  *added = *wish;
  added->peer = peer;
  added->name = name != NULL ? zpm_strdup(name) : NULL;
  if (name != NULL && added->name == NULL) {
    zpm_free(added);
    return ZPM_ENOMEM;
  }
  zpm_list_append(&peer->subscriptions, &added->link);
  peer->api->listeners++;
  if ((added->topics & ZPM_TOPIC_LOG) != 0)
    peer->api->log_listeners++;
  return 0;
}

void zpm_subscription_end(struct zpm_subscription *subscription)
{
  struct zpm_api *api = subscription->peer->api;

  api->listeners--;
  if ((subscription->topics & ZPM_TOPIC_LOG) != 0)
    api->log_listeners--;
  if (api->log_listeners == 0)
    zpm_tail_drop_all(&api->tails);
  zpm_list_remove(&subscription->link);
  zpm_free(subscription->name);
  zpm_free(subscription);
}

void zpm_subscription_end_events(struct zpm_peer *peer)
{
  ZPM_LIST_EACH(it, &peer->subscriptions)
  {
    struct zpm_subscription *old =
        ZPM_CONTAINER_OF(it, struct zpm_subscription, link);

    if (!old->is_logs)
      zpm_subscription_end(old);
  }
}

void zpm_subscription_end_all(struct zpm_peer *peer)
{
  while (!zpm_list_empty(&peer->subscriptions))
    zpm_subscription_end(ZPM_CONTAINER_OF(peer->subscriptions.next,
                                          struct zpm_subscription, link));
}

bool zpm_subscription_wants(const struct zpm_subscription *subscription,
                            unsigned topic, const char *app)
{
  return (subscription->topics & topic) != 0 &&
         (subscription->name == NULL || strcmp(subscription->name, app) == 0);
}

/* ---- what was left out ---- */

static bool send_droppable(struct zpm_peer *peer, const struct zpm_str *line)
{
  return peer->send(peer, line->data, line->len, true);
}

static bool send_lag(const struct zpm_subscription *subscription)
{
  struct zpm_str line = {0};
  bool sent = zpm_event_json_lag(&line, subscription->dropped,
                                 subscription->missed) == 0 &&
              send_droppable(subscription->peer, &line);

  zpm_str_deinit(&line);
  return sent;
}

/* The peer's picture of the apps has a gap: it gets the present one. */
static void send_rows(struct zpm_subscription *subscription)
{
  struct zpm_supervisor *supervisor = subscription->peer->api->supervisor;
  size_t count = zpm_supervisor_count(supervisor);

  for (size_t i = 0; i < count; i++) {
    const struct zpm_app *app = zpm_supervisor_app(supervisor, i);
    struct zpm_app_view view;
    struct zpm_str line = {0};

    zpm_app_view(app, &view);
    if (zpm_subscription_wants(subscription, ZPM_TOPIC_APP, view.name) &&
        (zpm_event_json_app(&line, ZPM_EVENT_APP, view.name, app) != 0 ||
         !send_droppable(subscription->peer, &line)))
      subscription->missed++;
    zpm_str_deinit(&line);
  }
}

bool zpm_subscription_catch_up(struct zpm_subscription *subscription)
{
  bool resend = subscription->missed > 0;

  if (subscription->dropped == 0 && subscription->missed == 0)
    return true;
  if (!send_lag(subscription))
    return false;
  subscription->dropped = 0;
  subscription->missed = 0;
  if (resend)
    send_rows(subscription);
  return subscription->missed == 0;
}

void zpm_subscription_notify(struct zpm_subscription *subscription,
                             const struct zpm_str *line)
{
  if (!zpm_subscription_catch_up(subscription) ||
      !send_droppable(subscription->peer, line))
    subscription->missed++;
}

void zpm_subscription_output(struct zpm_subscription *subscription,
                             const struct zpm_output *output)
{
  const struct zpm_request_id *id =
      subscription->is_logs ? &subscription->id : NULL;
  struct zpm_output told = *output;
  struct zpm_str line = {0};

  if (!subscription->places)
    told.place = (struct zpm_log_place){0};
  if (!zpm_subscription_catch_up(subscription) ||
      zpm_event_json_output(&line, id, &told) != 0 ||
      !send_droppable(subscription->peer, &line))
    subscription->dropped += output->len;
  zpm_str_deinit(&line);
}
