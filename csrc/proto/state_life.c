#include "proto/state_life.h"

#include <limits.h>

#include "base/alloc.h"
#include "proto/state_value.h"

static int load_build(const cJSON *item, const char *key,
                      struct zpm_build *build, struct zpm_error *err)
{
  const cJSON *object;
  int rc = zpm_state_value_object(item, key, &object, err);

  if (rc != 0 || object == NULL)
    return rc;
  rc = zpm_state_value_u64(object, "mtimeNs", &build->mtime_ns, err);
  return rc != 0 ? rc : zpm_state_value_u64(object, "size", &build->size, err);
}

static int load_whereabouts(const cJSON *object, struct zpm_run *run,
                            struct zpm_error *err)
{
  uint32_t pid = 0;
  int rc = zpm_state_value_u32(object, "pid", &pid, err);

  if (rc == 0 && pid > INT_MAX)
    rc = zpm_state_value_wrong("pid", "the number of a process", err);
  run->pid = rc == 0 ? (int)pid : 0;
  if (rc == 0)
    rc = zpm_state_value_u64(object, "startTicks", &run->start_ticks, err);
  if (rc == 0)
    rc = zpm_state_value_u64(object, "boot", &run->boot, err);
  if (rc == 0)
    rc = zpm_state_value_u64(object, "out", &run->pipes[0], err);
  return rc != 0 ? rc : zpm_state_value_u64(object, "err", &run->pipes[1], err);
}

static int load_run(const cJSON *app, struct zpm_run *run,
                    struct zpm_error *err)
{
  const cJSON *object;
  int rc = zpm_state_value_object(app, "run", &object, err);

  if (rc != 0 || object == NULL)
    return rc;
  rc = zpm_state_value_u64(object, "id", &run->id, err);
  if (rc == 0)
    rc = zpm_state_value_u64(object, "startedAt", &run->started_ms, err);
  if (rc == 0)
    rc = zpm_state_value_bool(object, "leaving", &run->leaving, err);
  run->ready = true; /* unless it says otherwise */
  if (rc == 0)
    rc = zpm_state_value_bool(object, "ready", &run->ready, err);
  if (rc == 0)
    rc = load_whereabouts(object, run, err);
  return rc != 0 ? rc : load_build(object, "build", &run->build, err);
}

static int load_error(const cJSON *item, struct zpm_life *life,
                      struct zpm_error *err)
{
  const cJSON *text = zpm_state_value(item, "lastError");

  if (text == NULL)
    return 0;
  if (!cJSON_IsString(text))
    return zpm_state_value_wrong("lastError", "a string", err);
  life->last_error = zpm_strdup(text->valuestring);
  return life->last_error != NULL
             ? 0
             : zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

int zpm_state_life_from_json(struct zpm_life *life, const cJSON *item,
                             struct zpm_error *err)
{
  int rc = zpm_state_value_bool(item, "done", &life->done, err);

  if (rc == 0)
    rc = load_build(item, "proven", &life->proven, err);
  if (rc == 0)
    rc = zpm_state_value_u32(item, "restartCount", &life->restart_count, err);
  if (rc == 0)
    rc = zpm_state_value_u32(item, "totalRestarts", &life->total_restarts, err);
  if (rc == 0)
    rc = load_run(item, &life->run, err);
  return rc != 0 ? rc : load_error(item, life, err);
}
