#include "proto/state_json.h"

#include <cjson/cJSON.h>

#include <string.h>

#include "base/alloc.h"
#include "proto/config_json.h"
#include "proto/json.h"

/* One reading of a state file. */
struct loader {
  struct zpm_environment **environments; /* one reference each */
  size_t environment_count;
  struct zpm_roster *roster;
  struct zpm_error *err;
};

static int out_of_memory(const struct loader *l)
{
  return zpm_error_set(l->err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

static int malformed(const struct loader *l, const char *key,
                     const char *expected)
{
  return zpm_error_set(l->err, ZPM_ESTATE, "\"%s\" must be %s", key, expected);
}

static const cJSON *get(const cJSON *object, const char *key)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

  return cJSON_IsNull(item) ? NULL : item;
}

/* ---- single values; one that is absent leaves `out` as it is ---- */

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

static int get_u64(const struct loader *l, const cJSON *object, const char *key,
                   uint64_t *out)
{
  const cJSON *item = get(object, key);

  if (item == NULL)
    return 0;
  if (cJSON_IsString(item) && parse_digits(item->valuestring, out))
    return 0;
  if (!zpm_json_is_integer(item) || item->valuedouble < 0)
    return malformed(l, key, "a whole number of 0 or more");
  *out = (uint64_t)item->valuedouble;
  return 0;
}

static int get_u32(const struct loader *l, const cJSON *object, const char *key,
                   uint32_t *out)
{
  uint64_t value = *out;
  int rc = get_u64(l, object, key, &value);

  if (rc == 0 && value > UINT32_MAX)
    rc = malformed(l, key, "less than 2^32");
  if (rc == 0)
    *out = (uint32_t)value;
  return rc;
}

static int get_int(const struct loader *l, const cJSON *object, const char *key,
                   int *out)
{
  const cJSON *item = get(object, key);

  if (item == NULL)
    return 0;
  if (!zpm_json_is_integer(item) || item->valuedouble < -1 ||
      item->valuedouble > UINT16_MAX)
    return malformed(l, key, "a whole number of -1 to 65535");
  *out = (int)item->valuedouble;
  return 0;
}

static int get_object(const struct loader *l, const cJSON *parent,
                      const char *key, const cJSON **out)
{
  *out = get(parent, key);
  if (*out != NULL && !cJSON_IsObject(*out))
    return malformed(l, key, "an object");
  return 0;
}

/* ---- one app ---- */

static int load_config(const struct loader *l, const cJSON *app,
                       struct zpm_config *config)
{
  const cJSON *json = get(app, "config");
  int rc;

  if (json == NULL)
    return malformed(l, "config", "there");
  rc = zpm_config_from_saved_json(config, json, l->err);
  return rc != 0 ? rc : zpm_config_validate(config, l->err);
}

static int load_environment(const struct loader *l, const cJSON *app,
                            struct zpm_record *record)
{
  const cJSON *item = get(app, "environment");
  size_t index;

  if (item == NULL)
    return 0;
  if (!zpm_json_is_integer(item) || item->valuedouble < 0)
    return malformed(l, "environment", "the index of one");
  index = (size_t)item->valuedouble;
  if (index >= l->environment_count)
    return malformed(l, "environment", "the index of one");
  record->environment = zpm_environment_ref(l->environments[index]);
  return 0;
}

static int load_wish(const struct loader *l, const cJSON *app,
                     struct zpm_record *record)
{
  const cJSON *item = get(app, "wantUp");

  if (item != NULL && !cJSON_IsBool(item))
    return malformed(l, "wantUp", "true or false");
  record->want_up = cJSON_IsTrue(item);
  return 0;
}

static int load_build(const struct loader *l, const cJSON *item,
                      const char *key, struct zpm_build *build)
{
  const cJSON *object;
  int rc = get_object(l, item, key, &object);

  if (rc != 0 || object == NULL)
    return rc;
  rc = get_u64(l, object, "mtimeNs", &build->mtime_ns);
  return rc != 0 ? rc : get_u64(l, object, "size", &build->size);
}

static int load_leaving(const struct loader *l, const cJSON *run, bool *leaving)
{
  const cJSON *item = get(run, "leaving");

  if (item != NULL && !cJSON_IsBool(item))
    return malformed(l, "leaving", "true or false");
  *leaving = cJSON_IsTrue(item);
  return 0;
}

static int load_run(const struct loader *l, const cJSON *app,
                    struct zpm_run *run)
{
  const cJSON *object;
  int rc = get_object(l, app, "run", &object);

  if (rc != 0 || object == NULL)
    return rc;
  rc = get_u64(l, object, "id", &run->id);
  if (rc == 0)
    rc = get_u64(l, object, "startedAt", &run->started_ms);
  if (rc == 0)
    rc = load_leaving(l, object, &run->leaving);
  return rc != 0 ? rc : load_build(l, object, "build", &run->build);
}

static int load_exit(const struct loader *l, const cJSON *app,
                     struct zpm_exit *last)
{
  const cJSON *object;
  int rc = get_object(l, app, "lastExit", &object);

  if (rc != 0 || object == NULL)
    return rc;
  last->known = true;
  rc = get_int(l, object, "code", &last->code);
  if (rc == 0)
    rc = get_int(l, object, "signal", &last->signal);
  if (rc == 0)
    rc = get_u64(l, object, "at", &last->at_ms);
  if (rc == 0)
    rc = get_u64(l, object, "uptime", &last->uptime_ms);
  return rc;
}

static int load_error(const struct loader *l, const cJSON *app,
                      struct zpm_record *record)
{
  const cJSON *item = get(app, "lastError");

  if (item == NULL)
    return 0;
  if (!cJSON_IsString(item))
    return malformed(l, "lastError", "a string");
  record->last_error = zpm_strdup(item->valuestring);
  return record->last_error != NULL ? 0 : out_of_memory(l);
}

static int load_history(const struct loader *l, const cJSON *app,
                        struct zpm_record *record)
{
  int rc = load_build(l, app, "proven", &record->proven);

  if (rc == 0)
    rc = get_u32(l, app, "restartCount", &record->restart_count);
  if (rc == 0)
    rc = get_u32(l, app, "totalRestarts", &record->total_restarts);
  if (rc == 0)
    rc = get_u64(l, app, "createdMs", &record->created_ms);
  if (rc == 0)
    rc = load_exit(l, app, &record->last_exit);
  if (rc == 0)
    rc = load_run(l, app, &record->run);
  return rc != 0 ? rc : load_error(l, app, record);
}

static int check_unique(const struct loader *l, const struct zpm_record *record)
{
  for (size_t i = 0; &l->roster->items[i] != record; i++) {
    if (strcmp(l->roster->items[i].config.name, record->config.name) == 0)
      return zpm_error_set(l->err, ZPM_ESTATE, "the name \"%s\" is there twice",
                           record->config.name);
  }
  return 0;
}

static int load_app(const struct loader *l, const cJSON *app)
{
  struct zpm_record *record;
  int rc;

  if (!cJSON_IsObject(app))
    return malformed(l, "apps", "an array of objects");
  record = zpm_roster_add(l->roster);
  if (record == NULL)
    return out_of_memory(l);
  rc = load_config(l, app, &record->config);
  if (rc == 0)
    rc = check_unique(l, record);
  if (rc == 0)
    rc = load_environment(l, app, record);
  if (rc == 0)
    rc = load_wish(l, app, record);
  return rc != 0 ? rc : load_history(l, app, record);
}

/* ---- the whole ---- */

static int load_environments(struct loader *l, const cJSON *list)
{
  const cJSON *item;

  if (list == NULL)
    return 0;
  if (!cJSON_IsArray(list))
    return malformed(l, "environments", "an array");
  l->environments = zpm_alloc_zeroed((size_t)cJSON_GetArraySize(list) + 1,
                                     sizeof(struct zpm_environment *));
  if (l->environments == NULL)
    return out_of_memory(l);
  cJSON_ArrayForEach(item, list)
  {
    struct zpm_environment *env = zpm_environment_create();
    int rc;

    if (env == NULL)
      return out_of_memory(l);
    l->environments[l->environment_count++] = env;
    rc = zpm_vars_from_json(&env->vars, item, "environments", l->err);
    if (rc != 0)
      return rc;
  }
  return 0;
}

static int load_apps(const struct loader *l, const cJSON *list)
{
  const cJSON *item;
  size_t index = 0;

  if (!cJSON_IsArray(list))
    return malformed(l, "apps", "an array");
  cJSON_ArrayForEach(item, list)
  {
    int rc = load_app(l, item);

    if (rc != 0) {
      zpm_error_wrap(l->err, "app %zu", index + 1);
      return rc;
    }
    index++;
  }
  return 0;
}

static int check_version(const struct loader *l, const cJSON *state)
{
  const cJSON *version = get(state, "version");

  if (!cJSON_IsObject(state))
    return zpm_error_set(l->err, ZPM_ESTATE, "it is not a JSON object");
  if (!zpm_json_is_integer(version) || version->valuedouble < 1)
    return malformed(l, "version", "a whole number of 1 or more");
  if (version->valuedouble > ZPM_STATE_VERSION)
    return zpm_error_set(l->err, ZPM_EVERSION,
                         "it was written by a newer zpm (format %.0f, this one "
                         "knows %d): update zpm",
                         version->valuedouble, ZPM_STATE_VERSION);
  return 0;
}

static int load_state(struct loader *l, const cJSON *state)
{
  int rc = check_version(l, state);

  if (rc == 0)
    rc = load_environments(l, get(state, "environments"));
  if (rc == 0)
    rc = load_apps(l, get(state, "apps"));
  for (size_t i = 0; i < l->environment_count; i++)
    zpm_environment_unref(l->environments[i]);
  zpm_free(l->environments);
  return rc;
}

/* Whatever is wrong with a part is wrong with the state. */
static int as_state_error(int code, struct zpm_error *err)
{
  if (code == 0 || code == ZPM_ENOMEM || code == ZPM_EVERSION)
    return code;
  if (err != NULL)
    err->code = ZPM_ESTATE;
  return ZPM_ESTATE;
}

int zpm_state_from_json(struct zpm_roster *out, const char *text, size_t len,
                        struct zpm_error *err)
{
  struct loader l = {.roster = out, .err = err};
  cJSON *state;
  int rc;

  *out = (struct zpm_roster){0};
  rc = zpm_json_parse(text, len, &state, err);
  if (rc == 0)
    rc = load_state(&l, state);
  cJSON_Delete(state);
  if (rc != 0)
    zpm_roster_deinit(out);
  return as_state_error(rc, err);
}
