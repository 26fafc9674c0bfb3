/* ping, start-daemon, restart-daemon, kill-daemon */
#include "cli/cli.h"

#include <string.h>

/* ---- what to say ---- */

/* With --json the daemon's own hello, else one line. */
static void show_daemon(struct zpm_cli *cli, const struct zpm_talk *talk,
                        const char *what)
{
  const cJSON *hello = talk->hello;
  const char *version = zpm_answer_text(hello, "version");
  const char *name = zpm_answer_text(hello, "namespace");

  if (cli->json) {
    zpm_cli_show_json(cli, hello);
    return;
  }
  zpm_screen_print(&cli->screen, "%s: daemon %s, pid %.0f, namespace ", what,
                   version != NULL ? version : "of unknown version",
                   zpm_answer_number(hello, "pid", 0));
  zpm_screen_text(&cli->screen, ZPM_TONE_PLAIN, name != NULL ? name : "?");
  zpm_screen_print(&cli->screen, "\n");
}

/* ---- ping ---- */

int zpm_cmd_ping(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_talk talk;
  cJSON *reply = NULL;
  int rc = zpm_cli_connect(cli, false, &talk, err);

  talk.any_version = true;
  if (rc == 0)
    rc = zpm_talk_ask(&talk, "ping", NULL, &reply, err);
  if (rc == 0)
    show_daemon(cli, &talk, "pong");
  cJSON_Delete(reply);
  zpm_talk_close(&talk);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}

/* ---- start ---- */

static int start(struct zpm_cli *cli, const char *what, struct zpm_error *err)
{
  struct zpm_talk talk;
  int rc = zpm_cli_connect(cli, true, &talk, err);

  if (rc == 0)
    rc = zpm_talk_flush(&talk, err); /* the hello alone */
  if (rc == 0)
    rc = zpm_talk_greet(&talk, err);
  if (rc == 0)
    show_daemon(cli, &talk, what);
  zpm_talk_close(&talk);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}

static bool is_running(struct zpm_cli *cli)
{
  struct zpm_client_options options = {
      .namespace_name = zpm_args_value(&cli->args, "namespace")};

  return zpm_client_daemon_runs(&options);
}

int zpm_cmd_start_daemon(struct zpm_cli *cli, struct zpm_error *err)
{
  return start(cli, is_running(cli) ? "running already" : "started", err);
}

/* ---- end ---- */

/* Waits until the daemon closes the connection, which it does last. */
static void wait_for_end(struct zpm_talk *talk)
{
  struct zpm_error ignored;

  while (zpm_talk_receive(talk, &ignored) != NULL)
    continue;
}

/* Ends the daemon; *text is what it said, to be deleted. */
static int end_daemon(struct zpm_cli *cli, cJSON **reply, struct zpm_error *err)
{
  struct zpm_talk talk;
  int rc = zpm_cli_connect(cli, false, &talk, err);

  *reply = NULL;
  talk.any_version = true;
  if (rc == 0)
    rc = zpm_talk_ask(&talk, "shutdown", NULL, reply, err);
  if (rc == 0)
    wait_for_end(&talk);
  zpm_talk_close(&talk);
  return rc;
}

int zpm_cmd_kill_daemon(struct zpm_cli *cli, struct zpm_error *err)
{
  const char *text;
  cJSON *reply;
  int rc;

  if (!is_running(cli)) {
    zpm_cli_show_message(cli, "no daemon runs");
    return ZPM_CLI_DONE;
  }
  rc = end_daemon(cli, &reply, err);
  text = cJSON_GetStringValue(zpm_answer_data(reply));
  if (rc == 0)
    zpm_cli_show_message(cli, text != NULL ? text : "the daemon has ended");
  cJSON_Delete(reply);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}

int zpm_cmd_restart_daemon(struct zpm_cli *cli, struct zpm_error *err)
{
  cJSON *reply = NULL;
  bool was_running = is_running(cli);

  if (was_running && end_daemon(cli, &reply, err) != 0)
    return ZPM_CLI_FAILED;
  cJSON_Delete(reply);
  return start(cli, was_running ? "restarted" : "started", err);
}
