#include "runtime/launch_shell.h"

#include "base/alloc.h"
#include "core/config.h"
#include "runtime/launch.h"
#include "runtime/launch_env.h"

static const char SHELL[] = "/bin/sh";

static int prepare(struct zpm_launch *launch,
                   const struct zpm_launch_options *options,
                   const char *command, struct zpm_error *err)
{
  int rc = zpm_identity_resolve(&launch->identity, options->config, err);

  launch->path = zpm_strdup(SHELL);
  if (launch->path == NULL)
    return ZPM_ENOMEM;
  if (rc == 0)
    rc = zpm_strv_push(&launch->argv, SHELL);
  if (rc == 0)
    rc = zpm_strv_push(&launch->argv, "-c");
  if (rc == 0)
    rc = zpm_strv_push(&launch->argv, command);
  return rc != 0 ? rc
                 : zpm_launch_env_build(&launch->env, options,
                                        &launch->identity, err);
}

int zpm_launch_shell(struct zpm_launch *launch,
                     const struct zpm_launch_options *options,
                     const char *command, struct zpm_error *err)
{
  int rc;

  *launch = (struct zpm_launch){0};
  rc = prepare(launch, options, command, err);
  if (rc == 0)
    return 0;
  zpm_launch_deinit(launch);
  return rc == ZPM_ENOMEM ? zpm_error_set(err, rc, "%s", zpm_code_text(rc))
                          : rc;
}
