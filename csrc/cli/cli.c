#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/text.h"
#include "platform/platform.h"

static zpm_cli_command *const COMMANDS[ZPM_COMMAND_COUNT] = {
    [ZPM_CMD_START] = zpm_cmd_start,
    [ZPM_CMD_STOP] = zpm_cmd_stop,
    [ZPM_CMD_RESTART] = zpm_cmd_restart,
    [ZPM_CMD_RELOAD] = zpm_cmd_reload,
    [ZPM_CMD_SCALE] = zpm_cmd_scale,
    [ZPM_CMD_DELETE] = zpm_cmd_delete,
    [ZPM_CMD_LIST] = zpm_cmd_list,
    [ZPM_CMD_STATS] = zpm_cmd_stats,
    [ZPM_CMD_DESCRIBE] = zpm_cmd_describe,
    [ZPM_CMD_LOGS] = zpm_cmd_logs,
    [ZPM_CMD_PING] = zpm_cmd_ping,
    [ZPM_CMD_DOCTOR] = zpm_cmd_doctor,
    [ZPM_CMD_UPDATE] = zpm_cmd_update,
    [ZPM_CMD_START_DAEMON] = zpm_cmd_start_daemon,
    [ZPM_CMD_RESTART_DAEMON] = zpm_cmd_restart_daemon,
    [ZPM_CMD_KILL_DAEMON] = zpm_cmd_kill_daemon,
    [ZPM_CMD_RUN] = zpm_cmd_run,
    [ZPM_CMD_STARTUP] = zpm_cmd_startup,
    [ZPM_CMD_UNSTARTUP] = zpm_cmd_unstartup,
    [ZPM_CMD_SAVE] = zpm_cmd_save,
    [ZPM_CMD_RESURRECT] = zpm_cmd_resurrect,
    [ZPM_CMD_VERSION] = zpm_cmd_version,
    [ZPM_CMD_HELP] = zpm_cmd_help,
};

/* ---- the program ---- */

static zpm_cli_command *choose(const struct zpm_args *args)
{
  if (zpm_args_switch(args, "help", false))
    return zpm_cmd_help;
  if (zpm_args_switch(args, "version", false))
    return zpm_cmd_version;
  return args->command != NULL ? COMMANDS[args->command->id] : zpm_cmd_help;
}

/* With --json a failure is JSON as well; in words it is on standard error. */
static void tell_failure(struct zpm_cli *cli, const struct zpm_error *err)
{
  struct zpm_writer writer = {.out = &cli->screen.text};

  zpm_cli_complain(err->message);
  if (!cli->json)
    return;
  zpm_writer_begin_object(&writer);
  zpm_writer_key(&writer, "ok");
  zpm_writer_bool(&writer, false);
  zpm_writer_key(&writer, "error");
  zpm_writer_bytes(&writer, err->message, strlen(err->message));
  zpm_writer_key(&writer, "code");
  zpm_writer_text(&writer, zpm_code_name(err->code));
  zpm_writer_end_object(&writer);
  zpm_screen_print(&cli->screen, "\n");
}

/* How the parser failed: what is not there yet is no mistake in the usage. */
static int parse_exit(int rc)
{
  return rc == ZPM_EUNSUPPORTED || rc == ZPM_ENOMEM ? ZPM_CLI_FAILED
                                                    : ZPM_CLI_USAGE;
}

/* Parsing may have failed before it came to --json. */
static bool asks_for_json(int argc, const char *const *argv)
{
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (strcmp(argv[i], "--json") == 0)
      return true;
  }
  return false;
}

int zpm_cli_main(int argc, const char *const *argv)
{
  struct zpm_cli cli = {0};
  struct zpm_error err = {0};
  int rc = zpm_args_parse(&cli.args, argc, argv, &err);
  int code = ZPM_CLI_DONE;

  cli.json = rc == 0 ? zpm_args_switch(&cli.args, "json", false)
                     : asks_for_json(argc, argv);
  zpm_screen_init(&cli.screen, STDOUT_FILENO,
                  zpm_args_switch(&cli.args, "no-color", false));
  code = rc != 0 ? parse_exit(rc) : choose(&cli.args)(&cli, &err);
  if (code != ZPM_CLI_DONE && err.message[0] != '\0')
    tell_failure(&cli, &err);
  if (!zpm_screen_flush(&cli.screen) && cli.screen.error != EPIPE) {
    fprintf(stderr, "zpm: cannot write: %s\n", strerror(cli.screen.error));
    code = ZPM_CLI_FAILED;
  }
  zpm_screen_deinit(&cli.screen);
  zpm_str_deinit(&cli.path);
  zpm_args_deinit(&cli.args);
  return code;
}

void zpm_cli_complain(const char *message)
{
  struct zpm_str line = {0};

  if (zpm_text_escape(&line, message) == 0)
    fprintf(stderr, "zpm: %s\n", line.data);
  zpm_str_deinit(&line);
}

/* ---- the daemon ---- */

int zpm_cli_find_self(struct zpm_cli *cli, struct zpm_error *err)
{
  int rc = cli->path.len == 0 ? zpm_platform_executable(&cli->path) : 0;

  if (rc != 0)
    return zpm_error_set(err, ZPM_EDAEMON,
                         "cannot tell where zpm itself lies: %s",
                         strerror(-rc));
  return 0;
}

int zpm_cli_connect(struct zpm_cli *cli, bool start_daemon,
                    struct zpm_talk *talk, struct zpm_error *err)
{
  struct zpm_client_options options = {
      .namespace_name = zpm_args_value(&cli->args, "namespace"),
      .start_daemon = start_daemon,
  };
  int rc = 0;

  *talk = (struct zpm_talk){0};
  if (start_daemon)
    rc = zpm_cli_find_self(cli, err);
  if (rc != 0)
    return rc;
  options.zpm_path = cli->path.data;
  return zpm_talk_open(talk, &options, err);
}

/* ---- showing ---- */

void zpm_cli_show_json(struct zpm_cli *cli, const cJSON *json)
{
  zpm_screen_json(&cli->screen, json);
  zpm_screen_print(&cli->screen, "\n");
}

void zpm_cli_show_message(struct zpm_cli *cli, const char *text)
{
  struct zpm_writer writer = {.out = &cli->screen.text};

  if (!cli->json) {
    zpm_screen_text(&cli->screen, ZPM_TONE_PLAIN, text);
    zpm_screen_print(&cli->screen, "\n");
    return;
  }
  zpm_writer_begin_object(&writer);
  zpm_writer_key(&writer, "ok");
  zpm_writer_bool(&writer, true);
  zpm_writer_key(&writer, "message");
  zpm_writer_text(&writer, text);
  zpm_writer_end_object(&writer);
  zpm_screen_print(&cli->screen, "\n");
}
