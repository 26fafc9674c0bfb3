#ifndef ZPM_RUNTIME_SERVICES_H
#define ZPM_RUNTIME_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/list.h"
#include "base/str.h"
#include "core/budget.h"
#include "runtime/interpreters.h"
#include "runtime/lookup.h"
#include "runtime/run_group.h"
#include "runtime/snapshots.h"
#include "zpm/supervisor.h"

struct zpm_keeper_link;
struct zpm_logs;
struct zpm_reaper;

/* What all procs and jobs of a supervisor share; the supervisor's. */
struct zpm_services {
  uv_loop_t *loop;
  struct zpm_keeper_link *link;
  bool keeper_fails; /* it is lost, and another one could not be started */
  struct zpm_logs *logs;
  struct zpm_reaper *reaper;
  zpm_clients_cb *clients; /* or NULL */
  void *clients_ctx;
  const char *agent_path;    /* or NULL */
  struct zpm_strv own_paths; /* what is written here is no change of an app */
  uint64_t last_id;          /* of a run; see zpm_run_tree_begin */
  uint64_t last_turn;        /* grows with every start of a proc */
  struct zpm_budget budget;  /* of restarts */
  unsigned cores;            /* of the machine, that we may use */
  struct zpm_list trees; /* zpm_run_tree.link: of all runs that are not over */
  struct zpm_list jobs;  /* job.c's: all of them */
  struct zpm_interpreters interpreters;
  struct zpm_lookups lookups;
  struct zpm_run_groups groups;
  struct zpm_str oom_source;      /* zpm_platform_oom_source */
  struct zpm_snapshots snapshots; /* for the next daemon */
  uint64_t boot;                  /* hash of the system's boot id */
};

#endif
