#include "runtime/proc_health.h"

#include "core/health.h"
#include "core/probe.h"
#include "runtime/channel.h"
#include "runtime/checks.h"
#include "runtime/cluster.h"
#include "runtime/proc.h"
#include "runtime/visit.h"

static void on_ready(void *ctx)
{
  zpm_proc_feed(ctx, ZPM_EV_READY);
}

static void on_failing(void *ctx, const char *why)
{
  struct zpm_proc *proc = ctx;

  zpm_error_set(&proc->error, ZPM_ESTART, "%s", why);
  zpm_proc_feed(proc, ZPM_EV_UNHEALTHY);
}

static void on_changed(void *ctx)
{
  struct zpm_proc *proc = ctx;

  proc->events->moved(proc->ctx, proc);
}

static bool on_ping(void *ctx)
{
  struct zpm_proc *proc = ctx;

  if (proc->channel != NULL)
    zpm_channel_ping(proc->channel);
  return proc->channel != NULL;
}

/* Of the app's processes this one is asked, not whoever accepts. */
static int on_visit(void *ctx, const struct zpm_endpoint *endpoint, int *fd)
{
  struct zpm_proc *proc = ctx;

  if (proc->worker != NULL)
    return zpm_worker_visit(proc->worker, endpoint, fd);
  if (proc->inherited == ZPM_INHERITED_NOTHING ||
      endpoint->port != proc->recipe->config->port)
    return 0;
  if (proc->inherited != ZPM_INHERITED_TAKEN || proc->channel == NULL)
    return UV_ECONNREFUSED;
  return fd != NULL ? zpm_visit_agent(proc->channel, endpoint->port, fd) : 1;
}

static const struct zpm_checks_events EVENTS = {
    .ready = on_ready,
    .failing = on_failing,
    .changed = on_changed,
    .ping = on_ping,
    .visit = on_visit,
};

void zpm_proc_health_begin(struct zpm_proc *proc,
                           const struct zpm_snapshot *before)
{
  struct zpm_checks_options options = {
      .services = proc->services,
      .recipe = proc->recipe,
      .events = &EVENTS,
      .ctx = proc,
      .leader = proc->tree.leader,
      .inherits = proc->inherited != ZPM_INHERITED_NOTHING,
      .notify_fd = proc->notify_fd,
      .before = before,
  };
  struct zpm_error err = {0};

  proc->notify_fd = -1;
  if (zpm_checks_begin(&options, &proc->checks, &err) != 0)
    proc->events->trouble(proc->ctx, proc, err.message);
}

void zpm_proc_health_end(struct zpm_proc *proc)
{
  zpm_checks_end(proc->checks);
  proc->checks = NULL;
}

void zpm_proc_health_explain(struct zpm_proc *proc)
{
  char time[ZPM_HEALTH_TIME_SIZE];

  zpm_error_set(&proc->error, ZPM_ESTART,
                "it was not ready after %s (readyTimeout): %s",
                zpm_health_time(proc->policy.ready_timeout_ms, time),
                zpm_checks_pending(proc->checks));
}
