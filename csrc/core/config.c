#include "core/config.h"

#include <stdio.h>
#include <string.h>

enum { LABEL_SIZE = 64 };

static uint64_t bit(size_t field)
{
  return (uint64_t)1 << field;
}

void zpm_config_init(struct zpm_config *config)
{
  *config = (struct zpm_config){0};
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++)
    zpm_field_init(config, &ZPM_FIELDS[i]);
}

void zpm_config_deinit(struct zpm_config *config)
{
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++)
    zpm_field_clear(config, &ZPM_FIELDS[i]);
  *config = (struct zpm_config){0};
}

int zpm_config_copy(struct zpm_config *to, const struct zpm_config *from)
{
  *to = (struct zpm_config){.given = from->given};
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    if (zpm_field_copy(to, from, &ZPM_FIELDS[i]) != 0) {
      zpm_config_deinit(to);
      return ZPM_ENOMEM;
    }
  }
  return 0;
}

int zpm_config_field_of_name(const char *name, size_t len)
{
  return zpm_field_find(ZPM_FIELDS, ZPM_FIELD_COUNT, name, len);
}

int zpm_config_field_of_flag(const char *flag)
{
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    const char *known = ZPM_FIELDS[i].flag;

    if (known != NULL && strcmp(known, flag) == 0)
      return (int)i;
  }
  return -1;
}

bool zpm_config_has(const struct zpm_config *config, const char *name)
{
  int field = zpm_config_field_of_name(name, strlen(name));

  return field >= 0 && (config->given & bit((size_t)field)) != 0;
}

bool zpm_config_watches_files(const struct zpm_config *config)
{
  return config->dev_mode || config->watch.len > 0;
}

bool zpm_config_waits_ready(const struct zpm_config *config)
{
  for (size_t i = 0; i < config->probes.len; i++) {
    if (config->probes.items[i].kind == ZPM_PROBE_READINESS)
      return true;
  }
  return config->wait_ready;
}

static int merge_env(struct zpm_strv *env, const struct zpm_strv *changes)
{
  for (size_t i = 0; i < changes->len; i++) {
    if (zpm_strv_env_put(env, changes->items[i]) != 0)
      return ZPM_ENOMEM;
  }
  return 0;
}

static int merge_field(struct zpm_config *config,
                       const struct zpm_config *changes,
                       const struct zpm_field *field)
{
  if (field->type == ZPM_FIELD_ENV)
    return merge_env(zpm_field_member(config, field),
                     zpm_field_value(changes, field));
  return zpm_field_copy(config, changes, field);
}

int zpm_config_merge(struct zpm_config *config,
                     const struct zpm_config *changes)
{
  struct zpm_config merged; /* so that a failure changes nothing */
  int rc = zpm_config_copy(&merged, config);

  for (size_t i = 0; rc == 0 && i < ZPM_FIELD_COUNT; i++) {
    if ((changes->given & bit(i)) != 0)
      rc = merge_field(&merged, changes, &ZPM_FIELDS[i]);
  }
  if (rc != 0) {
    zpm_config_deinit(&merged);
    return rc;
  }
  merged.given |= changes->given;
  zpm_config_deinit(config);
  *config = merged;
  return 0;
}

static bool env_has(const struct zpm_strv *env, const struct zpm_strv *wanted)
{
  for (size_t i = 0; i < wanted->len; i++) {
    bool found = false;

    for (size_t j = 0; !found && j < env->len; j++)
      found = strcmp(env->items[j], wanted->items[i]) == 0;
    if (!found)
      return false;
  }
  return true;
}

static bool same_field(const struct zpm_config *config,
                       const struct zpm_config *changes,
                       const struct zpm_field *field)
{
  if (field->type == ZPM_FIELD_ENV)
    return env_has(zpm_field_value(config, field),
                   zpm_field_value(changes, field));
  return zpm_field_equal(config, changes, field);
}

uint64_t zpm_config_diff(const struct zpm_config *config,
                         const struct zpm_config *changes)
{
  uint64_t different = 0;

  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    bool given = (changes->given & bit(i)) != 0;

    if (given && !same_field(config, changes, &ZPM_FIELDS[i]))
      different |= bit(i);
  }
  return different;
}

/* ---- one field ---- */

int zpm_config_set_text(struct zpm_config *config, int field, const char *text,
                        struct zpm_error *err)
{
  const struct zpm_field *f = &ZPM_FIELDS[field];
  char label[LABEL_SIZE];
  int rc;

  snprintf(label, sizeof(label), "%s%s", f->flag != NULL ? "--" : "",
           f->flag != NULL ? f->flag : f->name);
  rc = zpm_field_set_text(config, f, text, label, err);
  if (rc == 0)
    config->given |= bit((size_t)field);
  return rc;
}

unsigned zpm_config_instances(const struct zpm_config *config, unsigned cores)
{
  if (config->mode != ZPM_MODE_CLUSTER)
    return 1;
  if (config->instances > 0)
    return (unsigned)config->instances;
  return (unsigned)-config->instances < cores
             ? cores - (unsigned)-config->instances
             : 1;
}
