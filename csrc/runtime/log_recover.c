#include "runtime/log_recover.h"

#include <sys/stat.h>
#include <unistd.h>

#include "runtime/inflight.h"
#include "runtime/log_path.h"
#include "runtime/log_piece.h"

static bool is_same(int fd, const struct zpm_inflight_batch *batch)
{
  struct stat st;

  return fstat(fd, &st) == 0 && (uint64_t)st.st_dev == batch->device &&
         (uint64_t)st.st_ino == batch->inode;
}

/* The file that the batch was going to, by what it is and not by its name: it
 * may have been moved. */
static int open_same(const char *folder, const struct zpm_inflight_batch *batch)
{
  for (uint32_t part = 0; part <= 1; part++) {
    int fd = zpm_log_path_open(folder, batch->path, part, false);

    if (fd >= 0 && is_same(fd, batch))
      return fd;
    if (fd >= 0)
      close(fd);
  }
  return -1;
}

static uint64_t size_of(int fd)
{
  struct stat st;

  return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* The batch goes to another file now; and this may be interrupted, too. */
static void redirect(struct zpm_inflight *inflight, int fd)
{
  struct zpm_inflight_batch *draft = zpm_inflight_draft(inflight);
  struct stat st;

  *draft = *zpm_inflight_current(inflight);
  if (fstat(fd, &st) < 0)
    return;
  draft->device = (uint64_t)st.st_dev;
  draft->inode = (uint64_t)st.st_ino;
  draft->offset = (uint64_t)st.st_size;
  zpm_inflight_switch(inflight);
}

/* Opens the file and leaves it as it was before the batch. */
static int open_file(const char *folder, struct zpm_inflight *inflight)
{
  const struct zpm_inflight_batch *batch = zpm_inflight_current(inflight);
  int fd = open_same(folder, batch);

  if (fd < 0) {
    fd = zpm_log_path_open(folder, batch->path, 0, true);
    if (fd >= 0)
      redirect(inflight, fd);
    return fd;
  }
  /* A smaller one was emptied by somebody: then none of the batch is there. */
  if (size_of(fd) <= batch->offset || ftruncate(fd, (off_t)batch->offset) == 0)
    return fd;
  close(fd);
  return -1;
}

void zpm_log_recover(const char *folder, struct zpm_inflight *inflight)
{
  const struct zpm_inflight_batch *batch = zpm_inflight_pending(inflight);
  struct zpm_log_piece piece;
  int fd;

  if (batch == NULL)
    return;
  piece = (struct zpm_log_piece){.style = (enum zpm_lines_style)batch->style,
                                 .stream = (enum zpm_stream)batch->stream,
                                 .time_ms = batch->time_ms,
                                 .scratch = inflight->scratch};
  piece.bytes = zpm_inflight_bytes(inflight, &piece.len) + batch->done;
  piece.len -= batch->done;
  fd = open_file(folder, inflight);
  if (fd >= 0) {
    zpm_log_piece_write(&piece, fd, zpm_log_piece_begins_line(fd, size_of(fd)));
    close(fd);
  }
  zpm_inflight_end(inflight);
}
