#include "api/wish.h"

#include <string.h>

#include "proto/config_json.h"

static int read_environment(struct zpm_wish *wish,
                            const struct zpm_request *request,
                            struct zpm_error *err)
{
  const cJSON *vars =
      request != NULL ? zpm_request_item(request, "callerEnv") : NULL;

  if (vars == NULL)
    return 0;
  wish->environment = zpm_environment_create();
  if (wish->environment == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  return zpm_vars_from_json(&wish->environment->vars, vars, "callerEnv", err);
}

static int fill_name(struct zpm_config *config, const char *name,
                     struct zpm_error *err)
{
  int field = zpm_config_field_of_name("name", strlen("name"));

  if (name == NULL || config->name != NULL)
    return 0;
  return zpm_config_set_text(config, field, name, err);
}

int zpm_wish_read(struct zpm_wish *wish, const struct zpm_request *request,
                  const cJSON *config, const char *name, struct zpm_error *err)
{
  int rc = 0;

  *wish = (struct zpm_wish){0};
  zpm_config_init(&wish->config);
  if (config != NULL)
    rc = zpm_config_from_json(&wish->config, config, err);
  if (rc == 0)
    rc = fill_name(&wish->config, name, err);
  if (rc == 0)
    rc = read_environment(wish, request, err);
  return rc;
}

void zpm_wish_deinit(struct zpm_wish *wish)
{
  zpm_config_deinit(&wish->config);
  zpm_environment_unref(wish->environment);
}

int zpm_wish_no_app(const struct zpm_supervisor *supervisor, const char *name,
                    struct zpm_error *err)
{
  const char *near = zpm_supervisor_suggest(supervisor, name);

  if (near != NULL)
    return zpm_error_set(err, ZPM_ENOAPP,
                         "there is no app '%.100s'. Did you mean '%s'?", name,
                         near);
  return zpm_error_set(err, ZPM_ENOAPP,
                       "there is no app '%.100s'. See: zpm list", name);
}

int zpm_wish_check_start(const struct zpm_wish *wish,
                         const struct zpm_supervisor *supervisor,
                         struct zpm_error *err)
{
  const char *name = wish->config.name;

  if (wish->config.script_path != NULL)
    return 0;
  if (name == NULL)
    return zpm_error_set(err, ZPM_EARG,
                         "a start needs config.scriptPath, or the name of a "
                         "known app");
  if (zpm_supervisor_find(supervisor, name) == NULL)
    return zpm_wish_no_app(supervisor, name, err);
  return 0;
}
