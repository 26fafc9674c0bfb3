/* start: a script, a command, a known app, a folder, or a file of configs */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "cli/appfile.h"
#include "cli/caller.h"
#include "cli/program.h"
#include "cli/start_file.h"
#include "cli/start_app.h"
#include "core/suggest.h"

enum { MAX_CANDIDATES = 512 };

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

/* ---- a word ---- */

static int start_word(struct zpm_cli *cli, struct zpm_talk *talk,
                      struct word *word, struct zpm_error *err)
{
  struct zpm_config *config = &cli->args.config;
  struct zpm_str script = {0};
  int rc = zpm_caller_put_script(&script, NULL, word->text, err);

  /* With --name the word can only be meant as a program. */
  if (rc == 0 && script.data[0] != '/' && config->name == NULL)
    rc = look_up(word, talk, err);
  if (rc == 0 && !word->known)
    rc = zpm_program_settle(config, script.data, err);
  zpm_str_deinit(&script);
  if (rc != 0)
    return rc == ZPM_ECONFIG ? ZPM_CLI_USAGE : ZPM_CLI_FAILED;
  return zpm_start_app(
      cli, talk,
      &(struct zpm_start_app){.known = word->known ? word->text : NULL,
                              .near = word->near},
      err);
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

/* ---- a folder ---- */

static void say_what_was_found(struct zpm_cli *cli, const struct zpm_str *said)
{
  if (cli->json) {
    fprintf(stderr, "zpm: %s\n", said->data);
    return;
  }
  zpm_screen_bytes(&cli->screen, said->data, said->len);
  zpm_screen_print(&cli->screen, "\n");
  zpm_screen_flush(&cli->screen);
}

static int start_found(struct zpm_cli *cli, struct zpm_error *err)
{
  const struct zpm_start_app app = {0};
  struct zpm_talk talk;
  int code = ZPM_CLI_FAILED;

  if (zpm_cli_connect(cli, true, &talk, err) == 0)
    code = zpm_start_app(cli, &talk, &app, err);
  zpm_talk_close(&talk);
  return code;
}

static int start_folder(struct zpm_cli *cli, const char *path,
                        struct zpm_error *err)
{
  struct zpm_str said = {0};
  int code = ZPM_CLI_USAGE;

  if (zpm_program_settle_folder(&cli->args.config, path, &said, err) == 0) {
    say_what_was_found(cli, &said);
    code = start_found(cli, err);
  }
  zpm_str_deinit(&said);
  return code;
}

/* ---- all ---- */

int zpm_cmd_start(struct zpm_cli *cli, struct zpm_error *err)
{
  const char *word = cli->args.operand_count > 0 ? cli->args.operands[0] : NULL;
  int rc = zpm_caller_settle(&cli->args, err);

  if (rc != 0)
    return rc == ZPM_EUNSUPPORTED ? ZPM_CLI_FAILED : ZPM_CLI_USAGE;
  if (word == NULL || zpm_program_is_folder(word))
    return start_folder(cli, word, err);
  if (zpm_appfile_is_meant(word))
    return zpm_start_file(cli, word, err);
  if (zpm_appfile_is_foreign(word)) {
    zpm_error_set(err, ZPM_EARG,
                  "%s is for PM2. zpm takes its apps from JSON, an array of "
                  "configs: zpm start apps.json",
                  word);
    return ZPM_CLI_USAGE;
  }
  return start_one(cli, word, err);
}
