#include "proto/state_json.h"

#include <cjson/cJSON.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "proto/config_json.h"
#include "proto/json.h"

/*
 * Written app by app, each a small JSON tree that is gone before the next: the
 * daemon writes often, and must not need memory for the whole list as a tree.
 */

/* The different environments among the apps, in the order they are met. */
struct environments {
  const struct zpm_environment **items;
  size_t len;
};

/* Two callers in the same shell have equal environments, not the same one. */
static int index_of(const struct environments *known,
                    const struct zpm_environment *env)
{
  for (size_t i = 0; i < known->len; i++) {
    if (known->items[i] == env ||
        zpm_strv_equal(&known->items[i]->vars, &env->vars))
      return (int)i;
  }
  return -1;
}

static int collect(struct environments *known,
                   const struct zpm_record *const *apps, size_t count)
{
  known->items = zpm_alloc_zeroed(count + 1, sizeof(*known->items));
  if (known->items == NULL)
    return ZPM_ENOMEM;
  for (size_t i = 0; i < count; i++) {
    const struct zpm_environment *env = apps[i]->environment;

    if (env != NULL && index_of(known, env) < 0)
      known->items[known->len++] = env;
  }
  return 0;
}

/* Appends and releases `json`; NULL is out of memory. */
static int append(struct zpm_str *out, cJSON *json)
{
  int rc = json != NULL ? zpm_json_print(out, json) : ZPM_ENOMEM;

  cJSON_Delete(json);
  return rc;
}

static int append_environments(struct zpm_str *out,
                               const struct environments *known)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < known->len; i++) {
    rc = zpm_str_puts(out, i > 0 ? ",\n" : "");
    if (rc == 0)
      rc = append(out, zpm_vars_to_json(&known->items[i]->vars, true));
  }
  return rc;
}

/* As text when a JSON number would not be exact. */
static int put_u64(cJSON *object, const char *key, uint64_t value)
{
  char digits[32];

  if (value <= (uint64_t)ZPM_JSON_INTEGER_MAX)
    return zpm_json_put(object, key, zpm_json_integer((double)value));
  snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
  return zpm_json_put(object, key, cJSON_CreateString(digits));
}

static int put_build(cJSON *object, const char *key,
                     const struct zpm_build *build)
{
  cJSON *item;
  int rc;

  if (build->mtime_ns == 0 && build->size == 0)
    return 0;
  item = cJSON_AddObjectToObject(object, key);
  if (item == NULL)
    return ZPM_ENOMEM;
  rc = put_u64(item, "mtimeNs", build->mtime_ns);
  return rc != 0 ? rc : put_u64(item, "size", build->size);
}

static int put_whereabouts(cJSON *object, const struct zpm_run *run)
{
  int rc = run->pid != 0 ? put_u64(object, "pid", (uint64_t)run->pid) : 0;

  if (rc == 0 && run->start_ticks != 0)
    rc = put_u64(object, "startTicks", run->start_ticks);
  if (rc == 0 && run->boot != 0)
    rc = put_u64(object, "boot", run->boot);
  if (rc == 0 && run->pipes[0] != 0)
    rc = put_u64(object, "out", run->pipes[0]);
  if (rc == 0 && run->pipes[1] != 0)
    rc = put_u64(object, "err", run->pipes[1]);
  return rc;
}

static int put_run(cJSON *app, const struct zpm_run *run)
{
  cJSON *object;
  int rc;

  if (run->id == 0)
    return 0;
  object = cJSON_AddObjectToObject(app, "run");
  if (object == NULL)
    return ZPM_ENOMEM;
  rc = put_u64(object, "id", run->id);
  if (rc == 0)
    rc = put_u64(object, "startedAt", run->started_ms);
  if (rc == 0 && run->leaving)
    rc = zpm_json_put(object, "leaving", cJSON_CreateBool(true));
  if (rc == 0 && !run->ready)
    rc = zpm_json_put(object, "ready", cJSON_CreateBool(false));
  if (rc == 0)
    rc = put_whereabouts(object, run);
  return rc != 0 ? rc : put_build(object, "build", &run->build);
}

/* How it ended is left out if nobody could tell. */
static int put_exit(cJSON *object, const struct zpm_exit *end)
{
  int rc = 0;

  if (end->known)
    rc = zpm_json_put(object, "code", cJSON_CreateNumber(end->code));
  if (rc == 0 && end->known)
    rc = zpm_json_put(object, "signal", cJSON_CreateNumber(end->signal));
  if (rc == 0)
    rc = zpm_json_put(object, "cause",
                      cJSON_CreateString(zpm_cause_name(end->cause)));
  if (rc == 0)
    rc = put_u64(object, "at", end->at_ms);
  return rc != 0 ? rc : put_u64(object, "uptime", end->uptime_ms);
}

/* What was said before each is in the logs, and may hold secrets. */
static int put_past(cJSON *app, const struct zpm_past *past)
{
  cJSON *list;
  int rc = 0;

  if (past->len == 0)
    return 0;
  list = cJSON_AddArrayToObject(app, "exits");
  for (size_t i = 0; rc == 0 && list != NULL && i < past->len; i++) {
    cJSON *item = cJSON_CreateObject();

    rc = zpm_json_push(list, item);
    if (rc == 0)
      rc = put_exit(item, &past->exits[i]);
  }
  return list != NULL ? rc : ZPM_ENOMEM;
}

static int put_life(cJSON *item, const struct zpm_life *life)
{
  const char *error = life->last_error;
  int rc = life->seat != 0 ? put_u64(item, "seat", life->seat) : 0;

  if (rc == 0 && life->done)
    rc = zpm_json_put(item, "done", cJSON_CreateBool(true));
  if (rc == 0)
    rc = put_build(item, "proven", &life->proven);
  if (rc == 0)
    rc = put_u64(item, "restartCount", life->restart_count);
  if (rc == 0)
    rc = put_u64(item, "totalRestarts", life->total_restarts);
  if (rc == 0)
    rc = put_run(item, &life->run);
  if (rc == 0 && error != NULL)
    rc = zpm_json_put(item, "lastError", zpm_json_text(error, strlen(error)));
  return rc;
}

/* That of an app which has one process is told as the app's own, as it ever
 * was. */
static int put_lives(cJSON *app, const struct zpm_record *record)
{
  cJSON *list;
  int rc = 0;

  if (record->life_count == 1)
    return put_life(app, &record->lives[0]);
  list = cJSON_AddArrayToObject(app, "workers");
  for (size_t i = 0; rc == 0 && list != NULL && i < record->life_count; i++) {
    cJSON *item = cJSON_CreateObject();

    rc = zpm_json_push(list, item);
    if (rc == 0)
      rc = put_life(item, &record->lives[i]);
  }
  return list != NULL ? rc : ZPM_ENOMEM;
}

static int put_history(cJSON *app, const struct zpm_record *record)
{
  int rc = put_u64(app, "createdMs", record->created_ms);

  if (rc == 0 && record->start_order != 0)
    rc = put_u64(app, "startOrder", record->start_order);
  if (rc == 0)
    rc = put_past(app, &record->past);
  return rc != 0 ? rc : put_lives(app, record);
}

static int put_app(cJSON *app, const struct zpm_record *record, int environment)
{
  int rc =
      zpm_json_put(app, "config", zpm_config_to_json(&record->config, true));

  if (rc == 0 && environment >= 0)
    rc = zpm_json_put(app, "environment", cJSON_CreateNumber(environment));
  if (rc == 0)
    rc = zpm_json_put(app, "wantUp", cJSON_CreateBool(record->want_up));
  return rc != 0 ? rc : put_history(app, record);
}

static int append_app(struct zpm_str *out, const struct zpm_record *record,
                      const struct environments *known)
{
  const struct zpm_environment *env = record->environment;
  cJSON *app = cJSON_CreateObject();
  int rc = ZPM_ENOMEM;

  if (app != NULL)
    rc = put_app(app, record, env != NULL ? index_of(known, env) : -1);
  if (rc == 0)
    return append(out, app);
  cJSON_Delete(app);
  return rc;
}

static int append_state(struct zpm_str *out, const struct environments *known,
                        const struct zpm_record *const *apps, size_t count)
{
  int rc = zpm_str_printf(out, "{\"version\":%d,\n\"environments\":[",
                          ZPM_STATE_VERSION);

  if (rc == 0)
    rc = append_environments(out, known);
  if (rc == 0)
    rc = zpm_str_puts(out, "],\n\"apps\":[");
  for (size_t i = 0; rc == 0 && i < count; i++) {
    rc = zpm_str_puts(out, i > 0 ? ",\n" : "\n");
    if (rc == 0)
      rc = append_app(out, apps[i], known);
  }
  return rc != 0 ? rc : zpm_str_puts(out, "\n]}\n");
}

int zpm_state_to_json(struct zpm_str *out, const struct zpm_record *const *apps,
                      size_t count)
{
  struct environments known = {0};
  int rc = collect(&known, apps, count);

  if (rc == 0)
    rc = append_state(out, &known, apps, count);
  zpm_free(known.items);
  return rc;
}
