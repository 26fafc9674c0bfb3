#include "proto/message.h"

#include <string.h>

/* Appends the object as one line and releases it.  `rc` is how building it
 * went; a failed append leaves `out` as it was. */
static int finish_line(struct zpm_str *out, cJSON *object, int rc)
{
  size_t before = out->len;

  if (rc == 0)
    rc = zpm_json_print(out, object);
  if (rc == 0)
    rc = zpm_str_puts(out, "\n");
  if (rc != 0 && out->len > before) {
    out->len = before;
    out->data[before] = '\0';
  }
  cJSON_Delete(object);
  return rc;
}

static cJSON *start_reply(struct zpm_request_id id, bool ok)
{
  cJSON *reply = cJSON_CreateObject();
  int rc = reply != NULL ? 0 : ZPM_ENOMEM;

  if (rc == 0 && id.given)
    rc = zpm_json_put(reply, "id", zpm_json_integer(id.value));
  if (rc == 0)
    rc = zpm_json_put(reply, "ok", cJSON_CreateBool(ok));
  if (rc == 0)
    return reply;
  cJSON_Delete(reply);
  return NULL;
}

static int put_data(cJSON *object, cJSON *data)
{
  if (object == NULL) {
    cJSON_Delete(data);
    return ZPM_ENOMEM;
  }
  return zpm_json_put(object, "data", data != NULL ? data : cJSON_CreateNull());
}

static int put_string(cJSON *object, const char *key, const char *text)
{
  return zpm_json_put(object, key, zpm_json_text(text, strlen(text)));
}

int zpm_reply_ok(struct zpm_str *out, struct zpm_request_id id, cJSON *data)
{
  cJSON *reply = start_reply(id, true);

  return finish_line(out, reply, put_data(reply, data));
}

int zpm_reply_end(struct zpm_str *out, struct zpm_request_id id)
{
  cJSON *reply = start_reply(id, true);
  int rc = ZPM_ENOMEM;

  if (reply != NULL)
    rc = zpm_json_put(reply, "end", cJSON_CreateTrue());
  return finish_line(out, reply, rc);
}

int zpm_reply_error(struct zpm_str *out, struct zpm_request_id id,
                    const struct zpm_error *err)
{
  cJSON *reply = start_reply(id, false);
  int rc = ZPM_ENOMEM;

  if (reply != NULL)
    rc = put_string(reply, "error", err->message);
  if (rc == 0)
    rc = put_string(reply, "code", zpm_code_name(err->code));
  return finish_line(out, reply, rc);
}
