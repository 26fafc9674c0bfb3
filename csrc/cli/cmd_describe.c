/* describe: all that is known of one app */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/exits.h"
#include "cli/last_errors.h"
#include "cli/rows.h"
#include "cli/runs.h"
#include "cli/text.h"

enum { LABEL_COLUMN = 18 };

/* ---- lines ---- */

static void begin_line(struct zpm_screen *screen, const char *label)
{
  zpm_screen_print(screen, "  ");
  zpm_screen_text(screen, ZPM_TONE_FAINT, label);
  zpm_screen_print(screen, "%*s",
                   (int)(zpm_text_width(label) < LABEL_COLUMN
                             ? LABEL_COLUMN - zpm_text_width(label)
                             : 1),
                   "");
}

static void show_line(struct zpm_screen *screen, const char *label,
                      const char *text)
{
  if (text == NULL || text[0] == '\0')
    return;
  begin_line(screen, label);
  zpm_screen_text(screen, ZPM_TONE_PLAIN, text);
  zpm_screen_print(screen, "\n");
}

static void show_time(struct zpm_screen *screen, const char *label, double ms)
{
  time_t seconds = (time_t)(ms / 1000);
  struct tm parts;
  char text[32];

  if (ms <= 0 || localtime_r(&seconds, &parts) == NULL ||
      strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) == 0)
    return;
  show_line(screen, label, text);
}

typedef int put_figure(struct zpm_str *out, double value);

static void show_figure(struct zpm_screen *screen, const char *label,
                        double value, put_figure *put)
{
  struct zpm_str text = {0};

  if (value >= 0 && put(&text, value) == 0)
    show_line(screen, label, text.data);
  zpm_str_deinit(&text);
}

static int put_number(struct zpm_str *out, double value)
{
  return zpm_str_printf(out, "%.0f", value);
}

/* ---- how it is ---- */

static void show_status(struct zpm_screen *screen, const cJSON *app)
{
  const char *status = zpm_answer_text(app, "status");
  bool stuck = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(app, "stuck"));
  const char *safe = status != NULL ? status : "?";

  safe = stuck ? "stuck" : safe;
  begin_line(screen, "status");
  zpm_screen_text(screen, zpm_paint_status(safe), safe);
  zpm_screen_print(screen, "\n");
  show_line(screen, "last error", zpm_answer_text(app, "lastError"));
  show_figure(screen, "next try in", zpm_answer_number(app, "nextTryIn", -1),
              zpm_text_duration);
  show_line(screen, "waits for", zpm_answer_text(app, "pending"));
  if (zpm_answer_number(app, "probeFailures", 0) > 0)
    show_figure(screen, "probe failures",
                zpm_answer_number(app, "probeFailures", 0), put_number);
}

static void show_runs(struct zpm_screen *screen, const cJSON *app)
{
  struct zpm_str text = {0};

  if (zpm_runs_put(&text, cJSON_GetObjectItemCaseSensitive(app, "config")) == 0)
    show_line(screen, "runs", text.data);
  zpm_str_deinit(&text);
}

static void show_figures(struct zpm_screen *screen, const cJSON *app)
{
  double pid = zpm_answer_number(app, "pid", -1);

  show_figure(screen, "restarts", zpm_answer_number(app, "totalRestarts", -1),
              put_number);
  show_figure(screen, "crashes in a row",
              zpm_answer_number(app, "restartCount", -1), put_number);
  if (pid < 0)
    return;
  show_figure(screen, "pid", pid, put_number);
  show_figure(screen, "uptime", zpm_answer_number(app, "uptime", -1),
              zpm_text_duration);
  show_figure(screen, "processes", zpm_answer_number(app, "processes", -1),
              put_number);
  show_figure(screen, "cpu", zpm_answer_number(app, "cpu", -1),
              zpm_text_percent);
  show_figure(screen, "memory", zpm_answer_number(app, "memoryRss", -1),
              zpm_text_bytes);
  show_figure(screen, "heap", zpm_answer_number(app, "memoryHeap", -1),
              zpm_text_bytes);
}

static void show_files(struct zpm_screen *screen, const cJSON *app)
{
  const cJSON *files = cJSON_GetObjectItemCaseSensitive(app, "logFiles");
  double dropped = zpm_answer_number(app, "droppedLogBytes", 0);

  show_line(screen, "output", zpm_answer_text(files, "out"));
  show_line(screen, "errors", zpm_answer_text(files, "err"));
  if (dropped > 0)
    show_figure(screen, "log bytes lost", dropped, zpm_text_bytes);
  show_line(screen, "last output", zpm_answer_text(app, "lastLog"));
}

/* ---- how it is set up ---- */

static bool is_shown_above(const char *key)
{
  return strcmp(key, "name") == 0 || strcmp(key, "scriptPath") == 0 ||
         strcmp(key, "cwd") == 0;
}

static void show_value(struct zpm_screen *screen, const cJSON *value)
{
  char *text;

  if (cJSON_IsString(value)) {
    show_line(screen, value->string, value->valuestring);
    return;
  }
  text = cJSON_PrintUnformatted(value);
  show_line(screen, value->string, text);
  cJSON_free(text);
}

static void show_config(struct zpm_screen *screen, const cJSON *app)
{
  const cJSON *config = cJSON_GetObjectItemCaseSensitive(app, "config");
  const cJSON *value;
  bool any = false;

  cJSON_ArrayForEach(value, config)
  {
    if (is_shown_above(value->string))
      continue;
    if (!any)
      zpm_screen_print(screen, "\nConfig\n");
    any = true;
    show_value(screen, value);
  }
}

/* Values if there are any (an object), else the names in a paragraph. */
static void show_environment(struct zpm_screen *screen, const cJSON *app)
{
  const cJSON *env = cJSON_GetObjectItemCaseSensitive(app, "environment");
  const cJSON *item;
  size_t column = 0;

  if (env == NULL || env->child == NULL)
    return;
  zpm_screen_print(screen, "\nEnvironment of the caller%s\n",
                   cJSON_IsArray(env) ? " (values: --show-env)" : "");
  cJSON_ArrayForEach(item, env)
  {
    size_t width;

    if (!cJSON_IsString(item))
      continue;
    if (cJSON_IsObject(env)) {
      show_line(screen, item->string, item->valuestring);
      continue;
    }
    width = zpm_text_width(item->valuestring) + 1;
    if (column == 0 || column + width > 79) {
      zpm_screen_print(screen, column == 0 ? " " : "\n ");
      column = 1;
    }
    zpm_screen_print(screen, " ");
    zpm_screen_text(screen, ZPM_TONE_PLAIN, item->valuestring);
    column += width;
  }
  if (column > 0)
    zpm_screen_print(screen, "\n");
}

static void show(struct zpm_screen *screen, const cJSON *app)
{
  const char *name = zpm_answer_text(app, "name");

  zpm_screen_text(screen, ZPM_TONE_STRONG, name != NULL ? name : "?");
  zpm_screen_print(screen, "\n");
  show_status(screen, app);
  show_line(screen, "script", zpm_answer_text(app, "scriptPath"));
  show_runs(screen, app);
  show_line(screen, "folder", zpm_answer_text(app, "cwd"));
  show_figures(screen, app);
  show_time(screen, "known since", zpm_answer_number(app, "createdAt", 0));
  show_files(screen, app);
  zpm_exits_show(screen, cJSON_GetObjectItemCaseSensitive(app, "exits"));
  show_config(screen, app);
  show_environment(screen, app);
}

/* ---- asking ---- */

static int ask(struct zpm_cli *cli, struct zpm_talk *talk, const char **line,
               struct zpm_error *err)
{
  const char *name = cli->args.operands[0];
  struct zpm_writer *writer = &talk->writer;
  int rc;

  zpm_talk_begin(talk, "describe");
  zpm_writer_key(writer, "name");
  zpm_writer_bytes(writer, name, strlen(name));
  zpm_writer_key(writer, "showEnv");
  zpm_writer_bool(writer, zpm_args_switch(&cli->args, "show-env", false));
  zpm_talk_end(talk);
  rc = zpm_talk_flush(talk, err);
  if (rc != 0)
    return rc;
  *line = zpm_talk_receive(talk, err);
  return *line != NULL ? 0 : err->code;
}

/* In trouble, and its exits do not show what it said. */
static bool needs_its_errors(const cJSON *app)
{
  const char *status = zpm_answer_text(app, "status");
  const cJSON *exits = cJSON_GetObjectItemCaseSensitive(app, "exits");

  return status != NULL && !zpm_exits_tell_lines(exits) &&
         (strcmp(status, "crashed") == 0 || strcmp(status, "errored") == 0);
}

int zpm_cmd_describe(struct zpm_cli *cli, struct zpm_error *err)
{
  struct zpm_talk talk;
  const char *line = NULL;
  cJSON *reply = NULL;
  int rc = zpm_cli_connect(cli, true, &talk, err);

  if (rc == 0)
    rc = ask(cli, &talk, &line, err);
  if (rc == 0)
    rc = zpm_answer_parse(line, &reply, err);
  if (rc == 0 && cli->json)
    zpm_cli_show_json(cli, zpm_answer_data(reply));
  else if (rc == 0)
    show(&cli->screen, zpm_answer_data(reply));
  if (rc == 0 && !cli->json && needs_its_errors(zpm_answer_data(reply)))
    rc = zpm_last_errors_show(&cli->screen, &talk, cli->args.operands[0], err);
  cJSON_Delete(reply);
  zpm_talk_close(&talk);
  return rc == 0 ? ZPM_CLI_DONE : ZPM_CLI_FAILED;
}
