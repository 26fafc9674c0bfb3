#include "proto/cluster_message.h"

#include <string.h>

#include "proto/json_glance.h"
#include "zpm/error.h"

static const struct zpm_worker_message NOTHING = ZPM_WORKER_MESSAGE_NOTHING;

/* ---- what comes for each connection ---- */

struct rest {
  const char *at;
  const char *end;
};

static bool begins_with(const char *json, size_t len, const char *text)
{
  size_t size = strlen(text);

  return len >= size && memcmp(json, text, size) == 0;
}

static bool take(struct rest *rest, const char *text)
{
  if (!begins_with(rest->at, (size_t)(rest->end - rest->at), text))
    return false;
  rest->at += strlen(text);
  return true;
}

static bool take_number(struct rest *rest, int64_t *out)
{
  enum { DIGITS_MAX = 15 };
  const char *start = rest->at;
  int64_t value = 0;

  for (; rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9' &&
         rest->at - start < DIGITS_MAX;
       rest->at++)
    value = value * 10 + (*rest->at - '0');
  *out = value;
  return rest->at == start + 1 || (rest->at > start && *start != '0');
}

/* Of Node's two answers to a connection the exact bytes, for which nothing must
 * be parsed.  False: it is something else, or was written by something else. */
static bool read_frequent(struct zpm_worker_message *out, const char *json,
                          size_t len)
{
  static const char HANDLE_ACK[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}";
  struct rest rest = {.at = json, .end = json + len};
  int64_t ack;
  int64_t seq;
  bool accepted;

  if (len == sizeof(HANDLE_ACK) - 1 && begins_with(json, len, HANDLE_ACK)) {
    out->said = ZPM_SAID_HANDLE_ACK;
    return true;
  }
  if (!take(&rest, "{\"cmd\":\"NODE_CLUSTER\",\"ack\":") ||
      !take_number(&rest, &ack) || !take(&rest, ",\"accepted\":"))
    return false;
  accepted = take(&rest, "true");
  if ((!accepted && !take(&rest, "false")) || !take(&rest, ",\"seq\":") ||
      !take_number(&rest, &seq) || !take(&rest, "}") || rest.at != rest.end)
    return false;
  out->said = ZPM_SAID_ACCEPTED;
  out->ack = ack;
  out->accepted = accepted;
  out->seq = seq;
  return true;
}

/* ---- lines ---- */

/* The text has been found to be JSON that cJSON can read. */
static int read_fields(struct zpm_worker_message *out, const char *json,
                       size_t len, bool has_nul)
{
  cJSON *tree = cJSON_ParseWithLength(json, len);
  int rc = ZPM_ENOMEM;

  if (tree != NULL)
    rc = zpm_worker_message_from_json(out, tree);
  cJSON_Delete(tree);
  if (rc == 0 && has_nul) {
    int64_t seq = out->seq;

    zpm_worker_message_deinit(out);
    *out = NOTHING;
    out->seq = seq;
  }
  return rc;
}

/* What is wrong in itself may still be waited for. */
static enum zpm_worker_said said_by_garbage(const char *json, size_t len)
{
  return begins_with(json, len, "{\"cmd\":\"NODE_HANDLE\",") ? ZPM_SAID_HANDLE
                                                             : ZPM_SAID_GARBAGE;
}

int zpm_worker_message_parse(struct zpm_worker_message *out, const char *json,
                             size_t len)
{
  struct zpm_json_glance glance;

  *out = NOTHING;
  if (read_frequent(out, json, len))
    return 0;
  if (!zpm_json_glance(json, len, &glance)) {
    out->said = said_by_garbage(json, len);
    return 0;
  }
  out->said = zpm_worker_said_by_cmd(glance.cmd, glance.cmd_len);
  if (out->said != ZPM_SAID_GARBAGE && out->said != ZPM_SAID_HEAP)
    return 0;
  out->said = ZPM_SAID_GARBAGE;
  if (glance.is_hard || len > ZPM_WORKER_MESSAGE_MAX)
    return 0;
  return read_fields(out, json, len, glance.has_nul);
}
