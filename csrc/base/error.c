#include "zpm/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct entry {
  int code;
  const char *name;
  const char *text;
};

static const struct entry ENTRIES[] = {
#define XX(name, value, text) {value, "ZPM_" #name, text},
    ZPM_ERROR_MAP(XX)
#undef XX
};

enum { ENTRY_COUNT = sizeof(ENTRIES) / sizeof(ENTRIES[0]) };

static const struct entry *find(int code)
{
  for (size_t i = 0; i < ENTRY_COUNT; i++) {
    if (ENTRIES[i].code == code)
      return &ENTRIES[i];
  }
  return NULL;
}

const char *zpm_code_name(int code)
{
  const struct entry *entry = find(code);

  return entry != NULL ? entry->name : "ZPM_EIO";
}

const char *zpm_code_text(int code)
{
  const struct entry *entry = find(code);

  return entry != NULL ? entry->text : "input or output failed";
}

int zpm_code_of_name(const char *name)
{
  for (size_t i = 0; i < ENTRY_COUNT; i++) {
    if (strcmp(ENTRIES[i].name, name) == 0)
      return ENTRIES[i].code;
  }
  return ZPM_EIO;
}

int zpm_error_set(struct zpm_error *err, int code, const char *format, ...)
{
  va_list args;

  if (err == NULL)
    return code;
  err->code = code;
  va_start(args, format);
  vsnprintf(err->message, sizeof(err->message), format, args);
  va_end(args);
  return code;
}

int zpm_error_wrap(struct zpm_error *err, const char *format, ...)
{
  char old[sizeof(err->message)];
  va_list args;
  int used;

  if (err == NULL)
    return ZPM_EIO;
  memcpy(old, err->message, sizeof(old));
  va_start(args, format);
  used = vsnprintf(err->message, sizeof(err->message), format, args);
  va_end(args);
  if (used >= 0 && (size_t)used < sizeof(err->message))
    snprintf(err->message + used, sizeof(err->message) - (size_t)used, ": %s",
             old);
  return err->code;
}
