#include "keeper/handover.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HANDOVER_MAGIC 0x7a706801u

enum { COUNT_MAX = 1 << 24, SIZE_MAX_OF_ITEM = 4096 };

struct head {
  uint32_t magic;
  uint32_t head_size;
  uint32_t child_size;
  uint32_t child_count;
  uint32_t fd_size;
  uint32_t fd_count;
  int32_t ctl_fd;
  int32_t daemon_pid;
  uint64_t daemon_started_ms;
  uint64_t daemon_due_ms;
  uint64_t nofile_soft;
  uint64_t nofile_hard;
  uint64_t stopped_ms;
  uint64_t owed_ms;
  uint64_t asked_ms;
  uint64_t request; /* who is to be told that we are here */
  uint32_t daemon_deaths;
  uint32_t daemon_was_started;
  uint32_t daemon_on_trial;
  uint32_t quitting;
  uint32_t daemon_is_foreign;
  uint32_t unused;
};

static int write_all(int fd, const void *bytes, size_t size)
{
  ssize_t len = size > 0 ? write(fd, bytes, size) : 0;

  if (len >= 0 && (size_t)len < size)
    errno = ENOSPC;
  return len == (ssize_t)size ? 0 : -1;
}

int zpm_handover_write(const struct zpm_keeper *keeper, int fd)
{
  const struct zpm_table *table = &keeper->table;
  struct head head = {
      .magic = HANDOVER_MAGIC,
      .head_size = sizeof(head),
      .child_size = sizeof(*table->children),
      .child_count = (uint32_t)table->child_count,
      .fd_size = sizeof(*table->fds),
      .fd_count = (uint32_t)table->fd_count,
      .ctl_fd = keeper->ctl.fd,
      .daemon_pid = keeper->daemon_pid,
      .daemon_started_ms = keeper->daemon_started_ms,
      .daemon_due_ms = keeper->daemon_due_ms,
      .nofile_soft = keeper->nofile.rlim_cur,
      .nofile_hard = keeper->nofile.rlim_max,
      .stopped_ms = keeper->watchdog.stopped_ms,
      .owed_ms = keeper->watchdog.owed_ms,
      .asked_ms = keeper->watchdog.asked_ms,
      .request = keeper->successor.id,
      .daemon_deaths = keeper->daemon_deaths,
      .daemon_was_started = keeper->daemon_was_started,
      .daemon_on_trial = keeper->daemon_on_trial,
      .quitting = keeper->quitting,
      .daemon_is_foreign = keeper->daemon_is_foreign,
  };

  if (write_all(fd, &head, sizeof(head)) != 0 ||
      write_all(fd, table->children,
                table->child_count * sizeof(*table->children)) != 0)
    return -1;
  return write_all(fd, table->fds, table->fd_count * sizeof(*table->fds));
}

/* ---- reading ---- */

static int malformed(void)
{
  errno = EBADMSG;
  return -1;
}

/* As much of an item as both sides know. */
static int read_item(int fd, off_t at, void *item, size_t known, size_t size)
{
  size_t wanted = size < known ? size : known;
  ssize_t len = pread(fd, item, wanted, at);

  if (len < 0)
    return -1;
  return (size_t)len == wanted ? 0 : malformed();
}

static int read_head(int fd, struct head *head)
{
  enum { MAGIC_AND_SIZE = 2 * sizeof(uint32_t) };

  if (read_item(fd, 0, head, MAGIC_AND_SIZE, MAGIC_AND_SIZE) != 0)
    return -1;
  if (head->magic != HANDOVER_MAGIC || head->head_size < MAGIC_AND_SIZE ||
      head->head_size > SIZE_MAX_OF_ITEM ||
      read_item(fd, 0, head, sizeof(*head), head->head_size) != 0)
    return malformed();
  if (head->child_size > SIZE_MAX_OF_ITEM || head->child_count > COUNT_MAX ||
      head->fd_size > SIZE_MAX_OF_ITEM || head->fd_count > COUNT_MAX)
    return malformed();
  return 0;
}

static void take_head(struct zpm_keeper *keeper, const struct head *head)
{
  keeper->ctl.fd = head->ctl_fd;
  keeper->daemon_pid = head->daemon_pid;
  keeper->daemon_started_ms = head->daemon_started_ms;
  keeper->daemon_due_ms = head->daemon_due_ms;
  keeper->daemon_deaths = head->daemon_deaths;
  keeper->daemon_was_started = head->daemon_was_started != 0;
  keeper->daemon_on_trial = head->daemon_on_trial != 0;
  keeper->daemon_is_foreign = head->daemon_is_foreign != 0;
  keeper->quitting = keeper->quitting || head->quitting != 0;
  keeper->nofile.rlim_cur = (rlim_t)head->nofile_soft;
  keeper->nofile.rlim_max = (rlim_t)head->nofile_hard;
  keeper->watchdog.stopped_ms = head->stopped_ms;
  keeper->watchdog.owed_ms = head->owed_ms;
  keeper->watchdog.asked_ms = head->asked_ms;
  keeper->successor.id = head->request;
}

static int read_children(struct zpm_table *table, const struct head *head,
                         int fd, off_t at)
{
  for (uint32_t i = 0; i < head->child_count; i++) {
    struct zpm_child child = {0};

    if (read_item(fd, at, &child, sizeof(child), head->child_size) != 0 ||
        zpm_table_reserve_child(table) != 0)
      return -1;
    zpm_table_add_child(table, child);
    at += head->child_size;
  }
  return 0;
}

static int read_fds(struct zpm_table *table, const struct head *head, int fd,
                    off_t at)
{
  for (uint32_t i = 0; i < head->fd_count; i++) {
    struct zpm_stored_fd stored = {.fd = -1};

    if (read_item(fd, at, &stored, sizeof(stored), head->fd_size) != 0)
      return -1;
    if (stored.name[ZPM_WIRE_NAME_MAX - 1] != '\0' || stored.fd < 0)
      return malformed();
    if (zpm_table_put(table, stored.name, stored.fd) != 0)
      return -1;
    at += head->fd_size;
  }
  return 0;
}

int zpm_handover_read(struct zpm_keeper *keeper, int fd)
{
  struct head head = {0};
  off_t children_at;
  off_t fds_at;

  if (read_head(fd, &head) != 0)
    return -1;
  take_head(keeper, &head);
  children_at = (off_t)head.head_size;
  fds_at = children_at + (off_t)head.child_count * head.child_size;
  if (read_children(&keeper->table, &head, fd, children_at) != 0)
    return -1;
  return read_fds(&keeper->table, &head, fd, fds_at);
}
