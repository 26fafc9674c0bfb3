#include "cli/appfile.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "cli/caller.h"
#include "cli/file.h"
#include "proto/json.h"

static const char ENDING[] = ".json";
static const char FOREIGN[] = "ecosystem.config.";

bool zpm_appfile_is_meant(const char *path)
{
  size_t len = strlen(path);
  size_t ending = sizeof(ENDING) - 1;

  return len > ending && strcmp(path + len - ending, ENDING) == 0;
}

bool zpm_appfile_is_foreign(const char *path)
{
  const char *slash = strrchr(path, '/');

  return strncmp(slash != NULL ? slash + 1 : path, FOREIGN,
                 sizeof(FOREIGN) - 1) == 0;
}

static int out_of_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

/* ---- one app ---- */

static const char *text_of(const cJSON *config, const char *key)
{
  return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, key));
}

/* Takes `text` over. */
static int replace_text(cJSON *config, const char *key, struct zpm_str *text,
                        struct zpm_error *err)
{
  cJSON *item = cJSON_CreateString(zpm_str_text(text));
  int rc = 0;

  cJSON_DeleteItemFromObjectCaseSensitive(config, key);
  if (zpm_json_put(config, key, item) != 0)
    rc = out_of_memory(err);
  zpm_str_deinit(text);
  return rc;
}

/* Each relative path of an array; other items are the daemon's to refuse. */
static int settle_watch(cJSON *config, const char *folder,
                        struct zpm_error *err)
{
  cJSON *watch = cJSON_GetObjectItemCaseSensitive(config, "watch");
  cJSON *item = cJSON_IsArray(watch) ? watch->child : NULL;

  for (int i = 0; item != NULL; i++, item = item->next) {
    const char *path = cJSON_GetStringValue(item);
    struct zpm_str absolute = {0};
    cJSON *settled;

    if (path == NULL || path[0] == '\0' || path[0] == '/')
      continue;
    if (zpm_caller_put_absolute(&absolute, folder, path, err) != 0)
      return ZPM_ENOMEM;
    settled = cJSON_CreateString(absolute.data);
    zpm_str_deinit(&absolute);
    if (settled == NULL || !cJSON_ReplaceItemInArray(watch, i, settled))
      return out_of_memory(err);
    item = settled;
  }
  return 0;
}

static int settle_path(cJSON *config, const char *key, const char *folder,
                       struct zpm_error *err)
{
  const char *path = text_of(config, key);
  struct zpm_str absolute = {0};

  if (path == NULL || path[0] == '\0' || path[0] == '/')
    return 0; /* done, or the daemon says what is wrong with it */
  if (zpm_caller_put_absolute(&absolute, folder, path, err) != 0)
    return ZPM_ENOMEM;
  return replace_text(config, key, &absolute, err);
}

static int settle_program(cJSON *config, const char *key, const char *folder,
                          struct zpm_error *err)
{
  const char *path = text_of(config, key);
  struct zpm_str program = {0};

  if (path == NULL || path[0] == '\0')
    return 0;
  if (zpm_caller_put_script(&program, folder, path, err) != 0)
    return ZPM_ENOMEM;
  return replace_text(config, key, &program, err);
}

static int settle_cwd(cJSON *config, const char *folder, struct zpm_error *err)
{
  if (cJSON_HasObjectItem(config, "cwd"))
    return settle_path(config, "cwd", folder, err);
  if (text_of(config, "scriptPath") == NULL)
    return 0; /* a known app, by its name */
  if (zpm_json_put(config, "cwd", cJSON_CreateString(folder)) != 0)
    return out_of_memory(err);
  return 0;
}

static int settle_config(cJSON *config, const char *folder,
                         struct zpm_error *err)
{
  const char *command = text_of(config, "interpreterCommand");
  int rc = settle_program(config, "scriptPath", folder, err);

  if (rc == 0)
    rc = settle_cwd(config, folder, err);
  if (rc == 0)
    rc = settle_path(config, "envFile", folder, err);
  if (rc == 0)
    rc = settle_watch(config, folder, err);
  if (rc == 0 && command != NULL && strchr(command, '/') != NULL)
    rc = settle_path(config, "interpreterCommand", folder, err);
  return rc;
}

/* ---- all of them ---- */

static int settle_all(cJSON *configs, const char *folder, const char *path,
                      struct zpm_error *err)
{
  int number = 1;
  int rc = 0;
  cJSON *config;

  if (configs->child == NULL)
    return zpm_error_set(err, ZPM_ECONFIG, "%s: there is no app in it", path);
  for (config = configs->child; rc == 0 && config != NULL;
       config = config->next, number++) {
    if (!cJSON_IsObject(config))
      return zpm_error_set(err, ZPM_ECONFIG,
                           "%s: app %d is %s, and must be an object with the "
                           "config of an app",
                           path, number, zpm_json_kind(config));
    rc = settle_config(config, folder, err);
  }
  return rc;
}

/* PM2 wants {"apps": [...]}. */
static bool is_wrapped(const cJSON *json)
{
  return cJSON_IsObject(json) &&
         cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "apps"));
}

/* One config becomes an array of one. NULL: out of memory. */
static cJSON *as_array(cJSON *json)
{
  cJSON *array;

  if (!cJSON_IsObject(json))
    return json;
  array = cJSON_CreateArray();
  if (array == NULL)
    cJSON_Delete(json);
  else if (zpm_json_push(array, json) != 0) {
    cJSON_Delete(array);
    array = NULL;
  }
  return array;
}

static int line_of(const char *text, const char *place)
{
  int line = 1;

  for (; text < place; text++)
    line += *text == '\n';
  return line;
}

int zpm_appfile_parse(struct zpm_str *out, const char *text, const char *folder,
                      const char *path, struct zpm_error *err)
{
  const char *end = text;
  cJSON *json = cJSON_ParseWithOpts(text, &end, 1);
  int rc;

  if (json == NULL)
    return zpm_error_set(err, ZPM_ECONFIG, "%s: not valid JSON in line %d",
                         path, line_of(text, end));
  if (is_wrapped(json)) {
    cJSON_Delete(json);
    return zpm_error_set(err, ZPM_ECONFIG,
                         "%s: must hold the array itself, without \"apps\" "
                         "around it",
                         path);
  }
  json = as_array(json);
  if (json == NULL)
    return out_of_memory(err);
  if (cJSON_IsArray(json))
    rc = settle_all(json, folder, path, err);
  else
    rc = zpm_error_set(err, ZPM_ECONFIG,
                       "%s: must hold the config of an app or an array of "
                       "them, not %s",
                       path, zpm_json_kind(json));
  if (rc == 0 && zpm_json_print(out, json) != 0)
    rc = out_of_memory(err);
  cJSON_Delete(json);
  return rc;
}

/* ---- the file ---- */

int zpm_appfile_read(struct zpm_str *out, const char *path,
                     struct zpm_error *err)
{
  struct zpm_str folder = {0};
  struct zpm_str text = {0};
  int rc = zpm_caller_put_absolute(&folder, NULL, path, err);

  if (rc == 0) {
    char *slash = strrchr(folder.data, '/');

    slash[slash == folder.data] = '\0';
    rc = zpm_file_read(&text, path, err);
  }
  if (rc == 0)
    rc = zpm_appfile_parse(out, text.data, folder.data, path, err);
  zpm_str_deinit(&folder);
  zpm_str_deinit(&text);
  return rc;
}
