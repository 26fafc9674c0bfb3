#include "proto/field_json.h"

#include <stdio.h>
#include <string.h>

#include "proto/json.h"

/* ---- from JSON ---- */

static bool read_one(const cJSON *json, uint64_t *value)
{
  if (cJSON_IsString(json))
    return zpm_rlimit_read(json->valuestring, strlen(json->valuestring), value);
  if (!zpm_json_is_integer(json) || json->valuedouble < 0 ||
      json->valuedouble > (double)ZPM_SIZE_MAX)
    return false;
  *value = (uint64_t)json->valuedouble;
  return true;
}

static bool read_limit(const cJSON *json, struct zpm_rlimit *limit)
{
  if (cJSON_IsArray(json))
    return cJSON_GetArraySize(json) == 2 &&
           read_one(json->child, &limit->soft) &&
           read_one(json->child->next, &limit->hard);
  if (!read_one(json, &limit->soft))
    return false;
  limit->hard = limit->soft;
  return true;
}

static int unknown_limit(const struct zpm_field_json *v, const char *name)
{
  struct zpm_field fields[ZPM_RLIMIT_KINDS];

  if (v->forgiving)
    return 0;
  for (int i = 0; i < ZPM_RLIMIT_KINDS; i++)
    fields[i] = (struct zpm_field){.name = zpm_rlimit_name(i)};
  return zpm_field_json_unknown(fields, ZPM_RLIMIT_KINDS, v->label, name,
                                v->err);
}

int zpm_rlimits_from_json(struct zpm_rlimits *limits,
                          const struct zpm_field_json *v)
{
  const cJSON *item;

  if (!cJSON_IsObject(v->json))
    return zpm_field_json_wrong(v, "an object such as {\"nofile\": 4096}");
  *limits = (struct zpm_rlimits){0};
  cJSON_ArrayForEach(item, v->json)
  {
    int kind = zpm_rlimit_of_name(item->string, strlen(item->string));
    struct zpm_rlimit limit;
    int rc;

    if (cJSON_IsNull(item))
      continue;
    if (kind >= 0 && !read_limit(item, &limit))
      return zpm_error_set(v->err, ZPM_ECONFIG,
                           "%s.%s must be a number, a size such as \"2G\", "
                           "\"unlimited\", or an array of two: the soft and "
                           "the hard limit",
                           v->label, item->string);
    rc = kind >= 0 ? zpm_rlimits_set(limits, kind, limit, v->label, v->err)
                   : unknown_limit(v, item->string);
    if (rc != 0)
      return rc;
  }
  return 0;
}

/* ---- to JSON ---- */

static cJSON *encode_one(uint64_t value)
{
  return value == ZPM_RLIMIT_UNLIMITED ? cJSON_CreateString("unlimited")
                                       : cJSON_CreateNumber((double)value);
}

static cJSON *encode_limit(const struct zpm_rlimit *limit)
{
  cJSON *pair;

  if (limit->soft == limit->hard)
    return encode_one(limit->soft);
  pair = cJSON_CreateArray();
  if (pair != NULL && (zpm_json_push(pair, encode_one(limit->soft)) != 0 ||
                       zpm_json_push(pair, encode_one(limit->hard)) != 0)) {
    cJSON_Delete(pair);
    return NULL;
  }
  return pair;
}

cJSON *zpm_rlimits_to_json(const struct zpm_rlimits *limits)
{
  cJSON *object = cJSON_CreateObject();

  for (int i = 0; object != NULL && i < ZPM_RLIMIT_KINDS; i++) {
    if ((limits->given >> i & 1) == 0)
      continue;
    if (zpm_json_put(object, zpm_rlimit_name(i),
                     encode_limit(&limits->of[i])) != 0) {
      cJSON_Delete(object);
      return NULL;
    }
  }
  return object;
}
