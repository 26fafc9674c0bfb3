#include "proto/config_json.h"

#include <stdio.h>
#include <string.h>

#include "proto/field_json.h"
#include "proto/json.h"

enum { GROUP_SIZE = 64 };

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
        zpm_json_put(holder, key,
                     zpm_field_to_json(config, field, with_secrets))) {
      cJSON_Delete(json);
      return NULL;
    }
  }
  return json;
}
