#ifndef ZPM_TESTS_SUPERVISOR_FIXTURE_H
#define ZPM_TESTS_SUPERVISOR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "core/config.h"
#include "core/record.h"
#include "runtime/scratch.h"
#include "zpm/supervisor.h"

/*
 * A supervisor on a real loop with the real keeper, in a folder of its own.
 * Scripts are /bin/sh programs that a test writes there.  Teardown asserts that
 * the loop closes: no handle is left.
 */
enum { DEADLINE_MS = 30000 };

struct world {
  uv_loop_t loop;
  struct zpm_supervisor *supervisor;
  char folder[64];
  char output[4096]; /* what apps wrote, by LOG events */
  size_t output_len;
  unsigned exits;
  unsigned troubles;
  char trouble[4096]; /* all of them, a line each */
  unsigned deleted;
  bool closed;
};

/* The outcome of one command. */
struct outcome {
  bool done;
  int code;
  char text[600];
};

static inline void on_done(void *ctx, const char *text,
                           const struct zpm_error *err)
{
  struct outcome *outcome = ctx;

  assert_false(outcome->done);
  outcome->done = true;
  outcome->code = err != NULL ? err->code : 0;
  snprintf(outcome->text, sizeof(outcome->text), "%s",
           err != NULL ? err->message : text);
}

static inline void on_trouble(struct world *w,
                              const struct zpm_supervisor_event *event)
{
  size_t used = strlen(w->trouble);

  w->troubles++;
  snprintf(w->trouble + used, sizeof(w->trouble) - used, "%.*s\n",
           (int)event->len, event->bytes);
}

static inline void on_event(void *ctx, const struct zpm_supervisor_event *event)
{
  struct world *w = ctx;
  size_t room = sizeof(w->output) - 1 - w->output_len;
  size_t len = event->len < room ? event->len : room;

  if (event->kind == ZPM_EVENT_EXIT)
    w->exits++;
  if (event->kind == ZPM_EVENT_TROUBLE)
    on_trouble(w, event);
  if (event->kind == ZPM_EVENT_DELETED)
    w->deleted++;
  if (event->kind != ZPM_EVENT_LOG)
    return;
  memcpy(w->output + w->output_len, event->bytes, len);
  w->output_len += len;
  w->output[w->output_len] = '\0';
}

static inline const char *in_folder(const struct world *w, const char *name)
{
  static _Thread_local char path[4][128];
  static _Thread_local unsigned next;
  char *text = path[next++ % 4];

  snprintf(text, sizeof(path[0]), "%s/%s", w->folder, name);
  return text;
}

static inline void open_supervisor(struct world *w)
{
  char logs[128], state[128], keeper[128];
  struct zpm_supervisor_options options = {
      .logs_folder = logs,
      .state_path = state,
      .keeper_path = keeper,
      .observer = on_event,
      .ctx = w,
  };
  struct zpm_error err = {0};

  snprintf(logs, sizeof(logs), "%s/logs", w->folder);
  snprintf(state, sizeof(state), "%s/state.json", w->folder);
  snprintf(keeper, sizeof(keeper), "%s/zpm-keeper", w->folder);
  assert_true(symlink(ZPM_TEST_KEEPER, keeper) == 0 || errno == EEXIST);
  if (zpm_supervisor_create(&w->loop, &options, &w->supervisor, &err) != 0)
    fail_msg("%s", err.message);
}

static inline void on_closed(void *ctx)
{
  ((struct world *)ctx)->closed = true;
}

static inline void close_supervisor(struct world *w)
{
  w->closed = false;
  zpm_supervisor_close(w->supervisor, on_closed, w);
  while (!w->closed)
    uv_run(&w->loop, UV_RUN_ONCE);
  w->supervisor = NULL;
}

static inline int set_up(void **state)
{
  struct world *w = calloc(1, sizeof(*w));
  char logs[128];

  snprintf(w->folder, sizeof(w->folder), "%s/zpm-supervisor-XXXXXX",
           scratch_base());
  assert_non_null(mkdtemp(w->folder));
  snprintf(logs, sizeof(logs), "%s/logs", w->folder);
  assert_int_equal(mkdir(logs, 0700), 0);
  assert_int_equal(uv_loop_init(&w->loop), 0);
  open_supervisor(w);
  *state = w;
  return 0;
}

static inline int tear_down(void **state)
{
  struct world *w = *state;

  close_supervisor(w);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  scratch_remove(w->folder);
  free(w);
  return 0;
}

/* ---- waiting ---- */

static inline void on_tick(uv_timer_t *timer)
{
  (void)timer;
}

/* Runs the loop until `is_so`, failing at the deadline. */
static inline void wait_until(struct world *w, bool (*is_so)(void *ctx),
                              void *ctx)
{
  uint64_t deadline = uv_hrtime() / 1000000 + DEADLINE_MS;
  uv_timer_t tick;

  uv_timer_init(&w->loop, &tick);
  uv_timer_start(&tick, on_tick, 1, 5);
  while (!is_so(ctx)) {
    if (uv_hrtime() / 1000000 > deadline)
      fail_msg("waited too long; output so far: %s", w->output);
    uv_run(&w->loop, UV_RUN_ONCE);
  }
  uv_close((uv_handle_t *)&tick, NULL);
  uv_run(&w->loop, UV_RUN_NOWAIT);
}

static inline bool is_done(void *ctx)
{
  return ((struct outcome *)ctx)->done;
}

static inline void wait_done(struct world *w, struct outcome *outcome)
{
  wait_until(w, is_done, outcome);
}

struct text_in_output {
  const struct world *w;
  const char *text;
};

static inline bool is_written(void *ctx)
{
  struct text_in_output *t = ctx;

  return strstr(t->w->output, t->text) != NULL;
}

static inline void wait_output(struct world *w, const char *text)
{
  wait_until(w, is_written, &(struct text_in_output){w, text});
}

static inline bool pid_is_gone(void *ctx)
{
  return kill(*(int *)ctx, 0) != 0;
}

/* Gone, or a zombie that its parent has not buried yet. */
static inline bool is_dead(int pid)
{
  char path[32], state = 'Z';
  FILE *f;

  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  f = fopen(path, "re");
  if (f == NULL)
    return true;
  if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
    state = 'Z';
  fclose(f);
  return state == 'Z' || state == 'X';
}

struct app_status {
  const struct world *w;
  const char *name;
  enum zpm_status status;
  uint32_t total_restarts;
};

static inline struct zpm_app_view view(const struct world *w, const char *name)
{
  const struct zpm_app *app = zpm_supervisor_find(w->supervisor, name);
  struct zpm_app_view v = {.status = ZPM_STATUSES};

  if (app != NULL)
    zpm_app_view(app, &v);
  return v;
}

static inline bool has_status(void *ctx)
{
  struct app_status *s = ctx;
  struct zpm_app_view v = view(s->w, s->name);

  return v.status == s->status && v.total_restarts >= s->total_restarts;
}

static inline void wait_status(struct world *w, const char *name,
                               enum zpm_status status)
{
  wait_until(w, has_status, &(struct app_status){w, name, status, 0});
}

/* The pid that a program wrote to a file of the folder; 0: not yet. */
static inline int pid_in(const struct world *w, const char *name)
{
  FILE *f = fopen(in_folder(w, name), "re");
  char line[32] = "";
  int pid = 0;

  if (f == NULL)
    return 0;
  if (fgets(line, sizeof(line), f) != NULL && strchr(line, '\n') != NULL)
    pid = atoi(line);
  fclose(f);
  return pid;
}

struct pid_file {
  const struct world *w;
  const char *name;
};

static inline bool is_there(void *ctx)
{
  struct pid_file *file = ctx;

  return pid_in(file->w, file->name) > 0;
}

static inline int wait_pid(struct world *w, const char *name)
{
  wait_until(w, is_there, &(struct pid_file){w, name});
  return pid_in(w, name);
}

/* ---- apps ---- */

static inline void write_script(const struct world *w, const char *name,
                                const char *body)
{
  const char *path = in_folder(w, name);
  FILE *f = fopen(path, "we");

  assert_non_null(f);
  fprintf(f, "#!/bin/sh\n%s\n", body);
  fclose(f);
  assert_int_equal(chmod(path, 0755), 0);
}

/* "name" runs folder/name; further fields as "field", "text", ..., NULL. */
static inline struct zpm_config config_of(const struct world *w,
                                          const char *name, ...)
{
  struct zpm_config config;
  struct zpm_error err = {0};
  const char *field;
  va_list args;

  zpm_config_init(&config);
  zpm_config_set_text(&config, zpm_config_field_of_name("name", 4), name, NULL);
  zpm_config_set_text(&config, zpm_config_field_of_name("scriptPath", 10),
                      in_folder(w, name), NULL);
  zpm_config_set_text(&config, zpm_config_field_of_name("cwd", 3), w->folder,
                      NULL);
  va_start(args, name);
  while ((field = va_arg(args, const char *)) != NULL) {
    int index = zpm_config_field_of_name(field, strlen(field));

    assert_true(index >= 0);
    if (zpm_config_set_text(&config, index, va_arg(args, const char *), &err) !=
        0)
      fail_msg("%s", err.message);
  }
  va_end(args);
  return config;
}

static inline struct outcome start(struct world *w, struct zpm_config config)
{
  struct outcome outcome = {0};

  zpm_supervisor_start(w->supervisor, &(struct zpm_order){.config = &config},
                       on_done, &outcome);
  wait_done(w, &outcome);
  zpm_config_deinit(&config);
  return outcome;
}

static inline struct outcome stop(struct world *w, const char *name)
{
  struct outcome outcome = {0};

  zpm_supervisor_stop(w->supervisor, name, on_done, &outcome);
  wait_done(w, &outcome);
  return outcome;
}

#endif
