#include "runtime/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "runtime/channel.h"
#include "runtime/checks.h"
#include "runtime/cluster.h"
#include "runtime/keeper_link.h"
#include "runtime/port.h"
#include "runtime/proc_exit.h"
#include "runtime/proc_health.h"
#include "runtime/proc_internal.h"
#include "runtime/proc_interpreter.h"
#include "runtime/proc_run.h"
#include "runtime/reaper.h"

/* ---- effects ---- */

/* What it did not become in time is told while it is known. */
static void on_timer(uv_timer_t *timer)
{
  struct zpm_proc *proc = timer->data;

  proc->timer_due_ms = 0;
  if (proc->machine.state == ZPM_WARMING)
    zpm_proc_health_explain(proc);
  zpm_proc_feed(proc, ZPM_EV_TIMER);
}

/* What could not be now may be later; a person is told at once. */
static enum zpm_event refused(const struct zpm_proc *proc)
{
  return proc->machine.cause == ZPM_CAUSE_ASKED ? ZPM_EV_CANNOT
                                                : ZPM_EV_FORK_FAILED;
}

/* What listens there is the app itself, by us. */
static bool holds_port(const struct zpm_proc *proc)
{
  uint16_t port = (uint16_t)proc->recipe->config->port;

  return zpm_handoff_has_port(&proc->handoff, port) ||
         (proc->recipe->cluster != NULL &&
          zpm_cluster_has_port(proc->recipe->cluster, port));
}

static void on_port_cleared(void *ctx, const struct zpm_error *err,
                            const char *notes)
{
  struct zpm_proc *proc = ctx;

  proc->clearing = NULL;
  if (notes[0] != '\0')
    proc->events->trouble(proc->ctx, proc, notes);
  if (err != NULL && holds_port(proc))
    err = NULL; /* another worker came first */
  if (err != NULL)
    proc->error = *err;
  zpm_proc_feed(proc,
                err != NULL ? refused(proc) : zpm_proc_interpreter_begin(proc));
}

/* Starts a run. What goes wrong is told as an event: the one to feed next. */
static enum zpm_event spawn(struct zpm_proc *proc)
{
  const struct zpm_config *config = proc->recipe->config;

  proc->starts++;
  proc->turn = ++proc->services->last_turn;
  proc->error = (struct zpm_error){0};
  proc->policy = (struct zpm_policy){0};
  zpm_policy_of_config(&proc->policy, config);
  if (holds_port(proc))
    return zpm_proc_interpreter_begin(proc);
  switch (zpm_port_clear(proc->services, config, on_port_cleared, proc,
                         &proc->clearing, &proc->error)) {
  case ZPM_PORT_CLEARING:
    return ZPM_EVENTS;
  case ZPM_PORT_REFUSED:
    return refused(proc);
  case ZPM_PORT_FREE:
    break;
  }
  return zpm_proc_interpreter_begin(proc);
}

void zpm_proc_set_timer(struct zpm_proc *proc, struct zpm_effects effects)
{
  if (effects.todo & ZPM_DO_DISARM) {
    uv_timer_stop(&proc->timer);
    proc->timer_due_ms = 0;
  }
  if (effects.todo & ZPM_DO_TIMER) {
    uv_timer_start(&proc->timer, on_timer, effects.delay_ms, 0);
    proc->timer_due_ms = uv_now(proc->services->loop) + effects.delay_ms;
  }
}

/* Returns the event that follows at once, or ZPM_EVENTS. */
static enum zpm_event carry_out(struct zpm_proc *proc,
                                struct zpm_effects effects)
{
  enum zpm_event next = ZPM_EVENTS;

  if (effects.todo & ZPM_DO_TERM)
    next = zpm_proc_terminate(proc);
  if (effects.todo & ZPM_DO_KILL)
    zpm_proc_kill(proc);
  return effects.todo & ZPM_DO_SPAWN ? spawn(proc) : next;
}

/* Somebody may have taken the wish back meanwhile. */
static bool has_failed(const struct zpm_proc *proc, enum zpm_event event)
{
  return (event == ZPM_EV_CANNOT && proc->machine.state == ZPM_HELD) ||
         (event == ZPM_EV_FORK_FAILED && proc->machine.state == ZPM_BACKOFF);
}

/* What ended its last run was to lead to another one; then came a stop. */
static void forget_renewal(struct zpm_proc *proc)
{
  if (proc->machine.state == ZPM_STOPPED && proc->error.code == ZPM_ESUPERSEDED)
    proc->error = (struct zpm_error){0};
}

void zpm_proc_step(struct zpm_proc *proc, enum zpm_event event)
{
  while (event != ZPM_EVENTS) {
    struct zpm_fact fact = {
        .event = event,
        .now_ms = uv_now(proc->services->loop),
        .budget = &proc->services->budget,
        .build = proc->launch.build,
        .end = proc->last_exit,
    };
    struct zpm_effects effects =
        zpm_machine_step(&proc->machine, &proc->policy, &fact);

    if (effects.todo & ZPM_DO_TERM)
      proc->told = false;
    zpm_proc_set_timer(proc, effects);
    proc->events->moved(proc->ctx, proc);
    zpm_proc_admit(proc);
    if (has_failed(proc, event))
      proc->events->failed(proc->ctx, proc);
    event = carry_out(proc, effects);
  }
  forget_renewal(proc);
}

/* The run is over: everything that belongs to it goes before anything new. */
static void release(struct zpm_proc *proc)
{
  uint64_t id = proc->tree.id;

  if (id == 0)
    return;
  zpm_proc_health_end(proc);
  zpm_proc_run_end(proc);
  proc->events->released(proc->ctx, proc, id);
}

void zpm_proc_feed(struct zpm_proc *proc, enum zpm_event event)
{
  uv_update_time(proc->services->loop);
  if (event == ZPM_EV_GONE)
    release(proc);
  zpm_proc_step(proc, event);
  proc->events->changed(proc->ctx, proc);
}

void zpm_proc_begin_again(struct zpm_proc *proc)
{
  enum zpm_event next = spawn(proc);

  if (next != ZPM_EVENTS)
    zpm_proc_feed(proc, next);
  else
    proc->events->changed(proc->ctx, proc);
}

/* ---- what the keeper says ---- */

/* The run never came to be: whatever the machine waits for, it is over.  Why is
 * noted before what could tell it goes. */
static void never_ran(struct zpm_proc *proc, enum zpm_event why)
{
  zpm_proc_step(proc, why);
  release(proc);
  zpm_proc_step(proc, ZPM_EV_GONE);
  proc->events->changed(proc->ctx, proc);
}

static void on_spawned(void *ctx, int pid, int error)
{
  struct zpm_proc *proc = ctx;

  proc->tree.leader = pid;
  if (pid != 0) {
    proc->events->moved(proc->ctx, proc);
    return;
  }
  if (error == EOWNERDEAD && proc->machine.state == ZPM_STARTING) {
    release(proc);
    zpm_proc_begin_again(proc);
    return;
  }
  zpm_error_set(
      &proc->error, ZPM_ESTART,
      "the system could not make a new process: %s. It is tried again",
      strerror(error));
  never_ran(proc, ZPM_EV_FORK_FAILED);
}

/* Both are known now: how the exec went, and how the leader ended. */
static void leader_ended(struct zpm_proc *proc)
{
  if (proc->exec == ZPM_EXEC_FAILED) {
    zpm_launch_explain(&proc->launch, proc->recipe->config->cwd,
                       (int)proc->failed_stage, proc->failed_error,
                       &proc->error);
    never_ran(proc, ZPM_EV_CANNOT);
    return;
  }
  zpm_proc_health_end(proc);
  zpm_proc_step(proc, ZPM_EV_EXIT);
  if (proc->machine.next == ZPM_HELD && proc->error.code == 0)
    zpm_proc_exit_explain_hold(proc, NULL);
  if (proc->recipe->config->shutdown_message || proc->role == ZPM_ROLE_LEAVING)
    zpm_run_tree_signal(&proc->tree, proc->recipe->config->kill_signal);
  zpm_reaper_watch(proc->services->reaper, &proc->tree);
  proc->events->ended(proc->ctx, proc);
  proc->events->changed(proc->ctx, proc);
}

/* A fast exit may be heard of before the exec is: the exec comes first. */
static void on_exec_result(void *ctx, enum zpm_spawn_stage stage, int error)
{
  struct zpm_proc *proc = ctx;

  if (stage == ZPM_STAGE_NONE) {
    proc->exec = ZPM_EXEC_DONE;
    uv_update_time(proc->services->loop);
    zpm_proc_step(proc, ZPM_EV_UP);
    if (zpm_machine_runs(&proc->machine) && !proc->tree.leader_ended) {
      zpm_proc_health_begin(proc, NULL);
      zpm_proc_interpreter_watch(proc);
    }
    proc->events->changed(proc->ctx, proc);
    zpm_launch_deinit(&proc->launch);
  } else {
    proc->exec = ZPM_EXEC_FAILED;
    proc->failed_stage = stage;
    proc->failed_error = error;
  }
  /* Who has been told may have closed it. */
  if (proc->tree.leader_ended && proc->tree.id != 0)
    leader_ended(proc);
}

void zpm_proc_on_exited(struct zpm_proc *proc, int wait_status)
{
  if (proc->tree.leader_ended)
    return;
  uv_update_time(proc->services->loop);
  zpm_proc_exit_note(proc, wait_status);
  proc->tree.leader_ended = true;
  if (proc->exec != ZPM_EXEC_UNKNOWN)
    leader_ended(proc);
}

static void on_exited(void *ctx, int wait_status)
{
  zpm_proc_on_exited(ctx, wait_status);
}

void zpm_proc_lack_keeper(struct zpm_proc *proc)
{
  if (proc->machine.state != ZPM_STARTING || proc->tree.id != 0 ||
      zpm_proc_prepares(proc))
    return;
  zpm_error_set(&proc->error, ZPM_EKEEPER, "%s", zpm_code_text(ZPM_EKEEPER));
  zpm_proc_feed(proc, refused(proc));
}

static void on_keeper_renewed(void *ctx)
{
  zpm_proc_run_hand_over(ctx);
}

static void on_gone(void *ctx)
{
  zpm_proc_feed(ctx, ZPM_EV_GONE);
}

static const struct zpm_run_tree_events TREE_EVENTS = {
    .spawned = on_spawned,
    .exec_result = on_exec_result,
    .exited = on_exited,
    .keeper_renewed = on_keeper_renewed,
    .gone = on_gone,
};

/* ---- the rest ---- */

void zpm_proc_init(struct zpm_proc *proc, struct zpm_services *services,
                   const struct zpm_recipe *recipe,
                   const struct zpm_proc_events *events, void *ctx)
{
  *proc = (struct zpm_proc){
      .services = services,
      .recipe = recipe,
      .events = events,
      .ctx = ctx,
      .notify_fd = -1,
      .heap_bytes = -1,
      .lag_ns = -1,
  };
  zpm_run_tree_init(&proc->tree, services, &TREE_EVENTS, proc);
  proc->tree.config = recipe->config;
  uv_timer_init(services->loop, &proc->timer);
  uv_unref((uv_handle_t *)&proc->timer);
  proc->timer.data = proc;
  uv_timer_init(services->loop, &proc->silence);
  uv_unref((uv_handle_t *)&proc->silence);
  proc->silence.data = proc;
}

static void on_silence_closed(uv_handle_t *handle)
{
  struct zpm_proc *proc = handle->data;

  proc->closed(proc->closed_ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
  struct zpm_proc *proc = handle->data;

  uv_close((uv_handle_t *)&proc->silence, on_silence_closed);
}

void zpm_proc_close(struct zpm_proc *proc, void (*closed)(void *ctx), void *ctx)
{
  zpm_proc_give_up_waiting(proc);
  zpm_proc_health_end(proc);
  zpm_proc_run_end(proc);
  proc->closed = closed;
  proc->closed_ctx = ctx;
  uv_close((uv_handle_t *)&proc->timer, on_timer_closed);
}
