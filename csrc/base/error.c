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

/* Puts as much of `text` behind `message` as there is room for. */
static void append(char *message, size_t size, const char *text)
{
  size_t used = strlen(message);
  size_t len = strnlen(text, size - 1 - used);

  memcpy(message + used, text, len);
  message[used + len] = '\0';
}

int zpm_error_wrap(struct zpm_error *err, const char *format, ...)
{
  char wrapped[sizeof(err->message)];
  va_list args;

  if (err == NULL)
    return ZPM_EIO;
  wrapped[0] = '\0';
  va_start(args, format);
  vsnprintf(wrapped, sizeof(wrapped), format, args);
  va_end(args);
  append(wrapped, sizeof(wrapped), ": ");
  append(wrapped, sizeof(wrapped), err->message);
  memcpy(err->message, wrapped, sizeof(wrapped));
  return err->code;
}
