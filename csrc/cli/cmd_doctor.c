/* doctor: what can be checked from here, then what the daemon finds */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/paths.h"
#include "platform/platform.h"
#include "proto/json.h"
#include "zpm/version.h"

struct finding {
  const char *check;
  bool ok;
  const char *advice; /* or NULL */
};

/* {"check","ok","text","advice"?}: the daemon's own form. */
static int add(cJSON *findings, const struct finding *finding,
               const struct zpm_str *text)
{
  cJSON *item = cJSON_CreateObject();
  int rc = item != NULL ? 0 : ZPM_ENOMEM;

  if (rc == 0)
    rc = zpm_json_put(item, "check", cJSON_CreateString(finding->check));
  if (rc == 0)
    rc = zpm_json_put(item, "ok", cJSON_CreateBool(finding->ok));
  if (rc == 0)
    rc = zpm_json_put(item, "text",
                      zpm_json_text(zpm_str_text(text), text->len));
  if (rc == 0 && !finding->ok && finding->advice != NULL)
    rc = zpm_json_put(item, "advice", cJSON_CreateString(finding->advice));
  if (rc != 0)
    cJSON_Delete(item);
  return rc != 0 ? rc : zpm_json_push(findings, item);
}

/* ---- checks ---- */

static int check_home(cJSON *findings, const struct zpm_paths *paths)
{
  struct finding finding = {"home", true, NULL};
  struct zpm_str text = {0};
  struct stat found;
  int rc;

  if (stat(paths->home, &found) != 0) {
    zpm_str_printf(&text, "%s is not there yet", paths->home);
  } else if (found.st_uid != geteuid() || access(paths->home, W_OK) != 0) {
    finding.ok = false;
    finding.advice = "run zpm as its owner, or set ZPM_HOME to another folder";
    zpm_str_printf(&text, "%s is not yours to write to", paths->home);
  } else if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    finding.ok = false;
    finding.advice = "take the right away: chmod go-w on that folder";
    zpm_str_printf(&text, "others may write to %s", paths->home);
  } else {
    zpm_str_printf(&text, "%s is yours", paths->home);
  }
  rc = add(findings, &finding, &text);
  zpm_str_deinit(&text);
  return rc;
}

static int check_keeper(cJSON *findings)
{
  struct finding finding = {"keeper program", false, NULL};
  struct zpm_error err = {0};
  struct zpm_str zpm = {0};
  struct zpm_str keeper = {0};
  int rc = zpm_platform_executable(&zpm);

  if (rc == 0)
    rc = zpm_paths_sibling(&keeper, zpm.data, "zpm-keeper", "ZPM_KEEPER", &err);
  finding.ok = rc == 0 && access(keeper.data, X_OK) == 0;
  if (!finding.ok) {
    finding.advice = "install zpm again";
    zpm_str_clear(&keeper);
    zpm_str_puts(&keeper, err.message[0] != '\0' ? err.message
                                                 : "it cannot be executed");
  }
  rc = add(findings, &finding, &keeper);
  zpm_str_deinit(&zpm);
  zpm_str_deinit(&keeper);
  return rc;
}

static int check_socket(cJSON *findings, const struct zpm_paths *paths,
                        bool running, const struct zpm_error *err)
{
  struct finding finding = {"daemon", running, NULL};
  struct zpm_str text = {0};
  struct stat found;
  int rc;

  if (running) {
    zpm_str_printf(&text, "it answers on %s", paths->socket);
  } else if (stat(paths->socket, &found) != 0) {
    finding.ok = true;
    zpm_str_puts(&text, "none runs; the first command starts it");
  } else {
    finding.advice = "see daemon.log beside the socket; zpm start-daemon "
                     "starts it";
    zpm_str_printf(&text, "%s", err->message);
  }
  rc = add(findings, &finding, &text);
  zpm_str_deinit(&text);
  return rc;
}

/* ---- the daemon's part ---- */

static int take_over(cJSON *findings, cJSON *reply)
{
  cJSON *theirs = cJSON_GetObjectItemCaseSensitive(reply, "data");
  int rc = 0;

  while (rc == 0 && cJSON_IsArray(theirs) && theirs->child != NULL)
    rc = zpm_json_push(findings,
                       cJSON_DetachItemViaPointer(theirs, theirs->child));
  return rc;
}

/* Without a daemon nothing is started: a doctor changes nothing. */
static int ask_daemon(struct zpm_cli *cli, cJSON *findings,
                      const struct zpm_paths *paths)
{
  struct zpm_talk talk;
  struct zpm_error err = {0};
  cJSON *reply = NULL;
  int rc = zpm_cli_connect(cli, false, &talk, &err);

  talk.any_version = true;
  if (rc == 0)
    rc = zpm_talk_ask(&talk, "doctor", NULL, &reply, &err);
  rc = check_socket(findings, paths, rc == 0, &err);
  if (rc == 0)
    rc = take_over(findings, reply);
  cJSON_Delete(reply);
  zpm_talk_close(&talk);
  return rc;
}

/* ---- showing ---- */

static bool is_ok(const cJSON *finding)
{
  return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(finding, "ok"));
}

static void show_finding(struct zpm_screen *screen, const cJSON *finding)
{
  const char *check = zpm_answer_text(finding, "check");
  const char *text = zpm_answer_text(finding, "text");
  const char *advice = zpm_answer_text(finding, "advice");
  bool ok = is_ok(finding);

  zpm_screen_text(screen, ok ? ZPM_TONE_GOOD : ZPM_TONE_BAD,
                  ok ? "ok " : "BAD");
  zpm_screen_print(screen, "  ");
  zpm_screen_text(screen, ZPM_TONE_STRONG, check != NULL ? check : "?");
  zpm_screen_print(screen, ": ");
  zpm_screen_text(screen, ZPM_TONE_PLAIN, text != NULL ? text : "");
  zpm_screen_print(screen, "\n");
  if (advice == NULL)
    return;
  zpm_screen_print(screen, "     ");
  zpm_screen_text(screen, ZPM_TONE_WARN, advice);
  zpm_screen_print(screen, "\n");
}

static int show(struct zpm_cli *cli, const cJSON *findings)
{
  const cJSON *finding;
  int code = ZPM_CLI_DONE;

  if (cli->json)
    zpm_cli_show_json(cli, findings);
  cJSON_ArrayForEach(finding, findings)
  {
    if (!cli->json)
      show_finding(&cli->screen, finding);
    if (!is_ok(finding))
      code = ZPM_CLI_FAILED;
  }
  return code;
}

static int examine(struct zpm_cli *cli, const struct zpm_paths *paths,
                   struct zpm_error *err)
{
  cJSON *findings = cJSON_CreateArray();
  int code = ZPM_CLI_FAILED;

  if (findings != NULL && check_home(findings, paths) == 0 &&
      check_keeper(findings) == 0 && ask_daemon(cli, findings, paths) == 0)
    code = show(cli, findings);
  else
    zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  cJSON_Delete(findings);
  return code;
}

int zpm_cmd_doctor(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_paths paths;
  int code;

  if (zpm_paths_init(&paths, NULL, zpm_args_value(&cli->args, "namespace"),
                     err) != 0)
    return ZPM_CLI_FAILED;
  code = examine(cli, &paths, err);
  zpm_paths_deinit(&paths);
  return code;
}
