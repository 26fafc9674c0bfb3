#include "cli/detect.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "cli/caller.h"
#include "cli/file.h"
#include "cli/runs.h"
#include "proto/config_json.h"
#include "proto/project.h"

static int out_of_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
}

/* ---- the folder ---- */

static bool has(void *ctx, const char *path)
{
  const char *folder = ctx;
  struct zpm_str whole = {0};
  struct stat found;
  bool yes = zpm_str_printf(&whole, "%s/%s", folder, path) == 0 &&
             stat(whole.data, &found) == 0 && S_ISREG(found.st_mode);

  zpm_str_deinit(&whole);
  return yes;
}

struct texts {
  struct zpm_str of[ZPM_PROJECT_TEXTS];
};

static int read_text(struct zpm_str *text, const char *folder, const char *name,
                     struct zpm_error *err)
{
  struct zpm_str path = {0};
  int rc = zpm_str_printf(&path, "%s/%s", folder, name);

  rc = rc == 0 ? zpm_file_read(text, path.data, err) : out_of_memory(err);
  zpm_str_deinit(&path);
  return rc;
}

static void release_texts(struct texts *texts)
{
  for (int i = 0; i < ZPM_PROJECT_TEXTS; i++)
    zpm_str_deinit(&texts->of[i]);
}

/* A .env that is not for us to read tells no port; that is all. */
static int look_at(struct zpm_project *project, char *path,
                   struct zpm_error *err)
{
  const char *slash = strrchr(path, '/');
  struct zpm_project_folder folder = {
      .name = slash != NULL ? slash + 1 : path, .has = has, .ctx = path};
  struct texts texts = {0};
  int rc = 0;

  for (int i = 0; rc == 0 && i < ZPM_PROJECT_TEXTS; i++) {
    const char *name = zpm_project_text_name((enum zpm_project_text)i);

    if (!has(path, name))
      continue;
    rc = read_text(&texts.of[i], path, name, err);
    if (rc == 0)
      folder.texts[i] = zpm_str_text(&texts.of[i]);
    else if (i == ZPM_PROJECT_DOTENV)
      rc = 0;
  }
  if (rc == 0)
    rc = zpm_project_find(project, &folder, err);
  release_texts(&texts);
  return rc;
}

/* ---- into the config ---- */

static int set_all(struct zpm_config *config, const char *field,
                   const struct zpm_strv *words, struct zpm_error *err)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < words->len; i++)
    rc = zpm_caller_set(config, field, words->items[i], err);
  return rc;
}

/* What was typed goes behind what was found. */
static int settle_args(struct zpm_config *config,
                       const struct zpm_project *project, struct zpm_error *err)
{
  struct zpm_strv typed = config->args;
  int rc;

  config->args = (struct zpm_strv){0};
  rc = set_all(config, "args", &project->args, err);
  if (rc == 0 && typed.len > 0 && project->before_more != NULL)
    rc = zpm_caller_set(config, "args", project->before_more, err);
  if (rc == 0)
    rc = set_all(config, "args", &typed, err);
  zpm_strv_deinit(&typed);
  return rc;
}

static int settle_interpreter(struct zpm_config *config, const char *folder,
                              const struct zpm_project *project,
                              struct zpm_error *err)
{
  struct zpm_str path = {0};
  int rc;

  if (project->interpreter == NULL)
    return 0;
  if (strchr(project->interpreter, '/') == NULL)
    return zpm_caller_set(config, "interpreter", project->interpreter, err);
  rc = zpm_caller_put_absolute(&path, folder, project->interpreter, err);
  if (rc == 0)
    rc = zpm_caller_set(config, "interpreterCommand", path.data, err);
  zpm_str_deinit(&path);
  return rc;
}

static int settle_port(struct zpm_config *config, uint32_t port,
                       struct zpm_error *err)
{
  char text[16];

  if (port == 0 || zpm_config_has(config, "port"))
    return 0;
  snprintf(text, sizeof(text), "%u", port);
  return zpm_caller_set(config, "port", text, err);
}

/* The script stays relative to the folder for now. */
static int settle(struct zpm_config *config, const char *folder,
                  const struct zpm_project *project, struct zpm_error *err)
{
  int rc = zpm_caller_set(config, "scriptPath", project->script.data, err);

  if (rc == 0 && config->name == NULL)
    rc = zpm_caller_set(config, "name", project->name.data, err);
  if (rc == 0 && config->cwd == NULL)
    rc = zpm_caller_set(config, "cwd", folder, err);
  if (rc == 0)
    rc = settle_port(config, project->port, err);
  if (rc == 0)
    rc = settle_interpreter(config, folder, project, err);
  if (rc == 0)
    rc = set_all(config, "interpreterArgs", &project->interpreter_args, err);
  for (size_t i = 0; rc == 0 && i < project->env.len; i++)
    rc = zpm_strv_env_get(&config->env, "NODE_ENV") == NULL
             ? zpm_caller_set(config, "env", project->env.items[i], err)
             : 0;
  return rc == 0 ? settle_args(config, project, err) : rc;
}

static int make_absolute(struct zpm_config *config, const char *folder,
                         struct zpm_error *err)
{
  struct zpm_str script = {0};
  int rc = zpm_caller_put_script(&script, folder, config->script_path, err);

  if (rc == 0)
    rc = zpm_caller_set(config, "scriptPath", script.data, err);
  zpm_str_deinit(&script);
  return rc;
}

/* ---- saying it ---- */

static int put_option(struct zpm_str *out, const char *flag, const char *value)
{
  int rc = zpm_runs_put_word(out, flag);

  return rc == 0 ? zpm_runs_put_word(out, value) : rc;
}

/* The command line that means the same. */
static int put_explicit(struct zpm_str *out, const struct zpm_config *config,
                        const struct zpm_project *project)
{
  const struct zpm_strv *args = &config->args;
  int rc = zpm_str_puts(out, "zpm start");
  char port[16];

  snprintf(port, sizeof(port), "%u", config->port);
  if (rc == 0)
    rc = zpm_runs_put_word(out, project->script.data);
  if (rc == 0)
    rc = put_option(out, "--name", config->name);
  if (rc == 0 && config->port > 0)
    rc = put_option(out, "--port", port);
  if (rc == 0 && config->interpreter_command != NULL)
    rc = put_option(out, "--interpreter-command", config->interpreter_command);
  for (size_t i = 0; rc == 0 && i < project->interpreter_args.len; i++)
    rc = zpm_str_puts(out, " --interpreter-arg=") |
         zpm_str_puts(out, project->interpreter_args.items[i]);
  for (size_t i = 0; rc == 0 && i < project->env.len; i++)
    rc = put_option(out, "--env", project->env.items[i]);
  if (rc == 0 && args->len > 0)
    rc = zpm_str_puts(out, " --");
  for (size_t i = 0; rc == 0 && i < args->len; i++)
    rc = zpm_runs_put_word(out, args->items[i]);
  return rc;
}

static int put_command(struct zpm_str *out, const struct zpm_config *config)
{
  cJSON *json = zpm_config_to_json(config, false);
  struct zpm_str words = {0};
  int rc = json != NULL ? zpm_runs_put(&words, json) : ZPM_ENOMEM;

  cJSON_Delete(json);
  if (rc == 0)
    rc = zpm_str_puts(out, zpm_str_text(&words));
  zpm_str_deinit(&words);
  return rc;
}

static int say(struct zpm_str *said, const struct zpm_config *config,
               const struct zpm_project *project)
{
  struct zpm_str line = {0};
  int rc = zpm_str_printf(said, "found %s: starting `", project->found);

  if (rc == 0)
    rc = put_command(said, config);
  if (rc == 0)
    rc = zpm_str_printf(
        said, "`%s as '%s'",
        project->direct ? ", its start script, without a package manager," : "",
        config->name);
  if (rc == 0 && config->port > 0)
    rc = zpm_str_printf(said, " on port %u", config->port);
  if (rc == 0)
    rc = put_explicit(&line, config, project);
  if (rc == 0)
    rc = zpm_str_printf(said, "\n(the same, said in full: %s)", line.data);
  zpm_str_deinit(&line);
  return rc;
}

/* ---- all ---- */

static int check(const struct zpm_config *config, struct zpm_error *err)
{
  if (!zpm_config_has(config, "interpreter") &&
      config->interpreter_command == NULL)
    return 0;
  return zpm_error_set(err, ZPM_EARG,
                       "an interpreter was given, but no script for it: zpm "
                       "start <script>");
}

int zpm_detect(struct zpm_config *config, const char *folder,
               struct zpm_str *said, struct zpm_error *err)
{
  struct zpm_project project = {0};
  char *path = zpm_strdup(folder);
  int rc = check(config, err);

  if (path == NULL)
    return out_of_memory(err);
  if (rc == 0)
    rc = look_at(&project, path, err);
  if (rc == 0)
    rc = settle(config, folder, &project, err);
  if (rc == 0 && say(said, config, &project) != 0)
    rc = out_of_memory(err);
  if (rc == 0)
    rc = make_absolute(config, folder, err);
  zpm_project_deinit(&project);
  zpm_free(path);
  return rc;
}
