/* package.json: its start script, or its main file */
#include "proto/project_text.h"

#include <string.h>

#include "core/words.h"
#include "proto/json.h"

/* ---- the package manager ---- */

struct manager {
  const char *name;
  const char *lock;        /* its lock file */
  const char *before_more; /* arguments of the script go after this */
};

static const struct manager MANAGERS[] = {
    {"pnpm", "pnpm-lock.yaml", NULL},   {"yarn", "yarn.lock", NULL},
    {"bun", "bun.lock", NULL},          {"bun", "bun.lockb", NULL},
    {"npm", "package-lock.json", "--"},
};

enum { MANAGER_COUNT = sizeof(MANAGERS) / sizeof(MANAGERS[0]) };

static const char *text_of(const cJSON *object, const char *key)
{
  const char *text =
      cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

  return text != NULL && text[0] != '\0' ? text : NULL;
}

/* "pnpm@9.1.0" */
static bool is_named(const struct manager *manager, const char *field)
{
  size_t len = strlen(manager->name);

  return strncmp(field, manager->name, len) == 0 &&
         (field[len] == '\0' || field[len] == '@');
}

static const struct manager *
choose_manager(const cJSON *package, const struct zpm_project_folder *folder)
{
  const char *field = text_of(package, "packageManager");

  for (size_t i = 0; field != NULL && i < MANAGER_COUNT; i++) {
    if (is_named(&MANAGERS[i], field))
      return &MANAGERS[i];
  }
  for (size_t i = 0; i < MANAGER_COUNT; i++) {
    if (folder->has(folder->ctx, MANAGERS[i].lock))
      return &MANAGERS[i];
  }
  return &MANAGERS[MANAGER_COUNT - 1];
}

static int use_manager(struct zpm_project *project,
                       const struct manager *manager)
{
  project->before_more = manager->before_more;
  zpm_str_clear(&project->script);
  if (zpm_str_puts(&project->script, manager->name) != 0 ||
      zpm_strv_push(&project->args, "run") != 0 ||
      zpm_strv_push(&project->args, "start") != 0)
    return ZPM_ENOMEM;
  return 0;
}

/* ---- a script that needs no package manager ---- */

/* What only a shell understands. */
static bool needs_a_shell(const char *command)
{
  return command[strcspn(command, "|&;<>()$`\\*?[]{}~!#\n")] != '\0';
}

/* npm runs these around it. */
static bool has_hooks(const cJSON *scripts)
{
  return text_of(scripts, "prestart") != NULL ||
         text_of(scripts, "poststart") != NULL;
}

/* Of node's options: those that are known to take the next word, and those that
 * are known to change nothing but the process itself. */
static bool takes_a_value(const char *option)
{
  static const char *const OPTIONS[] = {"-r",
                                        "--require",
                                        "--import",
                                        "--loader",
                                        "--experimental-loader",
                                        "--env-file",
                                        "--env-file-if-exists",
                                        "-C",
                                        "--conditions"};

  for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++) {
    if (strcmp(option, OPTIONS[i]) == 0)
      return true;
  }
  return false;
}

static bool stands_alone(const char *option)
{
  static const char *const OPTIONS[] = {
      "--enable-source-maps", "--no-warnings", "--trace-warnings",
      "--no-deprecation",     "--expose-gc",   "--inspect",
      "--trace-uncaught",     "--use-strict",  "--experimental-strip-types"};

  for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++) {
    if (strcmp(option, OPTIONS[i]) == 0)
      return true;
  }
  return option[0] == '-' && option[1] == '-' && strchr(option, '=') != NULL;
}

/* Where node's options end among the words, or 0: they are not understood. */
static size_t skip_options(const struct zpm_strv *words, size_t at)
{
  while (at < words->len && words->items[at][0] == '-') {
    if (takes_a_value(words->items[at]))
      at += 2;
    else if (stands_alone(words->items[at]))
      at++;
    else
      return 0;
  }
  return at < words->len ? at : 0;
}

/* NODE_ENV=production PORT=3000 */
static bool is_harmless_variable(const char *word)
{
  return strncmp(word, "NODE_ENV=", 9) == 0 || strncmp(word, "PORT=", 5) == 0;
}

/* "server" means server.js to node, and so does the folder of an index.js. */
static int put_file(struct zpm_str *out,
                    const struct zpm_project_folder *folder, const char *path)
{
  static const char *const ENDINGS[] = {"", ".js", "/index.js"};
  int rc = 0;

  while (strncmp(path, "./", 2) == 0)
    path += 2;
  for (size_t i = 0; i < sizeof(ENDINGS) / sizeof(ENDINGS[0]); i++) {
    zpm_str_clear(out);
    rc = zpm_str_printf(out, "%s%s", path, ENDINGS[i]);
    if (rc != 0 || folder->has(folder->ctx, out->data))
      return rc;
  }
  zpm_str_clear(out);
  return 0;
}

static int push_words(struct zpm_strv *to, const struct zpm_strv *words,
                      size_t from, size_t end)
{
  int rc = 0;

  for (; rc == 0 && from < end; from++)
    rc = zpm_strv_push(to, words->items[from]);
  return rc;
}

/* 1: it is `node options file args`, and so is the project; 0: it is not. */
static int use_words(struct zpm_project *project, const struct zpm_strv *words,
                     const struct zpm_project_folder *folder)
{
  size_t node = 0;
  size_t file;
  int rc;

  while (node < words->len && is_harmless_variable(words->items[node]))
    node++;
  if (node == words->len || strcmp(words->items[node], "node") != 0)
    return 0;
  file = skip_options(words, node + 1);
  if (file == 0)
    return 0;
  rc = put_file(&project->script, folder, words->items[file]);
  if (rc != 0 || project->script.len == 0)
    return rc;
  rc = push_words(&project->interpreter_args, words, node + 1, file);
  if (rc == 0)
    rc = push_words(&project->args, words, file + 1, words->len);
  for (size_t i = 0; rc == 0 && i < node; i++) {
    if (strncmp(words->items[i], "PORT=", 5) != 0)
      rc = zpm_strv_env_put(&project->env, words->items[i]);
  }
  project->interpreter = "node";
  project->direct = true;
  return rc == 0 ? 1 : rc;
}

/* ---- the whole ---- */

/* Always 1, or an error. */
static int use_start(struct zpm_project *project, const cJSON *package,
                     const struct zpm_project_folder *folder)
{
  const cJSON *scripts = cJSON_GetObjectItemCaseSensitive(package, "scripts");
  const char *command = text_of(scripts, "start");
  struct zpm_strv words = {0};
  int split = zpm_words_split(command, &words, NULL);
  uint32_t port = split == 0 ? zpm_project_words_port(&words) : 0;
  int rc = split == ZPM_ENOMEM ? split : 0;

  if (port > 0)
    project->port = port;
  if (split == 0 && !needs_a_shell(command) && !has_hooks(scripts))
    rc = use_words(project, &words, folder);
  zpm_strv_deinit(&words);
  if (rc == 0)
    rc = use_manager(project, choose_manager(package, folder));
  return rc == 0 ? 1 : rc;
}

static int use_main(struct zpm_project *project, const cJSON *package,
                    const struct zpm_project_folder *folder)
{
  const char *path = text_of(package, "main");
  int rc = path != NULL ? put_file(&project->script, folder, path) : 0;

  if (rc != 0 || project->script.len == 0)
    return rc;
  project->interpreter = "node";
  return 1;
}

static int read_package(struct zpm_project *project, const cJSON *package,
                        const struct zpm_project_folder *folder)
{
  const cJSON *scripts = cJSON_GetObjectItemCaseSensitive(package, "scripts");
  const char *name = text_of(package, "name");
  int rc =
      zpm_project_put_name(&project->name, name != NULL ? name : folder->name);

  if (rc != 0)
    return rc;
  project->found = zpm_project_text_name(ZPM_PROJECT_PACKAGE);
  return text_of(scripts, "start") != NULL ? use_start(project, package, folder)
                                           : use_main(project, package, folder);
}

int zpm_project_of_package(struct zpm_project *project,
                           const struct zpm_project_folder *folder,
                           struct zpm_error *err)
{
  const char *text = folder->texts[ZPM_PROJECT_PACKAGE];
  cJSON *package = NULL;
  int rc;

  if (text == NULL)
    return 0;
  text += strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  rc = zpm_json_parse(text, strlen(text), &package, err);
  if (rc == 0 && cJSON_IsObject(package))
    rc = read_package(project, package, folder);
  else if (rc != ZPM_ENOMEM)
    rc = zpm_error_set(err, ZPM_ECONFIG,
                       "package.json is not valid JSON with an object in it: "
                       "correct it, or name the script: zpm start <script>");
  cJSON_Delete(package);
  return rc;
}
