#include "runtime/proc_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/channel.h"
#include "runtime/checks.h"
#include "runtime/cluster.h"
#include "runtime/keeper_link.h"
#include "runtime/proc.h"
#include "runtime/proc_channel.h"
#include "runtime/run_ends.h"

/* The letters by which the keeper stores our ends, by the child's fd.  Those of
 * EXEC and WATCH are stored by keeper_link.c and run_tree.c. */
static const char KEPT_AS[ZPM_RUN_FDS] = {0, 'o', 'e', 'i', 'n', 'x', 'p'};

void zpm_proc_run_name(char *name, int fd, uint64_t id)
{
  zpm_keeper_name(name, KEPT_AS[fd], id);
}

/* The keeper's copy of our end by the child's fd. */
void zpm_proc_run_forget(const struct zpm_proc *proc, int fd)
{
  char name[ZPM_WIRE_NAME_MAX];

  zpm_proc_run_name(name, fd, proc->tree.id);
  zpm_keeper_link_del(proc->services->link, name);
}

/* ---- begin ---- */

/* Before the spawn, so that a daemon that dies in between loses nothing. */
static int keep_ours(struct zpm_proc *proc, const struct zpm_run_ends *ends)
{
  char name[ZPM_WIRE_NAME_MAX];
  int rc = 0;

  for (int fd = 1; fd < ZPM_RUN_FDS && rc == 0; fd++) {
    if (ends->ours[fd] < 0)
      continue;
    zpm_proc_run_name(name, fd, proc->tree.id);
    rc = zpm_keeper_link_put(proc->services->link, name, ends->ours[fd]);
  }
  return rc;
}

/* The end of its output is not the end of a run: that is when its processes are
 * gone. */
static void on_output_ended(void *ctx)
{
  (void)ctx;
}

static uint64_t inode_of(int fd)
{
  struct stat file;

  return fd >= 0 && fstat(fd, &file) == 0 ? (uint64_t)file.st_ino : 0;
}

/* Takes over what it could use. */
static int attach(struct zpm_proc *proc, int *ours)
{
  int rc = 0;

  proc->notify_fd = ours[ZPM_RUN_NOTIFY];
  ours[ZPM_RUN_NOTIFY] = -1;
  for (int i = 0; i < 2 && rc == 0; i++) {
    proc->pipes[i] = inode_of(ours[i + 1]);
    if (ours[i + 1] < 0)
      continue;
    rc = zpm_log_source_add(proc->recipe->logs[i], ours[i + 1], on_output_ended,
                            proc, &proc->sources[i], &proc->error);
    if (rc == 0)
      ours[i + 1] = -1;
  }
  if (rc != 0 || ours[ZPM_RUN_CHANNEL_FD] < 0)
    return rc;
  rc = zpm_proc_channel_open(proc, ours[ZPM_RUN_CHANNEL_FD]);
  ours[ZPM_RUN_CHANNEL_FD] = -1; /* taken over, also on failure */
  return rc;
}

_Static_assert((int)ZPM_HANDOFF_FIRST_FD == (int)ZPM_RUN_CHANNEL_FD + 1,
               "sockets follow the channel");

/* The descriptors of the child, in order; how many there are. */
static size_t list_ends(const struct zpm_proc *proc,
                        const struct zpm_run_ends *ends,
                        int fds[ZPM_HANDOFF_FIRST_FD + ZPM_HANDOFF_MAX])
{
  size_t count = ends->child[ZPM_RUN_CHANNEL_FD] >= 0 ? 4 : 3;

  memcpy(fds, ends->child, count * sizeof(*fds));
  memcpy(fds + count, proc->handoff.fds, proc->handoff.count * sizeof(*fds));
  return count + proc->handoff.count;
}

static int ask_keeper(struct zpm_proc *proc, const struct zpm_run_ends *ends)
{
  int fds[ZPM_HANDOFF_FIRST_FD + ZPM_HANDOFF_MAX];
  struct zpm_spawn spawn = {.fds = fds, .fd_count = list_ends(proc, ends, fds)};

  zpm_launch_fill_spawn(&spawn, &proc->launch, proc->recipe->config);
  zpm_identity_give(&proc->launch.identity, spawn.fds, spawn.fd_count);
  return zpm_run_tree_spawn(&proc->tree, &spawn, &proc->error);
}

/* For an app that is to say when it is ready. */
static int open_notify(const struct zpm_proc *proc, int *fd,
                       char name[ZPM_NOTIFY_NAME_SIZE])
{
  name[0] = '\0';
  return proc->recipe->config->wait_ready ? zpm_checks_notify_open(fd, name)
                                          : 0;
}

/* For figures, and for the sockets of a cluster. */
static bool wants_channel(const struct zpm_proc *proc)
{
  return zpm_selftest_is_trusted(proc->verdict) &&
         (proc->services->agent_path != NULL || proc->worker != NULL);
}

static bool asks_for_sockets(const struct zpm_proc *proc)
{
  return proc->launch.is_node && zpm_selftest_is_trusted(proc->verdict);
}

/* One that does not ask for its sockets gets that of its port. */
static int check_kind(struct zpm_proc *proc, struct zpm_error *err)
{
  if (proc->worker == NULL || asks_for_sockets(proc))
    return 0;
  zpm_worker_end(proc->worker);
  proc->worker = NULL;
  if (proc->recipe->config->port != 0 || proc->launch.is_node)
    return 0;
  return zpm_error_set(err, ZPM_ESTART,
                       "cluster mode of a program that is not Node's needs a "
                       "port: it gets a socket that listens there, as from "
                       "systemd (LISTEN_FDS)");
}

static int open_port(struct zpm_proc *proc, struct zpm_run_ends *ends)
{
  unsigned port = proc->recipe->config->port;
  int fd;

  if (proc->recipe->cluster == NULL || port == 0 || asks_for_sockets(proc))
    return 0;
  fd = zpm_cluster_port_socket(proc->recipe->cluster, (uint16_t)port);
  if (fd < 0)
    return zpm_error_set(&proc->error, fd, "cannot listen at port %u: %s", port,
                         uv_strerror(fd));
  ends->child[ZPM_RUN_CHANNEL_FD] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return ends->child[ZPM_RUN_CHANNEL_FD] >= 0 ? 0 : -errno;
}

/* Two of one instance live at once while one succeeds the other. */
static unsigned inspector_offset(const struct zpm_proc *proc)
{
  unsigned instance = zpm_seat_instance(proc->seat);
  unsigned count =
      zpm_config_instances(proc->recipe->config, proc->services->cores);

  return (proc->seat & ZPM_SEAT_OTHER) != 0 ? instance + count : instance;
}

static int prepare(struct zpm_proc *proc, const char *notify_socket)
{
  struct zpm_launch_options options = {
      .config = proc->recipe->config,
      .environment = proc->recipe->environment,
      .marker = proc->tree.marker,
      .agent_path = proc->services->agent_path,
      .channel_fd = wants_channel(proc) ? ZPM_RUN_CHANNEL_FD : -1,
      .inspector_offset = inspector_offset(proc),
      .worker_id = proc->worker != NULL ? zpm_worker_id(proc->worker) : 0,
      .notify_socket = notify_socket[0] != '\0' ? notify_socket : NULL,
      .instance = zpm_seat_instance(proc->seat),
      .handoff = &proc->handoff,
  };

  int rc = zpm_launch_prepare(&proc->launch, &options, &proc->error);

  return rc == 0 ? check_kind(proc, &proc->error) : rc;
}

static void new_run(struct zpm_proc *proc, uint64_t id)
{
  zpm_run_tree_begin(&proc->tree, id);
  proc->exec = ZPM_EXEC_UNKNOWN;
  proc->drained = false;
  proc->sockets = ZPM_SOCKETS_NONE;
  proc->inherited = ZPM_INHERITED_NOTHING;
  for (int i = 0; i < 2; i++)
    proc->log_marks[i] = zpm_log_total_bytes(proc->recipe->logs[i]);
  proc->heap_bytes = -1;
  proc->lag_ns = -1;
  proc->usage = (struct zpm_usage){0};
  proc->sampled_ms = 0;
}

static enum zpm_event failed(struct zpm_proc *proc, enum zpm_event event,
                             int rc)
{
  if (proc->error.code == 0)
    zpm_error_set(&proc->error, ZPM_ESTART, "%s",
                  rc > ZPM_ENOMEM ? strerror(-rc) : zpm_code_text(rc));
  zpm_proc_run_end(proc);
  return event;
}

/* They are the child's now, or of no more use. */
static void note_handoff(struct zpm_proc *proc)
{
  if (proc->handoff.count > 0)
    proc->inherited = ZPM_INHERITED_SOCKETS;
  zpm_handoff_close(&proc->handoff);
}

enum zpm_event zpm_proc_run_begin(struct zpm_proc *proc)
{
  struct zpm_run_ends ends = ZPM_RUN_ENDS_NONE;
  char notify[ZPM_NOTIFY_NAME_SIZE];
  int rc;

  new_run(proc, 0);
  rc = zpm_proc_channel_begin_worker(proc);
  if (rc == 0)
    rc = open_notify(proc, &ends.ours[ZPM_RUN_NOTIFY], notify);
  if (rc != 0)
    return failed(proc, ZPM_EV_FORK_FAILED, rc);
  rc = prepare(proc, notify);
  if (rc != 0) {
    zpm_run_ends_close(ends.ours);
    return failed(proc, rc == ZPM_ENOMEM ? ZPM_EV_FORK_FAILED : ZPM_EV_CANNOT,
                  rc);
  }
  rc = zpm_run_ends_open(&ends, proc->launch.is_node && wants_channel(proc));
  if (rc == 0)
    rc = open_port(proc, &ends);
  if (rc == 0)
    rc = keep_ours(proc, &ends);
  if (rc == 0)
    rc = attach(proc, ends.ours);
  if (rc == 0) {
    proc->events->moved(proc->ctx, proc); /* the run has its id now */
    proc->events->begins(proc->ctx, proc);
    rc = ask_keeper(proc, &ends);
  }
  note_handoff(proc);
  /* They are in the keeper's hands, or of no more use: of 100 apps that start
   * at once only one has its environment in memory. */
  zpm_strv_deinit(&proc->launch.argv);
  zpm_strv_deinit(&proc->launch.env);
  zpm_run_ends_close(ends.child);
  zpm_run_ends_close(ends.ours);
  if (rc == 0)
    return ZPM_EVENTS;
  if (rc == ZPM_EKEEPER && !proc->services->keeper_fails) {
    zpm_proc_run_end(proc);
    return ZPM_EVENTS;
  }
  /* It may be long until there is one: a person is told at once. */
  return failed(proc,
                rc == ZPM_EKEEPER && proc->machine.cause == ZPM_CAUSE_ASKED
                    ? ZPM_EV_CANNOT
                    : ZPM_EV_FORK_FAILED,
                rc);
}

int zpm_proc_run_adopt(struct zpm_proc *proc, uint64_t id, int *fds)
{
  int rc;

  new_run(proc, id);
  rc = fds[ZPM_RUN_CHANNEL_FD] >= 0 ? zpm_proc_channel_begin_worker(proc) : 0;
  if (rc == 0)
    rc = attach(proc, fds);
  zpm_run_ends_close(fds);
  return rc;
}

void zpm_proc_run_discard(const struct zpm_proc *proc, uint64_t id, int *fds)
{
  char name[ZPM_WIRE_NAME_MAX];

  for (int fd = 1; fd < ZPM_RUN_FDS; fd++) {
    if (fds[fd] < 0)
      continue;
    zpm_proc_run_name(name, fd, id);
    zpm_keeper_link_del(proc->services->link, name);
  }
  zpm_run_ends_close(fds);
}

/* ---- another keeper ---- */

static void put(struct zpm_proc *proc, int fd, int ours)
{
  char name[ZPM_WIRE_NAME_MAX];

  if (ours < 0)
    return;
  zpm_proc_run_name(name, fd, proc->tree.id);
  zpm_keeper_link_put(proc->services->link, name, ours);
}

void zpm_proc_run_hand_over(struct zpm_proc *proc)
{
  for (int i = 0; i < 2; i++) {
    if (proc->sources[i] != NULL)
      put(proc, i + 1, zpm_log_source_fd(proc->sources[i]));
  }
  if (proc->channel != NULL)
    put(proc, ZPM_RUN_CHANNEL_FD, zpm_channel_fd(proc->channel));
  put(proc, ZPM_RUN_NOTIFY,
      proc->notify_fd >= 0 ? proc->notify_fd
                           : zpm_checks_notify_fd(proc->checks));
}

/* ---- end ---- */

void zpm_proc_run_end(struct zpm_proc *proc)
{
  for (int i = 0; i < 2; i++) {
    if (proc->sources[i] != NULL)
      zpm_log_source_close(proc->sources[i]);
    proc->sources[i] = NULL;
  }
  zpm_proc_channel_drop(proc);
  zpm_handoff_close(&proc->handoff);
  if (proc->notify_fd >= 0)
    close(proc->notify_fd);
  proc->notify_fd = -1;
  /* Of a start that failed halfway the keeper may have more than we do. */
  for (int fd = 1; fd < ZPM_RUN_FDS && proc->tree.id != 0; fd++)
    zpm_proc_run_forget(proc, fd);
  zpm_launch_deinit(&proc->launch);
  proc->launch = (struct zpm_launch){0};
  zpm_run_tree_end(&proc->tree);
  proc->heap_bytes = -1;
  proc->usage = (struct zpm_usage){0};
  proc->sampled_ms = 0;
}
