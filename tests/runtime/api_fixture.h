#ifndef API_FIXTURE_H
#define API_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/api.h"
#include "runtime/fake_supervisor.h"
#include "runtime/scratch.h"

/* An api on a fake supervisor, in a folder of its own. */
struct stage {
  uv_loop_t loop;
  char folder[SCRATCH_MAX];
  struct zpm_api *api;
  struct zpm_supervisor *fake;
  int shutdowns;
};

static inline void stage_on_shutdown(void *ctx)
{
  struct stage *stage = ctx;

  stage->shutdowns++;
}

static inline void stage_open_as(struct stage *stage, bool is_daemon)
{
  struct zpm_api_options options = {
      .shutdown = is_daemon ? stage_on_shutdown : NULL,
      .ctx = stage,
      .home = stage->folder,
      .namespace_name = "test",
  };
  struct zpm_supervisor_options supervisor = {.observer = zpm_api_observe};

  *stage = (struct stage){0};
  assert_int_equal(uv_loop_init(&stage->loop), 0);
  assert_non_null(scratch_create(stage->folder));
  stage->api = zpm_api_create(&stage->loop, &options);
  assert_non_null(stage->api);
  supervisor.logs_folder = stage->folder;
  supervisor.ctx = stage->api;
  zpm_supervisor_create(&stage->loop, &supervisor, &stage->fake, NULL);
  zpm_api_attach(stage->api, stage->fake);
}

static inline void stage_open(struct stage *stage)
{
  stage_open_as(stage, true);
}

static inline void stage_close(struct stage *stage)
{
  zpm_supervisor_close(stage->fake, NULL, NULL);
  zpm_api_destroy(stage->api);
  uv_run(&stage->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&stage->loop), 0);
  scratch_remove(stage->folder);
}

/* Makes an app known that runs, or not. */
static inline void stage_add(struct stage *stage, const char *name, bool runs)
{
  struct zpm_config config;
  struct zpm_app *app;

  zpm_config_init(&config);
  config.name = strdup(name);
  config.script_path = strdup("/srv/app.js");
  config.cwd = strdup("/srv");
  app = fake_put(stage->fake, &(struct zpm_order){.config = &config});
  app->status = runs ? ZPM_STATUS_RUNNING : ZPM_STATUS_STOPPED;
  app->pid = runs ? 100 : 0;
  zpm_config_deinit(&config);
}

/* Puts text into a log file of an app. */
static inline void stage_write_log(struct stage *stage, const char *app,
                                   const char *file, const char *text)
{
  char path[SCRATCH_MAX + 64];
  FILE *out;

  snprintf(path, sizeof(path), "%s/%s", stage->folder, app);
  mkdir(path, 0700);
  snprintf(path, sizeof(path), "%s/%s/%s.log", stage->folder, app, file);
  out = fopen(path, "w");
  assert_non_null(out);
  fputs(text, out);
  fclose(out);
}

/* ---- a peer that writes down what it is told ---- */

struct listener {
  struct zpm_peer peer;
  struct zpm_str heard;
  bool slow; /* refuses what it may */
};

static inline bool listener_on_send(struct zpm_peer *peer, const char *lines,
                                    size_t len, bool droppable)
{
  struct listener *listener = ZPM_CONTAINER_OF(peer, struct listener, peer);

  if (droppable && listener->slow)
    return false;
  assert_int_equal(zpm_str_append(&listener->heard, lines, len), 0);
  return true;
}

static inline void listener_open(struct stage *stage, struct listener *listener)
{
  *listener = (struct listener){0};
  zpm_api_peer_init(stage->api, &listener->peer, listener_on_send);
}

static inline void listener_close(struct listener *listener)
{
  zpm_api_peer_close(&listener->peer);
  zpm_str_deinit(&listener->heard);
}

static inline int say(struct listener *listener, const char *line)
{
  return zpm_api_handle(&listener->peer, line, strlen(line));
}

/* Exactly this has been heard since the last time. */
static inline void expect(struct listener *listener, const char *lines)
{
  assert_string_equal(zpm_str_text(&listener->heard), lines);
  zpm_str_clear(&listener->heard);
}

/* This is in what has been heard. */
static inline void expect_part(struct listener *listener, const char *part)
{
  if (strstr(zpm_str_text(&listener->heard), part) == NULL)
    fail_msg("not heard: %s\nbut: %s", part, zpm_str_text(&listener->heard));
}

static inline void ask(struct listener *listener, const char *line,
                       const char *answer)
{
  assert_int_equal(say(listener, line), 0);
  expect(listener, answer);
}

#endif
