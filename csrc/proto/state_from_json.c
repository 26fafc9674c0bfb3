#include "proto/state_json.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "base/alloc.h"
#include "proto/config_json.h"
#include "proto/json.h"
#include "proto/state_life.h"
#include "proto/state_value.h"

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

/* ---- one app ---- */

static int load_config(const struct loader *l, const cJSON *app,
                       struct zpm_config *config)
{
  const cJSON *json = zpm_state_value(app, "config");
  int rc;

  if (json == NULL)
    return zpm_state_value_wrong("config", "there", l->err);
  rc = zpm_config_from_saved_json(config, json, l->err);
  return rc != 0 ? rc : zpm_config_validate(config, l->err);
}

static int load_environment(const struct loader *l, const cJSON *app,
                            struct zpm_record *record)
{
  const cJSON *item = zpm_state_value(app, "environment");
  size_t index;

  if (item == NULL)
    return 0;
  if (!zpm_json_is_integer(item) || item->valuedouble < 0)
    return zpm_state_value_wrong("environment", "the index of one", l->err);
  index = (size_t)item->valuedouble;
  if (index >= l->environment_count)
    return zpm_state_value_wrong("environment", "the index of one", l->err);
  record->environment = zpm_environment_ref(l->environments[index]);
  return 0;
}

static int load_cause(const struct loader *l, const cJSON *item, int *cause)
{
  const cJSON *name = zpm_state_value(item, "cause");

  if (name != NULL && !cJSON_IsString(name))
    return zpm_state_value_wrong("cause", "a string", l->err);
  if (name != NULL)
    *cause = zpm_cause_of_name(name->valuestring);
  return 0;
}

static int load_exit(const struct loader *l, const cJSON *item,
                     struct zpm_exit *end)
{
  int rc = zpm_state_value_int(item, "code", &end->code, l->err);

  if (rc == 0)
    rc = zpm_state_value_int(item, "signal", &end->signal, l->err);
  if (rc == 0)
    rc = zpm_state_value_u64(item, "at", &end->at_ms, l->err);
  if (rc == 0)
    rc = zpm_state_value_u64(item, "uptime", &end->uptime_ms, l->err);
  return rc != 0 ? rc : load_cause(l, item, &end->cause);
}

/* Up to 1.0 one exit was kept, by itself. */
static int load_last_exit(const struct loader *l, const cJSON *app,
                          struct zpm_past *past)
{
  const cJSON *object;
  int rc = zpm_state_value_object(app, "lastExit", &object, l->err);

  if (rc != 0 || object == NULL)
    return rc;
  past->len = 1;
  past->exits[0].known = true;
  return load_exit(l, object, &past->exits[0]);
}

/* More of them than we keep are the oldest ones. */
static int load_past(const struct loader *l, const cJSON *app,
                     struct zpm_past *past)
{
  const cJSON *list = zpm_state_value(app, "exits");
  const cJSON *item;

  if (list == NULL)
    return load_last_exit(l, app, past);
  if (!cJSON_IsArray(list))
    return zpm_state_value_wrong("exits", "an array", l->err);
  cJSON_ArrayForEach(item, list)
  {
    struct zpm_exit *end = &past->exits[past->len];
    int rc;

    if (past->len == ZPM_PAST_MAX)
      break;
    if (!cJSON_IsObject(item))
      return zpm_state_value_wrong("exits", "an array of objects", l->err);
    end->known = zpm_state_value(item, "code") != NULL;
    rc = load_exit(l, item, end);
    if (rc != 0)
      return rc;
    past->len++;
  }
  return 0;
}

static int load_life(const struct loader *l, const cJSON *item,
                     struct zpm_record *record)
{
  struct zpm_life *life;
  uint32_t seat = 0;
  int rc;

  if (!cJSON_IsObject(item))
    return zpm_state_value_wrong("workers", "an array of objects", l->err);
  rc = zpm_state_value_u32(item, "seat", &seat, l->err);
  if (rc != 0)
    return rc;
  if (zpm_record_life(record, seat) != NULL)
    return zpm_state_value_wrong("seat", "there once", l->err);
  life = zpm_record_add_life(record, seat);
  return life != NULL ? zpm_state_life_from_json(life, item, l->err)
                      : out_of_memory(l);
}

/* That of an app which has one process is told as the app's own. */
static int load_lives(const struct loader *l, const cJSON *app,
                      struct zpm_record *record)
{
  const cJSON *list = zpm_state_value(app, "workers");
  const cJSON *item;
  int rc = 0;

  if (list == NULL)
    return load_life(l, app, record);
  if (!cJSON_IsArray(list))
    return zpm_state_value_wrong("workers", "an array", l->err);
  for (item = list->child; rc == 0 && item != NULL; item = item->next)
    rc = load_life(l, item, record);
  return rc;
}

static int load_history(const struct loader *l, const cJSON *app,
                        struct zpm_record *record)
{
  int rc = zpm_state_value_bool(app, "wantUp", &record->want_up, l->err);

  if (rc == 0)
    rc = zpm_state_value_u64(app, "createdMs", &record->created_ms, l->err);
  if (rc == 0)
    rc = zpm_state_value_u64(app, "startOrder", &record->start_order, l->err);
  if (rc == 0)
    rc = load_past(l, app, &record->past);
  return rc != 0 ? rc : load_lives(l, app, record);
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
    return zpm_state_value_wrong("apps", "an array of objects", l->err);
  record = zpm_roster_add(l->roster);
  if (record == NULL)
    return out_of_memory(l);
  rc = load_config(l, app, &record->config);
  if (rc == 0)
    rc = check_unique(l, record);
  if (rc == 0)
    rc = load_environment(l, app, record);
  return rc != 0 ? rc : load_history(l, app, record);
}

/* ---- the whole ---- */

static int load_environments(struct loader *l, const cJSON *list)
{
  const cJSON *item;

  if (list == NULL)
    return 0;
  if (!cJSON_IsArray(list))
    return zpm_state_value_wrong("environments", "an array", l->err);
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
    return zpm_state_value_wrong("apps", "an array", l->err);
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
  const cJSON *version = zpm_state_value(state, "version");

  if (!cJSON_IsObject(state))
    return zpm_error_set(l->err, ZPM_ESTATE, "it is not a JSON object");
  if (!zpm_json_is_integer(version) || version->valuedouble < 1)
    return zpm_state_value_wrong("version", "a whole number of 1 or more",
                                 l->err);
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
    rc = load_environments(l, zpm_state_value(state, "environments"));
  if (rc == 0)
    rc = load_apps(l, zpm_state_value(state, "apps"));
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

/* Its text is not quoted: there may be secrets in it, and this is logged. */
static int parse(const char *text, size_t len, cJSON **state,
                 struct zpm_error *err)
{
  int rc = zpm_json_parse(text, len, state, NULL);

  if (rc == ZPM_ENOMEM || rc == 0)
    return rc;
  return zpm_error_set(err, rc, "not valid JSON: it is damaged or cut short");
}

int zpm_state_from_json(struct zpm_roster *out, const char *text, size_t len,
                        struct zpm_error *err)
{
  struct loader l = {.roster = out, .err = err};
  cJSON *state;
  int rc;

  *out = (struct zpm_roster){0};
  rc = parse(text, len, &state, err);
  if (rc == 0)
    rc = load_state(&l, state);
  cJSON_Delete(state);
  if (rc != 0)
    zpm_roster_deinit(out);
  return as_state_error(rc, err);
}
