#include "runtime/launch_env.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keeper/wire.h"
#include "runtime/env_file.h"
#include "runtime/handoff.h"
#include "runtime/launch.h"

enum { NUMBER_MAX = 16 };

static const char *const PRIVATE[] = {
    "ZPM_APP_ID",
    ZPM_WIRE_ENV_CTL,
    ZPM_WIRE_ENV_TABLE,
    "NODE_CHANNEL_FD",
    "NODE_CHANNEL_SERIALIZATION_MODE",
    "NODE_UNIQUE_ID",
    "NODE_ZPM_SOCKETS",
    "NODE_ZPM_REUSEPORT",
    "NOTIFY_SOCKET",
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
};

static bool is_private(const char *pair)
{
  for (size_t i = 0; i < sizeof(PRIVATE) / sizeof(PRIVATE[0]); i++) {
    size_t len = strlen(PRIVATE[i]);
    if (strncmp(pair, PRIVATE[i], len) == 0 && pair[len] == '=')
      return true;
  }
  return false;
}

static int copy(struct zpm_strv *env, char *const *pairs)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && pairs != NULL && pairs[i] != NULL; i++) {
    if (!is_private(pairs[i]))
      rc = zpm_strv_push(env, pairs[i]);
  }
  return rc;
}

static int set_pair(struct zpm_strv *env, const char *pair)
{
  const char *equals = strchr(pair, '=');
  struct zpm_str key = {0};
  int rc;

  if (equals == NULL || is_private(pair))
    return 0;
  rc = zpm_str_append(&key, pair, (size_t)(equals - pair));
  if (rc == 0)
    rc = zpm_strv_env_set(env, key.data, equals + 1);
  zpm_str_deinit(&key);
  return rc;
}

static int set_number(struct zpm_strv *env, const char *key, unsigned number)
{
  char text[NUMBER_MAX];

  snprintf(text, sizeof(text), "%u", number);
  return zpm_strv_env_set(env, key, text);
}

static int set_pairs(struct zpm_strv *env, const struct zpm_strv *pairs)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < pairs->len; i++)
    rc = set_pair(env, pairs->items[i]);
  return rc;
}

static int set_pairs_of_file(struct zpm_strv *env, const char *path,
                             struct zpm_error *err)
{
  struct zpm_strv vars;
  int rc;

  if (path == NULL)
    return 0;
  rc = zpm_env_file_read(&vars, path, err);
  if (rc == 0)
    rc = set_pairs(env, &vars);
  zpm_strv_deinit(&vars);
  return rc;
}

int zpm_launch_env_build(struct zpm_strv *env,
                         const struct zpm_launch_options *options,
                         const struct zpm_identity *identity,
                         struct zpm_error *err)
{
  const struct zpm_config *config = options->config;
  char *const *caller =
      options->environment != NULL ? options->environment->vars.items : environ;
  int rc = zpm_strv_push(env, options->marker);

  if (rc == 0)
    rc = copy(env, caller);
  if (rc == 0)
    rc = zpm_identity_put_env(identity, env);
  if (rc == 0)
    rc = set_pairs_of_file(env, config->env_file, err);
  if (rc == 0)
    rc = set_pairs(env, &config->env);
  if (rc == 0 && config->port != 0)
    rc = set_number(env, "PORT", config->port);
  if (rc == 0)
    rc = set_number(env, "NODE_APP_INSTANCE", options->instance);
  if (rc == 0)
    rc = set_number(env, "ZPM_INSTANCE", options->instance);
  if (rc == 0)
    rc = zpm_strv_env_set(env, "ZPM_APP_NAME", config->name);
  if (rc == 0 && options->notify_socket != NULL)
    rc = zpm_strv_env_set(env, "NOTIFY_SOCKET", options->notify_socket);
  if (rc == 0)
    rc = zpm_strv_env_set(env, "PWD", config->cwd);
  return rc;
}

static int add_sockets(struct zpm_strv *env, const struct zpm_handoff *handoff)
{
  struct zpm_str text = {0};
  int rc = zpm_handoff_describe(handoff, &text);

  if (rc == 0)
    rc = zpm_strv_env_set(env, "NODE_ZPM_SOCKETS", zpm_str_text(&text));
  zpm_str_deinit(&text);
  return rc;
}

int zpm_launch_env_add_channel(struct zpm_strv *env,
                               const struct zpm_launch_options *options)
{
  int rc = set_number(env, "NODE_CHANNEL_FD", (unsigned)options->channel_fd);

  if (rc == 0)
    rc = zpm_strv_env_set(env, "NODE_CHANNEL_SERIALIZATION_MODE",
                          ZPM_SERIALIZATIONS[options->config->serialization]);
  if (rc == 0 && options->worker_id > 0)
    rc = set_number(env, "NODE_UNIQUE_ID", (unsigned)options->worker_id);
  if (rc == 0 && options->handoff != NULL && options->handoff->count > 0)
    rc = add_sockets(env, options->handoff);
  return rc;
}

int zpm_launch_env_add_socket(struct zpm_strv *env)
{
  int rc = zpm_strv_env_set(env, "LISTEN_FDS", "1");

  if (rc == 0)
    rc = zpm_strv_env_set(env, "LISTEN_FDNAMES", "port");
  /* The keeper puts the number there. */
  return rc == 0 ? zpm_strv_env_set(env, "LISTEN_PID", "0000000000") : rc;
}
