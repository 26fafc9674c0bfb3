#include "proto/field_json.h"

#include <stdio.h>
#include <string.h>

#include "proto/config_json.h"
#include "proto/json.h"

static const double MS_PER_SECOND = 1000;

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

static cJSON *encode_watch(const struct zpm_strv *paths)
{
  if (paths->len == 0)
    return cJSON_CreateBool(false);
  if (paths->len == 1 && paths->items[0][0] == '\0')
    return cJSON_CreateBool(true);
  return encode_strings(paths);
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

static cJSON *encode_string(const char *text, bool off)
{
  if (text != NULL)
    return zpm_json_text(text, strlen(text));
  return off ? cJSON_CreateBool(false) : cJSON_CreateNull();
}

static cJSON *encode_umask(int mask)
{
  char octal[16];

  if (mask == ZPM_UMASK_KEEP)
    return cJSON_CreateBool(false);
  snprintf(octal, sizeof(octal), "%03o", (unsigned)mask);
  return cJSON_CreateString(octal);
}

static cJSON *encode_unless(bool kept, double value)
{
  return kept ? cJSON_CreateBool(false) : cJSON_CreateNumber(value);
}

static cJSON *encode_instances(int count)
{
  return count == 0 ? cJSON_CreateString("max") : cJSON_CreateNumber(count);
}

cJSON *zpm_field_to_json(const void *base, const struct zpm_field *field,
                         bool with_secrets)
{
  const void *value = zpm_field_value(base, field);

  switch (field->type) {
  case ZPM_FIELD_STRING:
    return encode_string(*(char *const *)value, field->off);
  case ZPM_FIELD_STRINGS:
    return encode_strings(value);
  case ZPM_FIELD_WATCH:
    return encode_watch(value);
  case ZPM_FIELD_ENV:
    return zpm_vars_to_json(value, with_secrets);
  case ZPM_FIELD_UINT32:
    return cJSON_CreateNumber(*(const uint32_t *)value);
  case ZPM_FIELD_UINT64:
    return cJSON_CreateNumber((double)*(const uint64_t *)value);
  case ZPM_FIELD_SECONDS:
    return cJSON_CreateNumber(*(const uint32_t *)value / MS_PER_SECOND);
  case ZPM_FIELD_BOOL:
    return cJSON_CreateBool(*(const bool *)value);
  case ZPM_FIELD_CHOICE:
    return cJSON_CreateString(field->choices[*(const int *)value]);
  case ZPM_FIELD_AUTORESTART:
    return encode_autorestart(*(const int *)value);
  case ZPM_FIELD_SIGNAL:
    return encode_signal(*(const int *)value);
  case ZPM_FIELD_ID:
    return encode_unless(*(const uint32_t *)value == ZPM_ID_KEEP,
                         *(const uint32_t *)value);
  case ZPM_FIELD_NICE:
    return encode_unless(*(const int *)value == ZPM_NICE_KEEP,
                         *(const int *)value);
  case ZPM_FIELD_UMASK:
    return encode_umask(*(const int *)value);
  case ZPM_FIELD_INSTANCES:
    return encode_instances(*(const int *)value);
  case ZPM_FIELD_RLIMITS:
    return zpm_rlimits_to_json(value);
  case ZPM_FIELD_PROBES:
    return zpm_probes_to_json(value);
  }
  return NULL;
}
