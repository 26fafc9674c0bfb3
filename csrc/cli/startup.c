#include "cli/startup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/programs.h"

static int no_memory(struct zpm_error *err)
{
  return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
}

/* ---- by what ---- */

static int no_init_system(struct zpm_error *err)
{
  return zpm_error_set(
      err, ZPM_EUNSUPPORTED,
      "nothing here starts services at boot: neither systemd nor OpenRC runs "
      "this machine. In a container use `zpm run`. To see what would be done: "
      "zpm startup systemd --dry-run");
}

static int choose_kind(enum zpm_service_kind *kind, const struct zpm_cli *cli,
                       struct zpm_error *err)
{
  const char *found = zpm_platform_init_system();
  const char *word =
      cli->args.operand_count > 0 ? cli->args.operands[0] : found;

  if (word == NULL)
    return no_init_system(err);
  *kind = zpm_service_kind_of(word);
  if (*kind != ZPM_SERVICE_KINDS)
    return 0;
  return zpm_error_set(err, ZPM_EARG,
                       "'%s' is no init system that zpm knows: systemd, "
                       "launchd or openrc",
                       word);
}

/* ---- for whom ---- */

static int find_owner(struct zpm_platform_user *owner, const char *name,
                      struct zpm_error *err)
{
  int rc = name != NULL ? zpm_platform_user_named(name, owner)
                        : zpm_platform_user_of_uid((uint32_t)geteuid(), owner);

  if (rc == 0)
    return 0;
  if (name == NULL)
    return zpm_error_set(err, rc,
                         "user %u is not in the list of users of this machine: "
                         "nothing can be started for it",
                         (unsigned)geteuid());
  return zpm_error_set(err, ZPM_EARG, "there is no user '%s' on this machine",
                       name);
}

/* A service of the system, or one of the user?  Root has no login to wait for,
 * and OpenRC knows the first kind only. */
static const char *user_of_service(const struct zpm_startup *startup,
                                   const char *name)
{
  bool system = name != NULL || startup->owner.uid == 0 ||
                startup->service.kind == ZPM_SERVICE_OPENRC;

  return system ? startup->owner.name : NULL;
}

/* ZPM_HOME counts for others, too: who sets it means it. */
static int find_paths(struct zpm_startup *startup, const struct zpm_cli *cli,
                      struct zpm_error *err)
{
  const char *set = getenv("ZPM_HOME");
  struct zpm_str home = {0};
  int rc = 0;

  if (set == NULL || set[0] == '\0')
    rc = zpm_str_printf(&home, "%s/.zpm", startup->owner.home);
  if (rc == 0)
    rc = zpm_paths_init(&startup->paths, home.data,
                        zpm_args_value(&cli->args, "namespace"), err);
  else
    no_memory(err);
  zpm_str_deinit(&home);
  return rc;
}

/* ---- which file ---- */

static int put_file(struct zpm_startup *startup)
{
  const char *home = startup->owner.home;
  const char *name = startup->name.data;
  bool of_user = startup->service.user == NULL;
  struct zpm_str *out = &startup->file;

  switch (startup->service.kind) {
  case ZPM_SERVICE_SYSTEMD:
    return of_user
               ? zpm_str_printf(out, "%s/.config/systemd/user/%s", home, name)
               : zpm_str_printf(out, "/etc/systemd/system/%s", name);
  case ZPM_SERVICE_LAUNCHD:
    return of_user
               ? zpm_str_printf(out, "%s/Library/LaunchAgents/%s.plist", home,
                                name)
               : zpm_str_printf(out, "/Library/LaunchDaemons/%s.plist", name);
  case ZPM_SERVICE_OPENRC:
  case ZPM_SERVICE_KINDS:
  default:
    return zpm_str_printf(out, "/etc/init.d/%s", name);
  }
}

static int put_texts(struct zpm_startup *startup, struct zpm_error *err)
{
  struct zpm_service *service = &startup->service;
  int rc = zpm_programs_put_path(&startup->program, &startup->paths);

  if (rc != 0)
    return no_memory(err);
  service->program = startup->program.data;
  service->home = startup->paths.home;
  service->namespace_name = startup->paths.name;
  rc = zpm_service_put_name(&startup->name, service, err);
  if (rc == 0)
    rc = zpm_service_put_text(&startup->text, service, err);
  if (rc == 0 && put_file(startup) != 0)
    rc = no_memory(err);
  return rc;
}

int zpm_startup_plan(struct zpm_startup *startup, const struct zpm_cli *cli,
                     struct zpm_error *err)
{
  const char *user = zpm_args_value(&cli->args, "user");
  int rc;

  *startup = (struct zpm_startup){0};
  rc = choose_kind(&startup->service.kind, cli, err);
  if (rc == 0)
    rc = find_owner(&startup->owner, user, err);
  if (rc != 0)
    return rc;
  startup->service.user = user_of_service(startup, user);
  rc = find_paths(startup, cli, err);
  return rc == 0 ? put_texts(startup, err) : rc;
}

void zpm_startup_deinit(struct zpm_startup *startup)
{
  zpm_platform_user_deinit(&startup->owner);
  zpm_paths_deinit(&startup->paths);
  zpm_str_deinit(&startup->program);
  zpm_str_deinit(&startup->name);
  zpm_str_deinit(&startup->file);
  zpm_str_deinit(&startup->text);
}

/* ---- whether ---- */

/* With its path: the PATH of root does not lead to the Node of a user. */
static int needs_root(const struct zpm_startup *startup, struct zpm_error *err)
{
  struct zpm_str self = {0};
  int rc = zpm_platform_executable(&self);

  zpm_error_set(err, ZPM_EACCESS,
                "a service of the system (%s) takes root: sudo %s startup "
                "--user %s",
                startup->file.data, rc == 0 ? self.data : "zpm",
                startup->service.user);
  zpm_str_deinit(&self);
  return ZPM_EACCESS;
}

int zpm_startup_check(const struct zpm_startup *startup, struct zpm_error *err)
{
  const char *wanted = zpm_service_kind_name(startup->service.kind);
  const char *found = zpm_platform_init_system();

  if (found == NULL)
    return no_init_system(err);
  if (strcmp(found, wanted) != 0)
    return zpm_error_set(err, ZPM_EUNSUPPORTED,
                         "this machine is run by %s, not by %s. To see what "
                         "would be done: --dry-run",
                         found, wanted);
  if (startup->service.user != NULL && geteuid() != 0)
    return needs_root(startup, err);
  return 0;
}
