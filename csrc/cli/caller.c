#include "cli/caller.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "client/environ.h"
#include "core/words.h"
#include "proto/config_json.h"
#include "proto/json.h"

enum { FOLDER_MAX = 4096 };

static int out_of_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

/* ---- paths ---- */

int zpm_caller_put_absolute(struct zpm_str *out, const char *folder,
                            const char *path, struct zpm_error *err)
{
  char here[FOLDER_MAX];
  size_t len;

  if (path[0] == '/')
    return zpm_str_puts(out, path) == 0 ? 0 : out_of_memory(err);
  if (folder == NULL) {
    folder = getcwd(here, sizeof(here));
    if (folder == NULL)
      return zpm_error_set(err, ZPM_EARG,
                           "cannot tell the current folder: %s. Use absolute "
                           "paths, and --cwd.",
                           strerror(errno));
  }
  while (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))
    path += path[1] == '/' ? 2 : 1;
  len = strlen(folder);
  if (zpm_str_printf(out, "%s%s%s", folder,
                     folder[len - 1] == '/' || path[0] == '\0' ? "" : "/",
                     path) != 0)
    return out_of_memory(err);
  return 0;
}

static bool is_file(const char *path)
{
  struct stat found;

  return stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

bool zpm_caller_is_path(const char *text)
{
  return strchr(text, '/') != NULL || strcmp(text, ".") == 0 ||
         strcmp(text, "..") == 0;
}

int zpm_caller_put_script(struct zpm_str *out, const char *folder,
                          const char *script, struct zpm_error *err)
{
  struct zpm_str path = {0};
  int rc = zpm_caller_put_absolute(&path, folder, script, err);

  if (rc == 0) {
    bool found = zpm_caller_is_path(script) || is_file(path.data);

    rc = zpm_str_puts(out, found ? path.data : script);
    if (rc != 0)
      out_of_memory(err);
  }
  zpm_str_deinit(&path);
  return rc;
}

/* Replaces a path that was given by what it means from here. */
static int make_absolute(char **path, struct zpm_error *err)
{
  struct zpm_str absolute = {0};
  int rc;

  if (*path == NULL || (*path)[0] == '/')
    return 0;
  rc = zpm_caller_put_absolute(&absolute, NULL, *path, err);
  if (rc != 0) {
    zpm_str_deinit(&absolute);
    return rc;
  }
  zpm_free(*path);
  *path = absolute.data;
  return 0;
}

/* But for "", the script's folder, wherever that is. */
static int make_watch_absolute(struct zpm_strv *paths, struct zpm_error *err)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < paths->len; i++) {
    if (paths->items[i][0] != '\0')
      rc = make_absolute(&paths->items[i], err);
  }
  return rc;
}

/* ---- options that are made of fields ---- */

int zpm_caller_set(struct zpm_config *config, const char *field,
                   const char *text, struct zpm_error *err)
{
  return zpm_config_set_text(
      config, zpm_config_field_of_name(field, strlen(field)), text, err);
}

/* --with "command and its arguments" */
static int settle_with(struct zpm_config *config, const struct zpm_strv *words,
                       struct zpm_error *err)
{
  int rc;

  if (words->len == 0)
    return zpm_error_set(err, ZPM_EARG, "--with needs a command");
  rc = zpm_caller_set(config, "interpreter", "custom", err);
  if (rc == 0)
    rc = zpm_caller_set(config, "interpreterCommand", words->items[0], err);
  for (size_t i = 1; rc == 0 && i < words->len; i++)
    rc = zpm_caller_set(config, "interpreterArgs", words->items[i], err);
  return rc;
}

static int settle_args(struct zpm_config *config, const struct zpm_strv *words,
                       struct zpm_error *err)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < words->len; i++)
    rc = zpm_caller_set(config, "args", words->items[i], err);
  return rc;
}

typedef int settle_words(struct zpm_config *config,
                         const struct zpm_strv *words, struct zpm_error *err);

static int settle_quoted(struct zpm_args *args, const char *option,
                         settle_words *settle, struct zpm_error *err)
{
  const char *text = zpm_args_value(args, option);
  struct zpm_strv words = {0};
  int rc;

  if (text == NULL)
    return 0;
  rc = zpm_words_split(text, &words, err);
  if (rc != 0)
    zpm_error_wrap(err, "--%s", option);
  else
    rc = settle(&args->config, &words, err);
  zpm_strv_deinit(&words);
  return rc;
}

int zpm_caller_settle(struct zpm_args *args, struct zpm_error *err)
{
  struct zpm_config *config = &args->config;
  int rc;

  rc = zpm_args_switch(args, "cluster", false)
           ? zpm_caller_set(config, "mode", "cluster", err)
           : 0;
  if (rc == 0)
    rc = settle_quoted(args, "with", settle_with, err);
  if (rc == 0)
    rc = settle_quoted(args, "args", settle_args, err);
  for (size_t i = 0; rc == 0 && i < args->rest_count; i++)
    rc = zpm_caller_set(config, "args", args->rest[i], err);
  if (rc == 0)
    rc = make_absolute(&config->cwd, err);
  if (rc == 0)
    rc = make_absolute(&config->env_file, err);
  if (rc == 0)
    rc = make_watch_absolute(&config->watch, err);
  if (rc == 0 && config->interpreter_command != NULL &&
      zpm_caller_is_path(config->interpreter_command))
    rc = make_absolute(&config->interpreter_command, err);
  return rc;
}

/* ---- JSON ---- */

int zpm_caller_put_config(struct zpm_str *out, const struct zpm_config *config,
                          struct zpm_error *err)
{
  cJSON *json = zpm_config_to_json(config, true);
  int rc = json != NULL ? zpm_json_print(out, json) : ZPM_ENOMEM;

  cJSON_Delete(json);
  return rc == 0 ? 0 : out_of_memory(err);
}

/* The pairs of the environment that may be handed on, as a list that owns
 * nothing but itself. */
static int public_environment(struct zpm_strv *view)
{
  size_t count = 0;

  while (environ[count] != NULL)
    count++;
  *view =
      (struct zpm_strv){.items = zpm_alloc_zeroed(count + 1, sizeof(char *))};
  if (view->items == NULL)
    return ZPM_ENOMEM;
  for (size_t i = 0; i < count; i++) {
    if (!zpm_environ_is_private(environ[i]) && strchr(environ[i], '=') != NULL)
      view->items[view->len++] = environ[i];
  }
  return 0;
}

int zpm_caller_write_environment(struct zpm_writer *writer,
                                 struct zpm_error *err)
{
  struct zpm_strv view;
  struct zpm_str text = {0};
  cJSON *json = NULL;
  int rc = public_environment(&view);

  if (rc == 0)
    json = zpm_vars_to_json(&view, true);
  zpm_free(view.items);
  if (json == NULL || zpm_json_print(&text, json) != 0)
    rc = out_of_memory(err);
  cJSON_Delete(json);
  if (rc == 0) {
    zpm_writer_key(writer, "callerEnv");
    zpm_writer_raw(writer, text.data, text.len);
  }
  zpm_str_deinit(&text);
  return rc;
}
