#include "runtime/proc_channel.h"

#include <unistd.h>

#include "runtime/channel.h"
#include "runtime/checks.h"
#include "runtime/cluster.h"
#include "runtime/proc.h"
#include "runtime/proc_internal.h"
#include "runtime/proc_interpreter.h"
#include "runtime/proc_run.h"

void zpm_proc_channel_drop(struct zpm_proc *proc)
{
  if (proc->worker != NULL)
    zpm_worker_end(proc->worker);
  proc->worker = NULL;
  zpm_proc_interpreter_unwatch(proc);
  if (proc->channel == NULL)
    return;
  zpm_channel_close(proc->channel);
  proc->channel = NULL;
  zpm_proc_run_forget(proc, ZPM_RUN_CHANNEL_FD);
}

static void on_heap(void *ctx, uint64_t used_bytes, uint64_t lag_ns)
{
  struct zpm_proc *proc = ctx;

  proc->heap_bytes = (int64_t)used_bytes;
  proc->lag_ns = (int64_t)lag_ns;
  proc->events->heap(proc->ctx, proc);
}

static void on_channel_closed(void *ctx)
{
  struct zpm_proc *proc = ctx;

  zpm_proc_channel_drop(proc);
  proc->events->heap(proc->ctx, proc);
}

static void on_pong(void *ctx)
{
  struct zpm_proc *proc = ctx;

  if (proc->worker != NULL)
    zpm_worker_on_pong(proc->worker);
  zpm_checks_on_pong(proc->checks);
}

static void on_message(void *ctx, const char *json, size_t len)
{
  struct zpm_proc *proc = ctx;

  if (proc->worker != NULL)
    zpm_worker_on_message(proc->worker, json, len);
  zpm_checks_on_message(proc->checks, json, len);
}

static void on_drained(void *ctx)
{
  struct zpm_proc *proc = ctx;

  proc->drained = true;
  proc->events->worker_changed(proc->ctx, proc);
}

/* ---- sockets, in fork mode ---- */

static void on_socket(void *ctx, int fd)
{
  struct zpm_proc *proc = ctx;

  if (proc->sockets == ZPM_SOCKETS_ASKED)
    zpm_handoff_add(&proc->handoff, fd);
  else
    close(fd);
}

static void on_all_sockets(void *ctx)
{
  struct zpm_proc *proc = ctx;
  uint16_t port = (uint16_t)proc->recipe->config->port;

  if (proc->sockets != ZPM_SOCKETS_ASKED)
    return;
  proc->sockets = zpm_handoff_has_port(&proc->handoff, port) ? ZPM_SOCKETS_GIVEN
                                                             : ZPM_SOCKETS_NONE;
  proc->events->worker_changed(proc->ctx, proc);
}

/* As good as process.send("ready"). */
static const char READY[] = "\"ready\"";

static void on_took_socket(void *ctx)
{
  struct zpm_proc *proc = ctx;

  if (proc->inherited != ZPM_INHERITED_SOCKETS)
    return;
  proc->inherited = ZPM_INHERITED_TAKEN;
  zpm_checks_on_message(proc->checks, READY, sizeof(READY) - 1);
  proc->events->worker_changed(proc->ctx, proc);
}

static void on_finished(void *ctx)
{
  struct zpm_proc *proc = ctx;

  if (proc->role == ZPM_ROLE_LEAVING && proc->machine.state == ZPM_STOPPING)
    zpm_proc_signal_end(proc);
}

static void on_handle_lost(void *ctx, int64_t token)
{
  struct zpm_proc *proc = ctx;

  if (proc->worker != NULL)
    zpm_worker_on_handle_lost(proc->worker, token);
}

static const struct zpm_channel_events CHANNEL_EVENTS = {
    .heap = on_heap,
    .pong = on_pong,
    .handle_lost = on_handle_lost,
    .drained = on_drained,
    .socket = on_socket,
    .all_sockets = on_all_sockets,
    .took_socket = on_took_socket,
    .finished = on_finished,
    .message = on_message,
    .closed = on_channel_closed,
};

/* ---- the worker ---- */

static void on_online(void *ctx)
{
  zpm_proc_interpreter_unwatch(ctx);
}

static bool listens_at_port(const struct zpm_proc *proc)
{
  unsigned port = proc->recipe->config->port;

  return port != 0 &&
         zpm_cluster_has_port(proc->recipe->cluster, (uint16_t)port);
}

static void on_listening(void *ctx)
{
  struct zpm_proc *proc = ctx;

  if (listens_at_port(proc))
    zpm_checks_on_message(proc->checks, READY, sizeof(READY) - 1);
  proc->events->worker_changed(proc->ctx, proc);
}

static const struct zpm_worker_events WORKER_EVENTS = {
    .online = on_online,
    .listening = on_listening,
};

void zpm_proc_admit(struct zpm_proc *proc)
{
  if (proc->worker != NULL && proc->machine.state == ZPM_RUNNING)
    zpm_worker_admit(proc->worker);
}

int zpm_proc_channel_begin_worker(struct zpm_proc *proc)
{
  if (proc->recipe->config->mode != ZPM_MODE_CLUSTER)
    return 0;
  if (proc->recipe->cluster == NULL)
    return ZPM_ENOMEM;
  proc->worker =
      zpm_worker_begin(proc->recipe->cluster, proc->tree.id,
                       zpm_seat_instance(proc->seat), &WORKER_EVENTS, proc);
  return proc->worker != NULL ? 0 : ZPM_ENOMEM;
}

int zpm_proc_channel_open(struct zpm_proc *proc, int fd)
{
  int rc = zpm_channel_open(proc->services->loop, fd, &CHANNEL_EVENTS, proc,
                            &proc->channel, &proc->error);

  if (rc == 0 &&
      proc->recipe->config->serialization == ZPM_SERIALIZATION_ADVANCED)
    rc = zpm_channel_speak_advanced(proc->channel);
  if (rc == 0 && proc->worker != NULL)
    zpm_worker_attach(proc->worker, proc->channel);
  return rc;
}
