#include "runtime/proc_interpreter.h"

#include "core/selftest.h"
#include "runtime/interpreters.h"
#include "runtime/proc.h"
#include "runtime/proc_run.h"

/* ---- before it runs ---- */

/* A person is told once, however many processes there are. */
static bool is_to_tell(const struct zpm_proc *proc)
{
  return proc->machine.cause == ZPM_CAUSE_ASKED &&
         zpm_seat_instance(proc->seat) == 0;
}

static enum zpm_event begin(struct zpm_proc *proc)
{
  char text[sizeof(proc->error.message)];

  proc->verdict =
      zpm_interpreters_verdict(&proc->services->interpreters, &proc->binary);
  if (!zpm_selftest_is_trusted(proc->verdict) && is_to_tell(proc)) {
    zpm_selftest_explain(proc->verdict, proc->binary.path,
                         proc->recipe->config->port, text, sizeof(text));
    proc->events->trouble(proc->ctx, proc, text);
  }
  return zpm_proc_run_begin(proc);
}

static void on_tested(void *ctx)
{
  struct zpm_proc *proc = ctx;

  proc->testing = NULL;
  zpm_proc_feed(proc, begin(proc));
}

static bool is_new(const struct zpm_proc *proc)
{
  return zpm_interpreters_verdict(&proc->services->interpreters,
                                  &proc->binary) == ZPM_SELFTEST_UNKNOWN;
}

/* Has it tested if it is new.  False: there is nothing to wait for. */
static bool await(struct zpm_proc *proc, const struct zpm_launch *launch)
{
  struct zpm_interpreter_use use = {
      .config = proc->recipe->config,
      .env = &launch->env,
  };

  if (!launch->is_node ||
      zpm_interpreters_look(&proc->binary, launch->path) != 0)
    return false;
  use.binary = proc->binary;
  if (is_new(proc))
    proc->testing =
        zpm_interpreters_await(proc->services, &use, on_tested, proc);
  return proc->testing != NULL;
}

/* Who runs it is looked up for this alone: a worker gets its number when its
 * run begins, and there shall be none that never ran. */
enum zpm_event zpm_proc_interpreter_begin(struct zpm_proc *proc)
{
  struct zpm_launch_options options = {
      .config = proc->recipe->config,
      .environment = proc->recipe->environment,
      .marker = ZPM_RUN_MARKER,
      .channel_fd = -1,
  };
  struct zpm_launch launch;
  bool waits;

  zpm_binary_deinit(&proc->binary);
  proc->verdict = ZPM_SELFTEST_UNKNOWN;
  if (proc->recipe->cluster == NULL ||
      zpm_launch_prepare(&launch, &options, NULL) != 0)
    return zpm_proc_run_begin(proc); /* which says what is wrong */
  waits = await(proc, &launch);
  zpm_launch_deinit(&launch);
  if (waits)
    return ZPM_EVENTS;
  return proc->binary.path != NULL ? begin(proc) : zpm_proc_run_begin(proc);
}

void zpm_proc_interpreter_give_up(struct zpm_proc *proc)
{
  zpm_interpreters_give_up(proc->testing);
  proc->testing = NULL;
}

/* ---- while it runs ---- */

/* It lives: else its channel would be at its end. */
static void on_silence(uv_timer_t *timer)
{
  struct zpm_proc *proc = timer->data;
  struct zpm_interpreters *interpreters = &proc->services->interpreters;
  struct zpm_error text;

  zpm_error_set(&text, ZPM_ESTART,
                "process %d of %s has not said within %llu s that it is "
                "online, as workers of Node do: from its next start on it gets "
                "the socket of its port instead, as from systemd (LISTEN_FDS)",
                proc->tree.leader, proc->binary.path,
                (unsigned long long)interpreters->limit_ms / 1000);
  zpm_interpreters_doubt(interpreters, &proc->binary);
  zpm_proc_interpreter_unwatch(proc);
  proc->events->trouble(proc->ctx, proc, text.message);
}

void zpm_proc_interpreter_watch(struct zpm_proc *proc)
{
  if (proc->worker != NULL && proc->binary.path != NULL)
    uv_timer_start(&proc->silence, on_silence,
                   proc->services->interpreters.limit_ms, 0);
}

void zpm_proc_interpreter_unwatch(struct zpm_proc *proc)
{
  uv_timer_stop(&proc->silence);
  zpm_binary_deinit(&proc->binary);
}
