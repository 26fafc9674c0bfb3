#include "runtime/proc_exit.h"

#include <signal.h>

#include "core/interpreter.h"
#include "runtime/proc.h"

static int cause_of(const struct zpm_proc *proc, int signal)
{
  if (proc->machine.state == ZPM_STOPPING)
    return (int)proc->machine.cause;
  return signal == SIGKILL && zpm_run_tree_met_oom(&proc->tree)
             ? ZPM_CAUSE_OOM
             : ZPM_CAUSE_ITSELF;
}

void zpm_proc_exit_note(struct zpm_proc *proc, int wait_status)
{
  uint64_t now_ms = uv_now(proc->services->loop);

  proc->last_exit = zpm_run_tree_exit(
      wait_status, zpm_machine_uptime(&proc->machine, now_ms));
  proc->last_exit.cause = cause_of(proc, proc->last_exit.signal);
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

void zpm_proc_exit_explain_hold(struct zpm_proc *proc, const char *said)
{
  const char *name = proc->recipe->config->name;
  bool build = proc->machine.hold == ZPM_HOLD_BUILD;
  char end[ZPM_EXIT_TEXT_SIZE];

  zpm_error_set(
      &proc->error, ZPM_ESTART,
      "it ended by %s%s%s%s. See `zpm logs %s --err`, mend it, then `zpm start "
      "%s`%s%s",
      zpm_exit_text(&proc->last_exit, end),
      build ? ", which looks like a build error"
            : " and is not started again by itself",
      said != NULL ? ": " : "", said != NULL ? said : "", name, name,
      build ? "; a change of its files starts it as well" : "",
      may_lack_typescript(proc)
          ? ". If this Node does not run TypeScript, use `--with tsx`"
          : "");
}

void zpm_proc_exit_explain_stuck(struct zpm_proc *proc)
{
  char left[256];
  bool first = proc->machine.kills == ZPM_STUCK_KILLS + 1;

  zpm_run_tree_describe_left(&proc->tree, left, sizeof(left));
  zpm_error_set(&proc->error, ZPM_ESTUCK,
                "it is stuck: it survives SIGKILL: %s. Only the kernel can let "
                "it go; nothing is started in its place meanwhile",
                left);
  if (first)
    proc->events->trouble(proc->ctx, proc, proc->error.message);
}
