#include "core/config_checks.h"

#include "base/alloc.h"

#include <string.h>

enum { PATH_MAX_BYTES = 4095 };

static int check_path(const char *path, const char *label,
                      struct zpm_error *err)
{
  size_t len = strlen(path);

  if (len == 0)
    return zpm_error_set(err, ZPM_ECONFIG, "%s must not be empty", label);
  if (len > PATH_MAX_BYTES)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "%s is longer than a path may be (%d bytes)", label,
                         PATH_MAX_BYTES);
  return 0;
}

static int check_cwd(const struct zpm_config *config, struct zpm_error *err)
{
  if (config->cwd == NULL)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.cwd is missing: give the absolute path of the "
                         "folder that the app runs in");
  if (check_path(config->cwd, "config.cwd", err) != 0)
    return ZPM_ECONFIG;
  if (config->cwd[0] != '/')
    return zpm_error_set(err, ZPM_ECONFIG,
                         "config.cwd must be an absolute path, not \"%s\"",
                         config->cwd);
  return 0;
}

/* A relative path is one below cwd. */
static int settle_path(char **path, const char *cwd, const char *label,
                       struct zpm_error *err)
{
  const char *rest = *path;
  bool slash = cwd[strlen(cwd) - 1] == '/';
  struct zpm_str joined = {0};
  int rc = check_path(rest, label, err);

  if (rc != 0 || rest[0] == '/')
    return rc;
  while (rest[0] == '.' && rest[1] == '/') {
    rest++;
    rest += strspn(rest, "/");
  }
  if (strcmp(rest, ".") == 0)
    rest = "";
  if (zpm_str_printf(&joined, "%s%s%s", cwd,
                     slash || rest[0] == '\0' ? "" : "/", rest) != 0)
    return ZPM_ENOMEM;
  zpm_free(*path);
  *path = joined.data;
  return check_path(*path, label, err);
}

/* A word without a slash is searched for when it starts. */
static int settle_script(struct zpm_config *config, struct zpm_error *err)
{
  static const char LABEL[] = "config.scriptPath";

  if (strchr(config->script_path, '/') == NULL)
    return check_path(config->script_path, LABEL, err);
  return settle_path(&config->script_path, config->cwd, LABEL, err);
}

int zpm_config_put_script_folder(const struct zpm_config *config,
                                 struct zpm_str *out)
{
  const char *slash = strrchr(config->script_path, '/');
  size_t len = slash != NULL ? (size_t)(slash - config->script_path) : 0;

  return slash != NULL
             ? zpm_str_append(out, config->script_path, len > 0 ? len : 1)
             : zpm_str_puts(out, config->cwd);
}

static int replace_by_script_folder(const struct zpm_config *config,
                                    char **path)
{
  struct zpm_str folder = {0};
  int rc = zpm_config_put_script_folder(config, &folder);

  if (rc != 0)
    return rc;
  zpm_free(*path);
  *path = folder.data;
  return 0;
}

static int settle_watch(struct zpm_config *config, struct zpm_error *err)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < config->watch.len; i++) {
    char **path = &config->watch.items[i];

    rc = (*path)[0] == '\0'
             ? replace_by_script_folder(config, path)
             : settle_path(path, config->cwd, "config.watch", err);
  }
  return rc;
}

int zpm_config_settle_paths(struct zpm_config *config, struct zpm_error *err)
{
  int rc = check_cwd(config, err);

  if (rc == 0)
    rc = settle_script(config, err);
  if (rc == 0 && config->env_file != NULL)
    rc = settle_path(&config->env_file, config->cwd, "config.envFile", err);
  return rc != 0 ? rc : settle_watch(config, err);
}
