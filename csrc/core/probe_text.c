#include "core/probe.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

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

/* The field that may stand after a target under this name, or NULL. */
static const struct zpm_field *find_option(const char *name, size_t len)
{
  for (size_t i = 0; i < ZPM_PROBE_FIELD_COUNT; i++) {
    const struct zpm_field *field = &ZPM_PROBE_FIELDS[i];
    const char *brief = field->flag != NULL ? field->flag : field->name;
    bool is_it =
        (strlen(brief) == len && memcmp(brief, name, len) == 0) ||
        (strlen(field->name) == len && memcmp(field->name, name, len) == 0);

    if (is_it && field->offset != offsetof(struct zpm_probe, type) &&
        field->offset != offsetof(struct zpm_probe, target))
      return field;
  }
  return NULL;
}

/* Takes "key=value" groups off the end, as long as the key is one of ours: a
 * comma may as well belong to a URL or a command. */
static int take_options(struct zpm_probe *probe, char *text, const char *label,
                        struct zpm_error *err)
{
  for (;;) {
    char *comma = strrchr(text, ',');
    const char *equals = comma != NULL ? strchr(comma, '=') : NULL;
    const struct zpm_field *field = NULL;
    char name[LABEL_SIZE];
    int rc;

    if (equals != NULL)
      field = find_option(comma + 1, (size_t)(equals - comma - 1));
    if (field == NULL)
      return 0;
    snprintf(name, sizeof(name), "%s: %.*s", label, (int)(equals - comma - 1),
             comma + 1);
    rc = zpm_field_set_text(probe, field, equals + 1, name, err);
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
