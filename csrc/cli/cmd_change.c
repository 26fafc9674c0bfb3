/* stop, restart, delete: one command for several apps at once */
#include "cli/cli.h"

#include <string.h>

#include "cli/caller.h"
#include "cli/last_errors.h"
#include "cli/results.h"

/* All requests go out before the first reply is read: the apps are stopped side
 * by side, not one kill timeout after the other. */
static int send_all(struct zpm_cli *cli, struct zpm_talk *talk,
                    const struct zpm_str *changes, struct zpm_error *err)
{
  struct zpm_writer *writer = &talk->writer;

  for (size_t i = 0; i < cli->args.operand_count; i++) {
    const char *name = cli->args.operands[i];

    zpm_talk_begin(talk, cli->args.command->name);
    zpm_writer_key(writer, "name");
    zpm_writer_bytes(writer, name, strlen(name));
    if (changes->len > 0) {
      zpm_writer_key(writer, "config");
      zpm_writer_raw(writer, changes->data, changes->len);
    }
    if (zpm_args_switch(&cli->args, "wait", false)) {
      zpm_writer_key(writer, "wait");
      zpm_writer_bool(writer, true);
    }
    zpm_talk_end(talk);
  }
  return zpm_talk_flush(talk, err);
}

static void receive_all(struct zpm_cli *cli, struct zpm_talk *talk,
                        struct zpm_results *results)
{
  for (size_t i = 0; i < cli->args.operand_count; i++) {
    struct zpm_error err = {0};
    const char *line = zpm_talk_receive(talk, &err);

    if (line == NULL) {
      zpm_talk_explain_loss(talk, &err);
      zpm_results_add_error(results, cli->args.operands[i], &err);
      return; /* the others would say the same */
    }
    zpm_results_add_reply(results, cli->args.operands[i], line);
  }
}

/* What one app said before it failed; of several, `describe` tells. */
static void tell_why(struct zpm_cli *cli, struct zpm_talk *talk,
                     const struct zpm_results *results, double asked_ms)
{
  if (results->any_failed && cli->args.operand_count == 1 && !cli->json)
    zpm_last_errors_tell(talk, cli->args.operands[0], asked_ms);
}

static int run(struct zpm_cli *cli, const struct zpm_str *changes,
               struct zpm_error *err)
{
  double asked_ms = zpm_last_errors_now();
  struct zpm_results results;
  struct zpm_talk talk;
  int rc = zpm_cli_connect(cli, true, &talk, err);

  if (rc == 0)
    rc = send_all(cli, &talk, changes, err);
  if (rc == 0)
    rc = zpm_talk_greet(&talk, err);
  if (rc != 0) {
    zpm_talk_explain_loss(&talk, err);
    zpm_talk_close(&talk);
    return ZPM_CLI_FAILED;
  }
  zpm_results_begin(&results, cli);
  receive_all(cli, &talk, &results);
  tell_why(cli, &talk, &results, asked_ms);
  zpm_talk_close(&talk);
  return zpm_results_end(&results);
}

int zpm_cmd_stop(struct zpm_cli *cli, struct zpm_error *err)
{
  const struct zpm_str none = {0};

  return run(cli, &none, err);
}

int zpm_cmd_delete(struct zpm_cli *cli, struct zpm_error *err)
{
  return zpm_cmd_stop(cli, err);
}

/* Options change the stored config; the environment stays the stored one. */
int zpm_cmd_restart(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_str changes = {0};
  int code = ZPM_CLI_USAGE;
  int rc = zpm_caller_settle(&cli->args, err);

  if (rc == 0 && cli->args.config.given != 0)
    rc = zpm_caller_put_config(&changes, &cli->args.config, err);
  if (rc == 0)
    code = run(cli, &changes, err);
  zpm_str_deinit(&changes);
  return code;
}
