#include "core/probe.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

#include "core/suggest.h"

enum { LABEL_SIZE = 96 };

/* What a target on a command line begins with. */
static const struct {
  const char *text;
  enum zpm_probe_type type;
  bool stays; /* it is a part of the target */
} SCHEMES[] = {
    {"http://", ZPM_PROBE_HTTP, true}, {"https://", ZPM_PROBE_HTTP, true},
    {"tcp://", ZPM_PROBE_TCP, false},  {"tcp:", ZPM_PROBE_TCP, false},
    {"exec:", ZPM_PROBE_EXEC, false},
};

enum { SCHEME_COUNT = sizeof(SCHEMES) / sizeof(SCHEMES[0]) };

static const char *brief_of(const struct zpm_field *field)
{
  return field->flag != NULL ? field->flag : field->name;
}

static bool is_option(const struct zpm_field *field)
{
  return field->offset != offsetof(struct zpm_probe, type) &&
         field->offset != offsetof(struct zpm_probe, target);
}

/* The field that may stand after a target under this name, or NULL. */
static const struct zpm_field *find_option(const char *name, size_t len)
{
  for (size_t i = 0; i < ZPM_PROBE_FIELD_COUNT; i++) {
    const struct zpm_field *field = &ZPM_PROBE_FIELDS[i];
    const char *brief = brief_of(field);
    bool is_it =
        (strlen(brief) == len && memcmp(brief, name, len) == 0) ||
        (strlen(field->name) == len && memcmp(field->name, name, len) == 0);

    if (is_it && is_option(field))
      return field;
  }
  return NULL;
}

/* ---- what is no option, but looks like one ---- */

static size_t name_len(const char *group)
{
  return strcspn(group, "=,");
}

static bool is_kind(const char *name)
{
  return strcmp(name, zpm_probe_kind_name(ZPM_PROBE_LIVENESS)) == 0 ||
         strcmp(name, zpm_probe_kind_name(ZPM_PROBE_READINESS)) == 0;
}

/* The option that must have been meant, or NULL. */
static const char *near_option(const char *name)
{
  const char *names[16];
  size_t count = 0;

  for (size_t i = 0; i < ZPM_PROBE_FIELD_COUNT; i++) {
    if (is_option(&ZPM_PROBE_FIELDS[i]) &&
        count < sizeof(names) / sizeof(names[0]))
      names[count++] = brief_of(&ZPM_PROBE_FIELDS[i]);
  }
  return zpm_suggest(name, names, count);
}

static bool has_option(const char *text)
{
  const char *comma = strchr(text, ',');

  while (comma != NULL && find_option(comma + 1, name_len(comma + 1)) == NULL)
    comma = strchr(comma + 1, ',');
  return comma != NULL;
}

/* Of what follows the last comma.  A command may have commas, and so may what
 * a page is asked: not after an option, and nothing that is nearly one. */
static bool belongs_to_target(const char *text, const char *comma,
                              const char *name)
{
  const char *query = strchr(text, '?');
  bool may_have_commas =
      strncmp(text, "exec:", 5) == 0 || (query != NULL && query < comma);

  return may_have_commas && !has_option(text) &&
         (comma[1 + name_len(comma + 1)] != '=' || near_option(name) == NULL);
}

static void put_names(char *text, size_t size)
{
  size_t used = 0;

  for (size_t i = 0; i < ZPM_PROBE_FIELD_COUNT && used < size; i++) {
    const char *before = i + 1 < ZPM_PROBE_FIELD_COUNT ? ", " : " and ";

    if (is_option(&ZPM_PROBE_FIELDS[i]))
      used += (size_t)snprintf(text + used, size - used, "%s%s",
                               used == 0 ? "" : before,
                               brief_of(&ZPM_PROBE_FIELDS[i]));
  }
}

static int refuse_option(const char *text, const char *label, const char *name,
                         struct zpm_error *err)
{
  const char *comma = strncmp(text, "http", 4) == 0
                          ? " A comma of the target's own is written %2C"
                          : "";
  const char *near = is_kind(name) ? name : near_option(name);
  char names[160];

  if (near != NULL)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "%s has no option '%s'. Did you mean '%s%s'?%s", label,
                         name, near == name ? "kind=" : "", near, comma);
  put_names(names, sizeof(names));
  return zpm_error_set(err, ZPM_ECONFIG, "%s has no option '%s', only %s%s%s",
                       label, name, names, comma[0] != '\0' ? "." : "", comma);
}

static int check_rest(const char *text, const char *label,
                      struct zpm_error *err)
{
  const char *comma = strrchr(text, ',');
  char name[LABEL_SIZE];

  if (comma == NULL)
    return 0;
  snprintf(name, sizeof(name), "%.*s", (int)name_len(comma + 1), comma + 1);
  return belongs_to_target(text, comma, name)
             ? 0
             : refuse_option(text, label, name, err);
}

/* ---- what is one ---- */

/* `option`: "key=value", or the key alone of one that is on or off. */
static int take_option(struct zpm_probe *probe, const struct zpm_field *field,
                       const char *option, const char *label,
                       struct zpm_error *err)
{
  size_t len = name_len(option);
  char name[LABEL_SIZE];

  if (option[len] == '\0' && field->type != ZPM_FIELD_BOOL)
    return zpm_error_set(err, ZPM_ECONFIG, "%s: %s needs a value: %s=...",
                         label, option, option);
  snprintf(name, sizeof(name), "%s: %.*s", label, (int)len, option);
  return zpm_field_set_text(
      probe, field, option[len] == '=' ? option + len + 1 : "true", name, err);
}

/* Takes options off the end, as long as the key is one of ours: a comma may as
 * well belong to a URL or a command. */
static int take_options(struct zpm_probe *probe, char *text, const char *label,
                        struct zpm_error *err)
{
  for (;;) {
    char *comma = strrchr(text, ',');
    const struct zpm_field *field = NULL;
    int rc;

    if (comma != NULL)
      field = find_option(comma + 1, name_len(comma + 1));
    if (field == NULL)
      return check_rest(text, label, err);
    rc = take_option(probe, field, comma + 1, label, err);
    if (rc != 0)
      return rc;
    *comma = '\0';
  }
}

static int take_target(struct zpm_probe *probe, const char *text,
                       const char *label, struct zpm_error *err)
{
  for (size_t i = 0; i < SCHEME_COUNT; i++) {
    size_t len = strlen(SCHEMES[i].text);

    if (strncmp(text, SCHEMES[i].text, len) != 0)
      continue;
    probe->type = (int)SCHEMES[i].type;
    probe->target = zpm_strdup(SCHEMES[i].stays ? text : text + len);
    if (probe->target == NULL)
      return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
    return 0;
  }
  return zpm_error_set(err, ZPM_ECONFIG,
                       "%s must begin with http://, https://, tcp: or exec:, "
                       "not \"%.60s\"",
                       label, text);
}

int zpm_probe_from_text(struct zpm_probe *probe, const char *text,
                        const char *label, struct zpm_error *err)
{
  char *copy = zpm_strdup(text);
  int rc;

  zpm_probe_init(probe);
  if (copy == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  rc = take_options(probe, copy, label, err);
  if (rc == 0)
    rc = take_target(probe, copy, label, err);
  zpm_free(copy);
  return rc;
}
