/* ping, start-daemon, restart-daemon, kill-daemon */
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "platform/platform.h"

enum { END_TIMEOUT_MS = 5000 };

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

/* Its last word is not its end: the next daemon needs its lock, and who starts
 * zpm in a container waits for the last process. */
static void wait_for_end(int process, int timeout_ms)
{
  struct pollfd poll_fd = {.fd = process, .events = POLLIN};

  if (process < 0)
    return;
  while (poll(&poll_fd, 1, timeout_ms) < 0 && errno == EINTR)
    continue;
  close(process);
}

static int watch(const struct zpm_talk *talk, const char *key)
{
  return zpm_platform_watch((int)zpm_answer_number(talk->hello, key, -1));
}

static int shut_down(struct zpm_talk *talk, struct zpm_error *err)
{
  cJSON *reply = NULL;
  int daemon;
  int keeper;
  int rc = zpm_talk_flush(talk, err); /* the hello alone: who is it? */

  if (rc == 0)
    rc = zpm_talk_greet(talk, err);
  if (rc != 0)
    return rc;
  daemon = watch(talk, "pid");
  keeper = watch(talk, "keeperPid");
  rc = zpm_talk_ask(talk, "shutdown", NULL, &reply, err);
  if (rc != 0)
    zpm_talk_explain_loss(talk, err);
  cJSON_Delete(reply);
  wait_for_end(daemon, rc == 0 ? END_TIMEOUT_MS : 0);
  wait_for_end(keeper, rc == 0 ? END_TIMEOUT_MS : 0);
  return rc;
}

static int end_daemon(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_talk talk;
  int rc = zpm_cli_connect(cli, false, &talk, err);

  talk.any_version = true;
  if (rc == 0)
    rc = shut_down(&talk, err);
  zpm_talk_close(&talk);
  return rc;
}

int zpm_cmd_kill_daemon(struct zpm_cli *cli, struct zpm_error *err)
{
  int rc;

  if (!is_running(cli)) {
    zpm_cli_show_message(cli, "no daemon runs");
    return ZPM_CLI_DONE;
  }
  rc = end_daemon(cli, err);
  if (rc == 0)
    zpm_cli_show_message(cli, "all apps are stopped, the daemon has ended");
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}

int zpm_cmd_restart_daemon(struct zpm_cli *cli, struct zpm_error *err)
{
  bool was_running = is_running(cli);

  if (was_running && end_daemon(cli, err) != 0)
    return ZPM_CLI_FAILED;
  return start(cli, was_running ? "restarted" : "started", err);
}
