/* version, help */
#include "cli/cli.h"

#include "cli/help.h"
#include "zpm/version.h"

int zpm_cmd_version(struct zpm_cli *cli, struct zpm_error *err)
{
  (void)err;
  zpm_screen_print(&cli->screen,
                   cli->json ? "{\"version\":\"%s\"}\n" : "zpm %s\n",
                   ZPM_VERSION);
  return ZPM_CLI_DONE;
}

static const struct zpm_command *find_topic(const struct zpm_args *args,
                                            struct zpm_error *err)
{
  const char *word = args->operands[0];
  const struct zpm_command *topic = zpm_command_find(word, ZPM_ON_CLI);
  const char *near;

  if (topic != NULL)
    return topic;
  near = zpm_command_suggest(word, ZPM_ON_CLI);
  zpm_error_set(err, ZPM_ECOMMAND, "unknown command '%s'%s%s%s", word,
                near != NULL ? ". Did you mean '" : "",
                near != NULL ? near : "", near != NULL ? "'?" : "");
  return NULL;
}

/* Also `zpm <command> --help`, and `zpm` alone. */
int zpm_cmd_help(struct zpm_cli *cli, struct zpm_error *err)
{
  const struct zpm_args *args = &cli->args;
  const struct zpm_command *topic = args->command;
  int rc;

  if (topic != NULL && topic->id == ZPM_CMD_HELP) {
    topic = args->operand_count > 0 ? find_topic(args, err) : NULL;
    if (topic == NULL && args->operand_count > 0)
      return ZPM_CLI_USAGE;
  }
  rc = topic != NULL ? zpm_help_command(&cli->screen.text, topic)
                     : zpm_help_overview(&cli->screen.text);
  if (rc == 0)
    return ZPM_CLI_DONE;
  zpm_error_set(err, rc, "%s", zpm_code_text(rc));
  return ZPM_CLI_FAILED;
}
