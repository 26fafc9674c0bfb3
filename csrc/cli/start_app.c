#include "cli/start_app.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/caller.h"
#include "cli/follow.h"
#include "cli/last_errors.h"
#include "cli/results.h"
#include "cli/start_request.h"

enum { FOLLOW_LINES = 20 };

static const char *ask(const struct zpm_cli *cli, struct zpm_talk *talk,
                       const char *known, struct zpm_error *err)
{
  const struct zpm_config *config = &cli->args.config;
  struct zpm_str text = {0};
  const char *line = NULL;

  if (zpm_caller_put_config(&text, config, err) == 0) {
    zpm_talk_begin(talk, "start");
    if (known != NULL) {
      zpm_writer_key(&talk->writer, "name");
      zpm_writer_text(&talk->writer, known);
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

/* ---- what came of it ---- */

struct reply {
  const char *name; /* of the app, or NULL */
  const char *line;
  double asked_ms; /* when: wall clock */
};

/* An app of the name that this start has given is no other app. */
static bool near_is_other(const char *near, const char *name)
{
  return near != NULL && (name == NULL || strcmp(near, name) != 0);
}

static int show_one(struct zpm_cli *cli, struct zpm_talk *talk,
                    const struct zpm_start_app *app, const struct reply *reply)
{
  const char *name = reply->name;
  struct zpm_results results;

  zpm_results_begin(&results, cli);
  zpm_results_add_reply(&results, name, reply->line);
  if (results.any_failed && near_is_other(app->near, name))
    fprintf(stderr, "zpm: or did you mean the app '%s'? zpm start %s\n",
            app->near, app->near);
  if (results.any_failed && name != NULL && !cli->json)
    zpm_last_errors_tell(talk, name, reply->asked_ms);
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

/* It may come later, and so is no error; but it may be a slip, too. */
static void warn_of_watch(const struct zpm_strv *paths)
{
  for (size_t i = 0; i < paths->len; i++) {
    if (paths->items[i][0] != '\0' && access(paths->items[i], F_OK) != 0)
      fprintf(stderr,
              "zpm: there is no %s yet: it is watched as soon as it comes\n",
              paths->items[i]);
  }
}

int zpm_start_app(struct zpm_cli *cli, struct zpm_talk *talk,
                  const struct zpm_start_app *app, struct zpm_error *err)
{
  struct reply reply = {
      .name = app->known != NULL ? app->known : cli->args.config.name,
      .asked_ms = zpm_last_errors_now(),
  };
  int code;

  reply.line = ask(cli, talk, app->known, err);
  if (reply.line == NULL)
    return ZPM_CLI_FAILED;
  code = show_one(cli, talk, app, &reply);
  warn_of_watch(&cli->args.config.watch);
  return code == ZPM_CLI_DONE ? follow(cli, talk, reply.name, err) : code;
}
