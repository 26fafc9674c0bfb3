#include "proto/config_json.h"

#include "core/suggest.h"
#include "proto/json.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_SIZE = 96, MAX_FIELDS = 64 };

/* One decoding, and one value of it. */
struct decoder {
  struct zpm_config *config;
  bool forgiving; /* what is unknown is passed over */
  uint64_t seen;  /* a bit for each field that was there */
  struct zpm_error *err;
};

struct value {
  const cJSON *json;
  int index; /* in ZPM_FIELDS */
  const struct zpm_field *field;
  char label[LABEL_SIZE]; /* "config.logs.maxFiles" */
};

typedef int decode(struct decoder *d, const struct value *v);

static void mark_given(struct decoder *d, const struct value *v)
{
  d->config->given |= (uint64_t)1 << v->index;
}

static int out_of_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

static int wrong_type(struct decoder *d, const struct value *v,
                      const char *expected)
{
  return zpm_error_set(d->err, ZPM_ECONFIG, "%s must be %s, not %s", v->label,
                       expected, zpm_json_kind(v->json));
}

static int set_text(struct decoder *d, const struct value *v, const char *text)
{
  return zpm_config_set_text_as(d->config, v->index, text, v->label, d->err);
}

static int decode_text(struct decoder *d, const struct value *v)
{
  if (!cJSON_IsString(v->json))
    return wrong_type(d, v, "a string");
  return set_text(d, v, v->json->valuestring);
}

static int decode_strings(struct decoder *d, const struct value *v)
{
  struct zpm_strv *list = zpm_config_member(d->config, v->field);
  const cJSON *item;

  if (!cJSON_IsArray(v->json))
    return wrong_type(d, v, "an array of strings");
  zpm_strv_deinit(list);
  cJSON_ArrayForEach(item, v->json)
  {
    if (!cJSON_IsString(item))
      return zpm_error_set(d->err, ZPM_ECONFIG,
                           "%s must be an array of strings: one item is %s",
                           v->label, zpm_json_kind(item));
    if (zpm_strv_push(list, item->valuestring) != 0)
      return out_of_memory(d->err);
  }
  mark_given(d, v);
  return 0;
}

static int decode_env(struct decoder *d, const struct value *v)
{
  struct zpm_strv *env = zpm_config_member(d->config, v->field);
  int rc;

  zpm_strv_deinit(env);
  rc = zpm_vars_from_json(env, v->json, v->label, d->err);
  if (rc == ZPM_EARG) {
    rc = ZPM_ECONFIG;
    if (d->err != NULL)
      d->err->code = rc;
  }
  if (rc == 0)
    mark_given(d, v);
  return rc;
}

static int not_a_number(struct decoder *d, const struct value *v)
{
  char quoted[80];

  if (!cJSON_IsString(v->json))
    return zpm_config_refuse_number(v->field, zpm_json_kind(v->json), d->err);
  snprintf(quoted, sizeof(quoted), "\"%.60s\"", v->json->valuestring);
  return zpm_config_refuse_number(v->field, quoted, d->err);
}

/* Text is refused even if it looks like a number. */
static int decode_number(struct decoder *d, const struct value *v)
{
  void *member = zpm_config_member(d->config, v->field);
  int rc;

  if (!cJSON_IsNumber(v->json))
    return not_a_number(d, v);
  rc = zpm_config_check_number(v->field, v->json->valuedouble, d->err);
  if (rc != 0)
    return rc;
  if (v->field->type == ZPM_FIELD_UINT64)
    *(uint64_t *)member = (uint64_t)v->json->valuedouble;
  else
    *(uint32_t *)member = (uint32_t)v->json->valuedouble;
  mark_given(d, v);
  return 0;
}

static int decode_bool(struct decoder *d, const struct value *v)
{
  if (!cJSON_IsBool(v->json))
    return wrong_type(d, v, "true or false");
  return set_text(d, v, cJSON_IsTrue(v->json) ? "true" : "false");
}

/* Fine on a command line, but in JSON most likely a mistake. */
static bool is_bool_as_text(const char *text)
{
  return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

static int decode_autorestart(struct decoder *d, const struct value *v)
{
  if (cJSON_IsString(v->json) && !is_bool_as_text(v->json->valuestring))
    return set_text(d, v, v->json->valuestring);
  if (!cJSON_IsBool(v->json))
    return wrong_type(d, v, "true, false or \"always\"");
  return decode_bool(d, v);
}

static int decode_signal(struct decoder *d, const struct value *v)
{
  char digits[32];

  if (!cJSON_IsNumber(v->json))
    return decode_text(d, v);
  snprintf(digits, sizeof(digits), "%.15g", v->json->valuedouble);
  return set_text(d, v, digits);
}

/* false, [] and {} ask for nothing. */
static bool asks_for_something(const cJSON *json)
{
  bool container = cJSON_IsArray(json) || cJSON_IsObject(json);

  return !cJSON_IsFalse(json) && !(container && json->child == NULL);
}

static int decode_later(struct decoder *d, const struct value *v)
{
  if (d->forgiving || !asks_for_something(v->json))
    return 0;
  return set_text(d, v, "");
}

static decode *const DECODERS[] = {
    [ZPM_FIELD_STRING] = decode_text,
    [ZPM_FIELD_STRINGS] = decode_strings,
    [ZPM_FIELD_ENV] = decode_env,
    [ZPM_FIELD_UINT32] = decode_number,
    [ZPM_FIELD_UINT64] = decode_number,
    [ZPM_FIELD_BOOL] = decode_bool,
    [ZPM_FIELD_CHOICE] = decode_text,
    [ZPM_FIELD_AUTORESTART] = decode_autorestart,
    [ZPM_FIELD_SIGNAL] = decode_signal,
    [ZPM_FIELD_LATER] = decode_later,
};

static int decode_field(struct decoder *d, const cJSON *json, int index)
{
  struct value v = {.json = json, .index = index, .field = &ZPM_FIELDS[index]};
  uint64_t bit = (uint64_t)1 << index;

  snprintf(v.label, sizeof(v.label), "config.%s", v.field->name);
  if ((d->seen & bit) != 0)
    return zpm_error_set(d->err, ZPM_ECONFIG, "%s is there twice", v.label);
  d->seen |= bit;
  if (cJSON_IsNull(json))
    return 0;
  return DECODERS[v.field->type](d, &v);
}

static int unknown_field(struct decoder *d, const char *name)
{
  const char *names[MAX_FIELDS];
  const char *near;

  if (d->forgiving)
    return 0;
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++)
    names[i] = ZPM_FIELDS[i].name;
  near = zpm_suggest(name, names, ZPM_FIELD_COUNT);
  if (near != NULL)
    return zpm_error_set(d->err, ZPM_ECONFIG,
                         "config has no field '%.60s'. Did you mean '%s'?",
                         name, near);
  return zpm_error_set(d->err, ZPM_ECONFIG, "config has no field '%.60s'",
                       name);
}

/* Whether the table has fields "<name>.something". */
static bool is_group(const char *name)
{
  size_t len = strlen(name);

  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    const char *known = ZPM_FIELDS[i].name;

    if (strncmp(known, name, len) == 0 && known[len] == '.')
      return true;
  }
  return false;
}

static int decode_group(struct decoder *d, const cJSON *group)
{
  const cJSON *item;

  if (cJSON_IsNull(group) || cJSON_IsFalse(group))
    return 0;
  if (!cJSON_IsObject(group))
    return zpm_error_set(d->err, ZPM_ECONFIG,
                         "config.%s must be an object, not %s", group->string,
                         zpm_json_kind(group));
  cJSON_ArrayForEach(item, group)
  {
    char name[LABEL_SIZE];
    int index;
    int rc;

    snprintf(name, sizeof(name), "%s.%s", group->string, item->string);
    index = zpm_config_field_of_name(name, strlen(name));
    rc = index >= 0 ? decode_field(d, item, index) : unknown_field(d, name);
    if (rc != 0)
      return rc;
  }
  return 0;
}

static int decode_config(struct decoder *d, const cJSON *json)
{
  const cJSON *item;

  if (!cJSON_IsObject(json))
    return zpm_error_set(d->err, ZPM_ECONFIG,
                         "config must be an object, not %s",
                         zpm_json_kind(json));
  cJSON_ArrayForEach(item, json)
  {
    const char *name = item->string;
    bool nested = strchr(name, '.') != NULL; /* only as {"logs":{...}} */
    int index = nested ? -1 : zpm_config_field_of_name(name, strlen(name));
    int rc;

    if (index >= 0)
      rc = decode_field(d, item, index);
    else
      rc = is_group(name) ? decode_group(d, item) : unknown_field(d, name);
    if (rc != 0)
      return rc;
  }
  return 0;
}

int zpm_config_from_json(struct zpm_config *config, const cJSON *json,
                         struct zpm_error *err)
{
  struct decoder d = {.config = config, .err = err};

  return decode_config(&d, json);
}

int zpm_config_from_saved_json(struct zpm_config *config, const cJSON *json,
                               struct zpm_error *err)
{
  struct decoder d = {.config = config, .forgiving = true, .err = err};

  return decode_config(&d, json);
}
