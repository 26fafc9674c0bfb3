#include "proto/field_json.h"

#include "core/suggest.h"
#include "proto/config_json.h"
#include "proto/json.h"

#include <stdio.h>
#include <string.h>

enum { MAX_FIELDS = 64 };

typedef int decode(const struct zpm_field_json *v);

static int out_of_memory(const struct zpm_field_json *v)
{
  return zpm_error_set(v->err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

int zpm_field_json_wrong(const struct zpm_field_json *v, const char *expected)
{
  return zpm_error_set(v->err, ZPM_ECONFIG, "%s must be %s%s, not %s", v->label,
                       expected, v->field->off ? " or false" : "",
                       zpm_json_kind(v->json));
}

int zpm_field_json_unknown(const struct zpm_field *fields, size_t count,
                           const char *what, const char *name,
                           struct zpm_error *err)
{
  const char *names[MAX_FIELDS];
  const char *near;

  for (size_t i = 0; i < count; i++)
    names[i] = fields[i].name;
  near = zpm_suggest(name, names, count);
  if (near != NULL)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "%s has no field '%.60s'. Did you mean '%s'?", what,
                         name, near);
  return zpm_error_set(err, ZPM_ECONFIG, "%s has no field '%.60s'", what, name);
}

static int set_text(const struct zpm_field_json *v, const char *text)
{
  return zpm_field_set_text(v->base, v->field, text, v->label, v->err);
}

/* Fine on a command line, but in JSON most likely a mistake. */
static bool is_bool_as_text(const cJSON *json)
{
  return cJSON_IsString(json) && (strcmp(json->valuestring, "true") == 0 ||
                                  strcmp(json->valuestring, "false") == 0);
}

static int decode_text(const struct zpm_field_json *v)
{
  if (!cJSON_IsString(v->json) || (v->field->off && is_bool_as_text(v->json)))
    return zpm_field_json_wrong(v, "a string");
  return set_text(v, v->json->valuestring);
}

static int decode_strings(const struct zpm_field_json *v)
{
  struct zpm_strv *list = zpm_field_member(v->base, v->field);
  const cJSON *item;

  if (!cJSON_IsArray(v->json))
    return zpm_field_json_wrong(v, "an array of strings");
  zpm_strv_deinit(list);
  cJSON_ArrayForEach(item, v->json)
  {
    if (!cJSON_IsString(item))
      return zpm_error_set(v->err, ZPM_ECONFIG,
                           "%s must be an array of strings: one item is %s",
                           v->label, zpm_json_kind(item));
    if (zpm_strv_push(list, item->valuestring) != 0)
      return out_of_memory(v);
  }
  return 0;
}

static int decode_watch(const struct zpm_field_json *v)
{
  zpm_strv_deinit(zpm_field_member(v->base, v->field));
  if (cJSON_IsTrue(v->json))
    return set_text(v, "true");
  if (!cJSON_IsArray(v->json))
    return zpm_error_set(v->err, ZPM_ECONFIG,
                         "%s must be true, false or an array of paths, not %s",
                         v->label, zpm_json_kind(v->json));
  return decode_strings(v);
}

static int decode_env(const struct zpm_field_json *v)
{
  struct zpm_strv *env = zpm_field_member(v->base, v->field);
  int rc;

  zpm_strv_deinit(env);
  rc = zpm_vars_from_json(env, v->json, v->label, v->err);
  if (rc == ZPM_EARG) {
    rc = ZPM_ECONFIG;
    if (v->err != NULL)
      v->err->code = rc;
  }
  return rc;
}

static int not_a_number(const struct zpm_field_json *v)
{
  char quoted[80];

  if (!cJSON_IsString(v->json))
    return zpm_field_refuse_number(v->field, v->label, zpm_json_kind(v->json),
                                   v->err);
  snprintf(quoted, sizeof(quoted), "\"%.60s\"", v->json->valuestring);
  return zpm_field_refuse_number(v->field, v->label, quoted, v->err);
}

/* Text is refused even if it looks like a number. */
static int decode_number(const struct zpm_field_json *v)
{
  if (!cJSON_IsNumber(v->json))
    return not_a_number(v);
  return zpm_field_set_number(v->base, v->field, v->json->valuedouble, v->label,
                              v->err);
}

/* ... except where text says something that a number cannot: "200M", "022". */
static int decode_number_or_text(const struct zpm_field_json *v)
{
  if (cJSON_IsString(v->json) && !is_bool_as_text(v->json))
    return set_text(v, v->json->valuestring);
  return decode_number(v);
}

static int decode_instances(const struct zpm_field_json *v)
{
  if (cJSON_IsString(v->json) && strcmp(v->json->valuestring, "max") == 0)
    return set_text(v, "max");
  return decode_number(v);
}

static int decode_bool(const struct zpm_field_json *v)
{
  if (!cJSON_IsBool(v->json))
    return zpm_field_json_wrong(v, "true or false");
  return set_text(v, cJSON_IsTrue(v->json) ? "true" : "false");
}

static int decode_autorestart(const struct zpm_field_json *v)
{
  if (cJSON_IsString(v->json) && !is_bool_as_text(v->json))
    return set_text(v, v->json->valuestring);
  if (!cJSON_IsBool(v->json))
    return zpm_field_json_wrong(v, "true, false or \"always\"");
  return decode_bool(v);
}

static int decode_signal(const struct zpm_field_json *v)
{
  char digits[32];

  if (!cJSON_IsNumber(v->json))
    return decode_text(v);
  snprintf(digits, sizeof(digits), "%.15g", v->json->valuedouble);
  return set_text(v, digits);
}

static int decode_rlimits(const struct zpm_field_json *v)
{
  return zpm_rlimits_from_json(zpm_field_member(v->base, v->field), v);
}

static int decode_probes(const struct zpm_field_json *v)
{
  return zpm_probes_from_json(zpm_field_member(v->base, v->field), v);
}

static decode *const DECODERS[] = {
    [ZPM_FIELD_STRING] = decode_text,
    [ZPM_FIELD_STRINGS] = decode_strings,
    [ZPM_FIELD_ENV] = decode_env,
    [ZPM_FIELD_UINT32] = decode_number,
    [ZPM_FIELD_UINT64] = decode_number_or_text,
    [ZPM_FIELD_SECONDS] = decode_number,
    [ZPM_FIELD_BOOL] = decode_bool,
    [ZPM_FIELD_CHOICE] = decode_text,
    [ZPM_FIELD_AUTORESTART] = decode_autorestart,
    [ZPM_FIELD_SIGNAL] = decode_signal,
    [ZPM_FIELD_ID] = decode_number,
    [ZPM_FIELD_UMASK] = decode_number_or_text,
    [ZPM_FIELD_NICE] = decode_number,
    [ZPM_FIELD_INSTANCES] = decode_instances,
    [ZPM_FIELD_RLIMITS] = decode_rlimits,
    [ZPM_FIELD_WATCH] = decode_watch,
    [ZPM_FIELD_PROBES] = decode_probes,
};

int zpm_field_from_json(const struct zpm_field_json *v)
{
  if (v->field->off && cJSON_IsFalse(v->json))
    return set_text(v, "false");
  return DECODERS[v->field->type](v);
}
