#ifndef ZPM_BASE_STR_H
#define ZPM_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Text that grows (zpm_str) and lists of strings (zpm_strv).
 *
 * Both are values that the holder embeds; all zero is empty and needs no
 * release.  A failed append leaves the old contents and returns ZPM_ENOMEM.
 */
struct zpm_str {
  char *data; /* always NUL-terminated when not NULL */
  size_t len;
  size_t cap;
};

void zpm_str_deinit(struct zpm_str *str);
void zpm_str_clear(struct zpm_str *str); /* keeps the memory */
int zpm_str_reserve(struct zpm_str *str, size_t extra);
int zpm_str_append(struct zpm_str *str, const void *bytes, size_t len);
int zpm_str_puts(struct zpm_str *str, const char *text);
int zpm_str_printf(struct zpm_str *str, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Drops the first `len` bytes. */
void zpm_str_consume(struct zpm_str *str, size_t len);
/* Never NULL. */
const char *zpm_str_text(const struct zpm_str *str);

struct zpm_strv {
  char **items; /* NULL-terminated when not NULL: usable as argv */
  size_t len;
};

void zpm_strv_deinit(struct zpm_strv *strv);
int zpm_strv_push(struct zpm_strv *strv, const char *text); /* copies */
int zpm_strv_copy(struct zpm_strv *to, const struct zpm_strv *from);
bool zpm_strv_equal(const struct zpm_strv *a, const struct zpm_strv *b);

/* Lists of "KEY=value".  Setting a key that is there replaces it. */
int zpm_strv_env_set(struct zpm_strv *env, const char *key, const char *value);
/* The same for a pair "KEY=value" as it is. */
int zpm_strv_env_put(struct zpm_strv *env, const char *pair);
/* The value, or NULL. */
const char *zpm_strv_env_get(const struct zpm_strv *env, const char *key);

#endif
