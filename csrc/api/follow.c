#include "api/handlers.h"

#include <string.h>

#include "api/event_json.h"
#include "api/history.h"
#include "api/state.h"
#include "api/subscription.h"
#include "runtime/logs.h"

enum { LINES_DEFAULT = 20 };

/* ---- logs ---- */

static int wanted_stream(const struct zpm_call *call)
{
  const char *stream = zpm_request_string(&call->request, "stream");

  if (stream == NULL)
    return ZPM_STREAM_BOTH;
  return strcmp(stream, "err") == 0 ? ZPM_STREAM_ERR : ZPM_STREAM_OUT;
}

/* So that a caller who waits for an answer gets one. */
static int send_nothing(struct zpm_call *call)
{
  struct zpm_str line = {0};
  int rc = zpm_reply_ok(&line, call->request.id, zpm_json_text("", 0));

  if (rc == 0)
    zpm_call_send(call, &line);
  zpm_str_deinit(&line);
  return rc;
}

static int go_on(const struct zpm_history *history, const char *name)
{
  struct zpm_subscription wish = {.topics = ZPM_TOPIC_LOG,
                                  .stream = history->stream,
                                  .is_logs = true,
                                  .places = history->from != NULL,
                                  .id = history->call->request.id,
                                  .dropped = history->dropped};
  int rc = history->any ? 0 : send_nothing(history->call);

  return rc != 0 ? rc : zpm_subscription_add(history->call->peer, &wish, name);
}

static int finish(const struct zpm_history *history)
{
  struct zpm_str lines = {0};
  int rc = 0;

  if (history->dropped > 0)
    rc = zpm_event_json_lag(&lines, history->dropped, 0);
  if (rc == 0)
    rc = zpm_reply_end(&lines, history->call->request.id);
  if (rc == 0)
    zpm_call_send(history->call, &lines);
  zpm_str_deinit(&lines);
  return rc;
}

static void on_logs_turn(struct zpm_call *call)
{
  const char *name = zpm_request_string(&call->request, "name");
  struct zpm_history history = {
      .call = call,
      .from = zpm_request_item(&call->request, "from"),
      .lines =
          (size_t)zpm_request_number(&call->request, "lines", LINES_DEFAULT),
      .stream = wanted_stream(call)};
  int rc;

  zpm_history_send(&history, name);
  if (zpm_request_bool(&call->request, "follow", true))
    rc = go_on(&history, name);
  else
    rc = finish(&history);
  if (rc != 0)
    zpm_call_send_no_memory(call->peer, call->request.id);
}

void zpm_follow_logs(struct zpm_call *call)
{
  const char *name = zpm_request_string(&call->request, "name");
  const char *stream = zpm_request_string(&call->request, "stream");
  struct zpm_error err;

  if (name != NULL &&
      zpm_supervisor_find(call->api->supervisor, name) == NULL) {
    zpm_call_answer_no_app(call, name);
  } else if (stream != NULL && strcmp(stream, "out") != 0 &&
             strcmp(stream, "err") != 0) {
    zpm_error_set(&err, ZPM_EARG,
                  "'stream' of 'logs' must be \"out\" or \"err\"");
    zpm_call_answer_error(call, &err);
  } else if (zpm_history_check(zpm_request_item(&call->request, "from"),
                               &err) != 0) {
    zpm_call_answer_error(call, &err);
  } else {
    zpm_call_answer_at_turn(call, on_logs_turn);
  }
}

/* ---- subscribe ---- */

static unsigned topic_of_name(const char *name)
{
  if (name == NULL)
    return 0;
  if (strcmp(name, "app") == 0)
    return ZPM_TOPIC_APP;
  if (strcmp(name, "exit") == 0)
    return ZPM_TOPIC_EXIT;
  return strcmp(name, "log") == 0 ? ZPM_TOPIC_LOG : 0;
}

static int read_topics(const struct zpm_call *call, unsigned *topics,
                       struct zpm_error *err)
{
  const cJSON *list = zpm_request_item(&call->request, "topics");
  const cJSON *item;

  *topics = 0;
  for (item = list->child; item != NULL; item = item->next) {
    unsigned topic = topic_of_name(cJSON_GetStringValue(item));

    if (topic == 0)
      return zpm_error_set(err, ZPM_EARG,
                           "'topics' of 'subscribe' may have \"app\", "
                           "\"exit\" and \"log\" only");
    *topics |= topic;
  }
  return 0;
}

static void on_subscribe_turn(struct zpm_call *call)
{
  struct zpm_subscription wish = {.stream = ZPM_STREAM_BOTH};
  struct zpm_str line = {0};
  const char *name = zpm_request_string(&call->request, "name");
  int rc = zpm_reply_ok(&line, call->request.id, cJSON_CreateTrue());

  (void)read_topics(call, &wish.topics, NULL);
  zpm_subscription_end_events(call->peer);
  if (rc == 0 && wish.topics != 0)
    rc = zpm_subscription_add(call->peer, &wish, name);
  if (rc == 0)
    zpm_call_send(call, &line);
  else
    zpm_call_send_no_memory(call->peer, call->request.id);
  zpm_str_deinit(&line);
}

void zpm_follow_subscribe(struct zpm_call *call)
{
  struct zpm_error err;
  unsigned topics;

  if (read_topics(call, &topics, &err) != 0)
    zpm_call_answer_error(call, &err);
  else
    zpm_call_answer_at_turn(call, on_subscribe_turn);
}
