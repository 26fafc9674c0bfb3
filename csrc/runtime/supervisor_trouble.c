#include "runtime/supervisor_internal.h"

#include <stdio.h>
#include <string.h>

/*
 * What somebody who was asleep finds in the log of the host.  Names, exits and
 * reasons only: never output of an app (but the last line of a probe's command,
 * which is its reason), never its environment.
 */

void zpm_supervisor_tell_trouble(struct zpm_supervisor *supervisor,
                                 const char *text)
{
  struct zpm_supervisor_event event = {
      .kind = ZPM_EVENT_TROUBLE,
      .bytes = text,
      .len = strlen(text),
  };

  supervisor->observer(supervisor->observer_ctx, &event);
}

static void put_next_try(char *text, size_t size, const struct zpm_proc *proc)
{
  uint32_t crashes = proc->machine.crashes;
  unsigned long long ms = zpm_policy_backoff(&proc->policy, crashes);

  snprintf(text, size, "next try in %llu.%llu s (crash %lu in a row)",
           ms / 1000, ms % 1000 / 100, (unsigned long)crashes);
}

void zpm_supervisor_tell_crash(struct zpm_supervisor *supervisor,
                               const struct zpm_proc *proc)
{
  const struct zpm_machine *machine = &proc->machine;
  const struct zpm_exit *last = &proc->last_exit;
  bool held = machine->next == ZPM_HELD;
  char end[ZPM_EXIT_TEXT_SIZE];
  char next[96];
  char line[sizeof(proc->error.message) + 512];

  if (machine->state != ZPM_STOPPING || (!held && machine->next != ZPM_BACKOFF))
    return;
  if (proc->role == ZPM_ROLE_SUCCESSOR)
    return; /* its reload tells */
  if (!held && !zpm_policy_tells_crash(machine->crashes))
    return;
  if (held)
    snprintf(next, sizeof(next), "held until %s",
             machine->hold == ZPM_HOLD_BUILD
                 ? "one of its files changes, or somebody starts it"
                 : "somebody starts it");
  else
    put_next_try(next, sizeof(next), proc);
  if (last->cause == ZPM_CAUSE_UNHEALTHY || last->cause == ZPM_CAUSE_NOT_READY)
    snprintf(line, sizeof(line), "app '%s': %s; it was ended (%s); %s",
             proc->recipe->config->name, proc->error.message,
             zpm_exit_text(last, end), next);
  else
    snprintf(line, sizeof(line), "app '%s' %s: %s; %s",
             proc->recipe->config->name, last->code == 0 ? "ended" : "crashed",
             zpm_exit_text(last, end), next);
  zpm_supervisor_tell_trouble(supervisor, line);
}

void zpm_supervisor_tell_failure(struct zpm_supervisor *supervisor,
                                 const struct zpm_proc *proc)
{
  const struct zpm_machine *machine = &proc->machine;
  struct zpm_error line = proc->error;

  if (machine->state != ZPM_HELD && !zpm_policy_tells_crash(machine->crashes))
    return;
  zpm_error_wrap(&line, "app '%s'", proc->recipe->config->name);
  zpm_supervisor_tell_trouble(supervisor, line.message);
}

void zpm_supervisor_tell_taken_over(struct zpm_supervisor *supervisor,
                                    size_t count)
{
  char text[80];

  if (count == 0)
    return;
  snprintf(text, sizeof(text), "took over %zu app%s of the daemon before",
           count, count == 1 ? "" : "s");
  zpm_supervisor_tell_trouble(supervisor, text);
}
