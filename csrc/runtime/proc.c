#include "runtime/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "core/interpreter.h"
#include "runtime/channel.h"
#include "runtime/keeper_link.h"
#include "runtime/proc_run.h"
#include "runtime/reaper.h"

/* ---- effects ---- */

static void on_timer(uv_timer_t *timer)
{
  zpm_proc_feed(timer->data, ZPM_EV_TIMER);
}

/* Starts a run. What goes wrong is told as an event: the one to feed next. */
static enum zpm_event spawn(struct zpm_proc *proc)
{
  proc->starts++;
  proc->error = (struct zpm_error){0};
  proc->policy = (struct zpm_policy){0};
  zpm_policy_of_config(&proc->policy, proc->recipe->config);
  return zpm_proc_run_begin(proc);
}

/* Returns the event that follows at once, or ZPM_EVENTS. */
static enum zpm_event carry_out(struct zpm_proc *proc,
                                struct zpm_effects effects)
{
  if (effects.todo & ZPM_DO_TERM)
    zpm_run_tree_signal(&proc->tree, proc->recipe->config->kill_signal);
  if (effects.todo & ZPM_DO_KILL)
    zpm_run_tree_signal(&proc->tree, SIGKILL);
  if (effects.todo & ZPM_DO_DISARM)
    uv_timer_stop(&proc->timer);
  if (effects.todo & ZPM_DO_TIMER)
    uv_timer_start(&proc->timer, on_timer, effects.delay_ms, 0);
  return effects.todo & ZPM_DO_SPAWN ? spawn(proc) : ZPM_EVENTS;
}

/* Somebody may have taken the wish back meanwhile. */
static bool has_failed(const struct zpm_proc *proc, enum zpm_event event)
{
  return (event == ZPM_EV_CANNOT && proc->machine.state == ZPM_HELD) ||
         (event == ZPM_EV_FORK_FAILED && proc->machine.state == ZPM_BACKOFF);
}

static void feed(struct zpm_proc *proc, enum zpm_event event)
{
  while (event != ZPM_EVENTS) {
    struct zpm_fact fact = {
        .event = event,
        .now_ms = uv_now(proc->services->loop),
        .build = proc->launch.build,
        .end = proc->last_exit,
    };
    struct zpm_effects effects =
        zpm_machine_step(&proc->machine, &proc->policy, &fact);

    if (has_failed(proc, event))
      proc->events->failed(proc->ctx, proc);
    event = carry_out(proc, effects);
  }
}

/* The run is over: everything that belongs to it goes before anything new. */
static void release(struct zpm_proc *proc)
{
  uint64_t id = proc->tree.id;

  if (id == 0)
    return;
  zpm_proc_run_end(proc);
  proc->events->released(proc->ctx, proc, id);
}

void zpm_proc_feed(struct zpm_proc *proc, enum zpm_event event)
{
  uv_update_time(proc->services->loop);
  if (event == ZPM_EV_GONE)
    release(proc);
  feed(proc, event);
  proc->events->changed(proc->ctx, proc);
}

/* ---- what the keeper says ---- */

/* The run never came to be: whatever the machine waits for, it is over. */
static void never_ran(struct zpm_proc *proc, enum zpm_event why)
{
  release(proc);
  feed(proc, why);
  feed(proc, ZPM_EV_GONE);
  proc->events->changed(proc->ctx, proc);
}

static void on_spawned(void *ctx, int pid, int error)
{
  struct zpm_proc *proc = ctx;

  proc->tree.leader = pid;
  if (pid != 0)
    return;
  zpm_error_set(&proc->error, ZPM_ESTART,
                "app '%s': the system could not make a new process: %s. It is "
                "tried again",
                proc->recipe->config->name, strerror(error));
  never_ran(proc, ZPM_EV_FORK_FAILED);
}

static uint64_t wall_now_ms(void)
{
  uv_timeval64_t wall;

  uv_gettimeofday(&wall);
  return (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_usec / 1000;
}

static void note_exit(struct zpm_proc *proc, int wait_status)
{
  bool signaled = WIFSIGNALED(wait_status);

  proc->last_exit = (struct zpm_exit){
      .known = true,
      .code = signaled ? -1 : WEXITSTATUS(wait_status),
      .signal = signaled ? WTERMSIG(wait_status) : 0,
      .at_ms = wall_now_ms(),
      .uptime_ms =
          zpm_machine_uptime(&proc->machine, uv_now(proc->services->loop)),
  };
}

/* An old Node says no more than SyntaxError. */
static bool may_lack_typescript(const struct zpm_proc *proc)
{
  const struct zpm_config *config = proc->recipe->config;

  return proc->last_exit.uptime_ms < ZPM_IMMEDIATE_MS &&
         (config->interpreter == ZPM_INTERPRETER_AUTO ||
          config->interpreter == ZPM_INTERPRETER_NODE) &&
         zpm_interpreter_is_typescript(config->script_path);
}

static void explain_hold(struct zpm_proc *proc)
{
  const char *name = proc->recipe->config->name;
  char end[ZPM_EXIT_TEXT_SIZE];

  zpm_error_set(&proc->error, ZPM_ESTART,
                "it ended by %s and is not started again by itself. See `zpm "
                "logs %s --err`, mend it, then `zpm start %s`%s",
                zpm_exit_text(&proc->last_exit, end), name, name,
                may_lack_typescript(proc)
                    ? ". If this Node does not run TypeScript, use `--with tsx`"
                    : "");
}

/* Both are known now: how the exec went, and how the leader ended. */
static void leader_ended(struct zpm_proc *proc)
{
  if (proc->exec == ZPM_EXEC_FAILED) {
    zpm_launch_explain(&proc->launch, proc->recipe->config->cwd,
                       (int)proc->failed_stage, proc->failed_error,
                       &proc->error);
    zpm_error_wrap(&proc->error, "app '%s'", proc->recipe->config->name);
    never_ran(proc, ZPM_EV_CANNOT);
    return;
  }
  feed(proc, ZPM_EV_EXIT);
  if (proc->machine.next == ZPM_HELD)
    explain_hold(proc);
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
    zpm_proc_feed(proc, ZPM_EV_UP);
    zpm_launch_deinit(&proc->launch);
  } else {
    proc->exec = ZPM_EXEC_FAILED;
    proc->failed_stage = stage;
    proc->failed_error = error;
  }
  if (proc->tree.leader_ended)
    leader_ended(proc);
}

void zpm_proc_on_exited(struct zpm_proc *proc, int wait_status)
{
  if (proc->tree.leader_ended)
    return;
  uv_update_time(proc->services->loop);
  note_exit(proc, wait_status);
  proc->tree.leader_ended = true;
  if (proc->exec != ZPM_EXEC_UNKNOWN)
    leader_ended(proc);
}

static void on_exited(void *ctx, int wait_status)
{
  zpm_proc_on_exited(ctx, wait_status);
}

/* Nobody can tell any more how the run goes on: it is ended here, and now. */
static void on_keeper_lost(void *ctx)
{
  struct zpm_proc *proc = ctx;

  if (proc->tree.leader_ended)
    return;
  if (proc->tree.leader == 0) {
    on_spawned(proc, 0, ECHILD);
    return;
  }
  kill(-proc->tree.leader, SIGKILL);
  if (proc->exec == ZPM_EXEC_UNKNOWN)
    proc->exec = ZPM_EXEC_DONE;
  zpm_proc_on_exited(proc, SIGKILL);
}

static void on_gone(void *ctx)
{
  zpm_proc_feed(ctx, ZPM_EV_GONE);
}

static const struct zpm_run_tree_events TREE_EVENTS = {
    .spawned = on_spawned,
    .exec_result = on_exec_result,
    .exited = on_exited,
    .keeper_lost = on_keeper_lost,
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
      .heap_bytes = -1,
  };
  zpm_run_tree_init(&proc->tree, services, &TREE_EVENTS, proc);
  proc->tree.config = recipe->config;
  uv_timer_init(services->loop, &proc->timer);
  uv_unref((uv_handle_t *)&proc->timer);
  proc->timer.data = proc;
}

void zpm_proc_adopt(struct zpm_proc *proc, const struct zpm_run *run, int pid,
                    int *fds)
{
  uint64_t now_ms = uv_now(proc->services->loop);
  uint64_t wall_ms = wall_now_ms();
  uint64_t up_ms = wall_ms > run->started_ms ? wall_ms - run->started_ms : 0;

  /* Without its logs or channel the app still runs, and is looked after. */
  zpm_proc_run_adopt(proc, run->id, fds);
  zpm_policy_of_config(&proc->policy, proc->recipe->config);
  proc->tree.leader = pid;
  proc->exec = ZPM_EXEC_DONE;
  carry_out(proc, zpm_machine_adopt(&proc->machine, &proc->policy, run,
                                    up_ms < now_ms ? now_ms - up_ms : 0));
}

bool zpm_proc_ask_heap(struct zpm_proc *proc)
{
  if (proc->channel == NULL || proc->machine.state != ZPM_RUNNING)
    return false;
  zpm_channel_ask_heap(proc->channel);
  return true;
}

static void on_timer_closed(uv_handle_t *handle)
{
  struct zpm_proc *proc = handle->data;

  proc->closed(proc->closed_ctx);
}

void zpm_proc_close(struct zpm_proc *proc, void (*closed)(void *ctx), void *ctx)
{
  zpm_proc_run_end(proc);
  proc->closed = closed;
  proc->closed_ctx = ctx;
  uv_close((uv_handle_t *)&proc->timer, on_timer_closed);
}
