/* logs: recent output, then live output */
#include <stdio.h>

#include "cli/follow.h"

enum { LINES_DEFAULT = 20, LINES_MAX = 1000000 };

/* "out", "err", or NULL for both. */
static const char *choose_stream(const struct zpm_args *args)
{
  bool out = zpm_args_switch(args, "out", false);
  bool err = zpm_args_switch(args, "err", false);

  if (out == err)
    return NULL;
  return out ? "out" : "err";
}

/* Else nothing would be shown, and nobody would know why. */
static int tell_if_no_apps(struct zpm_talk *talk, struct zpm_error *err)
{
  cJSON *names = NULL;
  int rc = zpm_talk_ask(talk, "list", NULL, &names, err);

  if (rc == 0 && cJSON_GetArraySize(zpm_answer_data(names)) == 0)
    fprintf(stderr, "zpm: there are no apps yet\n");
  cJSON_Delete(names);
  return rc;
}

int zpm_cmd_logs(struct zpm_cli *cli, struct zpm_error *err)
{
  const struct zpm_args *args = &cli->args;
  struct zpm_follow follow = {
      .name = args->operand_count > 0 ? args->operands[0] : NULL,
      .stream = choose_stream(args),
      .lines = LINES_DEFAULT,
  };
  struct zpm_talk talk;
  int rc;

  if (zpm_args_number(args, "lines", LINES_MAX, &follow.lines, err) != 0)
    return ZPM_CLI_USAGE;
  follow.live = !zpm_args_switch(args, "no-follow", false) &&
                zpm_args_switch(args, "follow", cli->screen.is_terminal);
  rc = zpm_cli_connect(cli, true, &talk, err);
  if (rc == 0 && follow.name == NULL)
    rc = tell_if_no_apps(&talk, err);
  if (rc == 0)
    rc = zpm_follow_show(&follow, cli, &talk, err);
  zpm_talk_close(&talk);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}
