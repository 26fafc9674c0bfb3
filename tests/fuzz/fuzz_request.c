/*
 * A request line from anybody: refused with a message, or a request whose
 * reply can be read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct zpm_str *out, struct zpm_request_id id)
{
  cJSON *reply;
  const cJSON *found;

  if (out->len == 0 || strchr(out->data, '\n') != out->data + out->len - 1)
    abort();
  if (zpm_json_parse(out->data, out->len, &reply, NULL) != 0)
    abort();
  found = cJSON_GetObjectItemCaseSensitive(reply, "id");
  if ((found != NULL) != id.given ||
      (found != NULL && found->valuedouble != id.value))
    abort();
  cJSON_Delete(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct zpm_request request;
  struct zpm_error err = {0};
  struct zpm_str line = {0};
  struct zpm_str out = {0};
  int rc;

  if (zpm_str_append(&line, data, size) != 0)
    return 0;
  rc = zpm_request_parse(line.data, line.len, &request, &err);
  if (rc != err.code || (rc != 0 && err.message[0] == '\0'))
    abort();
  if (rc == 0)
    zpm_reply_ok(&out, request.id, cJSON_Duplicate(request.json, true));
  else
    zpm_reply_error(&out, request.id, &err);
  check_reply(&out, request.id);
  zpm_request_deinit(&request);
  zpm_str_deinit(&line);
  zpm_str_deinit(&out);
  return 0;
}
