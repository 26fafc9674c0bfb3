#include "runtime/foreign.h"

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "platform/platform.h"

enum {
  LOOK_EVERY_MS = 1000,   /* where it cannot be watched */
  FIRST_PAUSE_MS = 1,     /* between questions how it ended */
  LONGEST_PAUSE_MS = 100, /* (its parent may take a second to take notice) */
  ASK_FOR_MS = 10000,
};

struct zpm_foreign {
  struct zpm_foreign_options options;
  uv_poll_t poll;
  uv_timer_t timer;
  uint64_t pause_ms;
  uint64_t ended_ms; /* monotonic; 0: it lives */
  int handles;
};

int zpm_foreign_open(int pid, uint64_t start_ticks)
{
  int watch = zpm_platform_watch(pid);

  /* Looked at only now: the descriptor keeps its number from being used again.
   */
  if (watch >= 0 && zpm_platform_start_ticks(pid) == start_ticks)
    return watch;
  if (watch < 0)
    return watch;
  close(watch);
  return -ESRCH;
}

/* ---- its end ---- */

static void on_timer(uv_timer_t *timer);

static void ask_again(struct zpm_foreign *foreign)
{
  uv_timer_start(&foreign->timer, on_timer, foreign->pause_ms, 0);
  foreign->pause_ms *= 2;
  if (foreign->pause_ms > LONGEST_PAUSE_MS)
    foreign->pause_ms = LONGEST_PAUSE_MS;
}

static void ask(struct zpm_foreign *foreign)
{
  const struct zpm_foreign_options *options = &foreign->options;
  uint64_t asked_ms = uv_now(options->loop) - foreign->ended_ms;
  int status = ZPM_WAIT_UNKNOWN;
  int rc = options->watch >= 0
               ? zpm_platform_exit_status(options->watch, &status)
               : -ESRCH;

  if (rc == -EAGAIN && asked_ms < ASK_FOR_MS)
    ask_again(foreign);
  else
    options->exited(options->ctx, rc == 0 ? status : ZPM_WAIT_UNKNOWN);
}

static void on_end(struct zpm_foreign *foreign)
{
  uv_update_time(foreign->options.loop);
  foreign->ended_ms = uv_now(foreign->options.loop);
  ask(foreign);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
  (void)status;
  (void)events;
  uv_poll_stop(poll);
  on_end(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
  struct zpm_foreign *foreign = timer->data;
  const struct zpm_foreign_options *options = &foreign->options;

  if (foreign->ended_ms != 0)
    ask(foreign);
  else if (zpm_platform_start_ticks(options->pid) == options->start_ticks)
    uv_timer_start(timer, on_timer, LOOK_EVERY_MS, 0);
  else
    on_end(foreign);
}

/* ---- watching ---- */

struct zpm_foreign *zpm_foreign_watch(const struct zpm_foreign_options *options)
{
  struct zpm_foreign *foreign = zpm_alloc_zeroed(1, sizeof(*foreign));
  int watch = options->watch;

  if (foreign == NULL) {
    if (watch >= 0)
      close(watch);
    return NULL;
  }
  foreign->options = *options;
  foreign->pause_ms = FIRST_PAUSE_MS;
  foreign->handles = 1;
  uv_timer_init(options->loop, &foreign->timer);
  uv_unref((uv_handle_t *)&foreign->timer);
  foreign->timer.data = foreign;
  foreign->poll.data = foreign;
  if (watch >= 0 && uv_poll_init(options->loop, &foreign->poll, watch) == 0) {
    foreign->handles = 2;
    uv_unref((uv_handle_t *)&foreign->poll);
    uv_poll_start(&foreign->poll, UV_READABLE, on_readable);
  } else {
    uv_timer_start(&foreign->timer, on_timer, 0, 0);
  }
  return foreign;
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_foreign *foreign = handle->data;

  if (--foreign->handles > 0)
    return;
  if (foreign->options.watch >= 0)
    close(foreign->options.watch);
  zpm_free(foreign);
}

void zpm_foreign_end(struct zpm_foreign *foreign)
{
  if (foreign == NULL)
    return;
  if (foreign->handles == 2)
    uv_close((uv_handle_t *)&foreign->poll, on_closed);
  uv_close((uv_handle_t *)&foreign->timer, on_closed);
}
