#include "runtime/proc_internal.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/checks.h"
#include "runtime/keeper_link.h"
#include "runtime/proc_health.h"
#include "runtime/proc_run.h"
#include "runtime/reaper.h"

/* From one supervisor to the next. */

/* ---- what is left behind ---- */

void zpm_proc_snapshot(const struct zpm_proc *proc,
                       struct zpm_snapshot *snapshot)
{
  bool executed = proc->exec == ZPM_EXEC_DONE;

  memset(snapshot, 0, sizeof(*snapshot));
  snapshot->machine = proc->machine;
  snapshot->timer_due_ms = proc->timer_due_ms;
  snapshot->last = proc->last_exit;
  snapshot->told = proc->told;
  snapshot->error = proc->error;
  if (proc->tree.id == 0)
    return;
  snapshot->run = proc->tree.id;
  snapshot->leader = proc->tree.leader;
  snapshot->start_ticks = proc->tree.start_ticks;
  snapshot->executed = executed;
  snapshot->build = proc->launch.build;
  snapshot->leader_ended =
      proc->tree.leader_ended && proc->exec != ZPM_EXEC_UNKNOWN;
  zpm_checks_note(proc->checks, snapshot);
}

/* ---- what is found ---- */

static void restore(struct zpm_proc *proc, const struct zpm_snapshot *snapshot)
{
  struct zpm_effects effects = {.todo = ZPM_DO_TIMER};

  proc->machine = snapshot->machine;
  proc->last_exit = snapshot->last;
  proc->told = snapshot->told;
  proc->error = snapshot->error;
  zpm_policy_of_config(&proc->policy, proc->recipe->config);
  if (zpm_snapshot_timer(snapshot, uv_now(proc->services->loop),
                         &effects.delay_ms))
    zpm_proc_set_timer(proc, effects);
}

static void terminate_once(struct zpm_proc *proc)
{
  if (proc->machine.state == ZPM_STOPPING && !proc->told)
    zpm_proc_terminate(proc);
}

/* The result of its start is still to come.  Should it be a failure, this is
 * what it names: what the launch had found out is not known any more. */
static void await_exec(struct zpm_proc *proc, int fd)
{
  proc->exec = ZPM_EXEC_UNKNOWN;
  proc->launch.path = zpm_strdup(proc->recipe->config->script_path);
  if (proc->launch.path == NULL ||
      zpm_keeper_link_expect_exec(proc->services->link, proc->tree.id, fd) != 0)
    proc->exec = ZPM_EXEC_DONE;
}

/* Without its logs or channel the app still runs, and is looked after. */
static void go_on(struct zpm_proc *proc, const struct zpm_snapshot *snapshot,
                  int exec)
{
  proc->exec = ZPM_EXEC_DONE;
  proc->launch.build = snapshot->build;
  if (exec >= 0 && !snapshot->executed)
    await_exec(proc, exec);
  else if (exec >= 0)
    close(exec);
  if (proc->exec == ZPM_EXEC_UNKNOWN)
    return;
  zpm_run_tree_confirm(&proc->tree);
  if (proc->machine.state == ZPM_STARTING)
    zpm_proc_step(proc, ZPM_EV_UP);
  if (zpm_machine_runs(&proc->machine))
    zpm_proc_health_begin(proc, snapshot);
  zpm_proc_admit(proc);
  terminate_once(proc);
}

static void take_run(struct zpm_proc *proc, const struct zpm_snapshot *snapshot,
                     int *fds)
{
  zpm_proc_run_adopt(proc, snapshot->run, fds);
  proc->tree.leader = snapshot->leader;
  proc->tree.start_ticks = snapshot->start_ticks;
}

/* Its leader has ended, and the machine has been told. */
static void await_rest(struct zpm_proc *proc)
{
  proc->exec = ZPM_EXEC_DONE;
  proc->tree.leader_ended = true;
  terminate_once(proc);
  zpm_reaper_watch(proc->services->reaper, &proc->tree);
}

void zpm_proc_succeed(struct zpm_proc *proc,
                      const struct zpm_snapshot *snapshot,
                      enum zpm_succession how, int *fds)
{
  int exec = fds[ZPM_RUN_EXEC];

  restore(proc, snapshot);
  if (how != ZPM_SUCCEED_RUN && exec >= 0)
    close(exec);
  if (how == ZPM_SUCCEED_NONE)
    return;
  fds[ZPM_RUN_EXEC] = -1;
  take_run(proc, snapshot, fds);
  if (how == ZPM_SUCCEED_RUN)
    go_on(proc, snapshot, exec);
  else
    await_rest(proc);
}

void zpm_proc_resume(struct zpm_proc *proc)
{
  if (proc->tree.id != 0 || zpm_proc_prepares(proc))
    return;
  if (proc->machine.state == ZPM_STOPPING)
    zpm_proc_feed(proc, ZPM_EV_GONE);
  else if (proc->machine.state == ZPM_STARTING)
    zpm_proc_begin_again(proc);
}
