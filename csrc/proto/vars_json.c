#include "proto/config_json.h"

#include <string.h>

#include "proto/json.h"

/* Far above any real environment, and low enough that looking each name up
 * among those before it stays cheap. */
enum { MAX_VARIABLES = 4096 };

static const char HIDDEN[] = "<hidden>";

static int out_of_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

static int add_variable(struct zpm_strv *vars, const cJSON *item,
                        const char *what, struct zpm_error *err)
{
  char *number;
  int rc;

  if (item->string[0] == '\0' || strchr(item->string, '=') != NULL)
    return zpm_error_set(err, ZPM_EARG,
                         "%s: \"%.60s\" cannot be the name of a variable", what,
                         item->string);
  if (cJSON_IsString(item))
    return zpm_strv_env_set(vars, item->string, item->valuestring);
  if (cJSON_IsBool(item))
    return zpm_strv_env_set(vars, item->string,
                            cJSON_IsTrue(item) ? "true" : "false");
  if (!cJSON_IsNumber(item))
    return zpm_error_set(err, ZPM_EARG, "%s: %.60s must be a string, not %s",
                         what, item->string, zpm_json_kind(item));
  number = cJSON_PrintUnformatted(item);
  if (number == NULL)
    return ZPM_ENOMEM;
  rc = zpm_strv_env_set(vars, item->string, number);
  cJSON_free(number);
  return rc;
}

int zpm_vars_from_json(struct zpm_strv *vars, const cJSON *json,
                       const char *what, struct zpm_error *err)
{
  const cJSON *item;

  if (!cJSON_IsObject(json))
    return zpm_error_set(err, ZPM_EARG,
                         "%s must be an object of strings, not %s", what,
                         zpm_json_kind(json));
  cJSON_ArrayForEach(item, json)
  {
    int rc = add_variable(vars, item, what, err);

    if (rc == ZPM_ENOMEM)
      return out_of_memory(err);
    if (rc != 0)
      return rc;
    if (vars->len > MAX_VARIABLES)
      return zpm_error_set(err, ZPM_EARG, "%s has more than %d variables", what,
                           MAX_VARIABLES);
  }
  return 0;
}

static int put_variable(cJSON *object, const char *pair, bool with_secrets)
{
  size_t key_len = strcspn(pair, "=");
  const char *value = pair + key_len + (pair[key_len] == '=' ? 1 : 0);
  struct zpm_str key = {0};
  int rc = zpm_str_append(&key, pair, key_len);

  if (!with_secrets)
    value = HIDDEN;
  if (rc == 0)
    rc = zpm_json_put(object, zpm_str_text(&key),
                      zpm_json_text(value, strlen(value)));
  zpm_str_deinit(&key);
  return rc;
}

cJSON *zpm_vars_to_json(const struct zpm_strv *vars, bool with_secrets)
{
  cJSON *object = cJSON_CreateObject();

  for (size_t i = 0; object != NULL && i < vars->len; i++) {
    if (put_variable(object, vars->items[i], with_secrets) != 0) {
      cJSON_Delete(object);
      return NULL;
    }
  }
  return object;
}
