#include "core/config.h"

#include "base/alloc.h"
#include "core/config_checks.h"

#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static void mark_given(struct zpm_config *config, const char *name)
{
  int field = zpm_config_field_of_name(name, strlen(name));

  config->given |= (uint64_t)1 << field;
}

/* ---- name ---- */

static bool is_name_byte(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || (c != '\0' && strchr("._-@+ ", c) != NULL);
}

static bool is_reserved(const char *name)
{
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
         strcmp(name, "all") == 0;
}

static int check_name(const char *name, struct zpm_error *err)
{
  size_t len = strlen(name);

  if (len == 0 || len > NAME_MAX_BYTES)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.name must have 1 to %d characters",
                         NAME_MAX_BYTES);
  if (is_reserved(name))
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.name must not be \"%s\": choose another",
                         name);
  if (name[0] == ' ' || name[0] == '-' || name[len - 1] == ' ')
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.name must not begin or end with a space, or "
                         "begin with '-': \"%s\"",
                         name);
  for (size_t i = 0; i < len; i++) {
    if (!is_name_byte(name[i]))
      return zpm_error_set(err, ZPM_ECONFIG,
                           "config.name may have letters, digits, spaces and "
                           ". _ - @ + only, not \"%s\"",
                           name);
  }
  return 0;
}

/* What a name made by us neither begins nor ends with. */
static bool is_margin(char c)
{
  return c == '-' || c == ' ';
}

/* The base name of `path` less its extension: where it starts and how long. */
static const char *stem(const char *path, size_t *len)
{
  const char *slash = strrchr(path, '/');
  const char *base = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(base, '.');

  *len = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
  return base;
}

/* Each run of bytes that a name cannot have becomes one '-'; none at the ends,
 * nor blanks there. */
static void make_name(const char *path, char name[NAME_MAX_BYTES + 1])
{
  size_t len;
  size_t used = 0;
  const char *base = stem(path, &len);

  for (size_t i = 0; i < len && used < NAME_MAX_BYTES; i++) {
    bool good = is_name_byte(base[i]) && (used > 0 || !is_margin(base[i]));

    if (good)
      name[used++] = base[i];
    else if (used > 0 && name[used - 1] != '-')
      name[used++] = '-';
  }
  while (used > 0 && is_margin(name[used - 1]))
    used--;
  name[used] = '\0';
}

static int fill_name(struct zpm_config *config)
{
  char name[NAME_MAX_BYTES + 1];

  make_name(config->script_path, name);
  if (name[0] == '\0' || is_reserved(name))
    strcpy(name, "app");
  config->name = zpm_strdup(name);
  if (config->name == NULL)
    return ZPM_ENOMEM;
  mark_given(config, "name");
  return 0;
}

/* ---- the rest ---- */

static int settle_interpreter(struct zpm_config *config, struct zpm_error *err)
{
  const char *command = config->interpreter_command;

  if (command != NULL && !zpm_config_has(config, "interpreter")) {
    config->interpreter = ZPM_INTERPRETER_CUSTOM;
    mark_given(config, "interpreter");
  }
  if (config->interpreter != ZPM_INTERPRETER_CUSTOM)
    return 0;
  if (command == NULL || command[0] == '\0')
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.interpreterCommand is missing: interpreter "
                         "\"custom\" needs the program that runs the script");
  return 0;
}

/* Who gives one bound of the backoff only moves the other out of the way. */
static int settle_backoff(struct zpm_config *config, struct zpm_error *err)
{
  bool min_given = zpm_config_has(config, "minBackoff");
  bool max_given = zpm_config_has(config, "maxBackoff");

  if (config->min_backoff_ms <= config->max_backoff_ms)
    return 0;
  if (min_given && max_given)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.minBackoff (%u ms) must not be more than "
                         "config.maxBackoff (%u ms)",
                         (unsigned)config->min_backoff_ms,
                         (unsigned)config->max_backoff_ms);
  if (max_given)
    config->min_backoff_ms = config->max_backoff_ms;
  else
    config->max_backoff_ms = config->min_backoff_ms;
  return 0;
}

static int settle(struct zpm_config *config, struct zpm_error *err)
{
  int rc = zpm_config_settle_paths(config, err);

  if (rc == 0 && config->name == NULL)
    rc = fill_name(config);
  if (rc == 0)
    rc = check_name(config->name, err);
  if (rc == 0)
    rc = settle_interpreter(config, err);
  if (rc == 0)
    rc = settle_backoff(config, err);
  if (rc == 0)
    rc = zpm_config_check_parts(config, err);
  return rc;
}

int zpm_config_validate(struct zpm_config *config, struct zpm_error *err)
{
  int rc;

  if (config->script_path == NULL)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.scriptPath is missing: give the script or "
                         "command to run");
  rc = settle(config, err);
  if (rc == ZPM_ENOMEM)
    zpm_error_set(err, rc, "%s", zpm_code_text(rc));
  return rc;
}
