#include "cli/results.h"

#include <string.h>

#include "cli/flags.h"

void zpm_results_begin(struct zpm_results *results, struct zpm_cli *cli)
{
  *results = (struct zpm_results){.cli = cli};
  if (cli->json)
    zpm_screen_print(&cli->screen, "[");
}

static void begin_json(struct zpm_results *results, struct zpm_writer *writer,
                       const char *name, bool ok)
{
  if (results->count > 0)
    zpm_screen_print(&results->cli->screen, ",");
  *writer = (struct zpm_writer){.out = &results->cli->screen.text};
  zpm_writer_begin_object(writer);
  zpm_writer_key(writer, "name");
  if (name != NULL)
    zpm_writer_bytes(writer, name, strlen(name));
  else
    zpm_writer_null(writer);
  zpm_writer_key(writer, "ok");
  zpm_writer_bool(writer, ok);
}

void zpm_results_add(struct zpm_results *results, const char *name,
                     const char *message)
{
  struct zpm_screen *screen = &results->cli->screen;
  struct zpm_writer writer;

  if (results->cli->json) {
    begin_json(results, &writer, name, true);
    zpm_writer_key(&writer, "message");
    zpm_writer_text(&writer, message);
    zpm_writer_end_object(&writer);
  } else {
    zpm_screen_text(screen, ZPM_TONE_PLAIN, message);
    zpm_screen_print(screen, "\n");
    zpm_screen_flush(screen); /* the next may take its kill timeout */
  }
  results->count++;
}

void zpm_results_add_error(struct zpm_results *results, const char *name,
                           const struct zpm_error *err)
{
  struct zpm_writer writer;

  results->any_failed = true;
  zpm_cli_complain(err->message);
  if (results->cli->json) {
    begin_json(results, &writer, name, false);
    zpm_writer_key(&writer, "error");
    zpm_writer_bytes(&writer, err->message, strlen(err->message));
    zpm_writer_key(&writer, "code");
    zpm_writer_text(&writer, zpm_code_name(err->code));
    zpm_writer_end_object(&writer);
  }
  results->count++;
}

void zpm_results_add_reply(struct zpm_results *results, const char *name,
                           const char *line)
{
  struct zpm_error err = {0};
  cJSON *reply;

  if (zpm_answer_parse(line, &reply, &err) != 0) {
    zpm_flags_reword(&err);
    zpm_results_add_error(results, name, &err);
    return;
  }
  zpm_results_add(results, name,
                  cJSON_IsString(zpm_answer_data(reply))
                      ? zpm_answer_data(reply)->valuestring
                      : "done");
  cJSON_Delete(reply);
}

int zpm_results_end(struct zpm_results *results)
{
  if (results->cli->json)
    zpm_screen_print(&results->cli->screen, "]\n");
  return results->any_failed ? ZPM_CLI_FAILED : ZPM_CLI_DONE;
}
