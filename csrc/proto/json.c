#include "proto/json.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A walk over JSON text that knows strings from structure and nothing more. */
struct scan {
  const char *at;
  const char *end;
  unsigned depth;
  bool in_string;
  bool has_nul; /* a string holds \u0000 */
};

static const char *scan_escape(struct scan *s)
{
  static const char NUL_ESCAPE[] = "\\u0000";
  size_t left = (size_t)(s->end - s->at);

  if (left >= sizeof(NUL_ESCAPE) - 1 &&
      memcmp(s->at, NUL_ESCAPE, sizeof(NUL_ESCAPE) - 1) == 0)
    s->has_nul = true;
  s->at++; /* past the backslash: what follows it ends no string */
  return NULL;
}

static const char *scan_structure(struct scan *s)
{
  if (*s->at == '"')
    s->in_string = true;
  else if (*s->at == '{' || *s->at == '[')
    s->depth++;
  else if ((*s->at == '}' || *s->at == ']') && s->depth > 0)
    s->depth--;
  return s->depth > ZPM_JSON_DEPTH_MAX ? "it is nested more than 32 deep"
                                       : NULL;
}

static const char *scan_string(struct scan *s)
{
  if ((unsigned char)*s->at < 0x20)
    return "a string holds a control character that is not escaped";
  if (*s->at == '"')
    s->in_string = false;
  else if (*s->at == '\\' && s->at + 1 < s->end)
    return scan_escape(s);
  return NULL;
}

/* What is wrong with the text, or NULL. */
static const char *scan_text(struct scan *s)
{
  const char *wrong = NULL;

  while (wrong == NULL && s->at < s->end) {
    size_t size = zpm_utf8_size(s->at, (size_t)(s->end - s->at));

    if (size == 0)
      return "it is not valid UTF-8";
    if (*s->at == '\0')
      return "it holds a NUL byte";
    if (size == 1)
      wrong = s->in_string ? scan_string(s) : scan_structure(s);
    s->at += size;
  }
  return wrong;
}

enum { QUOTE_BYTES = 60 };

/* The beginning of the text, in one line: it goes into a message. */
static void quote(const char *text, size_t len, char quoted[QUOTE_BYTES + 1])
{
  size_t size = len < QUOTE_BYTES ? len : QUOTE_BYTES;

  size -= zpm_utf8_unfinished(text, size);
  memcpy(quoted, text, size);
  for (size_t i = 0; i < size; i++) {
    if ((unsigned char)quoted[i] < ' ' || quoted[i] == 0x7F)
      quoted[i] = ' ';
  }
  quoted[size] = '\0';
}

int zpm_json_parse(const char *text, size_t len, cJSON **out,
                   struct zpm_error *err)
{
  struct scan s = {.at = text, .end = text + len};
  const char *wrong = scan_text(&s);
  char quoted[QUOTE_BYTES + 1];

  *out = NULL;
  if (wrong != NULL)
    return zpm_error_set(err, ZPM_EPROTO, "not valid JSON: %s", wrong);
  /* With its NUL, so that cJSON refuses anything behind the value. */
  *out = cJSON_ParseWithLengthOpts(text, len + 1, NULL, true);
  if (*out == NULL) {
    quote(text, len, quoted);
    return zpm_error_set(err, ZPM_EPROTO, "not valid JSON: \"%s\"", quoted);
  }
  if (s.has_nul)
    return zpm_error_set(err, ZPM_EARG,
                         "a string must not contain the character \\u0000");
  return 0;
}

int zpm_json_print(struct zpm_str *out, const cJSON *json)
{
  char *text = cJSON_PrintUnformatted(json);
  int rc;

  if (text == NULL)
    return ZPM_ENOMEM;
  rc = zpm_str_puts(out, text);
  cJSON_free(text);
  return rc;
}

cJSON *zpm_json_text(const char *bytes, size_t len)
{
  static const char REPLACEMENT[] = "\xEF\xBF\xBD";
  struct zpm_str text = {0};
  cJSON *json = NULL;
  int rc = zpm_str_reserve(&text, len);

  for (size_t i = 0; rc == 0 && i < len;) {
    size_t size = zpm_utf8_size(bytes + i, len - i);
    bool good = size > 0 && bytes[i] != '\0';

    rc = good ? zpm_str_append(&text, bytes + i, size)
              : zpm_str_puts(&text, REPLACEMENT);
    i += good ? size : 1;
  }
  if (rc == 0)
    json = cJSON_CreateString(zpm_str_text(&text));
  zpm_str_deinit(&text);
  return json;
}

bool zpm_json_is_integer(const cJSON *json)
{
  double value;

  if (!cJSON_IsNumber(json))
    return false;
  value = json->valuedouble;
  return value >= -ZPM_JSON_INTEGER_MAX && value <= ZPM_JSON_INTEGER_MAX &&
         value == (double)(int64_t)value;
}

cJSON *zpm_json_integer(double value)
{
  char digits[32];

  snprintf(digits, sizeof(digits), "%.0f", value);
  return cJSON_CreateRaw(digits);
}

const char *zpm_json_kind(const cJSON *json)
{
  if (cJSON_IsString(json))
    return "a string";
  if (cJSON_IsNumber(json))
    return "a number";
  if (cJSON_IsBool(json))
    return "a boolean";
  if (cJSON_IsObject(json))
    return "an object";
  return cJSON_IsArray(json) ? "an array" : "null";
}

int zpm_json_put(cJSON *object, const char *key, cJSON *item)
{
  if (item != NULL && cJSON_AddItemToObject(object, key, item))
    return 0;
  cJSON_Delete(item);
  return ZPM_ENOMEM;
}

int zpm_json_push(cJSON *array, cJSON *item)
{
  if (item != NULL && cJSON_AddItemToArray(array, item))
    return 0;
  cJSON_Delete(item);
  return ZPM_ENOMEM;
}
