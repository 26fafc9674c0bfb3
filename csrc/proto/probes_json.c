#include "proto/field_json.h"

#include <stdio.h>
#include <string.h>

#include "proto/json.h"

enum { LABEL_SIZE = 96, TYPE = 0, TARGET = 1 };

/* ---- from JSON ---- */

/* Another name of the type http, whose targets tell whether it is meant. */
static const char HTTPS[] = "https";

static bool is_https(const cJSON *type)
{
  return cJSON_IsString(type) && strcmp(type->valuestring, HTTPS) == 0;
}

static int decode_field(struct zpm_probe *probe, const cJSON *item, size_t i,
                        const struct zpm_field_json *whole)
{
  char label[LABEL_SIZE * 2];
  const struct zpm_field_json v = {
      .base = probe,
      .field = &ZPM_PROBE_FIELDS[i],
      .json = item,
      .label = label,
      .err = whole->err,
  };

  snprintf(label, sizeof(label), "%.*s.%s", LABEL_SIZE, whole->label,
           v.field->name);
  if (cJSON_IsNull(item))
    return 0;
  if (i == TYPE && is_https(item))
    return zpm_field_set_text(probe, v.field, "http", label, v.err);
  return zpm_field_from_json(&v);
}

static int check_seen(const struct zpm_probe *probe, uint32_t seen,
                      const struct zpm_field_json *whole)
{
  if ((seen >> TYPE & 1) == 0)
    return zpm_error_set(whole->err, ZPM_ECONFIG,
                         "%s.type is missing: http, tcp or exec", whole->label);
  if (probe->target == NULL)
    return zpm_error_set(whole->err, ZPM_ECONFIG,
                         "%s.target is missing: the URL, the port or the "
                         "command",
                         whole->label);
  if (is_https(cJSON_GetObjectItemCaseSensitive(whole->json, "type")) &&
      strncmp(probe->target, HTTPS, sizeof(HTTPS) - 1) != 0)
    return zpm_error_set(whole->err, ZPM_ECONFIG,
                         "%s.target must begin with https://, as its type says",
                         whole->label);
  return 0;
}

static int decode_probe(struct zpm_probe *probe,
                        const struct zpm_field_json *whole)
{
  uint32_t seen = 0;
  const cJSON *item;

  if (!cJSON_IsObject(whole->json))
    return zpm_error_set(whole->err, ZPM_ECONFIG,
                         "%s must be an object, not %s", whole->label,
                         zpm_json_kind(whole->json));
  cJSON_ArrayForEach(item, whole->json)
  {
    int i = zpm_field_find(ZPM_PROBE_FIELDS, ZPM_PROBE_FIELD_COUNT,
                           item->string, strlen(item->string));
    int rc;

    if (i < 0 && whole->forgiving)
      continue;
    if (i < 0)
      return zpm_field_json_unknown(ZPM_PROBE_FIELDS, ZPM_PROBE_FIELD_COUNT,
                                    whole->label, item->string, whole->err);
    if ((seen >> i & 1) != 0)
      return zpm_error_set(whole->err, ZPM_ECONFIG, "%s.%s is there twice",
                           whole->label, item->string);
    seen |= cJSON_IsNull(item) ? 0 : (uint32_t)1 << i;
    rc = decode_field(probe, item, (size_t)i, whole);
    if (rc != 0)
      return rc;
  }
  return check_seen(probe, seen, whole);
}

static int add_probe(struct zpm_probes *probes,
                     const struct zpm_field_json *whole)
{
  struct zpm_probe probe;
  int rc;

  zpm_probe_init(&probe);
  rc = decode_probe(&probe, whole);
  if (rc == 0 && zpm_probes_add(probes, &probe) != 0)
    rc = zpm_error_set(whole->err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  zpm_probe_deinit(&probe);
  return rc;
}

int zpm_probes_from_json(struct zpm_probes *probes,
                         const struct zpm_field_json *v)
{
  struct zpm_field_json one = *v;
  char label[LABEL_SIZE];
  const cJSON *item;
  int rc = 0;
  int i = 0;

  zpm_probes_deinit(probes);
  if (cJSON_IsObject(v->json))
    return add_probe(probes, v);
  if (!cJSON_IsArray(v->json))
    return zpm_field_json_wrong(v, "an object or an array of objects");
  one.label = label;
  cJSON_ArrayForEach(item, v->json)
  {
    one.json = item;
    snprintf(label, sizeof(label), "%s[%d]", v->label, i++);
    rc = add_probe(probes, &one);
    if (rc != 0)
      break;
  }
  return rc;
}

/* ---- to JSON ---- */

/* The type, the target, and what is not as it is by default. */
static cJSON *encode_probe(const struct zpm_probe *probe)
{
  cJSON *object = cJSON_CreateObject();
  struct zpm_probe usual;

  zpm_probe_init(&usual);
  for (size_t i = 0; object != NULL && i < ZPM_PROBE_FIELD_COUNT; i++) {
    const struct zpm_field *field = &ZPM_PROBE_FIELDS[i];

    if (i > TARGET && zpm_field_equal(probe, &usual, field))
      continue;
    if (zpm_json_put(object, field->name,
                     zpm_field_to_json(probe, field, true)) != 0) {
      cJSON_Delete(object);
      return NULL;
    }
  }
  return object;
}

cJSON *zpm_probes_to_json(const struct zpm_probes *probes)
{
  cJSON *array;

  if (probes->len == 1)
    return encode_probe(&probes->items[0]);
  array = cJSON_CreateArray();
  for (size_t i = 0; array != NULL && i < probes->len; i++) {
    if (zpm_json_push(array, encode_probe(&probes->items[i])) != 0) {
      cJSON_Delete(array);
      return NULL;
    }
  }
  return array;
}
