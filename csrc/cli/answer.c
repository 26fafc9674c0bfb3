#include "cli/answer.h"

#include <string.h>

static const char RAW_BEGIN[] = "{\"ok\":true,\"data\":";

bool zpm_answer_raw(const char *line, const char **data, size_t *len)
{
  size_t begin = sizeof(RAW_BEGIN) - 1;
  size_t size = strlen(line);

  if (size <= begin + 1 || memcmp(line, RAW_BEGIN, begin) != 0 ||
      line[size - 1] != '}')
    return false;
  *data = line + begin;
  *len = size - begin - 1;
  return true;
}

int zpm_answer_refusal(const cJSON *object, struct zpm_error *err)
{
  const char *message = zpm_answer_text(object, "error");
  const char *name = zpm_answer_text(object, "code");
  int code = name != NULL ? zpm_code_of_name(name) : ZPM_EIO;

  return zpm_error_set(err, code, "%s",
                       message != NULL ? message : zpm_code_text(code));
}

int zpm_answer_parse(const char *line, cJSON **out, struct zpm_error *err)
{
  cJSON *reply = cJSON_Parse(line);
  int rc = 0;

  *out = NULL;
  if (!cJSON_IsObject(reply))
    rc = zpm_error_set(err, ZPM_EPROTO,
                       "the daemon has sent what is no reply: %.80s", line);
  else if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "ok")))
    rc = zpm_answer_refusal(reply, err);
  if (rc == 0)
    *out = reply;
  else
    cJSON_Delete(reply);
  return rc;
}

const cJSON *zpm_answer_data(const cJSON *reply)
{
  static const cJSON NOTHING = {.type = cJSON_NULL};
  const cJSON *data = cJSON_GetObjectItemCaseSensitive(reply, "data");

  return data != NULL ? data : &NOTHING;
}

const char *zpm_answer_text(const cJSON *object, const char *key)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

  return cJSON_IsString(item) ? item->valuestring : NULL;
}

double zpm_answer_number(const cJSON *object, const char *key, double fallback)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

  return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}
