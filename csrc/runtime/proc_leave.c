#include <signal.h>

#include "runtime/channel.h"
#include "runtime/cluster.h"
#include "runtime/port.h"
#include "runtime/proc_exit.h"
#include "runtime/proc_health.h"
#include "runtime/proc_internal.h"
#include "runtime/proc_interpreter.h"

/* How a proc is brought to its end. */

bool zpm_proc_give_up_waiting(struct zpm_proc *proc)
{
  bool waits = zpm_proc_prepares(proc);

  zpm_port_cancel(proc->clearing);
  proc->clearing = NULL;
  zpm_proc_interpreter_give_up(proc);
  return waits;
}

void zpm_proc_signal_end(struct zpm_proc *proc)
{
  const struct zpm_config *config = proc->recipe->config;

  /* The rest of its tree is asked when the leader has left. */
  if (!config->shutdown_message || proc->channel == NULL ||
      proc->tree.leader_ended || !zpm_channel_say_shutdown(proc->channel))
    zpm_run_tree_signal(&proc->tree, config->kill_signal);
}

/* So that it finishes what it does; it tells, or leaves, when it has. */
static bool finishes_first(struct zpm_proc *proc)
{
  if (proc->role != ZPM_ROLE_LEAVING || proc->tree.leader_ended)
    return false;
  if (proc->worker != NULL)
    return zpm_worker_listens(proc->worker) &&
           zpm_worker_disconnect(proc->worker);
  if (proc->channel != NULL)
    zpm_channel_say_word(proc->channel, ZPM_WORD_FINISH);
  return proc->channel != NULL;
}

/* Asks it to leave.  Returns GONE if there is nothing yet that could. */
static enum zpm_event ask_to_leave(struct zpm_proc *proc)
{
  zpm_proc_health_end(proc);
  proc->told = true;
  if (zpm_proc_give_up_waiting(proc))
    return ZPM_EV_GONE;
  if (!finishes_first(proc))
    zpm_proc_signal_end(proc);
  return ZPM_EVENTS;
}

void zpm_proc_kill(struct zpm_proc *proc)
{
  zpm_run_tree_signal(&proc->tree, SIGKILL);
  if (zpm_machine_is_stuck(&proc->machine))
    zpm_proc_exit_explain_stuck(proc);
}

enum zpm_event zpm_proc_terminate(struct zpm_proc *proc)
{
  enum zpm_event next = ask_to_leave(proc);

  proc->events->moved(proc->ctx, proc);
  return next;
}
