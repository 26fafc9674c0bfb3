/* stop, restart, reload, delete: one command for several apps at once; and
 * scale */
#include "cli/cli.h"

#include <string.h>

#include "cli/caller.h"
#include "cli/last_errors.h"
#include "cli/results.h"

/* What is asked of the apps, besides the name of the command. */
struct change {
  size_t names;         /* the first operands */
  const char *key;      /* NULL: nothing more */
  struct zpm_str value; /* JSON */
};

/* All requests go out before the first reply is read: the apps are stopped side
 * by side, not one kill timeout after the other. */
static int send_all(struct zpm_cli *cli, struct zpm_talk *talk,
                    const struct change *change, struct zpm_error *err)
{
  struct zpm_writer *writer = &talk->writer;

  for (size_t i = 0; i < change->names; i++) {
    const char *name = cli->args.operands[i];

    zpm_talk_begin(talk, cli->args.command->name);
    zpm_writer_key(writer, "name");
    zpm_writer_bytes(writer, name, strlen(name));
    if (change->key != NULL) {
      zpm_writer_key(writer, change->key);
      zpm_writer_raw(writer, change->value.data, change->value.len);
    }
    if (zpm_args_switch(&cli->args, "wait", false)) {
      zpm_writer_key(writer, "wait");
      zpm_writer_bool(writer, true);
    }
    zpm_talk_end(talk);
  }
  return zpm_talk_flush(talk, err);
}

static void receive_all(const struct zpm_cli *cli, struct zpm_talk *talk,
                        size_t names, struct zpm_results *results)
{
  for (size_t i = 0; i < names; i++) {
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
static void tell_why(struct zpm_cli *cli, struct zpm_talk *talk, size_t names,
                     const struct zpm_results *results, double asked_ms)
{
  if (results->any_failed && names == 1 && !cli->json)
    zpm_last_errors_tell(talk, cli->args.operands[0], asked_ms);
}

static int run(struct zpm_cli *cli, const struct change *change,
               struct zpm_error *err)
{
  double asked_ms = zpm_last_errors_now();
  struct zpm_results results;
  struct zpm_talk talk;
  int rc = zpm_cli_connect(cli, true, &talk, err);

  if (rc == 0)
    rc = send_all(cli, &talk, change, err);
  if (rc == 0)
    rc = zpm_talk_greet(&talk, err);
  if (rc != 0) {
    zpm_talk_explain_loss(&talk, err);
    zpm_talk_close(&talk);
    return ZPM_CLI_FAILED;
  }
  zpm_results_begin(&results, cli);
  receive_all(cli, &talk, change->names, &results);
  tell_why(cli, &talk, change->names, &results, asked_ms);
  zpm_talk_close(&talk);
  return zpm_results_end(&results);
}

int zpm_cmd_stop(struct zpm_cli *cli, struct zpm_error *err)
{
  const struct change nothing = {.names = cli->args.operand_count};

  return run(cli, &nothing, err);
}

int zpm_cmd_delete(struct zpm_cli *cli, struct zpm_error *err)
{
  return zpm_cmd_stop(cli, err);
}

/* Options change the stored config; the environment stays the stored one. */
int zpm_cmd_restart(struct zpm_cli *cli, struct zpm_error *err)
{
  struct change change = {.names = cli->args.operand_count};
  int code = ZPM_CLI_USAGE;
  int rc = zpm_caller_settle(&cli->args, err);

  if (rc == 0 && cli->args.config.given != 0) {
    change.key = "config";
    rc = zpm_caller_put_config(&change.value, &cli->args.config, err);
  }
  if (rc == 0)
    code = run(cli, &change, err);
  zpm_str_deinit(&change.value);
  return code;
}

int zpm_cmd_reload(struct zpm_cli *cli, struct zpm_error *err)
{
  enum { PARALLEL_MAX = 1024 };
  struct change change = {.names = cli->args.operand_count};
  unsigned long parallel = 0;
  int code = ZPM_CLI_USAGE;
  int rc =
      zpm_args_number(&cli->args, "parallel", PARALLEL_MAX, &parallel, err);

  if (rc == 0 && parallel > 0) {
    change.key = "parallel";
    rc = zpm_str_printf(&change.value, "%lu", parallel);
  }
  if (rc == 0)
    code = run(cli, &change, err);
  zpm_str_deinit(&change.value);
  return code;
}

static int put_text(struct zpm_str *out, const char *text)
{
  struct zpm_writer writer = {.out = out};

  zpm_writer_text(&writer, text);
  return writer.failed ? ZPM_ENOMEM : 0;
}

int zpm_cmd_scale(struct zpm_cli *cli, struct zpm_error *err)
{
  struct change change = {.names = 1, .key = "instances"};
  int rc = put_text(&change.value, cli->args.operands[1]);
  int code = rc == 0 ? run(cli, &change, err) : ZPM_CLI_FAILED;

  if (rc != 0)
    zpm_error_set(err, rc, "%s", zpm_code_text(rc));
  zpm_str_deinit(&change.value);
  return code;
}
