#include "core/config.h"

#include "base/alloc.h"

#include <string.h>

enum { NAME_MAX_LEN = 64, PATH_MAX_LEN = 4095 };

static uint64_t bit(size_t field)
{
  return (uint64_t)1 << field;
}

void *zpm_config_member(struct zpm_config *config,
                        const struct zpm_field *field)
{
  return (char *)config + field->offset;
}

const void *zpm_config_value(const struct zpm_config *config,
                             const struct zpm_field *field)
{
  return (const char *)config + field->offset;
}

/* Bytes of a member that can be copied and compared as it is; else 0. */
static size_t plain_size(const struct zpm_field *field)
{
  switch (field->type) {
  case ZPM_FIELD_UINT32:
    return sizeof(uint32_t);
  case ZPM_FIELD_UINT64:
    return sizeof(uint64_t);
  case ZPM_FIELD_BOOL:
    return sizeof(bool);
  case ZPM_FIELD_CHOICE:
  case ZPM_FIELD_AUTORESTART:
  case ZPM_FIELD_SIGNAL:
    return sizeof(int);
  case ZPM_FIELD_STRING:
  case ZPM_FIELD_STRINGS:
  case ZPM_FIELD_ENV:
  case ZPM_FIELD_LATER:
    break;
  }
  return 0;
}

void zpm_config_init(struct zpm_config *config)
{
  *config = (struct zpm_config){0};
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    if (plain_size(&ZPM_FIELDS[i]) > 0 && ZPM_FIELDS[i].fallback != NULL)
      zpm_config_set_text(config, (int)i, ZPM_FIELDS[i].fallback, NULL);
  }
  config->given = 0;
}

static void release_field(struct zpm_config *config,
                          const struct zpm_field *field)
{
  if (field->type == ZPM_FIELD_STRING) {
    char **text = zpm_config_member(config, field);

    zpm_free(*text);
  } else if (field->type == ZPM_FIELD_STRINGS || field->type == ZPM_FIELD_ENV) {
    zpm_strv_deinit(zpm_config_member(config, field));
  }
}

void zpm_config_deinit(struct zpm_config *config)
{
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++)
    release_field(config, &ZPM_FIELDS[i]);
  *config = (struct zpm_config){0};
}

static int copy_string(char **to, char *const *from)
{
  char *copy = NULL;

  if (*from != NULL) {
    copy = zpm_strdup(*from);
    if (copy == NULL)
      return ZPM_ENOMEM;
  }
  zpm_free(*to);
  *to = copy;
  return 0;
}

static int copy_strings(struct zpm_strv *to, const struct zpm_strv *from)
{
  struct zpm_strv copy;

  if (zpm_strv_copy(&copy, from) != 0)
    return ZPM_ENOMEM;
  zpm_strv_deinit(to);
  *to = copy;
  return 0;
}

static int copy_field(struct zpm_config *to, const struct zpm_config *from,
                      const struct zpm_field *field)
{
  void *member = zpm_config_member(to, field);
  const void *value = zpm_config_value(from, field);

  if (field->type == ZPM_FIELD_STRING)
    return copy_string(member, value);
  if (field->type == ZPM_FIELD_STRINGS || field->type == ZPM_FIELD_ENV)
    return copy_strings(member, value);
  memcpy(member, value, plain_size(field));
  return 0;
}

int zpm_config_copy(struct zpm_config *to, const struct zpm_config *from)
{
  *to = (struct zpm_config){.given = from->given};
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    if (copy_field(to, from, &ZPM_FIELDS[i]) != 0) {
      zpm_config_deinit(to);
      return ZPM_ENOMEM;
    }
  }
  return 0;
}

int zpm_config_field_of_name(const char *name, size_t len)
{
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    const char *known = ZPM_FIELDS[i].name;

    if (strlen(known) == len && memcmp(known, name, len) == 0)
      return (int)i;
  }
  return -1;
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
    return merge_env(zpm_config_member(config, field),
                     zpm_config_value(changes, field));
  return copy_field(config, changes, field);
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

static bool same_string(char *const *a, char *const *b)
{
  if (*a == NULL || *b == NULL)
    return *a == *b;
  return strcmp(*a, *b) == 0;
}

static bool same_field(const struct zpm_config *config,
                       const struct zpm_config *changes,
                       const struct zpm_field *field)
{
  const void *old = zpm_config_value(config, field);
  const void *new = zpm_config_value(changes, field);

  if (field->type == ZPM_FIELD_STRING)
    return same_string(old, new);
  if (field->type == ZPM_FIELD_STRINGS)
    return zpm_strv_equal(old, new);
  if (field->type == ZPM_FIELD_ENV)
    return env_has(old, new);
  return memcmp(old, new, plain_size(field)) == 0;
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
