#include "runtime/renewal.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "runtime/job.h"
#include "runtime/proc.h"
#include "runtime/schedule.h"
#include "runtime/watch.h"

struct zpm_renewal {
  struct zpm_renewal_options options;
  struct zpm_watch *watch;       /* NULL: files are not watched */
  struct zpm_schedule *schedule; /* NULL: there is none, or it rests */
  struct zpm_job *job;           /* while a reloadCommand runs */
  uint64_t run;                  /* the last one that the watch was told of */
};

static void tell(const struct zpm_renewal *renewal, const char *text)
{
  renewal->options.events->trouble(renewal->options.ctx, text);
}

/* ---- files ---- */

static const char *relative(const struct zpm_renewal *renewal, const char *path)
{
  const char *cwd = renewal->options.recipe->config->cwd;
  size_t len = strlen(cwd);

  return strncmp(path, cwd, len) == 0 && path[len] == '/' ? path + len + 1
                                                          : path;
}

static void renew(const struct zpm_renewal *renewal, const char *why)
{
  renewal->options.events->renew(renewal->options.ctx, why);
}

static void tell_build_failed(const struct zpm_renewal *renewal,
                              const struct zpm_job_result *result)
{
  char end[ZPM_EXIT_TEXT_SIZE];
  char text[sizeof(result->error.message) + sizeof(result->output) + 128];

  snprintf(text, sizeof(text),
           "reloadCommand failed (%s)%s%s; nothing was restarted",
           result->error.code != 0 ? result->error.message
                                   : zpm_exit_text(&result->end, end),
           result->output[0] != '\0' ? ": " : "", result->output);
  tell(renewal, text);
}

static bool has_succeeded(const struct zpm_job_result *result)
{
  return result->error.code == 0 && !result->timed_out &&
         result->end.code == 0 && result->end.signal == 0;
}

static void on_built(void *ctx, const struct zpm_job_result *result)
{
  struct zpm_renewal *renewal = ctx;

  renewal->job = NULL;
  zpm_watch_build_ended(renewal->watch);
  if (has_succeeded(result))
    renew(renewal, "reloadCommand has built it anew");
  else
    tell_build_failed(renewal, result);
}

static void begin_build(struct zpm_renewal *renewal)
{
  struct zpm_job_options options = {
      .recipe = renewal->options.recipe,
      .command = renewal->options.recipe->config->reload_command,
      .to_logs = true,
  };
  struct zpm_error err = {0};

  if (zpm_job_start(renewal->options.services, &options, on_built, renewal,
                    &renewal->job, &err) == 0)
    zpm_watch_build_began(renewal->watch);
  else
    tell(renewal, err.message);
}

/* Not while a build runs: what changes meanwhile is told after it. */
static void on_changed(void *ctx, const char *path)
{
  struct zpm_renewal *renewal = ctx;
  char why[200];

  if (renewal->options.recipe->config->reload_command == NULL) {
    snprintf(why, sizeof(why), "%.180s changed", relative(renewal, path));
    renew(renewal, why);
  } else {
    begin_build(renewal);
  }
}

static void on_trouble(void *ctx, const char *text)
{
  tell(ctx, text);
}

static int push_script_folder(struct zpm_strv *roots,
                              const struct zpm_config *config)
{
  struct zpm_str folder = {0};
  int rc = zpm_config_put_script_folder(config, &folder);

  if (rc == 0)
    rc = zpm_strv_push(roots, folder.data);
  zpm_str_deinit(&folder);
  return rc;
}

static int list_roots(struct zpm_strv *roots, const struct zpm_config *config)
{
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < config->watch.len; i++)
    rc = zpm_strv_push(roots, config->watch.items[i]);
  return rc == 0 && roots->len == 0 ? push_script_folder(roots, config) : rc;
}

static void open_watch(struct zpm_renewal *renewal)
{
  const struct zpm_config *config = renewal->options.recipe->config;
  struct zpm_strv roots = {0};
  struct zpm_watch_options options = {
      .roots = &roots,
      .ignore = &config->ignore_watch,
      .own = &renewal->options.services->own_paths,
      .changed = on_changed,
      .trouble = on_trouble,
      .ctx = renewal,
  };
  struct zpm_error err = {0};
  int rc = list_roots(&roots, config);

  if (rc == 0)
    rc = zpm_watch_open(renewal->options.services->loop, &options,
                        &renewal->watch, &err);
  else
    zpm_error_set(&err, rc, "out of memory");
  if (rc != 0) {
    zpm_error_wrap(&err, "its files are not watched");
    tell(renewal, err.message);
  }
  zpm_strv_deinit(&roots);
}

static void close_watch(struct zpm_renewal *renewal)
{
  if (renewal->job != NULL)
    zpm_job_cancel(renewal->job);
  renewal->job = NULL;
  zpm_watch_close(renewal->watch);
  renewal->watch = NULL;
}

/* ---- schedule ---- */

static void on_due(void *ctx)
{
  static const char WHY[] = "restarted, as its schedule (cron) says";

  tell(ctx, WHY);
  renew(ctx, WHY);
}

static void open_schedule(struct zpm_renewal *renewal)
{
  struct zpm_error err = {0};

  if (zpm_schedule_open(renewal->options.services->loop,
                        renewal->options.recipe->config->cron, on_due, renewal,
                        &renewal->schedule, &err) != 0)
    tell(renewal, err.message);
}

static void close_schedule(struct zpm_renewal *renewal)
{
  zpm_schedule_close(renewal->schedule);
  renewal->schedule = NULL;
}

/* ---- life ---- */

struct zpm_renewal *
zpm_renewal_create(const struct zpm_renewal_options *options)
{
  struct zpm_renewal *renewal = zpm_alloc(sizeof(*renewal));

  if (renewal != NULL)
    *renewal = (struct zpm_renewal){.options = *options};
  return renewal;
}

void zpm_renewal_destroy(struct zpm_renewal *renewal)
{
  if (renewal == NULL)
    return;
  close_watch(renewal);
  close_schedule(renewal);
  zpm_free(renewal);
}

void zpm_renewal_sync(struct zpm_renewal *renewal,
                      const struct zpm_renewal_wish *wish)
{
  if (wish->files && renewal->watch == NULL)
    open_watch(renewal);
  else if (!wish->files && renewal->watch != NULL)
    close_watch(renewal);
  if (wish->schedule && renewal->schedule == NULL)
    open_schedule(renewal);
  else if (!wish->schedule && renewal->schedule != NULL)
    close_schedule(renewal);
  if (wish->run == 0 || wish->run == renewal->run)
    return;
  renewal->run = wish->run;
  if (renewal->watch != NULL)
    zpm_watch_app_started(renewal->watch);
}
