#include "core/field.h"

#include "base/alloc.h"
#include "core/config.h"

#include <string.h>

void *zpm_field_member(void *base, const struct zpm_field *field)
{
  return (char *)base + field->offset;
}

const void *zpm_field_value(const void *base, const struct zpm_field *field)
{
  return (const char *)base + field->offset;
}

int zpm_field_find(const struct zpm_field *fields, size_t count,
                   const char *name, size_t len)
{
  for (size_t i = 0; i < count; i++) {
    const char *known = fields[i].name;

    if (strncmp(known, name, len) == 0 && known[len] == '\0')
      return (int)i;
  }
  return -1;
}

bool zpm_field_is_switch(const struct zpm_field *field)
{
  return field->off || field->type == ZPM_FIELD_BOOL ||
         field->type == ZPM_FIELD_AUTORESTART;
}

/* Bytes of a member that can be copied and compared as it is; else 0. */
static size_t plain_size(const struct zpm_field *field)
{
  switch (field->type) {
  case ZPM_FIELD_UINT32:
  case ZPM_FIELD_SECONDS:
  case ZPM_FIELD_ID:
    return sizeof(uint32_t);
  case ZPM_FIELD_UINT64:
    return sizeof(uint64_t);
  case ZPM_FIELD_BOOL:
    return sizeof(bool);
  case ZPM_FIELD_CHOICE:
  case ZPM_FIELD_AUTORESTART:
  case ZPM_FIELD_SIGNAL:
  case ZPM_FIELD_UMASK:
  case ZPM_FIELD_NICE:
  case ZPM_FIELD_INSTANCES:
    return sizeof(int);
  case ZPM_FIELD_STRING:
  case ZPM_FIELD_STRINGS:
  case ZPM_FIELD_WATCH:
  case ZPM_FIELD_ENV:
  case ZPM_FIELD_RLIMITS:
  case ZPM_FIELD_PROBES:
    break;
  }
  return 0;
}

void zpm_field_init(void *base, const struct zpm_field *field)
{
  if (field->off)
    zpm_field_clear(base, field);
  else if (field->fallback != NULL && plain_size(field) > 0)
    zpm_field_set_text(base, field, field->fallback, field->name, NULL);
}

static void clear_string(char **text)
{
  zpm_free(*text);
  *text = NULL;
}

void zpm_field_clear(void *base, const struct zpm_field *field)
{
  void *member = zpm_field_member(base, field);

  switch (field->type) {
  case ZPM_FIELD_STRING:
    clear_string(member);
    break;
  case ZPM_FIELD_STRINGS:
  case ZPM_FIELD_WATCH:
  case ZPM_FIELD_ENV:
    zpm_strv_deinit(member);
    break;
  case ZPM_FIELD_PROBES:
    zpm_probes_deinit(member);
    break;
  case ZPM_FIELD_RLIMITS:
    *(struct zpm_rlimits *)member = (struct zpm_rlimits){0};
    break;
  case ZPM_FIELD_ID:
    *(uint32_t *)member = ZPM_ID_KEEP;
    break;
  case ZPM_FIELD_UMASK:
    *(int *)member = ZPM_UMASK_KEEP;
    break;
  case ZPM_FIELD_NICE:
    *(int *)member = ZPM_NICE_KEEP;
    break;
  case ZPM_FIELD_UINT32:
  case ZPM_FIELD_UINT64:
  case ZPM_FIELD_SECONDS:
  case ZPM_FIELD_BOOL:
  case ZPM_FIELD_CHOICE:
  case ZPM_FIELD_AUTORESTART:
  case ZPM_FIELD_SIGNAL:
  case ZPM_FIELD_INSTANCES:
    memset(member, 0, plain_size(field));
    break;
  }
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

static int copy_probes(struct zpm_probes *to, const struct zpm_probes *from)
{
  struct zpm_probes copy;

  if (zpm_probes_copy(&copy, from) != 0)
    return ZPM_ENOMEM;
  zpm_probes_deinit(to);
  *to = copy;
  return 0;
}

int zpm_field_copy(void *to, const void *from, const struct zpm_field *field)
{
  void *member = zpm_field_member(to, field);
  const void *value = zpm_field_value(from, field);

  if (field->type == ZPM_FIELD_STRING)
    return copy_string(member, value);
  if (field->type == ZPM_FIELD_STRINGS || field->type == ZPM_FIELD_WATCH ||
      field->type == ZPM_FIELD_ENV)
    return copy_strings(member, value);
  if (field->type == ZPM_FIELD_PROBES)
    return copy_probes(member, value);
  if (field->type == ZPM_FIELD_RLIMITS)
    *(struct zpm_rlimits *)member = *(const struct zpm_rlimits *)value;
  else
    memcpy(member, value, plain_size(field));
  return 0;
}

static bool same_string(char *const *a, char *const *b)
{
  if (*a == NULL || *b == NULL)
    return *a == *b;
  return strcmp(*a, *b) == 0;
}

bool zpm_field_equal(const void *a, const void *b,
                     const struct zpm_field *field)
{
  const void *one = zpm_field_value(a, field);
  const void *other = zpm_field_value(b, field);

  if (field->type == ZPM_FIELD_STRING)
    return same_string(one, other);
  if (field->type == ZPM_FIELD_STRINGS || field->type == ZPM_FIELD_WATCH ||
      field->type == ZPM_FIELD_ENV)
    return zpm_strv_equal(one, other);
  if (field->type == ZPM_FIELD_PROBES)
    return zpm_probes_equal(one, other);
  if (field->type == ZPM_FIELD_RLIMITS)
    return zpm_rlimits_equal(one, other);
  return memcmp(one, other, plain_size(field)) == 0;
}
