#include "runtime/supervisor_internal.h"

#include <stdio.h>

#include "platform/platform.h"
#include "runtime/foreign.h"
#include "runtime/proc_run.h"

/*
 * Runs that the keeper does not have: it has died, at the same time as the
 * daemon.  Their processes live on, as their output never is without a reader;
 * they are known by pid and start, within one run of the system, or by their
 * marker if it had come no further.
 */

static bool is_there(const struct zpm_snapshot *snapshot)
{
  return snapshot->leader != 0 && snapshot->start_ticks != 0 &&
         zpm_platform_start_ticks(snapshot->leader) == snapshot->start_ticks;
}

static bool find(const struct zpm_supervisor *supervisor,
                 const struct zpm_run *run, struct zpm_snapshot *snapshot)
{
  char marker[ZPM_RUN_MARKER_SIZE];
  int pid;

  if (run->boot != supervisor->services.boot)
    return false;
  if (snapshot->leader != 0)
    return is_there(snapshot);
  zpm_run_marker(marker, snapshot->run);
  if (!zpm_run_find(marker, &pid, &snapshot->start_ticks))
    return false;
  snapshot->leader = pid;
  return true;
}

/* What it writes waits in its pipes. */
static void open_pipes(const struct zpm_run *run, int pid, int *fds)
{
  for (int i = 0; i < 2; i++) {
    if (fds[i + 1] < 0 && run->pipes[i] != 0)
      fds[i + 1] = zpm_platform_pipe_of(pid, run->pipes[i]);
  }
}

static void tell(struct zpm_supervisor *supervisor, const struct zpm_app *app,
                 int pid, const int *fds)
{
  bool heard = fds[1] >= 0 && fds[2] >= 0;
  char text[320];

  snprintf(text, sizeof(text),
           "app '%s' (pid %d) has outlived its keeper and its daemon and was "
           "taken over%s%s",
           app->record.config.name, pid,
           fds[ZPM_RUN_CHANNEL_FD] < 0
               ? "; an IPC channel that it had is closed, until it is restarted"
               : "",
           heard ? "" : "; its output cannot be read until it is restarted");
  zpm_supervisor_tell_trouble(supervisor, text);
}

void zpm_supervisor_search(struct zpm_supervisor *supervisor,
                           struct zpm_app *app, struct zpm_proc *proc,
                           struct zpm_snapshot *snapshot, int *fds)
{
  static const struct zpm_run NONE = {0};
  const struct zpm_life *life = zpm_record_life(&app->record, proc->seat);
  const struct zpm_run *run = life != NULL ? &life->run : &NONE;
  enum zpm_succession how = zpm_snapshot_lost(snapshot);
  uint64_t id = snapshot->run;

  if (find(supervisor, run, snapshot)) {
    open_pipes(run, snapshot->leader, fds);
    tell(supervisor, app, snapshot->leader, fds);
    zpm_proc_succeed(proc, snapshot, ZPM_SUCCEED_RUN, fds);
    zpm_run_tree_hand_over(&proc->tree);
    return;
  }
  if (proc->place == 0) { /* nothing but the record is known: it begins anew */
    zpm_snapshot_forget_run(snapshot);
    how = ZPM_SUCCEED_NONE;
  }
  if (how == ZPM_SUCCEED_NONE) /* it never came to be */
    zpm_proc_run_discard(proc, id, fds);
  zpm_proc_succeed(proc, snapshot, how, fds);
  if (how == ZPM_SUCCEED_RUN)
    zpm_proc_on_exited(proc, ZPM_WAIT_UNKNOWN);
}
