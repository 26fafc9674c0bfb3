/* start: a script, a command, a known app, or a file of configs */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "cli/appfile.h"
#include "cli/caller.h"
#include "cli/flags.h"
#include "cli/results.h"
#include "core/suggest.h"
#include "proto/frame.h"

enum { MAX_CANDIDATES = 512 };

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

/* What is asked of the daemon before a word that is no file is run. */
struct word {
  const char *text;
  bool known;       /* the name of an app */
  const char *near; /* the name of one that may have been meant, or NULL */
  cJSON *names;     /* near is one of them */
};

static const char *find_near(const char *text, const cJSON *names)
{
  const char *candidates[MAX_CANDIDATES];
  size_t count = 0;
  const cJSON *name;

  cJSON_ArrayForEach(name, names)
  {
    if (cJSON_IsString(name) && count < MAX_CANDIDATES)
      candidates[count++] = name->valuestring;
  }
  return zpm_suggest(text, candidates, count);
}

static int look_up(struct word *word, struct zpm_talk *talk,
                   struct zpm_error *err)
{
  const cJSON *name;
  int rc = zpm_talk_ask(talk, "list", NULL, &word->names, err);

  if (rc != 0)
    return rc;
  cJSON_ArrayForEach(name, zpm_answer_data(word->names))
  {
    if (cJSON_IsString(name) && strcmp(name->valuestring, word->text) == 0)
      word->known = true;
  }
  if (!word->known)
    word->near = find_near(word->text, zpm_answer_data(word->names));
  return 0;
}

static const char *send_start(struct zpm_cli *cli, struct zpm_talk *talk,
                              const char *known_name, struct zpm_error *err)
{
  const struct zpm_config *config = &cli->args.config;
  struct zpm_str text = {0};
  const char *line = NULL;

  if (zpm_caller_put_config(&text, config, err) == 0) {
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
  return line;
}

/* An app of the name that this start has given is no other app. */
static bool near_is_other(const struct word *word, const char *name)
{
  return word->near != NULL && (name == NULL || strcmp(word->near, name) != 0);
}

static int show_one(struct zpm_cli *cli, const struct word *word,
                    const char *line)
{
  const char *name = word->known ? word->text : cli->args.config.name;
  struct zpm_results results;

  zpm_results_begin(&results, cli);
  zpm_results_add_reply(&results, name, line);
  if (results.any_failed && near_is_other(word, name))
    fprintf(stderr, "zpm: or did you mean the app '%s'? zpm start %s\n",
            word->near, word->near);
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
  if (rc == 0)
    rc = zpm_config_validate(config, err);
  if (rc != 0)
    zpm_flags_reword(err);
  return rc;
}

/* "npm run dev" as one word. */
static int check_word(const char *text, struct zpm_error *err)
{
  size_t len = strcspn(text, " ");

  if (text[len] == '\0')
    return 0;
  return zpm_error_set(err, ZPM_ECONFIG,
                       "there is no file '%s' here. Arguments go after --: zpm "
                       "start %.*s --%s",
                       text, (int)len, text, text + len);
}

static int start_word(struct zpm_cli *cli, struct zpm_talk *talk,
                      struct word *word, struct zpm_error *err)
{
  struct zpm_config *config = &cli->args.config;
  struct zpm_str script = {0};
  const char *line = NULL;
  int rc = zpm_caller_put_script(&script, NULL, word->text, err);

  /* With --name the word can only be meant as a program. */
  if (rc == 0 && script.data[0] != '/' && config->name == NULL)
    rc = look_up(word, talk, err);
  if (rc == 0 && !word->known && script.data[0] != '/')
    rc = check_word(word->text, err);
  if (rc == 0 && !word->known)
    rc = settle_new(config, script.data, err);
  if (rc == 0)
    line = send_start(cli, talk, word->known ? word->text : NULL, err);
  zpm_str_deinit(&script);
  if (line == NULL)
    return rc == ZPM_ECONFIG ? ZPM_CLI_USAGE : ZPM_CLI_FAILED;
  return show_one(cli, word, line);
}

static int start_one(struct zpm_cli *cli, const char *text,
                     struct zpm_error *err)
{
  struct word word = {.text = text};
  struct zpm_talk talk;
  int code = ZPM_CLI_FAILED;

  if (zpm_cli_connect(cli, true, &talk, err) == 0)
    code = start_word(cli, &talk, &word, err);
  cJSON_Delete(word.names);
  zpm_talk_close(&talk);
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
  if (zpm_appfile_is_foreign(word)) {
    zpm_error_set(err, ZPM_EARG,
                  "%s is for PM2. zpm takes its apps from JSON, an array of "
                  "configs: zpm start apps.json",
                  word);
    return ZPM_CLI_USAGE;
  }
  return start_one(cli, word, err);
}
