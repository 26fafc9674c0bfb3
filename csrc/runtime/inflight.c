#include "runtime/inflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

enum {
  MAGIC = 0x7a706c01, /* the last byte is the version of the layout */
  DATA_OFFSET = 512,  /* small batches share the header's page */
  MAP_SIZE = 17 * 4096,
  PAGE = 4096,
  SENTINEL_SIZE = 8,
};

_Static_assert(DATA_OFFSET + ZPM_INFLIGHT_MAX <= MAP_SIZE, "the batch fits");

/* The state is one of these plus the number of the slot in force (0 or 1). */
enum { IDLE = 0, ANNOUNCED = 2, READ = 4 };

struct inflight_header {
  uint32_t magic;
  _Atomic uint32_t state;
  struct zpm_inflight_batch slots[2];
};

_Static_assert(sizeof(struct inflight_header) + ZPM_INFLIGHT_CARRY_MAX <=
                   DATA_OFFSET,
               "the carry lies between the header and the data");

/* None of these bytes occurs in UTF-8. */
static const unsigned char SENTINEL[SENTINEL_SIZE] = {0xFF, 0xC0, 0xFE, 0xF8,
                                                      0xC1, 0xFB, 0xF5, 0xFF};

static char *data_of(const struct zpm_inflight *inflight)
{
  return (char *)inflight->header + DATA_OFFSET;
}

static uint32_t slot_of(const struct zpm_inflight *inflight)
{
  return atomic_load(&inflight->header->state) & 1;
}

/* ---- opening ---- */

/* Every block of it must exist before it is mapped: a full disk would else be
 * a SIGBUS at the first store. */
static int allocate(int fd)
{
  static const char ZEROS[PAGE];
  struct stat st;

  if (fstat(fd, &st) < 0)
    return -errno;
  if (st.st_size >= MAP_SIZE)
    return 0;
  for (off_t at = 0; at < MAP_SIZE; at += PAGE) {
    ssize_t put = pwrite(fd, ZEROS, PAGE, at);

    if (put != PAGE)
      return put < 0 ? -errno : -ENOSPC;
  }
  return 0;
}

static void *map(int fd)
{
  int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void *memory = mmap(NULL, MAP_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);

  return memory != MAP_FAILED ? memory : NULL;
}

/* *fd stays -1 if there shall be no file, or no room is left for one. */
static int open_file(const char *path, int *fd)
{
  int rc;

  *fd = -1;
  if (path == NULL)
    return 0;
  *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  rc = *fd < 0 ? -errno : allocate(*fd);
  if (rc == 0)
    return 0;
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
  return rc == -ENOSPC || rc == -EDQUOT || rc == -EFBIG ? 0 : rc;
}

int zpm_inflight_open(struct zpm_inflight *inflight, const char *path,
                      struct zpm_error *err)
{
  int fd;
  int rc = open_file(path, &fd);

  *inflight = (struct zpm_inflight){0};
  if (rc < 0)
    return zpm_error_set(err, rc,
                         "cannot use %s for the logs: %s. Check who owns it, "
                         "or remove it.",
                         path, uv_strerror(rc));
  inflight->header = map(fd);
  if (fd >= 0)
    close(fd);
  inflight->scratch = mmap(NULL, ZPM_INFLIGHT_SCRATCH, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (inflight->scratch == MAP_FAILED)
    inflight->scratch = NULL;
  if (inflight->header != NULL && inflight->scratch != NULL)
    return 0;
  zpm_inflight_close(inflight);
  return zpm_error_set(err, ZPM_ENOMEM, "out of memory for the log buffer");
}

void zpm_inflight_close(struct zpm_inflight *inflight)
{
  if (inflight->header != NULL)
    munmap(inflight->header, MAP_SIZE);
  if (inflight->scratch != NULL)
    munmap(inflight->scratch, ZPM_INFLIGHT_SCRATCH);
  *inflight = (struct zpm_inflight){0};
}

/* ---- a batch ---- */

struct zpm_inflight_batch *zpm_inflight_draft(struct zpm_inflight *inflight)
{
  return &inflight->header->slots[1 - slot_of(inflight)];
}

/* After this, read() meets no page fault, in which a SIGKILL could end it
 * half-way. */
static void touch(char *data, size_t want)
{
  for (size_t at = 0; at < want; at += PAGE)
    ((volatile char *)data)[at] = 0;
}

static size_t sentinel_size(size_t want)
{
  return want < SENTINEL_SIZE ? want : (size_t)SENTINEL_SIZE;
}

static bool was_read(const struct zpm_inflight *inflight, size_t want)
{
  size_t size = sentinel_size(want);

  return memcmp(data_of(inflight) + want - size, SENTINEL, size) != 0;
}

ssize_t zpm_inflight_read(struct zpm_inflight *inflight, int fd, size_t want)
{
  char *data = data_of(inflight);
  struct zpm_inflight_batch *batch = zpm_inflight_draft(inflight);
  uint32_t slot = 1 - slot_of(inflight);
  size_t size = sentinel_size(want);
  ssize_t got;

  touch(data, want);
  memcpy(data + want - size, SENTINEL, size);
  memcpy(data - batch->carry_len, batch->carry, batch->carry_len);
  batch->len = (uint32_t)want;
  batch->done = 0;
  inflight->header->magic = MAGIC;
  atomic_store(&inflight->header->state, ANNOUNCED | slot);
  got = read(fd, data, want);
  if (got <= 0) {
    got = got < 0 ? -errno : 0;
    zpm_inflight_end(inflight);
    return got;
  }
  batch->len = (uint32_t)got;
  atomic_store(&inflight->header->state, READ | slot);
  return got;
}

void zpm_inflight_switch(struct zpm_inflight *inflight)
{
  atomic_store(&inflight->header->state, READ | (1 - slot_of(inflight)));
}

const struct zpm_inflight_batch *
zpm_inflight_current(const struct zpm_inflight *inflight)
{
  return &inflight->header->slots[slot_of(inflight)];
}

const char *zpm_inflight_bytes(const struct zpm_inflight *inflight, size_t *len)
{
  const struct zpm_inflight_batch *batch = zpm_inflight_current(inflight);

  *len = (size_t)batch->carry_len + batch->len;
  return data_of(inflight) - batch->carry_len;
}

void zpm_inflight_end(struct zpm_inflight *inflight)
{
  atomic_store(&inflight->header->state, IDLE);
}

/* ---- what an earlier process left ---- */

/* Whoever can write the file is the same user; this is about a file that is
 * damaged, or of another version. */
static bool is_sound(const struct zpm_inflight_batch *batch)
{
  return memchr(batch->path, '\0', sizeof(batch->path)) != NULL &&
         batch->path[0] != '/' && strncmp(batch->path, "..", 2) != 0 &&
         strstr(batch->path, "/..") == NULL && batch->len > 0 &&
         batch->len <= ZPM_INFLIGHT_MAX &&
         batch->carry_len <= ZPM_INFLIGHT_CARRY_MAX &&
         batch->done <= batch->len + batch->carry_len;
}

const struct zpm_inflight_batch *
zpm_inflight_pending(struct zpm_inflight *inflight)
{
  uint32_t state = atomic_load(&inflight->header->state);
  const struct zpm_inflight_batch *batch = zpm_inflight_current(inflight);

  if (inflight->header->magic == MAGIC && is_sound(batch)) {
    if ((state & ~1u) == READ)
      return batch;
    if ((state & ~1u) == ANNOUNCED && was_read(inflight, batch->len)) {
      atomic_store(&inflight->header->state, READ | (state & 1));
      return batch;
    }
  }
  zpm_inflight_end(inflight);
  return NULL;
}

void zpm_inflight_rest(struct zpm_inflight *inflight)
{
  /* A private mapping would lose what it holds, which at rest is nothing. */
  madvise(inflight->header, MAP_SIZE, MADV_DONTNEED);
  madvise(inflight->scratch, ZPM_INFLIGHT_SCRATCH, MADV_DONTNEED);
}
