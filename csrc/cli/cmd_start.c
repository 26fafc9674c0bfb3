/* start: a script, a command, a known app, a folder, or a file of configs */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/appfile.h"
#include "cli/caller.h"
#include "cli/detect.h"
#include "cli/flags.h"
#include "cli/follow.h"
#include "cli/last_errors.h"
#include "cli/results.h"
#include "cli/start_file.h"
#include "cli/start_request.h"
#include "core/suggest.h"

enum { MAX_CANDIDATES = 512, FOLLOW_LINES = 20 };

/* ---- one app ---- */

/* What is asked of the daemon before a word that is no file is run. */
struct word {
  const char *text;
  bool known;       /* the name of an app */
  const char *near; /* the name of one that may have been meant, or NULL */
  cJSON *names;     /* near is one of them */
  double asked_ms;  /* when: wall clock */
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
    line = zpm_start_request_finish(cli, talk, err);
  }
  zpm_str_deinit(&text);
  return line;
}

/* An app of the name that this start has given is no other app. */
static bool near_is_other(const struct word *word, const char *name)
{
  return word->near != NULL && (name == NULL || strcmp(word->near, name) != 0);
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

/* ---- what came of it ---- */

static int show_one(struct zpm_cli *cli, struct zpm_talk *talk,
                    const struct word *word, const char *line)
{
  const char *name = word->known ? word->text : cli->args.config.name;
  struct zpm_results results;

  zpm_results_begin(&results, cli);
  zpm_results_add_reply(&results, name, line);
  if (results.any_failed && near_is_other(word, name))
    fprintf(stderr, "zpm: or did you mean the app '%s'? zpm start %s\n",
            word->near, word->near);
  if (results.any_failed && name != NULL && !cli->json)
    zpm_last_errors_tell(talk, name, word->asked_ms);
  return zpm_results_end(&results);
}

/* In dev mode its output is shown until Ctrl-C; the app stays. */
static int follow(struct zpm_cli *cli, struct zpm_talk *talk, const char *name,
                  struct zpm_error *err)
{
  struct zpm_follow follow = {
      .name = name, .lines = FOLLOW_LINES, .live = true, .until_ctrl_c = true};
  bool wanted = zpm_args_switch(&cli->args, "follow",
                                cli->args.config.dev_mode && !cli->json &&
                                    cli->screen.is_terminal);

  if (!wanted)
    return ZPM_CLI_DONE;
  zpm_screen_flush(&cli->screen);
  if (zpm_follow_show(&follow, cli, talk, err) != 0)
    return ZPM_CLI_FAILED;
  zpm_screen_flush(&cli->screen);
  fprintf(stderr, "\nzpm: '%s' stays managed by zpm. To stop it: zpm stop %s\n",
          name, name);
  return ZPM_CLI_INTERRUPTED;
}

static int finish(struct zpm_cli *cli, struct zpm_talk *talk,
                  const struct word *word, const char *line,
                  struct zpm_error *err)
{
  const char *name = word->known ? word->text : cli->args.config.name;
  int code = show_one(cli, talk, word, line);

  return code == ZPM_CLI_DONE ? follow(cli, talk, name, err) : code;
}

/* ---- a word ---- */

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
  return finish(cli, talk, word, line, err);
}

static int start_one(struct zpm_cli *cli, const char *text,
                     struct zpm_error *err)
{
  struct word word = {.text = text, .asked_ms = zpm_last_errors_now()};
  struct zpm_talk talk;
  int code = ZPM_CLI_FAILED;

  if (zpm_cli_connect(cli, true, &talk, err) == 0)
    code = start_word(cli, &talk, &word, err);
  cJSON_Delete(word.names);
  zpm_talk_close(&talk);
  return code;
}

/* ---- a folder ---- */

static bool is_folder(const char *path)
{
  struct stat found;

  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

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
  struct word word = {.text = "", .asked_ms = zpm_last_errors_now()};
  struct zpm_talk talk;
  const char *line = NULL;
  int code = ZPM_CLI_FAILED;
  int rc = zpm_cli_connect(cli, true, &talk, err);

  if (rc == 0)
    line = send_start(cli, &talk, NULL, err);
  if (line != NULL)
    code = finish(cli, &talk, &word, line, err);
  zpm_talk_close(&talk);
  return code;
}

/* `path` NULL: --cwd, or the current one */
static int start_folder(struct zpm_cli *cli, const char *path,
                        struct zpm_error *err)
{
  struct zpm_config *config = &cli->args.config;
  struct zpm_str folder = {0};
  struct zpm_str said = {0};
  int code = ZPM_CLI_USAGE;
  int rc;

  if (path == NULL)
    path = config->cwd != NULL ? config->cwd : ".";
  rc = zpm_caller_put_absolute(&folder, NULL, path, err);
  while (rc == 0 && folder.len > 1 && folder.data[folder.len - 1] == '/')
    folder.data[--folder.len] = '\0';
  if (rc == 0)
    rc = zpm_detect(config, folder.data, &said, err);
  if (rc == 0)
    rc = zpm_config_validate(config, err);
  zpm_str_deinit(&folder);
  if (rc == 0) {
    say_what_was_found(cli, &said);
    code = start_found(cli, err);
  } else {
    zpm_flags_reword(err);
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
  if (word == NULL || (zpm_caller_is_path(word) && is_folder(word)))
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
