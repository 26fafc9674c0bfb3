#include "proto/cluster_message.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "proto/json.h"
#include "proto/node_value.h"
#include "zpm/error.h"

static const struct zpm_worker_message NOTHING = ZPM_WORKER_MESSAGE_NOTHING;

/* ---- whose message it is ---- */

static bool is_name(const char *text, size_t len, const char *name)
{
  return len == strlen(name) && memcmp(text, name, len) == 0;
}

enum zpm_worker_said zpm_worker_said_by_cmd(const char *cmd, size_t len)
{
  static const char PREFIX[] = "NODE_";
  static const struct {
    const char *cmd;
    enum zpm_worker_said said;
  } SAID[] = {
      {"NODE_CLUSTER", ZPM_SAID_GARBAGE},
      {"NODE_HANDLE", ZPM_SAID_HANDLE},
      {"NODE_HANDLE_ACK", ZPM_SAID_HANDLE_ACK},
      {"NODE_HANDLE_NACK", ZPM_SAID_HANDLE_NACK},
      {"NODE_ZPM_HEAP", ZPM_SAID_HEAP},
  };

  /* The prefix alone is a word of the app. */
  if (cmd == NULL || len < sizeof(PREFIX) ||
      memcmp(cmd, PREFIX, sizeof(PREFIX) - 1) != 0)
    return ZPM_SAID_USER;
  for (size_t i = 0; i < sizeof(SAID) / sizeof(SAID[0]); i++) {
    if (is_name(cmd, len, SAID[i].cmd))
      return SAID[i].said;
  }
  return ZPM_SAID_OTHER;
}

/* ---- its fields ---- */

static int read_data(struct zpm_worker_message *out, const cJSON *data)
{
  struct zpm_str text = {0};
  int rc;

  if (zpm_node_value_is_nothing(data))
    return 0;
  rc = zpm_json_print(&text, data);
  if (rc == 0 && text.len <= ZPM_WORKER_DATA_MAX) {
    out->data = text.data;
    return 0;
  }
  if (rc == 0)
    out->said = ZPM_SAID_GARBAGE;
  zpm_str_deinit(&text);
  return rc;
}

static void read_place(struct zpm_worker_message *out, const cJSON *json)
{
  struct zpm_place place;

  if (zpm_place_from_json(&place, json))
    out->place = place;
  else
    out->said = ZPM_SAID_GARBAGE;
}

static void read_key(struct zpm_worker_message *out, const cJSON *json)
{
  if (!zpm_node_value_text(zpm_node_value_find(json, "key"), out->key,
                           sizeof(out->key)))
    out->said = ZPM_SAID_GARBAGE;
}

static enum zpm_worker_said said_by_act(const char *act)
{
  static const struct {
    const char *act;
    enum zpm_worker_said said;
  } SAID[] = {
      {"online", ZPM_SAID_ONLINE},
      {"queryServer", ZPM_SAID_QUERY_SERVER},
      {"listening", ZPM_SAID_LISTENING},
      {"close", ZPM_SAID_CLOSE},
      {"exitedAfterDisconnect", ZPM_SAID_EXITED_AFTER_DISCONNECT},
  };

  if (act == NULL)
    return ZPM_SAID_GARBAGE;
  for (size_t i = 0; i < sizeof(SAID) / sizeof(SAID[0]); i++) {
    if (strcmp(act, SAID[i].act) == 0)
      return SAID[i].said;
  }
  return ZPM_SAID_OTHER;
}

static void read_answer(struct zpm_worker_message *out, const cJSON *ack,
                        const cJSON *accepted)
{
  int64_t seq;

  if (!zpm_node_value_whole(ack, &seq) || !cJSON_IsBool(accepted))
    return;
  out->said = ZPM_SAID_ACCEPTED;
  out->ack = seq;
  out->accepted = cJSON_IsTrue(accepted);
}

static int read_cluster(struct zpm_worker_message *out, const cJSON *json)
{
  const cJSON *ack = zpm_node_value_find(json, "ack");
  int rc = 0;

  if (!zpm_node_value_whole(zpm_node_value_find(json, "seq"), &out->seq))
    return 0;
  if (ack != NULL) {
    read_answer(out, ack, zpm_node_value_find(json, "accepted"));
    return 0;
  }
  out->said =
      said_by_act(cJSON_GetStringValue(zpm_node_value_find(json, "act")));
  if (out->said == ZPM_SAID_CLOSE)
    read_key(out, json);
  /* Before the place: even a refusal must bring it. */
  if (out->said == ZPM_SAID_QUERY_SERVER)
    rc = read_data(out, zpm_node_value_find(json, "data"));
  if (out->said == ZPM_SAID_QUERY_SERVER || out->said == ZPM_SAID_LISTENING)
    read_place(out, json);
  return rc;
}

static void read_heap(struct zpm_worker_message *out, const cJSON *used)
{
  int64_t bytes;

  if (zpm_node_value_whole(used, &bytes))
    out->heap_bytes = (uint64_t)bytes;
  else
    out->said = ZPM_SAID_GARBAGE;
}

int zpm_worker_message_from_json(struct zpm_worker_message *out,
                                 const cJSON *json)
{
  const char *cmd = cJSON_GetStringValue(zpm_node_value_find(json, "cmd"));
  int rc = 0;

  *out = NOTHING;
  out->said = zpm_worker_said_by_cmd(cmd, cmd != NULL ? strlen(cmd) : 0);
  if (out->said == ZPM_SAID_GARBAGE)
    rc = read_cluster(out, json);
  else if (out->said == ZPM_SAID_HEAP)
    read_heap(out, zpm_node_value_find(json, "used"));
  if (rc != 0)
    *out = NOTHING;
  return rc;
}

void zpm_worker_message_deinit(struct zpm_worker_message *message)
{
  zpm_free(message->data);
  message->data = NULL;
}
