#include "base/str.h"

#include "base/alloc.h"
#include "zpm/error.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

void zpm_str_deinit(struct zpm_str *str)
{
  zpm_free(str->data);
  *str = (struct zpm_str){0};
}

void zpm_str_clear(struct zpm_str *str)
{
  str->len = 0;
  if (str->data != NULL)
    str->data[0] = '\0';
}

int zpm_str_reserve(struct zpm_str *str, size_t extra)
{
  size_t cap = str->cap > 0 ? str->cap : FIRST_CAPACITY;
  char *data;

  if (extra >= SIZE_MAX / 2 - str->len)
    return ZPM_ENOMEM;
  if (str->data != NULL && str->len + extra + 1 <= str->cap)
    return 0;
  while (cap < str->len + extra + 1)
    cap *= 2;
  data = zpm_realloc(str->data, cap);
  if (data == NULL)
    return ZPM_ENOMEM;
  data[str->len] = '\0';
  str->data = data;
  str->cap = cap;
  return 0;
}

int zpm_str_append(struct zpm_str *str, const void *bytes, size_t len)
{
  int rc = zpm_str_reserve(str, len);

  if (rc != 0)
    return rc;
  if (len > 0)
    memcpy(str->data + str->len, bytes, len);
  str->len += len;
  str->data[str->len] = '\0';
  return 0;
}

int zpm_str_puts(struct zpm_str *str, const char *text)
{
  return zpm_str_append(str, text, strlen(text));
}

int zpm_str_printf(struct zpm_str *str, const char *format, ...)
{
  va_list args;
  int needed;
  int rc;

  va_start(args, format);
  needed = vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (needed < 0)
    return ZPM_EIO;
  rc = zpm_str_reserve(str, (size_t)needed);
  if (rc != 0)
    return rc;
  va_start(args, format);
  vsnprintf(str->data + str->len, (size_t)needed + 1, format, args);
  va_end(args);
  str->len += (size_t)needed;
  return 0;
}

void zpm_str_consume(struct zpm_str *str, size_t len)
{
  if (len == 0)
    return;
  memmove(str->data, str->data + len, str->len - len + 1);
  str->len -= len;
}

const char *zpm_str_text(const struct zpm_str *str)
{
  return str->data != NULL ? str->data : "";
}

void zpm_strv_deinit(struct zpm_strv *strv)
{
  for (size_t i = 0; i < strv->len; i++)
    zpm_free(strv->items[i]);
  zpm_free(strv->items);
  *strv = (struct zpm_strv){0};
}

/* Takes `text` over, also when it fails. */
static int push_owned(struct zpm_strv *strv, char *text)
{
  char **items = NULL;

  if (text != NULL)
    items = zpm_realloc(strv->items, (strv->len + 2) * sizeof(*items));
  if (items == NULL) {
    zpm_free(text);
    return ZPM_ENOMEM;
  }
  items[strv->len++] = text;
  items[strv->len] = NULL;
  strv->items = items;
  return 0;
}

int zpm_strv_push(struct zpm_strv *strv, const char *text)
{
  return push_owned(strv, zpm_strdup(text));
}

int zpm_strv_copy(struct zpm_strv *to, const struct zpm_strv *from)
{
  *to = (struct zpm_strv){0};
  for (size_t i = 0; i < from->len; i++) {
    if (zpm_strv_push(to, from->items[i]) != 0) {
      zpm_strv_deinit(to);
      return ZPM_ENOMEM;
    }
  }
  return 0;
}

bool zpm_strv_equal(const struct zpm_strv *a, const struct zpm_strv *b)
{
  if (a->len != b->len)
    return false;
  for (size_t i = 0; i < a->len; i++) {
    if (strcmp(a->items[i], b->items[i]) != 0)
      return false;
  }
  return true;
}

static char **env_find(const struct zpm_strv *env, const char *key,
                       size_t key_len)
{
  for (size_t i = 0; i < env->len; i++) {
    const char *item = env->items[i];

    if (strncmp(item, key, key_len) == 0 && item[key_len] == '=')
      return &env->items[i];
  }
  return NULL;
}

/* Takes `pair` over, also when it fails. */
static int env_put_owned(struct zpm_strv *env, char *pair)
{
  char **old;

  if (pair == NULL)
    return ZPM_ENOMEM;
  old = env_find(env, pair, strcspn(pair, "="));
  if (old == NULL)
    return push_owned(env, pair);
  zpm_free(*old);
  *old = pair;
  return 0;
}

int zpm_strv_env_set(struct zpm_strv *env, const char *key, const char *value)
{
  struct zpm_str pair = {0};

  zpm_str_printf(&pair, "%s=%s", key, value);
  return env_put_owned(env, pair.data);
}

int zpm_strv_env_put(struct zpm_strv *env, const char *pair)
{
  return env_put_owned(env, zpm_strdup(pair));
}

const char *zpm_strv_env_get(const struct zpm_strv *env, const char *key)
{
  size_t len = strlen(key);
  char **pair = env_find(env, key, len);

  return pair != NULL ? *pair + len + 1 : NULL;
}
