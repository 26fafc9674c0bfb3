#include "proto/state_value.h"

#include "proto/json.h"

int zpm_state_value_wrong(const char *key, const char *expected,
                          struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ESTATE, "\"%s\" must be %s", key, expected);
}

const cJSON *zpm_state_value(const cJSON *object, const char *key)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

  return cJSON_IsNull(item) ? NULL : item;
}

static bool parse_digits(const char *text, uint64_t *out)
{
  uint64_t value = 0;

  if (text[0] == '\0')
    return false;
  for (; *text != '\0'; text++) {
    uint64_t digit = (uint64_t)(*text - '0');

    if (*text < '0' || *text > '9' || value > (UINT64_MAX - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

int zpm_state_value_u64(const cJSON *object, const char *key, uint64_t *out,
                        struct zpm_error *err)
{
  const cJSON *item = zpm_state_value(object, key);

  if (item == NULL)
    return 0;
  if (cJSON_IsString(item) && parse_digits(item->valuestring, out))
    return 0;
  if (!zpm_json_is_integer(item) || item->valuedouble < 0)
    return zpm_state_value_wrong(key, "a whole number of 0 or more", err);
  *out = (uint64_t)item->valuedouble;
  return 0;
}

int zpm_state_value_u32(const cJSON *object, const char *key, uint32_t *out,
                        struct zpm_error *err)
{
  uint64_t value = *out;
  int rc = zpm_state_value_u64(object, key, &value, err);

  if (rc == 0 && value > UINT32_MAX)
    rc = zpm_state_value_wrong(key, "less than 2^32", err);
  if (rc == 0)
    *out = (uint32_t)value;
  return rc;
}

int zpm_state_value_int(const cJSON *object, const char *key, int *out,
                        struct zpm_error *err)
{
  const cJSON *item = zpm_state_value(object, key);

  if (item == NULL)
    return 0;
  if (!zpm_json_is_integer(item) || item->valuedouble < -1 ||
      item->valuedouble > UINT16_MAX)
    return zpm_state_value_wrong(key, "a whole number of -1 to 65535", err);
  *out = (int)item->valuedouble;
  return 0;
}

int zpm_state_value_bool(const cJSON *object, const char *key, bool *out,
                         struct zpm_error *err)
{
  const cJSON *item = zpm_state_value(object, key);

  if (item == NULL)
    return 0;
  if (!cJSON_IsBool(item))
    return zpm_state_value_wrong(key, "true or false", err);
  *out = cJSON_IsTrue(item);
  return 0;
}

int zpm_state_value_object(const cJSON *object, const char *key,
                           const cJSON **out, struct zpm_error *err)
{
  *out = zpm_state_value(object, key);
  if (*out != NULL && !cJSON_IsObject(*out))
    return zpm_state_value_wrong(key, "an object", err);
  return 0;
}
