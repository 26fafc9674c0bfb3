/* save, resurrect: for people who are used to them */
#include "cli/cli.h"

#include <stdio.h>

static const char *plural(double count)
{
  return count == 1 ? "" : "s";
}

/* With --json the counts alone, else what `tell` makes of them. */
static int ask(struct zpm_cli *cli, bool start_daemon,
               void (*tell)(struct zpm_cli *cli, double apps, double wanted),
               struct zpm_error *err)
{
  struct zpm_talk talk;
  cJSON *reply = NULL;
  int rc = zpm_cli_connect(cli, start_daemon, &talk, err);

  if (rc == 0)
    rc = zpm_talk_ask(&talk, "save", NULL, &reply, err);
  if (rc == 0) {
    const cJSON *data = zpm_answer_data(reply);

    if (cli->json)
      zpm_cli_show_json(cli, data);
    else
      tell(cli, zpm_answer_number(data, "apps", 0),
           zpm_answer_number(data, "wanted", 0));
  }
  cJSON_Delete(reply);
  zpm_talk_close(&talk);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}

static void tell_saved(struct zpm_cli *cli, double apps, double wanted)
{
  zpm_screen_print(&cli->screen,
                   "%.0f app%s saved, %.0f of them wanted. zpm does this by "
                   "itself, with every change\n",
                   apps, plural(apps), wanted);
}

int zpm_cmd_save(struct zpm_cli *cli, struct zpm_error *err)
{
  return ask(cli, false, tell_saved, err);
}

static void tell_known(struct zpm_cli *cli, const char *daemon, double apps,
                       double wanted)
{
  if (apps == 0)
    zpm_screen_print(&cli->screen, "%s, and knows no apps\n", daemon);
  else
    zpm_screen_print(&cli->screen,
                     "%s: %.0f of %.0f app%s wanted. zpm brings back by itself "
                     "what is\n",
                     daemon, wanted, apps, plural(apps));
}

static void tell_runs(struct zpm_cli *cli, double apps, double wanted)
{
  tell_known(cli, "the daemon runs already", apps, wanted);
}

static void tell_started(struct zpm_cli *cli, double apps, double wanted)
{
  tell_known(cli, "the daemon was started", apps, wanted);
}

int zpm_cmd_resurrect(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_client_options options = {
      .namespace_name = zpm_args_value(&cli->args, "namespace")};
  bool runs = zpm_client_daemon_runs(&options);

  return ask(cli, true, runs ? tell_runs : tell_started, err);
}
