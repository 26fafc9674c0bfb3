#ifndef ZPM_TESTS_LOGS_FIXTURE_H
#define ZPM_TESTS_LOGS_FIXTURE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <uv.h>

#include "base/str.h"
#include "runtime/log_source.h"
#include "runtime/logs.h"
#include "scratch.h"

/*
 * Logs in a folder of their own, on a loop of their own.
 */
struct logs_fixture {
  char root[SCRATCH_MAX];
  char folder[SCRATCH_MAX + 16];
  char inflight[SCRATCH_MAX + 16];
  uv_loop_t loop;
  struct zpm_logs *logs;
  struct zpm_str heard; /* what on_output was told */
  size_t heard_times;
  struct zpm_log_place heard_place; /* of the last piece */
};

/* One app's output: the test writes into `in`. */
struct logs_pipe {
  struct zpm_log *log;
  struct zpm_log_source *source;
  int in;
  int ends; /* how often EOF was told */
};

static const struct zpm_log_rules RAW = {0};
static const struct zpm_log_rules STAMPED = {.timestamps = true};
static const struct zpm_log_rules JSON = {.json = true};

static inline void on_fixture_output(void *ctx,
                                     const struct zpm_log_output *output)
{
  struct logs_fixture *f = ctx;

  f->heard_times++;
  f->heard_place = output->place;
  zpm_str_append(&f->heard, output->bytes, output->len);
}

static inline void logs_start(struct logs_fixture *f)
{
  const struct zpm_logs_options options = {.folder = f->folder,
                                           .inflight_path = f->inflight,
                                           .on_output = on_fixture_output,
                                           .ctx = f};

  assert_int_equal(zpm_logs_create(&f->loop, &options, &f->logs, NULL), 0);
}

static inline void on_fixture_closed(void *ctx)
{
  *(bool *)ctx = true;
}

static inline void logs_stop(struct logs_fixture *f)
{
  bool closed = false;

  zpm_logs_close(f->logs, on_fixture_closed, &closed);
  uv_run(&f->loop, UV_RUN_DEFAULT);
  assert_true(closed);
  f->logs = NULL;
}

static inline void logs_setup(struct logs_fixture *f)
{
  *f = (struct logs_fixture){0};
  assert_non_null(scratch_create(f->root));
  snprintf(f->folder, sizeof(f->folder), "%s/logs", f->root);
  snprintf(f->inflight, sizeof(f->inflight), "%s/inflight", f->root);
  assert_int_equal(uv_loop_init(&f->loop), 0);
  logs_start(f);
}

static inline void logs_teardown(struct logs_fixture *f)
{
  if (f->logs != NULL)
    logs_stop(f);
  assert_int_equal(uv_loop_close(&f->loop), 0);
  zpm_str_deinit(&f->heard);
  assert_int_equal(scratch_remove(f->root), 0);
}

static inline void on_pipe_end(void *ctx)
{
  struct logs_pipe *pipe = ctx;

  pipe->ends++;
}

/* One more pipe into a log that is open. */
static inline void pipe_add(struct zpm_log *log, struct logs_pipe *pipe)
{
  int ends[2];

  *pipe = (struct logs_pipe){.log = log};
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  pipe->in = ends[1];
  assert_int_equal(
      zpm_log_source_add(log, ends[0], on_pipe_end, pipe, &pipe->source, NULL),
      0);
}

static inline void pipe_open(struct logs_fixture *f, const char *app,
                             const struct zpm_log_rules *rules,
                             struct logs_pipe *pipe)
{
  struct zpm_log *log;

  assert_int_equal(
      zpm_log_open(f->logs, app, ZPM_STREAM_OUT, rules, &log, NULL), 0);
  pipe_add(log, pipe);
}

/* Takes what is in the pipe, and closes both of its ends. */
static inline void pipe_end(struct logs_pipe *pipe)
{
  if (pipe->in >= 0)
    close(pipe->in);
  pipe->in = -1;
  zpm_log_source_close(pipe->source);
}

static inline void pipe_close(struct logs_pipe *pipe)
{
  pipe_end(pipe);
  zpm_log_close(pipe->log);
}

/* What the app wrote is one batch, and in the file when this returns. */
static inline void pipe_write_bytes(struct logs_pipe *pipe, const char *bytes,
                                    size_t len)
{
  assert_int_equal(write(pipe->in, bytes, len), (ssize_t)len);
  while (zpm_log_source_serve(pipe->source) > 0)
    ;
}

static inline void pipe_write(struct logs_pipe *pipe, const char *text)
{
  pipe_write_bytes(pipe, text, strlen(text));
}

/* All that an app ever writes, in one go. */
static inline void log_once(struct logs_fixture *f, const char *app,
                            const struct zpm_log_rules *rules, const char *text)
{
  struct logs_pipe pipe;

  pipe_open(f, app, rules, &pipe);
  pipe_write(&pipe, text);
  pipe_close(&pipe);
}

/* The loop runs until *flag is at least `goal`; 20 s are a failure. */
static inline void on_fixture_deadline(uv_timer_t *timer)
{
  (void)timer;
  fail_msg("waited for 20 s");
}

static inline void on_fixture_tick(uv_timer_t *timer)
{
  *(int *)timer->data = 1;
}

static inline void logs_wait(struct logs_fixture *f, const int *flag, int goal)
{
  enum { DEADLINE_MS = 20000 };
  uv_timer_t deadline;

  uv_timer_init(&f->loop, &deadline);
  uv_timer_start(&deadline, on_fixture_deadline, DEADLINE_MS, 0);
  while (*flag < goal)
    uv_run(&f->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&deadline, NULL);
  uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* Lets that much time go by on the loop. */
static inline void logs_pass(struct logs_fixture *f, uint64_t ms)
{
  uv_timer_t timer;
  int done = 0;

  uv_timer_init(&f->loop, &timer);
  timer.data = &done;
  uv_timer_start(&timer, on_fixture_tick, ms, 0);
  logs_wait(f, &done, 1);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* A file below the logs folder as text; NULL if there is none.  Freed by the
 * next call. */
static inline const struct zpm_str *logs_read(const char *folder,
                                              const char *name)
{
  static struct zpm_str content;
  char path[SCRATCH_MAX + 128];
  char chunk[4096];
  size_t got;
  FILE *file;

  snprintf(path, sizeof(path), "%s/%s", folder, name);
  file = fopen(path, "r");
  zpm_str_deinit(&content);
  if (file == NULL)
    return NULL;
  while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
    zpm_str_append(&content, chunk, got);
  fclose(file);
  return &content;
}

static inline void assert_log(const struct logs_fixture *f, const char *name,
                              const char *expected)
{
  const struct zpm_str *content = logs_read(f->folder, name);

  if (expected == NULL) {
    assert_null(content);
    return;
  }
  assert_non_null(content);
  assert_string_equal(zpm_str_text(content), expected);
}

/* Every stamp of today's becomes "<time>". */
static inline const char *without_times(const char *text)
{
  enum { TIME_LEN = 24 };
  static char plain[1 << 16];
  size_t used = 0;

  while (*text != '\0' && used + TIME_LEN < sizeof(plain)) {
    if (strncmp(text, "20", 2) == 0 && strlen(text) >= TIME_LEN &&
        text[10] == 'T' && text[TIME_LEN - 1] == 'Z') {
      used += (size_t)sprintf(plain + used, "<time>");
      text += TIME_LEN;
    } else {
      plain[used++] = *text++;
    }
  }
  plain[used] = '\0';
  return plain;
}

static inline void assert_timed_log(const struct logs_fixture *f,
                                    const char *name, const char *expected)
{
  const struct zpm_str *content = logs_read(f->folder, name);

  assert_non_null(content);
  assert_string_equal(without_times(zpm_str_text(content)), expected);
}

#endif
