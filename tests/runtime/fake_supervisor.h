#ifndef FAKE_SUPERVISOR_H
#define FAKE_SUPERVISOR_H

/*
 * A supervisor without processes, for tests of what stands above it.  To be
 * included by one file of a program: it defines the functions of
 * zpm/supervisor.h, so the real ones are not linked.
 *
 * While `held` is set, commands do not finish until fake_release().
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/log_place.h"
#include "core/record.h"
#include "zpm/supervisor.h"

enum { FAKE_APPS = 4096, FAKE_OPEN = 4096 };

struct zpm_app {
  struct zpm_config config;
  struct zpm_environment *environment;
  enum zpm_status status;
  int pid;
};

struct fake_open {
  zpm_done_cb *done;
  void *ctx;
  const char *text;
  struct zpm_error err;
};

struct zpm_supervisor {
  zpm_observer_cb *observer;
  void *ctx;
  char *logs_folder;
  struct zpm_app *apps[FAKE_APPS];
  size_t count;
  bool held;
  bool suspended;
  bool released_keeper;
  int measured; /* how often */
  int waits;    /* orders that wait for readiness */
  const char *escapes;
  struct fake_open open[FAKE_OPEN];
  size_t open_count;
};

static void fake_finish(struct zpm_supervisor *fake, zpm_done_cb *done,
                        void *ctx, const char *text,
                        const struct zpm_error *err)
{
  struct fake_open *open = &fake->open[fake->open_count];

  if (!fake->held) {
    done(ctx, text, err);
    return;
  }
  *open = (struct fake_open){.done = done, .ctx = ctx, .text = text};
  if (err != NULL)
    open->err = *err;
  fake->open_count++;
}

/* Finishes the n-th of the open commands. */
static inline void fake_release_one(struct zpm_supervisor *fake, size_t n)
{
  struct fake_open open = fake->open[n];

  fake->open_count--;
  memmove(&fake->open[n], &fake->open[n + 1],
          (fake->open_count - n) * sizeof(open));
  open.done(open.ctx, open.text, open.err.code != 0 ? &open.err : NULL);
}

static inline void fake_release(struct zpm_supervisor *fake)
{
  fake->held = false;
  while (fake->open_count > 0)
    fake_release_one(fake, 0);
}

static inline void fake_tell(struct zpm_supervisor *fake,
                             enum zpm_event_kind kind, const char *name)
{
  struct zpm_supervisor_event event = {.kind = kind, .name = name};

  fake->observer(fake->ctx, &event);
}

static inline void fake_output(struct zpm_supervisor *fake, const char *name,
                               int stream, const char *bytes, size_t len)
{
  const struct zpm_log_place place = {.file = 7, .offset = 100};
  struct zpm_supervisor_event event = {.kind = ZPM_EVENT_LOG,
                                       .name = name,
                                       .stream = stream,
                                       .bytes = bytes,
                                       .len = len,
                                       .place = &place};

  fake->observer(fake->ctx, &event);
}

static struct zpm_app *fake_find(const struct zpm_supervisor *fake,
                                 const char *name)
{
  for (size_t i = 0; i < fake->count; i++) {
    if (strcmp(fake->apps[i]->config.name, name) == 0)
      return fake->apps[i];
  }
  return NULL;
}

/* ---- zpm/supervisor.h ---- */

int zpm_supervisor_create(uv_loop_t *loop,
                          const struct zpm_supervisor_options *options,
                          struct zpm_supervisor **out, struct zpm_error *err)
{
  struct zpm_supervisor *fake = calloc(1, sizeof(*fake));

  (void)loop;
  (void)err;
  fake->observer = options->observer;
  fake->ctx = options->ctx;
  fake->logs_folder = strdup(options->logs_folder);
  *out = fake;
  return 0;
}

static void fake_forget(struct zpm_supervisor *fake, struct zpm_app *app)
{
  size_t i = 0;

  while (fake->apps[i] != app)
    i++;
  fake->count--;
  memmove(&fake->apps[i], &fake->apps[i + 1],
          (fake->count - i) * sizeof(fake->apps[0]));
  zpm_config_deinit(&app->config);
  zpm_environment_unref(app->environment);
  free(app);
}

void zpm_supervisor_close(struct zpm_supervisor *fake,
                          void (*closed)(void *ctx), void *ctx)
{
  fake_release(fake);
  while (fake->count > 0)
    fake_forget(fake, fake->apps[0]);
  free(fake->logs_folder);
  free(fake);
  if (closed != NULL)
    closed(ctx);
}

int zpm_supervisor_save(struct zpm_supervisor *fake, struct zpm_error *err)
{
  (void)fake;
  (void)err;
  return 0;
}

const char *zpm_supervisor_keeper_version(const struct zpm_supervisor *fake)
{
  (void)fake;
  return NULL;
}

void zpm_supervisor_resume(struct zpm_supervisor *fake)
{
  (void)fake;
}

static struct zpm_app *fake_put(struct zpm_supervisor *fake,
                                const struct zpm_order *order)
{
  const struct zpm_config *config = order->config;
  struct zpm_environment *environment = order->environment;
  struct zpm_app *app = fake_find(fake, config->name);

  if (app == NULL) {
    app = calloc(1, sizeof(*app));
    zpm_config_copy(&app->config, config);
    fake->apps[fake->count++] = app;
  } else {
    zpm_config_merge(&app->config, config);
  }
  if (environment != NULL) {
    zpm_environment_unref(app->environment);
    app->environment = zpm_environment_ref(environment);
  }
  return app;
}

void zpm_supervisor_start(struct zpm_supervisor *fake,
                          const struct zpm_order *order, zpm_done_cb *done,
                          void *ctx)
{
  const struct zpm_config *config = order->config;
  struct zpm_error err = {0};
  struct zpm_app *app;

  if (config->script_path != NULL && strcmp(config->script_path, "/bad") == 0) {
    zpm_error_set(&err, ZPM_ESTART, "cannot run /bad: no such file");
    fake_finish(fake, done, ctx, "", &err);
    return;
  }
  fake->waits += order->until_ready;
  app = fake_put(fake, order);
  app->status = ZPM_STATUS_RUNNING;
  app->pid = 1000 + (int)fake->count;
  fake_tell(fake, ZPM_EVENT_APP, app->config.name);
  fake_finish(fake, done, ctx, "started", NULL);
}

void zpm_supervisor_add(struct zpm_supervisor *fake,
                        const struct zpm_order *order, zpm_done_cb *done,
                        void *ctx)
{
  fake_put(fake, order);
  fake_finish(fake, done, ctx, "added", NULL);
}

void zpm_supervisor_stop(struct zpm_supervisor *fake, const char *name,
                         zpm_done_cb *done, void *ctx)
{
  struct zpm_app *app = fake_find(fake, name);

  app->status = ZPM_STATUS_STOPPED;
  app->pid = 0;
  fake_finish(fake, done, ctx, "stopped", NULL);
}

void zpm_supervisor_restart(struct zpm_supervisor *fake, const char *name,
                            const struct zpm_order *order, zpm_done_cb *done,
                            void *ctx)
{
  struct zpm_app *app = fake_find(fake, name);

  fake->waits += order != NULL && order->until_ready;
  if (order != NULL && order->config != NULL)
    zpm_config_merge(&app->config, order->config);
  fake_finish(fake, done, ctx, "restarted", NULL);
}

void zpm_supervisor_reload(struct zpm_supervisor *fake, const char *name,
                           unsigned parallel, zpm_done_cb *done, void *ctx)
{
  (void)fake_find(fake, name);
  (void)parallel;
  fake_finish(fake, done, ctx, "reloaded", NULL);
}

void zpm_supervisor_scale(struct zpm_supervisor *fake, const char *name,
                          unsigned instances, zpm_done_cb *done, void *ctx)
{
  char text[32];

  (void)fake_find(fake, name);
  snprintf(text, sizeof(text), "scaled to %u", instances);
  fake_finish(fake, done, ctx, text, NULL);
}

void zpm_supervisor_delete(struct zpm_supervisor *fake, const char *name,
                           zpm_done_cb *done, void *ctx)
{
  struct zpm_app *app = fake_find(fake, name);
  char *copy = strdup(name);

  fake_forget(fake, app);
  fake_tell(fake, ZPM_EVENT_DELETED, copy);
  free(copy);
  fake_finish(fake, done, ctx, "deleted", NULL);
}

void zpm_supervisor_suspend(struct zpm_supervisor *fake, zpm_done_cb *done,
                            void *ctx)
{
  fake->suspended = true;
  fake_finish(fake, done, ctx, "all apps are stopped", NULL);
}

void zpm_supervisor_release_keeper(struct zpm_supervisor *fake)
{
  fake->released_keeper = true;
}

void zpm_supervisor_measure(struct zpm_supervisor *fake, const char *name,
                            zpm_done_cb *done, void *ctx)
{
  (void)name;
  fake->measured++;
  fake_finish(fake, done, ctx, "", NULL);
}

size_t zpm_supervisor_count(const struct zpm_supervisor *fake)
{
  return fake->count;
}

const struct zpm_app *zpm_supervisor_app(const struct zpm_supervisor *fake,
                                         size_t index)
{
  return index < fake->count ? fake->apps[index] : NULL;
}

const struct zpm_app *zpm_supervisor_find(const struct zpm_supervisor *fake,
                                          const char *name)
{
  return fake_find(fake, name);
}

const char *zpm_supervisor_suggest(const struct zpm_supervisor *fake,
                                   const char *name)
{
  for (size_t i = 0; i < fake->count; i++) {
    if (fake->apps[i]->config.name[0] == name[0])
      return fake->apps[i]->config.name;
  }
  return NULL;
}

const char *zpm_supervisor_logs_folder(const struct zpm_supervisor *fake)
{
  return fake->logs_folder;
}

const char *zpm_supervisor_may_escape(const struct zpm_supervisor *fake)
{
  return fake->escapes;
}

int zpm_supervisor_keeper_pid(const struct zpm_supervisor *fake)
{
  (void)fake;
  return 4242;
}

const char *zpm_status_name(enum zpm_status status)
{
  static const char *const NAMES[ZPM_STATUSES] = {
      "stopped", "starting", "running", "stopping", "crashed", "errored"};

  return NAMES[status];
}

static char FAKE_LINES[] = "one\ntwo\n";
static char FAKE_REASON[] = "why \"this\"";
static const struct zpm_past FAKE_PAST = {
    .exits = {{.known = true,
               .code = -1,
               .signal = 9,
               .cause = ZPM_CAUSE_OOM,
               .at_ms = 1700000000000,
               .uptime_ms = 77},
              {.known = true, .code = 3, .at_ms = 5, .uptime_ms = 6}},
    .lines = {FAKE_LINES},
    .reasons = {FAKE_REASON},
    .len = 2,
};
static const struct zpm_past FAKE_NO_PAST = {0};

void zpm_app_view(const struct zpm_app *app, struct zpm_app_view *view)
{
  bool up = app->pid != 0;

  *view = (struct zpm_app_view){
      .name = app->config.name,
      .config = &app->config,
      .environment = app->environment,
      .status = app->status,
      .pid = app->pid,
      .uptime_ms = 1234,
      .total_restarts = 2,
      .cpu_percent = up ? 12.34 : 0,
      .rss_bytes = up ? 1048576 : 0,
      .heap_bytes = -1,
      .last_error = up ? NULL : "it \"failed\"",
      .past = up ? &FAKE_NO_PAST : &FAKE_PAST,
      .last_log = "hello",
      .created_ms = 1690000000000,
      .instances = 1,
      .worker_count = 1,
  };
}

void zpm_app_worker_view(const struct zpm_app *app, size_t index,
                         struct zpm_worker_view *view)
{
  *view = (struct zpm_worker_view){
      .instance = (unsigned)index,
      .status = app->status,
      .pid = app->pid,
      .uptime_ms = 1234,
      .total_restarts = 2,
      .cpu_percent = app->pid != 0 ? 12.34 : 0,
      .rss_bytes = app->pid != 0 ? 1048576 : 0,
      .heap_bytes = -1,
      .lag_ns = -1,
      .connections = -1,
      .processes = app->pid != 0 ? 3 : 0,
      .next_try_in_ms = 500,
  };
}

#endif
