#include "proto/config_json.h"

#include <stdio.h>
#include <string.h>

#include "proto/json.h"

enum { GROUP_SIZE = 64 };

static cJSON *encode_strings(const struct zpm_strv *list)
{
  cJSON *array = cJSON_CreateArray();

  for (size_t i = 0; array != NULL && i < list->len; i++) {
    const char *text = list->items[i];

    if (zpm_json_push(array, zpm_json_text(text, strlen(text))) != 0) {
      cJSON_Delete(array);
      return NULL;
    }
  }
  return array;
}

static cJSON *encode_signal(int number)
{
  const char *name = zpm_signal_name(number);

  return name != NULL ? cJSON_CreateString(name) : cJSON_CreateNumber(number);
}

static cJSON *encode_autorestart(int value)
{
  if (value == ZPM_AUTORESTART_ALWAYS)
    return cJSON_CreateString("always");
  return cJSON_CreateBool(value == ZPM_AUTORESTART_ON_FAILURE);
}

static cJSON *encode_string(const char *text)
{
  return text != NULL ? zpm_json_text(text, strlen(text)) : cJSON_CreateNull();
}

static cJSON *encode_field(const struct zpm_config *config,
                           const struct zpm_field *field, bool with_secrets)
{
  const void *value = zpm_config_value(config, field);

  switch (field->type) {
  case ZPM_FIELD_STRING:
    return encode_string(*(char *const *)value);
  case ZPM_FIELD_STRINGS:
    return encode_strings(value);
  case ZPM_FIELD_ENV:
    return zpm_vars_to_json(value, with_secrets);
  case ZPM_FIELD_UINT32:
    return cJSON_CreateNumber(*(const uint32_t *)value);
  case ZPM_FIELD_UINT64:
    return cJSON_CreateNumber((double)*(const uint64_t *)value);
  case ZPM_FIELD_BOOL:
    return cJSON_CreateBool(*(const bool *)value);
  case ZPM_FIELD_CHOICE:
    return cJSON_CreateString(field->choices[*(const int *)value]);
  case ZPM_FIELD_AUTORESTART:
    return encode_autorestart(*(const int *)value);
  case ZPM_FIELD_SIGNAL:
    return encode_signal(*(const int *)value);
  case ZPM_FIELD_LATER:
    break;
  }
  return NULL;
}

/* The object that holds "logs.maxFiles", made when first needed; *key becomes
 * the name inside it. */
static cJSON *holder_of(cJSON *config, const char *name, const char **key)
{
  const char *dot = strchr(name, '.');
  char group[GROUP_SIZE];
  cJSON *holder;

  *key = name;
  if (dot == NULL)
    return config;
  *key = dot + 1;
  snprintf(group, sizeof(group), "%.*s", (int)(dot - name), name);
  holder = cJSON_GetObjectItemCaseSensitive(config, group);
  return holder != NULL ? holder : cJSON_AddObjectToObject(config, group);
}

cJSON *zpm_config_to_json(const struct zpm_config *config, bool with_secrets)
{
  cJSON *json = cJSON_CreateObject();

  for (size_t i = 0; json != NULL && i < ZPM_FIELD_COUNT; i++) {
    const struct zpm_field *field = &ZPM_FIELDS[i];
    const char *key;
    cJSON *holder;

    if ((config->given & ((uint64_t)1 << i)) == 0)
      continue;
    holder = holder_of(json, field->name, &key);
    if (holder == NULL ||
        zpm_json_put(holder, key, encode_field(config, field, with_secrets))) {
      cJSON_Delete(json);
      return NULL;
    }
  }
  return json;
}
