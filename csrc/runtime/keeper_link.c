#include "runtime/keeper_link.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/closer.h"
#include "runtime/keeper_ask.h"
#include "runtime/keeper_exec.h"
#include "runtime/keeper_socket.h"
#include "runtime/keeper_spec.h"
#include "runtime/keeper_start.h"

enum {
  SPEC_AND_ERROR_PIPE = 2,
  CHILD_FDS_MAX = ZPM_WIRE_FD_MAX - SPEC_AND_ERROR_PIPE - 1, /* the group */
};

/* The exec-error pipe of a start is stored as x/ID: see also proc_run.c. */
static const char EXEC_KIND = 'x';

struct zpm_keeper_link {
  struct zpm_keeper_events events;
  void *ctx;
  uv_loop_t *loop;
  struct zpm_keeper_socket *socket; /* NULL: the keeper is lost */
  int keeper_pid;
  bool keep_alive;
  bool closing;
  struct zpm_keeper_execs execs;
  struct zpm_closer closer;
  void (*closed)(void *ctx);
  void *closed_ctx;
};

/* ---- requests ---- */

int zpm_keeper_link_request(struct zpm_keeper_link *link,
                            struct zpm_wire_record record, const int *fds,
                            size_t count)
{
  if (link->socket == NULL || link->closing)
    return ZPM_EKEEPER;
  record.magic = ZPM_WIRE_MAGIC;
  return zpm_keeper_socket_send(link->socket, &record, fds, count);
}

static void forget_exec(struct zpm_keeper_link *link, uint64_t id)
{
  char name[ZPM_WIRE_NAME_MAX];

  zpm_keeper_name(name, EXEC_KIND, id);
  zpm_keeper_link_del(link, name);
}

/* ---- what the keeper says ---- */

static void on_spawned(struct zpm_keeper_link *link, uint64_t id, int pid,
                       int error)
{
  struct zpm_keeper_exec *exec = zpm_keeper_exec_find(&link->execs, id);

  if (exec != NULL && pid == 0) {
    zpm_keeper_exec_drop(exec);
    forget_exec(link, id);
  } else if (exec != NULL) {
    zpm_keeper_exec_watch(exec);
  }
  link->events.spawned(link->ctx, id, pid, error);
}

/* The result of the start comes before the exit, however short the life. */
static void on_exit_record(struct zpm_keeper_link *link,
                           const struct zpm_wire_record *record)
{
  struct zpm_keeper_exec *exec = zpm_keeper_exec_find(&link->execs, record->id);

  if (exec != NULL)
    zpm_keeper_exec_finish(exec);
  if (!link->closing)
    link->events.exited(link->ctx, record->id, record->a, record->b);
}

static void on_pong(struct zpm_keeper_link *link,
                    const struct zpm_wire_record *record)
{
  char version[sizeof(record->name)];

  memcpy(version, record->name, sizeof(version));
  version[sizeof(version) - 1] = '\0';
  link->keeper_pid = record->a;
  if (link->events.pong != NULL)
    link->events.pong(link->ctx, record->id, version);
}

/* Any other refusal means that the child is gone: its exit says so. */
static void on_refusal(struct zpm_keeper_link *link,
                       const struct zpm_wire_record *record)
{
  if (record->a == ZPM_WIRE_SPAWN)
    on_spawned(link, record->id, 0, record->b);
  else if (record->a == ZPM_WIRE_REEXEC && link->events.stays != NULL)
    link->events.stays(link->ctx, record->id, record->b);
}

static void on_record(void *ctx, const struct zpm_wire_record *record)
{
  struct zpm_keeper_link *link = ctx;

  switch (record->type) {
  case ZPM_WIRE_SPAWNED:
    on_spawned(link, record->id, record->a, record->b);
    break;
  case ZPM_WIRE_EXIT:
    on_exit_record(link, record);
    break;
  case ZPM_WIRE_PONG:
    on_pong(link, record);
    break;
  case ZPM_WIRE_NAK:
    on_refusal(link, record);
    break;
  case ZPM_WIRE_ASK:
    zpm_keeper_link_ping(link, 0);
    break;
  default:
    break; /* of a later keeper */
  }
}

static void on_exec_result(void *ctx, uint64_t id, enum zpm_spawn_stage stage,
                           int error)
{
  struct zpm_keeper_link *link = ctx;

  forget_exec(link, id);
  link->events.exec_result(link->ctx, id, stage, error);
}

/* What it had not told yet, the ends of the exec-error pipes will. */
static void on_lost(void *ctx)
{
  struct zpm_keeper_link *link = ctx;

  zpm_keeper_socket_close(link->socket);
  link->socket = NULL;
  link->keeper_pid = 0;
  zpm_keeper_exec_watch_all(&link->execs);
  link->events.lost(link->ctx);
}

static const struct zpm_keeper_socket_events SOCKET_EVENTS = {
    .record = on_record,
    .ended = on_lost,
};

/* ---- starting ---- */

static int send_spawn(struct zpm_keeper_link *link,
                      const struct zpm_spawn *spawn, int spec, int error_pipe)
{
  int fds[ZPM_WIRE_FD_MAX] = {spec, error_pipe};
  struct zpm_wire_record record = {.type = ZPM_WIRE_SPAWN, .id = spawn->id};
  size_t count = SPEC_AND_ERROR_PIPE;

  for (size_t i = 0; i < spawn->fd_count; i++)
    fds[count++] = spawn->fds[i];
  if (spawn->cgroup > 0) {
    record.flags |= ZPM_WIRE_CGROUP;
    fds[count++] = spawn->cgroup;
  }
  return zpm_keeper_link_request(link, record, fds, count);
}

/* Before the spawn: then whoever comes after us learns of it as well. */
static int keep_exec(struct zpm_keeper_link *link,
                     const struct zpm_keeper_exec *exec, uint64_t id)
{
  char name[ZPM_WIRE_NAME_MAX];

  zpm_keeper_name(name, EXEC_KIND, id);
  return zpm_keeper_link_put(link, name, zpm_keeper_exec_fd(exec));
}

int zpm_keeper_link_expect_exec(struct zpm_keeper_link *link, uint64_t id,
                                int fd)
{
  struct zpm_keeper_exec *exec = NULL;
  int rc = zpm_keeper_exec_adopt(&link->execs, id, fd, &exec);

  if (rc == 0)
    zpm_keeper_exec_watch(exec);
  return rc;
}

int zpm_keeper_link_spawn(struct zpm_keeper_link *link,
                          const struct zpm_spawn *spawn, struct zpm_error *err)
{
  struct zpm_keeper_exec *exec = NULL;
  int error_pipe;
  int spec;
  int rc;

  if (spawn->fd_count > CHILD_FDS_MAX)
    return zpm_error_set(err, ZPM_EARG, "a child gets %d descriptors at most",
                         CHILD_FDS_MAX);
  spec = zpm_keeper_spec_create(spawn, err);
  if (spec < 0)
    return spec;
  rc = zpm_keeper_exec_create(&link->execs, spawn->id, &exec, &error_pipe);
  if (rc != 0) {
    close(spec);
    return zpm_error_set(err, rc, "cannot start %s: %s", spawn->path,
                         rc == ZPM_ENOMEM ? zpm_code_text(rc) : strerror(-rc));
  }
  rc = keep_exec(link, exec, spawn->id);
  if (rc == 0)
    rc = send_spawn(link, spawn, spec, error_pipe);
  close(spec);
  close(error_pipe);
  if (rc == 0)
    return 0;
  zpm_keeper_exec_drop(exec);
  forget_exec(link, spawn->id);
  return zpm_error_set(err, rc, "cannot ask the keeper to start %s: %s",
                       spawn->path,
                       rc <= ZPM_ENOMEM ? zpm_code_text(rc) : strerror(-rc));
}

void zpm_keeper_link_drain(struct zpm_keeper_link *link)
{
  if (link->socket != NULL)
    zpm_keeper_socket_drain(link->socket);
}

int zpm_keeper_link_pid(const struct zpm_keeper_link *link)
{
  return link->keeper_pid;
}

void zpm_keeper_link_ref(struct zpm_keeper_link *link, bool keep_alive)
{
  link->keep_alive = keep_alive;
  if (link->socket != NULL)
    zpm_keeper_socket_ref(link->socket, keep_alive);
}

/* ---- birth and death ---- */

static void on_all_closed(void *ctx)
{
  struct zpm_keeper_link *link = ctx;
  void (*closed)(void *closed_ctx) = link->closed;
  void *closed_ctx = link->closed_ctx;

  zpm_free(link);
  if (closed != NULL)
    closed(closed_ctx);
}

/* Takes `fd` over. */
static int open_socket(struct zpm_keeper_link *link, int fd)
{
  int rc = zpm_keeper_socket_open(link->loop, fd, &SOCKET_EVENTS, link,
                                  &link->closer, &link->socket);

  if (rc == 0)
    zpm_keeper_socket_ref(link->socket, link->keep_alive);
  return rc;
}

/* Takes `fd` over. */
static int create(uv_loop_t *loop, int fd,
                  const struct zpm_keeper_events *events, void *ctx,
                  struct zpm_keeper_link **out)
{
  struct zpm_keeper_link *link = zpm_alloc_zeroed(1, sizeof(*link));
  int rc = ZPM_ENOMEM;

  if (link == NULL) {
    close(fd);
    return rc;
  }
  link->loop = loop;
  link->events = *events;
  link->ctx = ctx;
  zpm_closer_init(&link->closer, on_all_closed, link);
  link->execs = (struct zpm_keeper_execs){.loop = loop,
                                          .closer = &link->closer,
                                          .on_result = on_exec_result,
                                          .ctx = link};
  zpm_list_init(&link->execs.list);
  rc = open_socket(link, fd);
  if (rc != 0)
    zpm_free(link);
  else
    *out = link;
  return rc;
}

int zpm_keeper_link_inherit(uv_loop_t *loop,
                            const struct zpm_keeper_events *events, void *ctx,
                            struct zpm_keeper_link **out,
                            struct zpm_keeper_table *table,
                            struct zpm_error *err)
{
  int fd = zpm_keeper_start_inherited(table, err);
  int rc;

  if (fd < 0)
    return fd;
  rc = create(loop, fd, events, ctx, out);
  if (rc != 0) {
    zpm_keeper_table_deinit(table);
    return zpm_error_set(err, rc, "cannot watch the keeper");
  }
  (*out)->keeper_pid = getppid();
  return 0;
}

/* The answer tells its pid; that there is none, the socket will tell. */
static void ask_pid(struct zpm_keeper_link *link)
{
  zpm_keeper_link_ping(link, 0);
}

int zpm_keeper_link_own(uv_loop_t *loop, const char *program,
                        const struct zpm_keeper_events *events, void *ctx,
                        struct zpm_keeper_link **out, struct zpm_error *err)
{
  int fd = zpm_keeper_start(program, NULL, err);
  int rc;

  if (fd < 0)
    return fd;
  rc = create(loop, fd, events, ctx, out);
  if (rc != 0)
    return zpm_error_set(err, rc, "cannot watch the keeper");
  ask_pid(*out);
  return 0;
}

int zpm_keeper_link_renew(struct zpm_keeper_link *link, const char *program,
                          char *const *daemon, struct zpm_error *err)
{
  int fd = zpm_keeper_start(program, daemon, err);
  int rc;

  if (fd < 0)
    return fd;
  rc = open_socket(link, fd);
  if (rc != 0)
    return zpm_error_set(err, rc, "cannot watch the keeper");
  ask_pid(link);
  return 0;
}

void zpm_keeper_link_close(struct zpm_keeper_link *link,
                           void (*closed)(void *ctx), void *ctx)
{
  zpm_keeper_exec_drop_all(&link->execs);
  link->closing = true;
  link->closed = closed;
  link->closed_ctx = ctx;
  zpm_keeper_socket_close(link->socket);
  link->socket = NULL;
  zpm_closer_release(&link->closer);
}
