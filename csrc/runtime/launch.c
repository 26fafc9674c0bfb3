#include "runtime/launch.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "core/inspector.h"
#include "core/interpreter.h"
#include "runtime/keeper_link.h"
#include "runtime/launch_check.h"
#include "runtime/launch_env.h"

static const char DEFAULT_PATH[] = "/usr/local/bin:/usr/bin:/bin";

/* Who runs the script. */
struct runner {
  const char *command; /* NULL: it runs itself */
  struct zpm_str path; /* of the command, absolute */
};

static int choose_runner(struct runner *runner, const struct zpm_finder *finder,
                         const struct zpm_config *config, const char *script,
                         struct zpm_error *err)
{
  enum zpm_interpreter kind = (enum zpm_interpreter)config->interpreter;
  bool is_node;
  int rc;

  if (kind == ZPM_INTERPRETER_AUTO)
    kind = zpm_interpreter_of_path(script);
  runner->command = kind == ZPM_INTERPRETER_CUSTOM
                        ? config->interpreter_command
                        : zpm_interpreter_command(kind);
  if (runner->command == NULL) {
    rc = zpm_launch_check_executable(finder, script, &is_node, err);
    if (rc != 0 || !is_node)
      return rc;
    /* "#!/usr/bin/env node": by hand, so that the agent can come along. */
    runner->command = zpm_interpreter_command(ZPM_INTERPRETER_NODE);
  }
  rc = zpm_launch_check_readable(script, err);
  return rc != 0 ? rc
                 : zpm_launch_find_interpreter(finder, script, runner->command,
                                               &runner->path, err);
}

static int push_all(struct zpm_strv *to, const struct zpm_strv *from)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < from->len; i++)
    rc = zpm_strv_push(to, from->items[i]);
  return rc;
}

/* Of a worker whose app is to be inspected. */
static int push_inspector(struct zpm_strv *argv, const struct zpm_strv *env,
                          const struct zpm_launch_options *options)
{
  const struct zpm_strv *args = &options->config->interpreter_args;
  const char *words = zpm_strv_env_get(env, "NODE_OPTIONS");
  struct zpm_inspector inspector = {0};
  char option[ZPM_INSPECTOR_HOST_MAX + 32];

  if (words != NULL)
    zpm_inspector_take_words(&inspector, words);
  for (size_t i = 0; i < args->len; i++)
    zpm_inspector_take(&inspector, args->items[i], strlen(args->items[i]));
  if (options->worker_id == 0 ||
      !zpm_inspector_option(&inspector, options->inspector_offset, option,
                            sizeof(option)))
    return 0;
  return zpm_strv_push(argv, option);
}

static int build_argv(struct zpm_launch *launch,
                      const struct zpm_launch_options *options,
                      const char *command, const char *script)
{
  struct zpm_strv *argv = &launch->argv;
  int rc = 0;

  if (command != NULL)
    rc = zpm_strv_push(argv, command);
  if (rc == 0 && command != NULL)
    rc = push_all(argv, &options->config->interpreter_args);
  if (rc == 0 && launch->is_node)
    rc = push_inspector(argv, &launch->env, options);
  if (rc == 0 && launch->is_node && options->agent_path != NULL) {
    rc = zpm_strv_push(argv, "--require");
    if (rc == 0)
      rc = zpm_strv_push(argv, options->agent_path);
  }
  if (rc == 0)
    rc = zpm_strv_push(argv, script);
  return rc == 0 ? push_all(argv, &options->config->args) : rc;
}

static int fill(struct zpm_launch *launch,
                const struct zpm_launch_options *options,
                const struct runner *runner, const char *script)
{
  const char *program =
      runner->command != NULL ? zpm_str_text(&runner->path) : script;
  int rc = 0;

  launch->is_node =
      runner->command != NULL && zpm_interpreter_is_node(runner->command);
  launch->path = zpm_strdup(program);
  if (runner->command != NULL)
    launch->script = zpm_strdup(script);
  if (launch->path == NULL ||
      (runner->command != NULL && launch->script == NULL))
    return ZPM_ENOMEM;
  if (launch->is_node && options->channel_fd >= 0)
    rc = zpm_launch_env_add_channel(&launch->env, options);
  else if (options->worker_id > 0 && options->config->port != 0)
    rc = zpm_launch_env_add_socket(&launch->env);
  else if (options->worker_id > 0 && launch->is_node)
    rc = zpm_strv_env_set(&launch->env, "NODE_ZPM_REUSEPORT", "1");
  return rc == 0 ? build_argv(launch, options, runner->command, script) : rc;
}

static int prepare(struct zpm_launch *launch,
                   const struct zpm_launch_options *options,
                   struct zpm_str *script, struct runner *runner,
                   struct zpm_error *err)
{
  const struct zpm_config *config = options->config;
  struct zpm_finder finder = {.cwd = config->cwd};
  int rc = zpm_identity_resolve(&launch->identity, config, err);

  if (rc == 0)
    rc = zpm_launch_check_cwd(config->cwd, err);
  if (rc == 0)
    rc = zpm_launch_env_build(&launch->env, options, &launch->identity, err);
  if (rc != 0)
    return rc;
  finder.path = zpm_strv_env_get(&launch->env, "PATH");
  if (finder.path == NULL)
    finder.path = DEFAULT_PATH;
  rc = zpm_launch_find_script(&finder, config->script_path, script,
                              &launch->build, err);
  if (rc == 0)
    rc = choose_runner(runner, &finder, config, script->data, err);
  return rc == 0 ? fill(launch, options, runner, script->data) : rc;
}

int zpm_launch_prepare(struct zpm_launch *launch,
                       const struct zpm_launch_options *options,
                       struct zpm_error *err)
{
  struct runner runner = {0};
  struct zpm_str script = {0};
  int rc;

  *launch = (struct zpm_launch){0};
  rc = prepare(launch, options, &script, &runner, err);
  zpm_str_deinit(&script);
  zpm_str_deinit(&runner.path);
  if (rc == 0)
    return 0;
  zpm_launch_deinit(launch);
  return rc == ZPM_ENOMEM
             ? zpm_error_set(err, rc, "%s", zpm_code_text(ZPM_ENOMEM))
             : rc;
}

void zpm_launch_deinit(struct zpm_launch *launch)
{
  zpm_free(launch->path);
  zpm_free(launch->script);
  zpm_identity_deinit(&launch->identity);
  zpm_strv_deinit(&launch->argv);
  zpm_strv_deinit(&launch->env);
  *launch = (struct zpm_launch){0};
}

void zpm_launch_fill_spawn(struct zpm_spawn *spawn,
                           const struct zpm_launch *launch,
                           const struct zpm_config *config)
{
  spawn->path = launch->path;
  spawn->cwd = config->cwd;
  spawn->argv = launch->argv.items;
  spawn->envp = launch->env.items;
  spawn->script = launch->script;
  spawn->uid = launch->identity.uid;
  spawn->gid = launch->identity.gid;
  spawn->groups = launch->identity.groups;
  spawn->group_count = launch->identity.group_count;
  spawn->limits = config;
}
