/*
 * A line from a worker that may be any program: read without a fault, and what
 * is made of it is sound; what we answer is one line of JSON.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/cluster_message.h"
#include "proto/cluster_say.h"
#include "proto/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
  if (!holds)
    abort();
}

static void check_place(const struct zpm_place *place)
{
  must(memchr(place->address, '\0', sizeof(place->address)) != NULL);
  must(place->port >= -1 && place->port <= 65535);
  must(place->port >= 0 || place->fd >= 0 || place->type == ZPM_ADDRESS_PATH);
  must(place->type != ZPM_ADDRESS_PATH || place->address[0] != '\0');
  must(place->type != ZPM_ADDRESS_FD || place->fd >= 0);
  must(place->fd >= -1 && place->backlog >= 0);
}

/* One line of JSON. */
static void check_line(struct zpm_str *out)
{
  cJSON *json;

  must(out->len > 0 && strchr(out->data, '\n') == out->data + out->len - 1);
  out->data[--out->len] = '\0';
  must(zpm_json_parse(out->data, out->len, &json, NULL) == 0);
  must(cJSON_IsObject(json));
  cJSON_Delete(json);
  zpm_str_clear(out);
}

static void check_answers(const struct zpm_worker_message *message)
{
  char key[ZPM_PLACE_KEY_MAX];
  const struct zpm_cluster_answer answer = {
      .ack = message->seq, .key = key, .data = message->data};
  const struct zpm_cluster_sockname sockname = {
      .address = message->place.address, .port = 1};
  struct zpm_str out = {0};

  zpm_place_key(&message->place, key);
  must(strlen(key) + 1 < sizeof(key)); /* not cut */
  must(zpm_cluster_say_newconns_come(&out, &answer, &sockname) == 0);
  check_line(&out);
  must(zpm_cluster_say_newconn(&out, 0, key) == 0);
  check_line(&out);
  zpm_str_deinit(&out);
}

static void check_message(const struct zpm_worker_message *message)
{
  enum zpm_worker_said said = message->said;

  must(said <= ZPM_SAID_GARBAGE);
  must(message->seq >= -1 && message->ack >= -1);
  must(memchr(message->key, '\0', sizeof(message->key)) != NULL);
  must(message->data == NULL || said == ZPM_SAID_QUERY_SERVER ||
       said == ZPM_SAID_GARBAGE);
  must((message->ack >= 0) == (said == ZPM_SAID_ACCEPTED));
  if (said == ZPM_SAID_QUERY_SERVER || said == ZPM_SAID_LISTENING)
    check_place(&message->place);
  if (said == ZPM_SAID_QUERY_SERVER)
    check_answers(message);
}

/* As another codec would give it. */
static void check_tree(const char *json, size_t len)
{
  struct zpm_worker_message message;
  cJSON *tree = cJSON_ParseWithLength(json, len);

  if (tree == NULL)
    return;
  if (zpm_worker_message_from_json(&message, tree) == 0)
    zpm_worker_message_deinit(&message);
  cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct zpm_worker_message message;
  char *line = malloc(size > 0 ? size : 1); /* no NUL behind it */

  if (line == NULL)
    return 0;
  memcpy(line, data, size);
  if (zpm_worker_message_parse(&message, line, size) == 0) {
    check_message(&message);
    zpm_worker_message_deinit(&message);
  }
  check_tree(line, size);
  free(line);
  return 0;
}
