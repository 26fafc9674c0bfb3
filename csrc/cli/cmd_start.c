/* start: a script, a command, a known app, or a file of configs */
#include "cli/cli.h"

#include <string.h>

#include "cli/appfile.h"
#include "cli/caller.h"
#include "cli/results.h"
#include "proto/frame.h"

static int check_size(const struct zpm_talk *talk, struct zpm_error *err)
{
  if (talk->outgoing.len <= ZPM_LINE_MAX)
    return 0;
  return zpm_error_set(err, ZPM_ETOOLONG,
                       "configs and environment together are over 1 MiB: "
                       "start the apps in several steps");
}

/* Ends the request, sends it and waits for the reply's line. */
static const char *finish(struct zpm_talk *talk, struct zpm_error *err)
{
  if (zpm_caller_write_environment(&talk->writer, err) != 0)
    return NULL;
  zpm_talk_end(talk);
  if (check_size(talk, err) != 0 || zpm_talk_flush(talk, err) != 0)
    return NULL;
  return zpm_talk_receive(talk, err);
}

/* ---- apps.json ---- */

static void show_many(struct zpm_results *results, const cJSON *items)
{
  const cJSON *item;

  cJSON_ArrayForEach(item, items)
  {
    const char *name = zpm_answer_text(item, "name");
    const char *message = zpm_answer_text(item, "message");
    struct zpm_error err = {0};

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "ok")))
      zpm_results_add(results, name, message != NULL ? message : "started");
    else if (zpm_answer_refusal(item, &err) != 0)
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
  line = finish(talk, err);
  if (line == NULL || zpm_answer_parse(line, &reply, err) != 0)
    return ZPM_CLI_FAILED;
  zpm_results_begin(&results, cli);
  show_many(&results, zpm_answer_data(reply));
  cJSON_Delete(reply);
  return zpm_results_end(&results);
}

static int start_file(struct zpm_cli *cli, const char *path,
                      struct zpm_error *err)
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

/* ---- one app ---- */

/* Whether zpm knows an app of this name: a negative code, 0 or 1. */
static int is_known(struct zpm_talk *talk, const char *name,
                    struct zpm_error *err)
{
  cJSON *reply;
  int rc = zpm_talk_ask(talk, "find-worker", name, &reply, err);
  int known = rc == 0 ? cJSON_IsObject(zpm_answer_data(reply)) : rc;

  cJSON_Delete(reply);
  return known;
}

static int send_start(struct zpm_cli *cli, struct zpm_talk *talk,
                      const char *known_name, struct zpm_error *err)
{
  const struct zpm_config *config = &cli->args.config;
  const char *name = known_name != NULL ? known_name : config->name;
  struct zpm_results results;
  struct zpm_str text = {0};
  const char *line = NULL;
  int rc = zpm_caller_put_config(&text, config, err);

  if (rc == 0) {
    zpm_talk_begin(talk, "start");
    if (known_name != NULL) {
      zpm_writer_key(&talk->writer, "name");
      zpm_writer_text(&talk->writer, known_name);
    }
    if (config->given != 0) {
      zpm_writer_key(&talk->writer, "config");
      zpm_writer_raw(&talk->writer, text.data, text.len);
    }
    line = finish(talk, err);
  }
  zpm_str_deinit(&text);
  if (line == NULL)
    return ZPM_CLI_FAILED;
  zpm_results_begin(&results, cli);
  zpm_results_add_reply(&results, name, line);
  return zpm_results_end(&results);
}

/* A program that is new here runs in our folder unless told otherwise, and
 * gets its name from the script. */
static int settle_new(struct zpm_config *config, const char *script,
                      struct zpm_error *err)
{
  struct zpm_str here = {0};
  int rc = zpm_caller_set(config, "scriptPath", script, err);

  if (rc == 0 && config->cwd == NULL) {
    rc = zpm_caller_put_absolute(&here, NULL, ".", err);
    if (rc == 0)
      rc = zpm_caller_set(config, "cwd", here.data, err);
    zpm_str_deinit(&here);
  }
  return rc == 0 ? zpm_config_validate(config, err) : rc;
}

static int start_one(struct zpm_cli *cli, const char *word,
                     struct zpm_error *err)
{
  struct zpm_config *config = &cli->args.config;
  struct zpm_talk talk = {0};
  struct zpm_str script = {0};
  bool is_file = false;
  int known = 0;
  int code = ZPM_CLI_FAILED;
  int rc = zpm_caller_put_script(&script, NULL, word, &is_file, err);

  if (rc == 0)
    rc = zpm_cli_connect(cli, true, &talk, err);
  /* With --name the word can only be meant as a program. */
  if (rc == 0 && script.data[0] != '/' && config->name == NULL)
    rc = known = is_known(&talk, word, err);
  if (rc >= 0 && !known)
    rc = settle_new(config, script.data, err);
  if (rc >= 0)
    code = send_start(cli, &talk, known ? word : NULL, err);
  zpm_talk_close(&talk);
  zpm_str_deinit(&script);
  return code;
}

int zpm_cmd_start(struct zpm_cli *cli, struct zpm_error *err)
{
  const char *word = cli->args.operands[0];
  int rc = zpm_caller_settle(&cli->args, err);

  if (rc != 0)
    return rc == ZPM_EUNSUPPORTED ? ZPM_CLI_FAILED : ZPM_CLI_USAGE;
  if (zpm_appfile_is_meant(word))
    return start_file(cli, word, err);
  return start_one(cli, word, err);
}
