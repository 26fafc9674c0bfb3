#ifndef ZPM_TESTS_WATCH_FIXTURE_H
#define ZPM_TESTS_WATCH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "runtime/scratch.h"
#include "runtime/watch.h"
#include "runtime/watch_internal.h"

/*
 * A watch of one folder on a real loop.  That something does not lead to a call
 * is shown by what does: a file written afterwards must be the first that the
 * next call tells of.
 */
enum { WATCH_DEADLINE_MS = 20000 };

struct watching {
  uv_loop_t loop;
  uv_timer_t deadline;
  bool too_late;
  char base[SCRATCH_MAX];       /* removed at the end */
  char folder[SCRATCH_MAX + 8]; /* base/tree, which is watched */
  struct zpm_strv roots;
  struct zpm_strv ignore;
  struct zpm_watch_limits limits;
  struct zpm_watch *watch;
  unsigned calls;
  char first[4096]; /* of the last call, below base/ */
  unsigned troubles;
  char trouble[2048]; /* the last */
};

static inline const char *at(const struct watching *w, const char *name)
{
  static char path[4][4096];
  static unsigned next;
  char *text = path[next++ % 4];

  snprintf(text, sizeof(path[0]), "%s/%s", w->base, name);
  return text;
}

static inline void put(const struct watching *w, const char *name,
                       const char *text)
{
  FILE *file = fopen(at(w, name), "w");

  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static inline void make(const struct watching *w, const char *name)
{
  assert_int_equal(mkdir(at(w, name), 0755), 0);
}

static inline void move(const struct watching *w, const char *from,
                        const char *to)
{
  assert_int_equal(rename(at(w, from), at(w, to)), 0);
}

static inline void on_changed(void *ctx, const char *path)
{
  struct watching *w = ctx;

  w->calls++;
  assert_int_equal(strncmp(path, w->base, strlen(w->base)), 0);
  snprintf(w->first, sizeof(w->first), "%s", path + strlen(w->base) + 1);
  uv_stop(&w->loop);
}

static inline void on_watch_trouble(void *ctx, const char *text)
{
  struct watching *w = ctx;

  w->troubles++;
  snprintf(w->trouble, sizeof(w->trouble), "%s", text);
  uv_stop(&w->loop);
}

static inline void on_deadline(uv_timer_t *timer)
{
  struct watching *w = timer->data;

  w->too_late = true;
}

static inline void watching_setup(struct watching *w)
{
  *w = (struct watching){.limits = ZPM_WATCH_LIMITS};
  assert_int_equal(uv_loop_init(&w->loop), 0);
  assert_non_null(scratch_create(w->base));
  snprintf(w->folder, sizeof(w->folder), "%s/tree", w->base);
  make(w, "tree");
  uv_timer_init(&w->loop, &w->deadline);
  w->deadline.data = w;
  uv_timer_start(&w->deadline, on_deadline, WATCH_DEADLINE_MS, 0);
}

/* Watches base/`name`, and what was added before. */
static inline void watch_also(struct watching *w, const char *name)
{
  assert_int_equal(zpm_strv_push(&w->roots, at(w, name)), 0);
}

static inline void watch_begin(struct watching *w)
{
  char logs[SCRATCH_MAX + 16];
  char *items[] = {logs, NULL};
  struct zpm_strv own = {.items = items, .len = 1};
  struct zpm_watch_options options = {
      .roots = &w->roots,
      .ignore = &w->ignore,
      .own = &own,
      .changed = on_changed,
      .trouble = on_watch_trouble,
      .ctx = w,
  };
  struct zpm_error err = {0};

  snprintf(logs, sizeof(logs), "%s/tree/logs", w->base);
  if (w->roots.len == 0)
    watch_also(w, "tree");
  if (zpm_watch_open_within(&w->loop, &options, &w->limits, &w->watch, &err) !=
      0)
    fail_msg("%s", err.message);
}

/* Until there have been so many calls, or troubles. */
static inline void await_calls(struct watching *w, unsigned calls)
{
  while (w->calls < calls && !w->too_late)
    uv_run(&w->loop, UV_RUN_ONCE);
  if (w->too_late)
    fail_msg("%u calls, not %u; trouble: %s", w->calls, calls, w->trouble);
  assert_int_equal(w->calls, calls);
}

static inline void await_trouble(struct watching *w, unsigned troubles)
{
  while (w->troubles < troubles && !w->too_late)
    uv_run(&w->loop, UV_RUN_ONCE);
  assert_int_equal(w->troubles, troubles);
}

/* The next call is this one, and none came before it. */
static inline void expect_call(struct watching *w, const char *first)
{
  await_calls(w, w->calls + 1);
  assert_string_equal(w->first, first);
}

/* What was done since the last call leads to none. */
static inline void expect_silence(struct watching *w)
{
  static unsigned count;
  char text[16];

  snprintf(text, sizeof(text), "%u", count++);
  put(w, "tree/sentinel", text);
  expect_call(w, "tree/sentinel");
}

static inline void watching_teardown(struct watching *w)
{
  zpm_watch_close(w->watch);
  uv_close((uv_handle_t *)&w->deadline, NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  zpm_strv_deinit(&w->roots);
  zpm_strv_deinit(&w->ignore);
  assert_int_equal(scratch_remove(w->base), 0);
}

#endif
