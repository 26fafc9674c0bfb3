#include "core/field.h"

#include "base/alloc.h"
#include "core/config.h"

#include <string.h>

/* One value on its way into a struct. */
struct setting {
  void *base;
  const struct zpm_field *field;
  const char *text;
  const char *label; /* what messages call the field */
  struct zpm_error *err;
};

typedef int setter(const struct setting *s);

static void *member(const struct setting *s)
{
  return zpm_field_member(s->base, s->field);
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

static int set_number(const struct setting *s)
{
  return zpm_field_set_number_text(s->base, s->field, s->text, s->label,
                                   s->err);
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

static int set_rlimit(const struct setting *s)
{
  return zpm_rlimits_set_text(member(s), s->text, s->label, s->err);
}

static int add_watch(const struct setting *s)
{
  bool own = strcmp(s->text, "true") == 0; /* the script's folder */

  if (s->text[0] == '\0')
    return zpm_error_set(s->err, ZPM_ECONFIG, "%s must not be empty", s->label);
  return zpm_strv_push(member(s), own ? "" : s->text) == 0 ? 0
                                                           : out_of_memory(s);
}

static int set_instances(const struct setting *s)
{
  if (strcmp(s->text, "max") != 0)
    return set_number(s);
  *(int *)member(s) = 0;
  return 0;
}

static int add_probe(const struct setting *s)
{
  struct zpm_probe probe;
  int rc = zpm_probe_from_text(&probe, s->text, s->label, s->err);

  if (rc == 0)
    return zpm_probes_add(member(s), &probe) == 0 ? 0 : out_of_memory(s);
  zpm_probe_deinit(&probe);
  return rc;
}

static setter *const SETTERS[] = {
    [ZPM_FIELD_STRING] = set_string,
    [ZPM_FIELD_STRINGS] = add_string,
    [ZPM_FIELD_ENV] = add_variable,
    [ZPM_FIELD_UINT32] = set_number,
    [ZPM_FIELD_UINT64] = set_number,
    [ZPM_FIELD_SECONDS] = set_number,
    [ZPM_FIELD_BOOL] = set_bool,
    [ZPM_FIELD_CHOICE] = set_choice,
    [ZPM_FIELD_AUTORESTART] = set_autorestart,
    [ZPM_FIELD_SIGNAL] = set_signal,
    [ZPM_FIELD_ID] = set_number,
    [ZPM_FIELD_UMASK] = set_number,
    [ZPM_FIELD_NICE] = set_number,
    [ZPM_FIELD_INSTANCES] = set_instances,
    [ZPM_FIELD_RLIMITS] = set_rlimit,
    [ZPM_FIELD_WATCH] = add_watch,
    [ZPM_FIELD_PROBES] = add_probe,
};

int zpm_field_set_text(void *base, const struct zpm_field *field,
                       const char *text, const char *label,
                       struct zpm_error *err)
{
  const struct setting s = {base, field, text, label, err};

  if (field->off && strcmp(text, "false") == 0) {
    zpm_field_clear(base, field);
    return 0;
  }
  return SETTERS[field->type](&s);
}
