#include "runtime/keeper_link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/closer.h"
#include "runtime/keeper_exec.h"
#include "runtime/keeper_outbox.h"
#include "runtime/keeper_spec.h"
#include "runtime/keeper_start.h"

enum {
  RECORDS_PER_READ = 32,
  SPEC_AND_ERROR_PIPE = 2,
  CHILD_FDS_MAX = ZPM_WIRE_FD_MAX - SPEC_AND_ERROR_PIPE - 1, /* the group */
};

struct zpm_keeper_link {
  struct zpm_keeper_events events;
  void *ctx;
  int fd;
  int keeper_pid;
  bool lost;
  bool closing;
  uv_poll_t poll;
  struct zpm_keeper_outbox outbox;
  struct zpm_keeper_execs execs;
  struct zpm_wire_record partial; /* the beginning of a record */
  size_t partial_len;
  struct zpm_closer closer;
  void (*closed)(void *ctx);
  void *closed_ctx;
};

/* ---- what the keeper says ---- */

static void on_spawned(struct zpm_keeper_link *link, uint64_t id, int pid,
                       int error)
{
  struct zpm_keeper_exec *exec = zpm_keeper_exec_find(&link->execs, id);

  if (exec != NULL && pid == 0)
    zpm_keeper_exec_drop(exec);
  else if (exec != NULL)
    zpm_keeper_exec_watch(exec);
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

static void on_record(struct zpm_keeper_link *link,
                      const struct zpm_wire_record *record)
{
  switch (record->type) {
  case ZPM_WIRE_SPAWNED:
    on_spawned(link, record->id, record->a, record->b);
    break;
  case ZPM_WIRE_EXIT:
    on_exit_record(link, record);
    break;
  case ZPM_WIRE_PONG:
    link->keeper_pid = record->a;
    break;
  case ZPM_WIRE_NAK:
    /* Any other refusal means that the child is gone: its exit says so. */
    if (record->a == ZPM_WIRE_SPAWN)
      on_spawned(link, record->id, 0, record->b);
    break;
  default:
    break; /* of a later keeper */
  }
}

static void on_exec_result(void *ctx, uint64_t id, enum zpm_spawn_stage stage,
                           int error)
{
  struct zpm_keeper_link *link = ctx;

  link->events.exec_result(link->ctx, id, stage, error);
}

static void on_lost(struct zpm_keeper_link *link)
{
  link->lost = true;
  uv_poll_stop(&link->poll);
  zpm_keeper_exec_drop_all(&link->execs);
  zpm_keeper_outbox_deinit(&link->outbox);
  link->events.lost(link->ctx);
}

/* ---- the socket ---- */

static void on_socket(uv_poll_t *handle, int status, int events);

static void watch(struct zpm_keeper_link *link)
{
  int events = UV_READABLE;

  if (link->lost || link->closing)
    return;
  if (!zpm_keeper_outbox_empty(&link->outbox))
    events |= UV_WRITABLE;
  uv_poll_start(&link->poll, events, on_socket);
}

static void take_bytes(struct zpm_keeper_link *link, const char *bytes,
                       size_t len)
{
  while (len > 0 && !link->closing) {
    size_t missing = sizeof(link->partial) - link->partial_len;
    size_t step = len < missing ? len : missing;
    struct zpm_wire_record record;

    memcpy((char *)&link->partial + link->partial_len, bytes, step);
    link->partial_len += step;
    bytes += step;
    len -= step;
    if (link->partial_len < sizeof(record))
      return;
    record = link->partial;
    link->partial_len = 0;
    on_record(link, &record);
  }
}

/* False when the keeper is gone. */
static bool read_some(struct zpm_keeper_link *link)
{
  char bytes[RECORDS_PER_READ * sizeof(struct zpm_wire_record)];
  ssize_t len;

  do {
    len = recv(link->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
  } while (len < 0 && errno == EINTR);
  if (len > 0)
    take_bytes(link, bytes, (size_t)len);
  return len > 0 || (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
  struct zpm_keeper_link *link = handle->data;
  bool there = true;

  if (status != 0 || (events & UV_READABLE) != 0)
    there = read_some(link);
  if (link->closing)
    return;
  /* An error stops the handle, so nothing would wake us again. */
  if (!there || status != 0) {
    on_lost(link);
    return;
  }
  zpm_keeper_outbox_flush(&link->outbox);
  watch(link);
}

/* ---- requests ---- */

static int request(struct zpm_keeper_link *link, struct zpm_wire_record record,
                   const int *fds, size_t count)
{
  int rc;

  if (link->lost || link->closing)
    return ZPM_EKEEPER;
  record.magic = ZPM_WIRE_MAGIC;
  rc = zpm_keeper_outbox_send(&link->outbox, &record, fds, count);
  if (!zpm_keeper_outbox_empty(&link->outbox))
    watch(link);
  return rc;
}

static int named(struct zpm_keeper_link *link, enum zpm_wire_type type,
                 const char *name, const int *fd)
{
  struct zpm_wire_record record = {.type = (uint16_t)type};

  if (*name == '\0' || strlen(name) >= sizeof(record.name))
    return ZPM_EARG;
  memcpy(record.name, name, strlen(name));
  return request(link, record, fd, fd != NULL ? 1 : 0);
}

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
  return request(link, record, fds, count);
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
  rc = send_spawn(link, spawn, spec, error_pipe);
  close(spec);
  close(error_pipe);
  if (rc == 0)
    return 0;
  zpm_keeper_exec_drop(exec);
  return zpm_error_set(err, rc, "cannot ask the keeper to start %s: %s",
                       spawn->path,
                       rc <= ZPM_ENOMEM ? zpm_code_text(rc) : strerror(-rc));
}

int zpm_keeper_link_kill(struct zpm_keeper_link *link, uint64_t id, int signal,
                         bool group)
{
  return request(link,
                 (struct zpm_wire_record){.type = ZPM_WIRE_KILL,
                                          .flags = group ? ZPM_WIRE_GROUP : 0,
                                          .id = id,
                                          .a = signal},
                 NULL, 0);
}

int zpm_keeper_link_ack(struct zpm_keeper_link *link, uint64_t id)
{
  return request(link, (struct zpm_wire_record){.type = ZPM_WIRE_ACK, .id = id},
                 NULL, 0);
}

int zpm_keeper_link_put(struct zpm_keeper_link *link, const char *name, int fd)
{
  return named(link, ZPM_WIRE_PUT, name, &fd);
}

int zpm_keeper_link_del(struct zpm_keeper_link *link, const char *name)
{
  return named(link, ZPM_WIRE_DEL, name, NULL);
}

int zpm_keeper_link_quit(struct zpm_keeper_link *link)
{
  return request(link, (struct zpm_wire_record){.type = ZPM_WIRE_QUIT}, NULL,
                 0);
}

int zpm_keeper_link_pid(const struct zpm_keeper_link *link)
{
  return link->keeper_pid;
}

void zpm_keeper_link_ref(struct zpm_keeper_link *link, bool keep_alive)
{
  if (keep_alive)
    uv_ref((uv_handle_t *)&link->poll);
  else
    uv_unref((uv_handle_t *)&link->poll);
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
static int create(uv_loop_t *loop, int fd,
                  const struct zpm_keeper_events *events, void *ctx,
                  struct zpm_keeper_link **out)
{
  struct zpm_keeper_link *link = zpm_alloc_zeroed(1, sizeof(*link));
  int rc = link != NULL ? uv_poll_init(loop, &link->poll, fd) : ZPM_ENOMEM;

  if (rc != 0) {
    zpm_free(link);
    close(fd);
    return rc;
  }
  link->events = *events;
  link->ctx = ctx;
  link->fd = fd;
  link->poll.data = link;
  zpm_closer_init(&link->closer, on_all_closed, link);
  zpm_keeper_outbox_init(&link->outbox, fd);
  link->execs = (struct zpm_keeper_execs){.loop = loop,
                                          .closer = &link->closer,
                                          .on_result = on_exec_result,
                                          .ctx = link};
  zpm_list_init(&link->execs.list);
  uv_unref((uv_handle_t *)&link->poll);
  watch(link);
  *out = link;
  return 0;
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

int zpm_keeper_link_own(uv_loop_t *loop, const char *program,
                        const struct zpm_keeper_events *events, void *ctx,
                        struct zpm_keeper_link **out, struct zpm_error *err)
{
  int fd = zpm_keeper_start_owned(program, err);
  int rc;

  if (fd < 0)
    return fd;
  rc = create(loop, fd, events, ctx, out);
  if (rc != 0)
    return zpm_error_set(err, rc, "cannot watch the keeper");
  /* The answer tells its pid; that there is none, the socket will tell. */
  request(*out, (struct zpm_wire_record){.type = ZPM_WIRE_PING}, NULL, 0);
  return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
  struct zpm_keeper_link *link = handle->data;

  close(link->fd);
  zpm_closer_release(&link->closer);
}

void zpm_keeper_link_close(struct zpm_keeper_link *link,
                           void (*closed)(void *ctx), void *ctx)
{
  if (!link->lost)
    zpm_keeper_outbox_flush(&link->outbox);
  zpm_keeper_outbox_deinit(&link->outbox);
  zpm_keeper_exec_drop_all(&link->execs);
  link->closing = true;
  link->closed = closed;
  link->closed_ctx = ctx;
  /* The count that zpm_closer_init took goes with this handle. */
  uv_close((uv_handle_t *)&link->poll, on_poll_closed);
}
