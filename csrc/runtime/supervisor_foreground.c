#include "runtime/supervisor_internal.h"

#include "runtime/keeper_link.h"
#include "runtime/logs.h"

/* What a host needs that stands where its app would. */

void zpm_supervisor_hold_output(struct zpm_supervisor *supervisor, bool held)
{
  zpm_logs_hold(supervisor->services.logs, held);
}

void zpm_supervisor_signal(struct zpm_supervisor *supervisor, const char *name,
                           int number)
{
  const struct zpm_app *app = zpm_supervisor_find_app(supervisor, name);

  for (size_t i = 0; app != NULL && i < app->proc_count; i++) {
    const struct zpm_run_tree *tree = &app->procs[i]->tree;

    if (tree->id != 0 && tree->leader > 0 && !tree->leader_ended)
      zpm_keeper_link_kill(supervisor->services.link, tree->id, number, false);
  }
}
