#include "cli/start_file.h"

#include <stdio.h>
#include <string.h>

#include "cli/appfile.h"
#include "cli/results.h"
#include "cli/start_request.h"

/* Which app of the file an error speaks of, where it does not say so. */
static void say_which(struct zpm_error *err, const char *name, int number)
{
  struct zpm_error why = *err;
  char quoted[128];

  snprintf(quoted, sizeof(quoted), "'%s'", name != NULL ? name : "");
  if (err->code == ZPM_ENOAPP)
    zpm_error_set(err, why.code, "app %d of the file has no scriptPath, and %s",
                  number, why.message);
  else if (name == NULL)
    zpm_error_wrap(err, "app %d of the file", number);
  else if (strstr(err->message, quoted) == NULL)
    zpm_error_wrap(err, "app %s", quoted);
}

static void show_many(struct zpm_results *results, const cJSON *items)
{
  const cJSON *item;
  int number = 0;

  cJSON_ArrayForEach(item, items)
  {
    const char *name = zpm_answer_text(item, "name");
    const char *message = zpm_answer_text(item, "message");
    struct zpm_error err = {0};

    number++;
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "ok"))) {
      zpm_results_add(results, name, message != NULL ? message : "started");
      continue;
    }
    zpm_answer_refusal(item, &err);
    say_which(&err, name, number);
    zpm_results_add_error(results, name, &err);
  }
}

static int start_configs(struct zpm_cli *cli, struct zpm_talk *talk,
                         const struct zpm_str *configs, struct zpm_error *err)
{
  struct zpm_results results;
  const char *line;
  cJSON *reply = NULL;

  zpm_talk_begin(talk, "start-many");
  zpm_writer_key(&talk->writer, "configs");
  zpm_writer_raw(&talk->writer, configs->data, configs->len);
  line = zpm_start_request_finish(cli, talk, err);
  if (line == NULL || zpm_answer_parse(line, &reply, err) != 0)
    return ZPM_CLI_FAILED;
  zpm_results_begin(&results, cli);
  show_many(&results, zpm_answer_data(reply));
  cJSON_Delete(reply);
  return zpm_results_end(&results);
}

int zpm_start_file(struct zpm_cli *cli, const char *path, struct zpm_error *err)
{
  struct zpm_talk talk = {0};
  struct zpm_str configs = {0};
  int code = ZPM_CLI_FAILED;
  int rc;

  if (cli->args.config.given != 0) {
    zpm_error_set(err, ZPM_EARG,
                  "options and arguments belong into %s, one set per app",
                  path);
    return ZPM_CLI_USAGE;
  }
  rc = zpm_appfile_read(&configs, path, err);
  if (rc == 0)
    rc = zpm_cli_connect(cli, true, &talk, err);
  if (rc == 0)
    code = start_configs(cli, &talk, &configs, err);
  zpm_talk_close(&talk);
  zpm_str_deinit(&configs);
  return code;
}
