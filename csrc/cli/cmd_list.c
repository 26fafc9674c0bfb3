/* list, stats */
#include "cli/cli.h"

#include "cli/rows.h"
#include "cli/view.h"

/* A script that asks for all gets the daemon's own JSON, unparsed. */
static bool show_raw(struct zpm_cli *cli, const struct zpm_rows_query *query,
                     const char *line)
{
  const char *data;
  size_t len;

  if (!cli->json || query->sorted || query->status != NULL ||
      !zpm_answer_raw(line, &data, &len))
    return false;
  zpm_screen_bytes(&cli->screen, data, len);
  zpm_screen_bytes(&cli->screen, "\n", 1);
  return true;
}

static void show_rows_json(struct zpm_cli *cli, const struct zpm_rows *rows)
{
  zpm_screen_print(&cli->screen, "[");
  for (size_t i = 0; i < rows->len; i++) {
    if (i > 0)
      zpm_screen_print(&cli->screen, ",");
    zpm_screen_json(&cli->screen, rows->items[i].json);
  }
  zpm_screen_print(&cli->screen, "]\n");
}

static void show_nothing(struct zpm_cli *cli,
                         const struct zpm_rows_query *query)
{
  if (query->status != NULL)
    zpm_screen_print(&cli->screen, "No app is %s.\n", query->status);
  else
    zpm_screen_print(&cli->screen,
                     "No apps yet. Start one: zpm start server.js\n");
}

static enum zpm_view choose_view(const struct zpm_cli *cli, enum zpm_view usual)
{
  if (zpm_args_switch(&cli->args, "wide", false))
    return ZPM_VIEW_WIDE;
  if (zpm_args_switch(&cli->args, "compact", false))
    return ZPM_VIEW_COMPACT;
  return usual;
}

static void show(struct zpm_cli *cli, const struct zpm_rows *rows,
                 const struct zpm_rows_query *query, enum zpm_view usual)
{
  enum zpm_view view = choose_view(cli, usual);

  if (cli->json)
    show_rows_json(cli, rows);
  else if (rows->len == 0)
    show_nothing(cli, query);
  else
    zpm_view_show(&cli->screen, rows, view);
}

static int show_reply(struct zpm_cli *cli, const char *line,
                      const struct zpm_rows_query *query, enum zpm_view usual,
                      struct zpm_error *err)
{
  struct zpm_rows rows;
  cJSON *reply;
  int rc = zpm_answer_parse(line, &reply, err);

  if (rc != 0)
    return rc;
  rc = zpm_rows_init(&rows, zpm_answer_data(reply), query);
  if (rc == 0)
    show(cli, &rows, query, usual);
  else
    zpm_error_set(err, rc, "%s", zpm_code_text(rc));
  zpm_rows_deinit(&rows);
  cJSON_Delete(reply);
  return rc;
}

static int run(struct zpm_cli *cli, const char *name, enum zpm_view usual,
               struct zpm_error *err)
{
  const struct zpm_args *args = &cli->args;
  struct zpm_rows_query query;
  struct zpm_talk talk;
  const char *line = NULL;
  int rc;

  if (zpm_rows_query_init(&query, zpm_args_value(args, "status"),
                          zpm_args_value(args, "sort"),
                          zpm_args_value(args, "order"), err) != 0)
    return ZPM_CLI_USAGE;
  rc = zpm_cli_connect(cli, true, &talk, err);
  if (rc == 0) {
    line = zpm_talk_ask_line(&talk, "stats", name, err);
    rc = line != NULL ? 0 : err->code;
  }
  if (rc == 0 && !show_raw(cli, &query, line))
    rc = show_reply(cli, line, &query, usual, err);
  zpm_talk_close(&talk);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}

int zpm_cmd_list(struct zpm_cli *cli, struct zpm_error *err)
{
  return run(cli, NULL, ZPM_VIEW_LIST, err);
}

int zpm_cmd_stats(struct zpm_cli *cli, struct zpm_error *err)
{
  const char *name = cli->args.operand_count > 0 ? cli->args.operands[0] : NULL;

  return run(cli, name, ZPM_VIEW_STATS, err);
}
