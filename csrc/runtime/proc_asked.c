#include "runtime/channel.h"
#include "runtime/checks.h"
#include "runtime/cluster.h"
#include "runtime/proc.h"

/* What its app asks of a proc, beside its wishes. */

void zpm_proc_renew(struct zpm_proc *proc, const char *why)
{
  bool changes = zpm_machine_is_alive(&proc->machine) &&
                 proc->machine.state != ZPM_STOPPING;

  if (changes)
    zpm_error_set(&proc->error, ZPM_ESUPERSEDED, "%s", why);
  zpm_proc_feed(proc, ZPM_EV_RENEW);
}

void zpm_proc_ask_sockets(struct zpm_proc *proc)
{
  zpm_proc_drop_sockets(proc);
  if (proc->channel == NULL)
    return;
  proc->sockets = ZPM_SOCKETS_ASKED;
  zpm_channel_say_word(proc->channel, ZPM_WORD_LEND);
}

void zpm_proc_drop_sockets(struct zpm_proc *proc)
{
  zpm_handoff_close(&proc->handoff);
  proc->sockets = ZPM_SOCKETS_NONE;
}

bool zpm_proc_listens(const struct zpm_proc *proc)
{
  if (proc->worker != NULL)
    return zpm_worker_listens(proc->worker);
  return proc->sockets == ZPM_SOCKETS_GIVEN ||
         proc->inherited == ZPM_INHERITED_TAKEN;
}

void zpm_proc_release_sockets(struct zpm_proc *proc)
{
  if (proc->inherited != ZPM_INHERITED_NOTHING && proc->channel != NULL)
    zpm_channel_say_word(proc->channel, ZPM_WORD_RELEASE);
}

void zpm_proc_drain(struct zpm_proc *proc)
{
  proc->role = ZPM_ROLE_LEAVING;
  proc->events->moved(proc->ctx, proc);
  if (proc->worker != NULL)
    zpm_worker_drain(proc->worker);
  else if (proc->channel != NULL)
    zpm_channel_say_word(proc->channel, ZPM_WORD_DRAIN);
}

void zpm_proc_dismiss(struct zpm_proc *proc)
{
  proc->role = ZPM_ROLE_LEAVING;
  proc->policy.kill_timeout_ms = proc->recipe->config->drain_timeout_ms;
  zpm_proc_feed(proc, ZPM_EV_STOP);
}

const char *zpm_proc_pending(const struct zpm_proc *proc)
{
  if (proc->clearing != NULL)
    return "its port is being freed";
  if (proc->testing != NULL)
    return "its Node is being tested for cluster mode";
  return proc->machine.state == ZPM_WARMING ? zpm_checks_pending(proc->checks)
                                            : NULL;
}

bool zpm_proc_ask_heap(struct zpm_proc *proc)
{
  if (proc->channel == NULL || proc->machine.state != ZPM_RUNNING)
    return false;
  zpm_channel_ask_heap(proc->channel);
  return true;
}

void zpm_proc_hurry(struct zpm_proc *proc)
{
  if (zpm_machine_is_alive(&proc->machine))
    zpm_run_tree_signal(&proc->tree, proc->recipe->config->kill_signal);
}
