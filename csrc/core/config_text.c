#include "core/config.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

/* One value on its way into a config. */
struct setting {
  struct zpm_config *config;
  const struct zpm_field *field;
  const char *text;
  const char *label; /* what messages call the field */
  struct zpm_error *err;
};

typedef int setter(const struct setting *s);

enum { LABEL_SIZE = 64 };

static void *member(const struct setting *s)
{
  return zpm_config_member(s->config, s->field);
}

static int out_of_memory(const struct setting *s)
{
  return zpm_error_set(s->err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

static int set_string(const struct setting *s)
{
  char **text = member(s);
  char *copy;

  if (s->text[0] == '\0')
    return zpm_error_set(s->err, ZPM_ECONFIG, "%s must not be empty", s->label);
  copy = zpm_strdup(s->text);
  if (copy == NULL)
    return out_of_memory(s);
  zpm_free(*text);
  *text = copy;
  return 0;
}

static int add_string(const struct setting *s)
{
  return zpm_strv_push(member(s), s->text) == 0 ? 0 : out_of_memory(s);
}

static int add_variable(const struct setting *s)
{
  const char *equals = strchr(s->text, '=');

  if (equals == NULL || equals == s->text)
    return zpm_error_set(s->err, ZPM_ECONFIG,
                         "%s must have the form KEY=value, not \"%.80s\"",
                         s->label, s->text);
  return zpm_strv_env_put(member(s), s->text) == 0 ? 0 : out_of_memory(s);
}

/* "10M" is ten times 1024 * 1024; 0: no such unit. */
static uint64_t unit_factor(const char *suffix)
{
  if (suffix[0] == '\0')
    return 1;
  if (suffix[1] != '\0')
    return 0;
  switch (suffix[0]) {
  case 'k':
  case 'K':
    return (uint64_t)1 << 10;
  case 'm':
  case 'M':
    return (uint64_t)1 << 20;
  case 'g':
  case 'G':
    return (uint64_t)1 << 30;
  default:
    return 0;
  }
}

static bool read_whole(const struct setting *s, uint64_t *value)
{
  const char *at = s->text;
  bool is_bytes = s->field->type == ZPM_FIELD_UINT64;
  uint64_t factor;

  *value = 0;
  for (; *at >= '0' && *at <= '9'; at++) {
    *value = *value * 10 + (uint64_t)(*at - '0');
    if (*value > s->field->max)
      return false;
  }
  if (at == s->text || (*at != '\0' && !is_bytes))
    return false;
  factor = unit_factor(at);
  if (factor == 0 || *value > s->field->max / factor)
    return false;
  *value *= factor;
  return *value >= s->field->min;
}

static int not_a_number(const struct zpm_field *field, const char *label,
                        const char *value, struct zpm_error *err)
{
  const char *unit = field->unit != NULL ? field->unit : "";

  return zpm_error_set(
      err, ZPM_ECONFIG, "%s must be a whole number of %llu to %llu%s%s, not %s",
      label, (unsigned long long)field->min, (unsigned long long)field->max,
      unit[0] != '\0' ? " " : "", unit, value);
}

static int set_number(const struct setting *s)
{
  char quoted[80];
  uint64_t value;

  if (!read_whole(s, &value)) {
    snprintf(quoted, sizeof(quoted), "\"%.60s\"", s->text);
    return not_a_number(s->field, s->label, quoted, s->err);
  }
  if (s->field->type == ZPM_FIELD_UINT64)
    *(uint64_t *)member(s) = value;
  else
    *(uint32_t *)member(s) = (uint32_t)value;
  return 0;
}

static int set_bool(const struct setting *s)
{
  bool yes = strcmp(s->text, "true") == 0;

  if (!yes && strcmp(s->text, "false") != 0)
    return zpm_error_set(s->err, ZPM_ECONFIG,
                         "%s must be true or false, not \"%.60s\"", s->label,
                         s->text);
  *(bool *)member(s) = yes;
  return 0;
}

static int wrong_choice(const struct setting *s)
{
  struct zpm_str names = {0};
  int rc = 0;

  for (size_t i = 0; rc == 0 && s->field->choices[i] != NULL; i++)
    rc =
        zpm_str_printf(&names, "%s%s", i > 0 ? ", " : "", s->field->choices[i]);
  zpm_error_set(s->err, ZPM_ECONFIG, "%s must be one of %s, not \"%.60s\"",
                s->label, zpm_str_text(&names), s->text);
  zpm_str_deinit(&names);
  return rc != 0 ? out_of_memory(s) : ZPM_ECONFIG;
}

static int set_choice(const struct setting *s)
{
  for (int i = 0; s->field->choices[i] != NULL; i++) {
    if (strcmp(s->field->choices[i], s->text) == 0) {
      *(int *)member(s) = i;
      return 0;
    }
  }
  return wrong_choice(s);
}

static int set_autorestart(const struct setting *s)
{
  int *value = member(s);

  if (strcmp(s->text, "always") == 0)
    *value = ZPM_AUTORESTART_ALWAYS;
  else if (strcmp(s->text, "true") == 0)
    *value = ZPM_AUTORESTART_ON_FAILURE;
  else if (strcmp(s->text, "false") == 0)
    *value = ZPM_AUTORESTART_NEVER;
  else
    return zpm_error_set(s->err, ZPM_ECONFIG,
                         "%s must be true, false or always, not \"%.60s\"",
                         s->label, s->text);
  return 0;
}

static int set_signal(const struct setting *s)
{
  int number = zpm_signal_number(s->text);

  if (number < 0)
    return zpm_error_set(s->err, ZPM_ECONFIG,
                         "%s must be a signal such as SIGTERM, SIGINT or 15, "
                         "not \"%.60s\"",
                         s->label, s->text);
  *(int *)member(s) = number;
  return 0;
}

static int refuse_later(const struct setting *s)
{
  return zpm_error_set(s->err, ZPM_EUNSUPPORTED,
                       "%s is not available in this version yet: leave it out",
                       s->label);
}

static setter *const SETTERS[] = {
    [ZPM_FIELD_STRING] = set_string, [ZPM_FIELD_STRINGS] = add_string,
    [ZPM_FIELD_ENV] = add_variable,  [ZPM_FIELD_UINT32] = set_number,
    [ZPM_FIELD_UINT64] = set_number, [ZPM_FIELD_BOOL] = set_bool,
    [ZPM_FIELD_CHOICE] = set_choice, [ZPM_FIELD_AUTORESTART] = set_autorestart,
    [ZPM_FIELD_SIGNAL] = set_signal, [ZPM_FIELD_LATER] = refuse_later,
};

int zpm_config_set_text_as(struct zpm_config *config, int field,
                           const char *text, const char *label,
                           struct zpm_error *err)
{
  const struct setting s = {config, &ZPM_FIELDS[field], text, label, err};
  int rc;

  /* "--dev=false" asks for nothing. */
  if (s.field->type == ZPM_FIELD_LATER && strcmp(text, "false") == 0)
    return 0;
  rc = SETTERS[s.field->type](&s);
  if (rc == 0)
    config->given |= (uint64_t)1 << field;
  return rc;
}

int zpm_config_set_text(struct zpm_config *config, int field, const char *text,
                        struct zpm_error *err)
{
  const struct zpm_field *f = &ZPM_FIELDS[field];
  char label[LABEL_SIZE];

  snprintf(label, sizeof(label), "%s%s", f->flag != NULL ? "--" : "",
           f->flag != NULL ? f->flag : f->name);
  return zpm_config_set_text_as(config, field, text, label, err);
}

int zpm_config_refuse_number(const struct zpm_field *field, const char *found,
                             struct zpm_error *err)
{
  char label[LABEL_SIZE];

  snprintf(label, sizeof(label), "config.%s", field->name);
  return not_a_number(field, label, found, err);
}

int zpm_config_check_number(const struct zpm_field *field, double value,
                            struct zpm_error *err)
{
  char found[40];

  if (value >= (double)field->min && value <= (double)field->max &&
      value == (double)(uint64_t)value)
    return 0;
  snprintf(found, sizeof(found), "%.15g", value);
  return zpm_config_refuse_number(field, found, err);
}
