#include "runtime/keeper_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "zpm/error.h"

struct zpm_keeper_exec {
  struct zpm_list link;
  struct zpm_keeper_execs *execs;
  uint64_t id;
  int fd; /* read end */
  struct zpm_spawn_failure failure;
  size_t received;
  uv_poll_t poll;
};

static void on_closed(uv_handle_t *handle)
{
  struct zpm_keeper_exec *exec = handle->data;
  struct zpm_closer *closer = exec->execs->closer;

  close(exec->fd);
  zpm_free(exec);
  zpm_closer_release(closer);
}

int zpm_keeper_exec_adopt(struct zpm_keeper_execs *execs, uint64_t id, int fd,
                          struct zpm_keeper_exec **out)
{
  struct zpm_keeper_exec *exec = zpm_alloc_zeroed(1, sizeof(*exec));
  int rc =
      exec != NULL ? uv_poll_init(execs->loop, &exec->poll, fd) : ZPM_ENOMEM;

  if (rc != 0) {
    zpm_free(exec);
    close(fd);
    return rc;
  }
  uv_unref((uv_handle_t *)&exec->poll); /* the link's own handle decides */
  exec->poll.data = exec;
  exec->execs = execs;
  exec->id = id;
  exec->fd = fd;
  zpm_closer_hold(execs->closer);
  zpm_list_append(&execs->list, &exec->link);
  *out = exec;
  return 0;
}

int zpm_keeper_exec_create(struct zpm_keeper_execs *execs, uint64_t id,
                           struct zpm_keeper_exec **out, int *write_end)
{
  int ends[2];
  int rc;

  if (pipe2(ends, O_CLOEXEC) != 0)
    return -errno;
  rc = zpm_keeper_exec_adopt(execs, id, ends[0], out);
  if (rc != 0)
    close(ends[1]);
  *write_end = ends[1];
  return rc;
}

int zpm_keeper_exec_fd(const struct zpm_keeper_exec *exec)
{
  return exec->fd;
}

struct zpm_keeper_exec *
zpm_keeper_exec_find(const struct zpm_keeper_execs *execs, uint64_t id)
{
  ZPM_LIST_EACH(it, &execs->list)
  {
    struct zpm_keeper_exec *exec =
        ZPM_CONTAINER_OF(it, struct zpm_keeper_exec, link);
    if (exec->id == id)
      return exec;
  }
  return NULL;
}

void zpm_keeper_exec_drop(struct zpm_keeper_exec *exec)
{
  zpm_list_remove(&exec->link);
  uv_close((uv_handle_t *)&exec->poll, on_closed);
}

void zpm_keeper_exec_drop_all(struct zpm_keeper_execs *execs)
{
  ZPM_LIST_EACH(it, &execs->list)
  zpm_keeper_exec_drop(ZPM_CONTAINER_OF(it, struct zpm_keeper_exec, link));
}

/* True when nothing more will come. */
static bool receive(struct zpm_keeper_exec *exec)
{
  ssize_t len = 1;

  while (len != 0 && exec->received < sizeof(exec->failure)) {
    len = read(exec->fd, (char *)&exec->failure + exec->received,
               sizeof(exec->failure) - exec->received);
    if (len > 0)
      exec->received += (size_t)len;
    if (len < 0 && errno != EINTR)
      return errno != EAGAIN && errno != EWOULDBLOCK;
  }
  return true;
}

static void tell(struct zpm_keeper_exec *exec)
{
  const struct zpm_keeper_execs *execs = exec->execs;
  struct zpm_spawn_failure failure = {.stage = ZPM_STAGE_NONE};

  if (exec->received == sizeof(exec->failure))
    failure = exec->failure;
  zpm_keeper_exec_drop(exec);
  execs->on_result(execs->ctx, exec->id, (enum zpm_spawn_stage)failure.stage,
                   failure.error);
}

void zpm_keeper_exec_finish(struct zpm_keeper_exec *exec)
{
  receive(exec);
  tell(exec);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
  struct zpm_keeper_exec *exec = handle->data;

  (void)status; /* an end of file may look like an error */
  (void)events;
  if (receive(exec))
    tell(exec);
}

void zpm_keeper_exec_watch(struct zpm_keeper_exec *exec)
{
  /* Cannot fail for a pipe; if it did, the exit would still tell. */
  uv_poll_start(&exec->poll, UV_READABLE, on_readable);
}

void zpm_keeper_exec_watch_all(const struct zpm_keeper_execs *execs)
{
  ZPM_LIST_EACH(it, &execs->list)
  zpm_keeper_exec_watch(ZPM_CONTAINER_OF(it, struct zpm_keeper_exec, link));
}
