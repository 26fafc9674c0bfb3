#include "keeper/table.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FIRST_BYTES = 4096 };

/* Doubles an array; pages of our own, so that the heap stays unused. */
static int grow(void **items, size_t *room, size_t item_size)
{
  size_t old_bytes = *room * item_size;
  size_t bytes = FIRST_BYTES;
  void *grown;

  while (bytes < old_bytes + item_size)
    bytes *= 2;
  grown = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
               -1, 0);
  if (grown == MAP_FAILED)
    return -1;
  if (*items != NULL) {
    memcpy(grown, *items, old_bytes);
    /* The old size again: whole pages, as it was asked for. */
    munmap(*items, old_bytes);
  }
  *items = grown;
  *room = bytes / item_size;
  return 0;
}

int zpm_table_reserve_child(struct zpm_table *table)
{
  void *items = table->children;

  if (table->child_count < table->child_room)
    return 0;
  if (grow(&items, &table->child_room, sizeof(*table->children)) != 0)
    return -1;
  table->children = items;
  return 0;
}

void zpm_table_add_child(struct zpm_table *table, struct zpm_child child)
{
  table->children[table->child_count++] = child;
  table->news = true;
}

void zpm_table_remove_child(struct zpm_table *table, struct zpm_child *child)
{
  *child = table->children[--table->child_count];
}

struct zpm_child *zpm_table_child_by_id(const struct zpm_table *table,
                                        uint64_t id)
{
  for (size_t i = 0; i < table->child_count; i++) {
    if (table->children[i].id == id)
      return &table->children[i];
  }
  return NULL;
}

struct zpm_child *zpm_table_child_by_pid(const struct zpm_table *table,
                                         pid_t pid)
{
  for (size_t i = 0; i < table->child_count; i++) {
    if (table->children[i].pid == pid &&
        (table->children[i].flags & ZPM_CHILD_FOREIGN) == 0)
      return &table->children[i];
  }
  return NULL;
}

static struct zpm_stored_fd *find_fd(const struct zpm_table *table,
                                     const char *name)
{
  for (size_t i = 0; i < table->fd_count; i++) {
    if (strcmp(table->fds[i].name, name) == 0)
      return &table->fds[i];
  }
  return NULL;
}

int zpm_table_put(struct zpm_table *table, const char *name, int fd)
{
  struct zpm_stored_fd *old = find_fd(table, name);
  void *items = table->fds;

  if (old != NULL) {
    close(old->fd);
    old->fd = fd;
    return 0;
  }
  if (table->fd_count == table->fd_room &&
      grow(&items, &table->fd_room, sizeof(*table->fds)) != 0)
    return -1;
  table->fds = items;
  table->fds[table->fd_count] = (struct zpm_stored_fd){.fd = fd};
  strncpy(table->fds[table->fd_count].name, name, ZPM_WIRE_NAME_MAX - 1);
  table->fd_count++;
  return 0;
}

int zpm_table_fd(const struct zpm_table *table, const char *name)
{
  const struct zpm_stored_fd *stored = find_fd(table, name);

  return stored != NULL ? stored->fd : -1;
}

int zpm_table_take(struct zpm_table *table, const char *name)
{
  struct zpm_stored_fd *stored = find_fd(table, name);
  int fd;

  if (stored == NULL)
    return -1;
  fd = stored->fd;
  *stored = table->fds[--table->fd_count];
  return fd;
}

int zpm_table_del(struct zpm_table *table, const char *name)
{
  int fd = zpm_table_take(table, name);

  if (fd < 0)
    return -1;
  close(fd);
  return 0;
}

static bool child_news(struct zpm_child *child, struct zpm_wire_record *record)
{
  *record = (struct zpm_wire_record){
      .magic = ZPM_WIRE_MAGIC, .id = child->id, .a = child->pid};
  if ((child->flags & ZPM_CHILD_SPAWN_TOLD) == 0) {
    child->flags |= ZPM_CHILD_SPAWN_TOLD;
    record->type = ZPM_WIRE_SPAWNED;
    record->b = child->pid == 0 ? child->status : 0;
    return true;
  }
  if ((child->flags & ZPM_CHILD_EXITED) != 0 &&
      (child->flags & ZPM_CHILD_EXIT_TOLD) == 0) {
    child->flags |= ZPM_CHILD_EXIT_TOLD;
    record->type = ZPM_WIRE_EXIT;
    record->b = child->status;
    return true;
  }
  return false;
}

bool zpm_table_next_news(struct zpm_table *table,
                         struct zpm_wire_record *record)
{
  if (!table->news)
    return false;
  for (size_t i = 0; i < table->child_count; i++) {
    if (child_news(&table->children[i], record))
      return true;
  }
  table->news = false;
  return false;
}

static int write_record(int fd, const struct zpm_wire_record *record)
{
  return write(fd, record, sizeof(*record)) == (ssize_t)sizeof(*record) ? 0
                                                                        : -1;
}

static int write_child(struct zpm_child *child, int fd)
{
  bool exited = (child->flags & ZPM_CHILD_EXITED) != 0;
  bool foreign = (child->flags & ZPM_CHILD_FOREIGN) != 0;
  struct zpm_wire_record record = {
      .magic = ZPM_WIRE_MAGIC,
      .type = ZPM_WIRE_CHILD,
      .flags = (uint16_t)((exited ? ZPM_WIRE_EXITED : 0) |
                          (foreign ? ZPM_WIRE_FOREIGN : 0)),
      .id = child->id,
      .a = child->pid,
      .b = exited ? child->status : 0,
      .c = child->start_ticks,
  };

  if (child->pid == 0) {
    child->flags &= ~(unsigned)ZPM_CHILD_SPAWN_TOLD;
    return 0;
  }
  child->flags |= ZPM_CHILD_SPAWN_TOLD;
  if (exited)
    child->flags |= ZPM_CHILD_EXIT_TOLD;
  return write_record(fd, &record);
}

static int write_stored(const struct zpm_stored_fd *stored, int fd)
{
  struct zpm_wire_record record = {
      .magic = ZPM_WIRE_MAGIC, .type = ZPM_WIRE_FD, .a = stored->fd};

  memcpy(record.name, stored->name, sizeof(record.name));
  return write_record(fd, &record);
}

int zpm_table_write(struct zpm_table *table, int fd)
{
  for (size_t i = 0; i < table->child_count; i++) {
    if (write_child(&table->children[i], fd) != 0)
      return -1;
  }
  for (size_t i = 0; i < table->fd_count; i++) {
    if (write_stored(&table->fds[i], fd) != 0)
      return -1;
  }
  table->news = true;
  return 0;
}
