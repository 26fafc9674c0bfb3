/* startup, unstartup */
#include "cli/startup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/programs.h"

/* ---- what would be done ---- */

static void put_commands(struct zpm_str *out, const struct zpm_startup *startup,
                         enum zpm_service_step step)
{
  struct zpm_service_command commands[ZPM_SERVICE_COMMANDS_MAX];
  size_t count = zpm_service_commands(commands, &startup->service, step,
                                      startup->name.data, startup->file.data);

  for (size_t i = 0; i < count; i++) {
    zpm_str_puts(out, "  ");
    for (size_t k = 0; commands[i].words[k] != NULL; k++)
      zpm_str_printf(out, "%s%s", k > 0 ? " " : "", commands[i].words[k]);
    zpm_str_puts(out, "\n");
  }
}

static bool needs_linger(const struct zpm_startup *startup)
{
  return startup->service.kind == ZPM_SERVICE_SYSTEMD &&
         startup->service.user == NULL;
}

/* The text alone on standard output, so that it can go into a file. */
static void show_plan(struct zpm_cli *cli, const struct zpm_startup *startup)
{
  struct zpm_str rest = {0};

  zpm_screen_bytes(&cli->screen, startup->text.data, startup->text.len);
  zpm_screen_flush(&cli->screen);
  put_commands(&rest, startup, ZPM_SERVICE_ENABLE);
  if (zpm_args_switch(&cli->args, "now", false))
    put_commands(&rest, startup, ZPM_SERVICE_START);
  if (needs_linger(startup))
    zpm_str_printf(&rest, "  loginctl enable-linger %s\n", startup->owner.name);
  fprintf(stderr,
          "zpm: nothing was done. It would copy zpm to %s and write the above "
          "to %s\n%s%s",
          startup->program.data, startup->file.data,
          rest.len > 0 ? "zpm: and run:\n" : "", zpm_str_text(&rest));
  zpm_str_deinit(&rest);
}

/* ---- doing it ---- */

/* Without it a user's services begin with the first login, and end with the
 * last. Not every machine lets one allow it to oneself. */
static void allow_without_login(const struct zpm_startup *startup)
{
  const char *const words[ZPM_SERVICE_WORDS_MAX] = {"loginctl", "enable-linger",
                                                    startup->owner.name};

  if (needs_linger(startup) && zpm_startup_run_command(words) != 0)
    fprintf(stderr,
            "zpm: it starts only once %s logs in. To have it started at boot: "
            "sudo loginctl enable-linger %s\n",
            startup->owner.name, startup->owner.name);
}

/* A second daemon would start a second copy of each app; to end the first one
 * would stop them. Nobody has asked for either. */
static int check_now(const struct zpm_startup *startup, struct zpm_error *err)
{
  struct zpm_client_options options = {.home = startup->paths.home,
                                       .namespace_name = startup->paths.name};

  if (!zpm_client_daemon_runs(&options))
    return 0;
  return zpm_error_set(err, ZPM_EBUSY,
                       "a daemon runs, and its apps would have to be stopped "
                       "for the service to start them. If that may be: zpm "
                       "kill-daemon, then zpm startup --now. Without --now the "
                       "service takes over at the next boot");
}

/* `sudo zpm startup` means the apps of whoever types it, most often. */
static void warn_of_sudo(const struct zpm_cli *cli)
{
  const char *caller = getenv("SUDO_USER");

  if (caller != NULL && geteuid() == 0 && strcmp(caller, "root") != 0 &&
      zpm_args_value(&cli->args, "user") == NULL)
    fprintf(stderr,
            "zpm: this is for the apps of root. For those of %s: sudo zpm "
            "startup --user %s\n",
            caller, caller);
}

static int set_up(struct zpm_cli *cli, const struct zpm_startup *startup,
                  struct zpm_error *err)
{
  bool now = zpm_args_switch(&cli->args, "now", false);
  int rc = now ? check_now(startup, err) : 0;

  if (rc == 0)
    rc = zpm_platform_executable(&cli->path);
  if (rc == 0)
    rc = zpm_programs_install(&startup->paths, cli->path.data, &startup->owner,
                              err);
  if (rc == 0)
    rc = zpm_startup_write(startup, err);
  if (rc == 0)
    rc = zpm_startup_run(startup, ZPM_SERVICE_ENABLE, err);
  if (rc == 0 && now)
    rc = zpm_startup_run(startup, ZPM_SERVICE_START, err);
  if (rc == 0)
    allow_without_login(startup);
  return rc;
}

static void tell_set_up(struct zpm_cli *cli, const struct zpm_startup *startup)
{
  struct zpm_str text = {0};

  zpm_str_printf(&text,
                 "zpm starts at boot, by %s, with the apps that are wanted "
                 "then. It runs the copies of zpm and zpm-keeper in %s/bin: "
                 "after an update of zpm, run `zpm startup` again.%s",
                 startup->file.data, startup->paths.home,
                 zpm_args_switch(&cli->args, "now", false)
                     ? ""
                     : " Nothing has changed for what runs now.");
  warn_of_sudo(cli);
  zpm_cli_show_message(cli, zpm_str_text(&text));
  zpm_str_deinit(&text);
}

/* ---- the commands ---- */

static int check_operands(const struct zpm_cli *cli, struct zpm_error *err)
{
  return cli->args.operand_count <= 1
             ? 0
             : zpm_error_set(err, ZPM_EARG, "one init system at a time");
}

/* Some failures are told by their code alone. */
static int exit_code(int rc, struct zpm_error *err)
{
  if (rc != 0 && err->message[0] == '\0')
    zpm_error_set(err, rc, "%s",
                  rc == ZPM_ENOMEM ? "out of memory" : strerror(-rc));
  if (rc == ZPM_EARG)
    return ZPM_CLI_USAGE;
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}

int zpm_cmd_startup(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_startup startup = {0};
  bool dry = zpm_args_switch(&cli->args, "dry-run", false);
  int rc = check_operands(cli, err);

  if (rc == 0)
    rc = zpm_startup_plan(&startup, cli, err);
  if (rc == 0 && dry)
    show_plan(cli, &startup);
  if (rc == 0 && !dry)
    rc = zpm_startup_check(&startup, err);
  if (rc == 0 && !dry)
    rc = set_up(cli, &startup, err);
  if (rc == 0 && !dry)
    tell_set_up(cli, &startup);
  zpm_startup_deinit(&startup);
  return exit_code(rc, err);
}

/* The copies stay: the keeper of a daemon that runs may start it again. */
static int take_down(struct zpm_cli *cli, const struct zpm_startup *startup,
                     struct zpm_error *err)
{
  const char *file = startup->file.data;
  struct zpm_str text = {0};
  int rc;

  if (access(file, F_OK) != 0) {
    zpm_str_printf(&text, "there is no %s: zpm is not started at boot", file);
    zpm_cli_show_message(cli, zpm_str_text(&text));
    zpm_str_deinit(&text);
    return 0;
  }
  rc = zpm_startup_run(startup, ZPM_SERVICE_DISABLE, err);
  if (rc == 0 && unlink(file) != 0)
    rc = zpm_error_set(err, -errno, "cannot remove %s: %s", file,
                       strerror(errno));
  if (rc == 0)
    rc = zpm_startup_run(startup, ZPM_SERVICE_FORGET, err);
  if (rc != 0)
    return rc;
  zpm_str_printf(&text,
                 "zpm is not started at boot any more; %s is gone. A daemon "
                 "that runs goes on, with its apps",
                 file);
  zpm_cli_show_message(cli, zpm_str_text(&text));
  zpm_str_deinit(&text);
  return 0;
}

int zpm_cmd_unstartup(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_startup startup = {0};
  int rc = check_operands(cli, err);

  if (rc == 0)
    rc = zpm_startup_plan(&startup, cli, err);
  if (rc == 0)
    rc = zpm_startup_check(&startup, err);
  if (rc == 0)
    rc = take_down(cli, &startup, err);
  zpm_startup_deinit(&startup);
  return exit_code(rc, err);
}
