#include "keeper/requests.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/children.h"
#include "keeper/reexec.h"
#include "keeper/spawn.h"
#include "zpm/version.h"

enum { SPAWN_FDS_MIN = 2 };

static bool has_name(const struct zpm_wire_record *record)
{
  return record->name[0] != '\0' && record->name[ZPM_WIRE_NAME_MAX - 1] == '\0';
}

/* Each returns 0 or an errno to refuse with. */

static int put(struct zpm_keeper *keeper, const struct zpm_wire_record *record)
{
  if (!has_name(record) || keeper->ctl.fd_count != 1)
    return EINVAL;
  if (zpm_table_put(&keeper->table, record->name, keeper->ctl.fds[0]) != 0)
    return ENOMEM;
  keeper->ctl.fds[0] = -1;
  if (strcmp(record->name, ZPM_WIRE_DAEMON) == 0)
    keeper->daemon_on_trial = false; /* it is the daemon from now on */
  return 0;
}

static int del(struct zpm_keeper *keeper, const struct zpm_wire_record *record)
{
  if (!has_name(record))
    return EINVAL;
  return zpm_table_del(&keeper->table, record->name) == 0 ? 0 : ENOENT;
}

static int spawn(struct zpm_keeper *keeper,
                 const struct zpm_wire_record *record)
{
  struct zpm_ctl *ctl = &keeper->ctl;
  struct zpm_child child = {.id = record->id};
  bool grouped = (record->flags & ZPM_WIRE_CGROUP) != 0;
  size_t count = grouped ? ctl->fd_count - 1 : ctl->fd_count;

  if (ctl->fd_count < SPAWN_FDS_MIN + (grouped ? 1 : 0))
    return EINVAL;
  if (zpm_table_child_by_id(&keeper->table, record->id) != NULL)
    return EEXIST;
  if (zpm_table_reserve_child(&keeper->table) != 0)
    return ENOMEM;
  child.pid = zpm_spawn_child(ctl->fds, count, grouped ? ctl->fds[count] : -1,
                              &keeper->nofile);
  if (child.pid < 0) {
    child.pid = 0;
    child.status = errno;
  }
  zpm_table_add_child(&keeper->table, child);
  return 0;
}

/* Nothing is told of it: its daemon says itself when it has ended. */
static int adopt(struct zpm_keeper *keeper,
                 const struct zpm_wire_record *record)
{
  struct zpm_child child = {.id = record->id,
                            .pid = record->a,
                            .flags = ZPM_CHILD_FOREIGN | ZPM_CHILD_SPAWN_TOLD,
                            .start_ticks = record->c};

  if (record->a <= 0)
    return EINVAL;
  if (zpm_table_child_by_id(&keeper->table, record->id) != NULL)
    return EEXIST;
  if (zpm_table_reserve_child(&keeper->table) != 0)
    return ENOMEM;
  zpm_table_add_child(&keeper->table, child);
  return 0;
}

/* The zombie of an unacknowledged child still owns its number: this cannot hit
 * a stranger. */
static int kill_child(struct zpm_keeper *keeper,
                      const struct zpm_wire_record *record)
{
  struct zpm_child *child = zpm_table_child_by_id(&keeper->table, record->id);
  bool group = (record->flags & ZPM_WIRE_GROUP) != 0;

  if (child == NULL || child->pid == 0 || !zpm_children_is_there(child))
    return ESRCH;
  return zpm_children_signal(child->pid, record->a, group) == 0 ? 0 : errno;
}

static int acknowledge(struct zpm_keeper *keeper,
                       const struct zpm_wire_record *record)
{
  struct zpm_child *child = zpm_table_child_by_id(&keeper->table, record->id);

  if (child == NULL)
    return ESRCH;
  if ((child->flags & ZPM_CHILD_FOREIGN) == 0 && child->pid != 0) {
    if ((child->flags & ZPM_CHILD_EXITED) == 0)
      return EBUSY;
    waitpid(child->pid, NULL, WNOHANG);
  }
  zpm_table_remove_child(&keeper->table, child);
  zpm_children_reap(keeper); /* its zombie may have hidden an orphan's */
  return 0;
}

static int dispatch(struct zpm_keeper *keeper,
                    const struct zpm_wire_record *record)
{
  bool takes_fds = record->type == ZPM_WIRE_PUT ||
                   record->type == ZPM_WIRE_SPAWN ||
                   record->type == ZPM_WIRE_REEXEC;

  if (keeper->ctl.too_many_fds || (keeper->ctl.fd_count > 0 && !takes_fds))
    return EINVAL;
  switch (record->type) {
  case ZPM_WIRE_PUT:
    return put(keeper, record);
  case ZPM_WIRE_DEL:
    return del(keeper, record);
  case ZPM_WIRE_SPAWN:
    return spawn(keeper, record);
  case ZPM_WIRE_KILL:
    return kill_child(keeper, record);
  case ZPM_WIRE_ACK:
    return acknowledge(keeper, record);
  case ZPM_WIRE_QUIT:
    keeper->quitting = true;
    return 0;
  case ZPM_WIRE_PING:
    zpm_requests_answer(keeper, record->id);
    return 0;
  case ZPM_WIRE_ADOPT:
    return adopt(keeper, record);
  case ZPM_WIRE_REEXEC:
    return zpm_reexec_begin(keeper, record);
  default:
    return EINVAL;
  }
}

void zpm_requests_answer(struct zpm_keeper *keeper, uint64_t id)
{
  struct zpm_wire_record answer = {.magic = ZPM_WIRE_MAGIC,
                                   .type = ZPM_WIRE_PONG,
                                   .id = id,
                                   .a = getpid(),
                                   .name = ZPM_VERSION};

  zpm_ctl_push(&keeper->ctl, &answer);
}

void zpm_requests_refuse(struct zpm_keeper *keeper, enum zpm_wire_type type,
                         uint64_t id, int error)
{
  struct zpm_wire_record nak = {.magic = ZPM_WIRE_MAGIC,
                                .type = ZPM_WIRE_NAK,
                                .id = id,
                                .a = (int32_t)type,
                                .b = error};

  zpm_ctl_push(&keeper->ctl, &nak);
}

void zpm_requests_handle(struct zpm_keeper *keeper)
{
  const struct zpm_wire_record *record = &keeper->ctl.in;
  int refusal = dispatch(keeper, record);

  if (refusal != 0)
    zpm_requests_refuse(keeper, record->type, record->id, refusal);
  zpm_ctl_release(&keeper->ctl);
}
