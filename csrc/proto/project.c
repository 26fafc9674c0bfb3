#include "proto/project.h"

#include <string.h>

#include "proto/project_text.h"

static const char *const TEXT_NAMES[ZPM_PROJECT_TEXTS] = {
    [ZPM_PROJECT_PACKAGE] = "package.json",
    [ZPM_PROJECT_CARGO] = "Cargo.toml",
    [ZPM_PROJECT_GO] = "go.mod",
    [ZPM_PROJECT_DOTENV] = ".env",
};

const char *zpm_project_text_name(enum zpm_project_text text)
{
  return TEXT_NAMES[text];
}

/* Each of the following returns 1 if it has found how to start, 0 if there is
 * nothing of its kind, or an error. */
typedef int look(struct zpm_project *project,
                 const struct zpm_project_folder *folder,
                 struct zpm_error *err);

static bool has(const struct zpm_project_folder *folder, const char *path)
{
  return folder->has(folder->ctx, path);
}

/* The first of the files that is there, as the script. */
static int use_file(struct zpm_project *project,
                    const struct zpm_project_folder *folder,
                    const char *const *paths)
{
  while (*paths != NULL && !has(folder, *paths))
    paths++;
  if (*paths == NULL)
    return 0;
  project->found = *paths;
  return zpm_str_puts(&project->script, *paths) == 0 ? 1 : ZPM_ENOMEM;
}

/* ---- JavaScript without a start script ---- */

static int look_for_javascript(struct zpm_project *project,
                               const struct zpm_project_folder *folder,
                               struct zpm_error *err)
{
  static const char *const FILES[] = {"server.js", "index.js", "app.js", NULL};

  (void)err;
  return use_file(project, folder, FILES);
}

/* ---- Python ---- */

static const char *find_python(const struct zpm_project_folder *folder)
{
  static const char *const PLACES[] = {".venv/bin/python", "venv/bin/python"};

  for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
    if (has(folder, PLACES[i]))
      return PLACES[i];
  }
  return "python3";
}

/* Its own reloader would be a second one beside zpm. */
static int serve_django(struct zpm_project *project)
{
  struct zpm_str port = {0};
  int rc = zpm_strv_push(&project->args, "runserver");

  if (rc == 0)
    rc = zpm_strv_push(&project->args, "--noreload");
  if (rc == 0 && project->port > 0) {
    rc = zpm_str_printf(&port, "%u", project->port);
    if (rc == 0)
      rc = zpm_strv_push(&project->args, port.data);
  }
  zpm_str_deinit(&port);
  return rc == 0 ? 1 : rc;
}

static int look_for_python(struct zpm_project *project,
                           const struct zpm_project_folder *folder,
                           struct zpm_error *err)
{
  static const char *const FILES[] = {"manage.py", "app.py", "main.py",
                                      "wsgi.py", NULL};
  int found = use_file(project, folder, FILES);

  (void)err;
  if (found != 1)
    return found;
  project->interpreter = find_python(folder);
  return project->found == FILES[0] ? serve_django(project) : 1;
}

/* ---- Rust and Go ---- */

/* 1: the program has been built, and is the script. */
static int use_build(struct zpm_project *project,
                     const struct zpm_project_folder *folder, const char *where)
{
  int rc;

  if (project->name.len == 0)
    return 0;
  rc = zpm_str_printf(&project->script, "%s%s", where, project->name.data);
  if (rc != 0 || has(folder, project->script.data))
    return rc == 0 ? 1 : rc;
  zpm_str_clear(&project->script);
  return 0;
}

static int use_command(struct zpm_project *project,
                       const char *const command[3])
{
  int rc = zpm_str_puts(&project->script, command[0]);

  if (rc == 0)
    rc = zpm_strv_push(&project->args, command[1]);
  if (rc == 0)
    rc = zpm_strv_push(&project->args, command[2]);
  return rc == 0 ? 1 : rc;
}

static int look_for_rust(struct zpm_project *project,
                         const struct zpm_project_folder *folder,
                         struct zpm_error *err)
{
  static const char *const COMMAND[] = {"cargo", "run", "--release"};
  const char *text = folder->texts[ZPM_PROJECT_CARGO];
  int rc;

  (void)err;
  if (text == NULL)
    return 0;
  project->found = TEXT_NAMES[ZPM_PROJECT_CARGO];
  zpm_str_clear(&project->name);
  rc = zpm_project_put_toml(&project->name, text, "package", "name");
  if (rc == 0)
    rc = use_build(project, folder, "target/release/");
  if (rc != 0)
    return rc;
  project->before_more = "--";
  return use_command(project, COMMAND);
}

static int look_for_go(struct zpm_project *project,
                       const struct zpm_project_folder *folder,
                       struct zpm_error *err)
{
  static const char *const COMMAND[] = {"go", "run", "."};
  const char *text = folder->texts[ZPM_PROJECT_GO];
  int rc;

  (void)err;
  if (text == NULL)
    return 0;
  project->found = TEXT_NAMES[ZPM_PROJECT_GO];
  zpm_str_clear(&project->name);
  rc = zpm_project_put_module(&project->name, text);
  if (rc == 0)
    rc = use_build(project, folder, "");
  return rc != 0 ? rc : use_command(project, COMMAND);
}

/* ---- all ---- */

static int refuse(const struct zpm_project_folder *folder,
                  struct zpm_error *err)
{
  return zpm_error_set(
      err, ZPM_EARG,
      "nothing to start in '%.40s': no package.json with a start script or "
      "main, no server.js, index.js, app.js, manage.py, app.py, main.py, "
      "wsgi.py, Cargo.toml or go.mod. Name it: zpm start <script>",
      folder->name);
}

/* The name that the files tell, else that of the folder. */
static int settle_name(struct zpm_project *project,
                       const struct zpm_project_folder *folder)
{
  struct zpm_str raw = project->name;
  const char *name = raw.len > 0 ? raw.data : folder->name;
  int rc;

  project->name = (struct zpm_str){0};
  rc = zpm_project_put_name(&project->name, name);
  zpm_str_deinit(&raw);
  return rc;
}

int zpm_project_find(struct zpm_project *project,
                     const struct zpm_project_folder *folder,
                     struct zpm_error *err)
{
  static look *const LOOKS[] = {zpm_project_of_package, look_for_javascript,
                                look_for_python, look_for_rust, look_for_go};
  const char *dotenv = folder->texts[ZPM_PROJECT_DOTENV];
  int rc = 0;

  *project = (struct zpm_project){0};
  if (dotenv != NULL)
    project->port = zpm_project_dotenv_port(dotenv);
  for (size_t i = 0; rc == 0 && i < sizeof(LOOKS) / sizeof(LOOKS[0]); i++)
    rc = LOOKS[i](project, folder, err);
  if (rc == 0)
    return refuse(folder, err);
  if (rc > 0)
    rc = settle_name(project, folder);
  if (rc == ZPM_ENOMEM)
    zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  return rc;
}

void zpm_project_deinit(struct zpm_project *project)
{
  zpm_str_deinit(&project->name);
  zpm_str_deinit(&project->script);
  zpm_strv_deinit(&project->args);
  zpm_strv_deinit(&project->interpreter_args);
  zpm_strv_deinit(&project->env);
  *project = (struct zpm_project){0};
}
