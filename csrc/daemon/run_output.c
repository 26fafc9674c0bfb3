#include "daemon/run_state.h"

#include <string.h>
#include <unistd.h>

/* An app that writes faster than its output is read waits, as it would without
 * us. */
enum {
  HOLD_AT = 256 * 1024,
  GO_ON_BELOW = 64 * 1024,
  QUEUE_MAX = 16 * 1024 * 1024, /* what many short runs may leave behind */
};

/* ---- writing ---- */

static size_t waiting(const struct zpm_run_host *run)
{
  return zpm_outlet_waiting(&run->outlets[0]) +
         zpm_outlet_waiting(&run->outlets[1]);
}

static void hold(struct zpm_run_host *run, bool held)
{
  run->holds = held;
  if (run->supervisor != NULL)
    zpm_supervisor_hold_output(run->supervisor, held);
}

/* Nobody reads what the app says (head has seen enough, the terminal is
 * closed), so nobody waits for what it does. */
static void on_changed(void *ctx)
{
  struct zpm_run_host *run = ctx;

  if (run->outlets[0].error != 0)
    zpm_run_tell(run);
  if (run->holds && run->stage < ZPM_RUN_LEAVING && waiting(run) < GO_ON_BELOW)
    hold(run, false);
  if (run->stage == ZPM_RUN_LAST_WORDS && zpm_run_output_is_done(run))
    zpm_run_finish(run);
}

static void put(struct zpm_run_host *run, int stream, const char *bytes,
                size_t len)
{
  struct zpm_outlet *outlet = &run->outlets[stream];
  bool full = zpm_outlet_waiting(outlet) + len > QUEUE_MAX;

  if (full && !run->lost)
    zpm_run_output_say(run, "the output is not read: some of it is lost");
  run->lost = run->lost || full;
  if (!full)
    zpm_outlet_put(outlet, bytes, len);
  if (!run->holds && run->stage < ZPM_RUN_LEAVING && waiting(run) > HOLD_AT)
    hold(run, true);
}

void zpm_run_output_say(struct zpm_run_host *run, const char *text)
{
  struct zpm_str line = {0};

  if (zpm_str_printf(&line, "zpm: %s\n", text) == 0)
    zpm_outlet_put(&run->outlets[1], line.data, line.len);
  zpm_str_deinit(&line);
}

/* ---- what the supervisor tells ---- */

/* How it ended and what follows.  If nothing does, it is not for us to say that
 * somebody may start it. */
static void note_verdict(struct zpm_run_host *run,
                         const struct zpm_supervisor_event *event)
{
  zpm_str_clear(&run->verdict);
  zpm_str_append(&run->verdict, event->bytes, event->len);
}

static void on_trouble(struct zpm_run_host *run,
                       const struct zpm_supervisor_event *event)
{
  struct zpm_str text = {0};

  if (run->exited)
    note_verdict(run, event);
  else if (zpm_str_append(&text, event->bytes, event->len) == 0)
    zpm_run_output_say(run, text.data);
  zpm_str_deinit(&text);
}

static void on_app(struct zpm_run_host *run, const char *name)
{
  const struct zpm_app *app = zpm_supervisor_find(run->supervisor, name);
  struct zpm_app_view view;

  if (run->verdict.len == 0 || app == NULL)
    return;
  zpm_app_view(app, &view);
  if (view.status == ZPM_STATUS_STOPPING || !view.busy)
    return;
  zpm_run_output_say(run, run->verdict.data);
  zpm_str_clear(&run->verdict);
}

void zpm_run_output_observe(void *ctx, const struct zpm_supervisor_event *event)
{
  struct zpm_run_host *run = ctx;

  switch (event->kind) {
  case ZPM_EVENT_LOG:
    put(run, event->stream, event->bytes, event->len);
    break;
  case ZPM_EVENT_TROUBLE:
    on_trouble(run, event);
    break;
  case ZPM_EVENT_APP:
    on_app(run, event->name);
    break;
  case ZPM_EVENT_EXIT:
  case ZPM_EVENT_DELETED:
  case ZPM_EVENT_IDLE:
  default:
    break;
  }
  run->exited = event->kind == ZPM_EVENT_EXIT;
}

/* ---- life ---- */

void zpm_run_output_init(struct zpm_run_host *run)
{
  zpm_outlet_init(&run->outlets[0], &run->loop, STDOUT_FILENO, on_changed, run);
  zpm_outlet_init(&run->outlets[1], &run->loop, STDERR_FILENO, on_changed, run);
}

void zpm_run_output_close(struct zpm_run_host *run)
{
  zpm_outlet_close(&run->outlets[0]);
  zpm_outlet_close(&run->outlets[1]);
  zpm_str_deinit(&run->verdict);
}

bool zpm_run_output_is_done(const struct zpm_run_host *run)
{
  return !run->outlets[0].busy && !run->outlets[1].busy;
}
