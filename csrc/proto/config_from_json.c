#include "proto/config_json.h"

#include "proto/field_json.h"
#include "proto/json.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_SIZE = 96 };

/* One decoding. */
struct decoder {
  struct zpm_config *config;
  bool forgiving; /* what is unknown is passed over */
  uint64_t seen;  /* a bit for each field that was there */
  struct zpm_error *err;
};

static int decode_field(struct decoder *d, const cJSON *json, int index)
{
  char label[LABEL_SIZE]; /* "config.logs.maxFiles" */
  const struct zpm_field_json v = {
      .base = d->config,
      .field = &ZPM_FIELDS[index],
      .json = json,
      .label = label,
      .forgiving = d->forgiving,
      .err = d->err,
  };
  uint64_t bit = (uint64_t)1 << index;
  int rc;

  snprintf(label, sizeof(label), "config.%s", v.field->name);
  if ((d->seen & bit) != 0)
    return zpm_error_set(d->err, ZPM_ECONFIG, "%s is there twice", label);
  d->seen |= bit;
  if (cJSON_IsNull(json))
    return 0;
  rc = zpm_field_from_json(&v);
  if (rc == 0)
    d->config->given |= bit;
  return rc;
}

static int unknown_field(struct decoder *d, const char *name)
{
  if (d->forgiving)
    return 0;
  return zpm_field_json_unknown(ZPM_FIELDS, ZPM_FIELD_COUNT, "config", name,
                                d->err);
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
