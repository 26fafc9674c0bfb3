#include "proto/node_value.h"

#include <string.h>

#include "proto/json.h"

const cJSON *zpm_node_value_find(const cJSON *object, const char *key)
{
  const cJSON *found = NULL;

  if (!cJSON_IsObject(object))
    return NULL;
  for (const cJSON *item = object->child; item != NULL; item = item->next) {
    if (item->string != NULL && strcmp(item->string, key) == 0)
      found = item;
  }
  return found;
}

bool zpm_node_value_is_nothing(const cJSON *item)
{
  return item == NULL || cJSON_IsNull(item);
}

static bool whole_of_text(const char *digits, int64_t *out)
{
  enum { DIGITS_MAX = 16 };
  size_t len = strspn(digits, "0123456789");
  int64_t value = 0;

  if (len == 0 || len > DIGITS_MAX || digits[len] != '\0')
    return false;
  for (size_t i = 0; i < len; i++)
    value = value * 10 + (digits[i] - '0');
  if (value > (int64_t)ZPM_JSON_INTEGER_MAX)
    return false;
  *out = value;
  return true;
}

bool zpm_node_value_whole(const cJSON *item, int64_t *out)
{
  const char *digits = cJSON_GetStringValue(item);

  if (digits != NULL)
    return whole_of_text(digits, out);
  if (!zpm_json_is_integer(item) || item->valuedouble < 0)
    return false;
  *out = (int64_t)item->valuedouble;
  return true;
}

bool zpm_node_value_text(const cJSON *item, char *out, size_t size)
{
  const char *text = cJSON_GetStringValue(item);
  size_t len = text != NULL ? strlen(text) : size;

  if (len >= size)
    return false;
  memcpy(out, text, len + 1);
  return true;
}
