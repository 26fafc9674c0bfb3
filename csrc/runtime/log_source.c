#include "runtime/log_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "core/lines.h"
#include "platform/platform.h"
#include "runtime/log_piece.h"

enum {
  LAST_MAX = 1 << 20,   /* what a closing source still takes */
  CROWDED = 48 * 1024,  /* in a pipe: its writer is, or will soon be, blocked */
  GROWN = 256 * 1024,   /* what such a pipe is made to hold */
  GROWN_COUNT_MAX = 32, /* a user has a budget of pipe memory, for all uses */
};

/* ---- one batch ---- */

static void on_end(struct zpm_log_source *source)
{
  struct zpm_logs *logs = source->log->logs;

  if (source->at_end)
    return;
  source->at_end = true;
  zpm_platform_pollset_remove(logs->pollset, source->fd);
  zpm_list_append(&logs->ended, &source->link);
}

/* A character that the batch ends inside of is finished by the next one.  (If
 * this process is killed in between, it becomes U+FFFD.) */
static size_t keep_carry(struct zpm_log_source *source, const char *bytes,
                         size_t len)
{
  size_t kept =
      source->log->file.rules.json ? zpm_utf8_unfinished(bytes, len) : 0;

  memcpy(source->carry, bytes + len - kept, kept);
  source->carry_len = (uint8_t)kept;
  return len - kept;
}

static void announce(struct zpm_log_source *source, uint64_t now_ms)
{
  struct zpm_inflight *inflight = &source->log->logs->inflight;
  struct zpm_inflight_batch *batch = zpm_inflight_draft(inflight);

  zpm_log_file_announce(&source->log->file, inflight, now_ms);
  batch->carry_len = source->carry_len;
  memcpy(batch->carry, source->carry, source->carry_len);
}

static void remember(struct zpm_log *log, const char *bytes, size_t len)
{
  if (log->last == NULL)
    log->last = zpm_alloc_zeroed(1, sizeof(*log->last));
  if (log->last != NULL)
    zpm_last_line_feed(log->last, bytes, len);
}

static struct zpm_log_place end_of(const struct zpm_log_file *file)
{
  return file->fd >= 0 ? (struct zpm_log_place){file->inode, file->size}
                       : (struct zpm_log_place){0};
}

static void tell(const struct zpm_log *log, const char *bytes, size_t len,
                 struct zpm_log_place place)
{
  const struct zpm_logs *logs = log->logs;
  const struct zpm_log_output output = {.app = log->app,
                                        .stream = log->file.stream,
                                        .bytes = bytes,
                                        .len = len,
                                        .place = place};

  if (len > 0)
    logs->on_output(logs->ctx, &output);
}

/* As the file has it, or would have.  `place` is where the batch begins.  A
 * piece of a batch that was rotated in the middle, or dropped, is said to end
 * where all of it does: nobody is to be told it twice. */
static void tell_formatted(const struct zpm_log *log, struct zpm_lines *lines,
                           uint64_t time_ms, struct zpm_log_place place)
{
  const struct zpm_log_place end = end_of(&log->file);
  char *scratch = log->logs->inflight.scratch;
  size_t len;

  zpm_lines_begin(lines, time_ms);
  while ((len = zpm_lines_format(lines, scratch, ZPM_INFLIGHT_SCRATCH)) > 0) {
    place.offset += len;
    if (place.file != end.file || place.offset > end.offset)
      place = end;
    tell(log, scratch, len, place);
  }
}

static void on_batch(struct zpm_log_source *source, uint64_t now_ms)
{
  struct zpm_log *log = source->log;
  struct zpm_inflight *inflight = &log->logs->inflight;
  const struct zpm_inflight_batch *batch = zpm_inflight_current(inflight);
  uint64_t time_ms = batch->time_ms;
  struct zpm_lines lines = {
      .style = (enum zpm_lines_style)batch->style,
      .stream = zpm_log_piece_stream_name(log->file.stream),
      .line_start = log->file.fd < 0 || log->file.line_start,
  };
  const struct zpm_log_place begin = end_of(&log->file);
  uint8_t carried = source->carry_len;
  size_t len;

  lines.bytes = zpm_inflight_bytes(inflight, &len);
  lines.len = keep_carry(source, lines.bytes, len);
  zpm_log_file_write(&log->file, inflight, lines.len, now_ms);
  zpm_inflight_end(inflight);
  remember(log, lines.bytes + carried, len - carried);
  log->total_bytes += len - carried;
  if (log->logs->on_output == NULL)
    return;
  if (lines.style == ZPM_LINES_RAW)
    tell(log, lines.bytes, lines.len, end_of(&log->file));
  else
    tell_formatted(log, &lines, time_ms, begin);
}

/* A pause of a millisecond is enough to fill a pipe of 64 KiB: an app that
 * writes so much gets a larger one, once. */
static void grow(struct zpm_log_source *source)
{
  struct zpm_logs *logs = source->log->logs;

  if (source->grow_tried || logs->grown_count == GROWN_COUNT_MAX)
    return;
  source->grow_tried = true;
  source->grown = zpm_platform_pipe_resize(source->fd, GROWN) == 0;
  logs->grown_count += source->grown;
}

size_t zpm_log_source_serve(struct zpm_log_source *source)
{
  struct zpm_logs *logs = source->log->logs;
  uint64_t now_ms = uv_now(logs->loop);
  int there = 0;
  size_t want;
  ssize_t got;

  if (source->at_end || ioctl(source->fd, FIONREAD, &there) < 0)
    return 0;
  /* Nothing there, but readable: the read is to tell the end. */
  if (there >= CROWDED)
    grow(source);
  want = there > 0 ? (size_t)there : 1;
  if (want > ZPM_INFLIGHT_MAX)
    want = ZPM_INFLIGHT_MAX;
  announce(source, now_ms);
  got = zpm_inflight_read(&logs->inflight, source->fd, want);
  if (got > 0) {
    on_batch(source, now_ms);
    return there > 0 ? (size_t)there : 1;
  }
  if (got != -EAGAIN && got != -EINTR)
    on_end(source);
  return 0;
}

/* ---- life ---- */

static int prepare_fd(int fd)
{
  int flags = fcntl(fd, F_GETFL);

  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
      fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
    return -errno;
  return 0;
}

int zpm_log_source_add(struct zpm_log *log, int fd, void (*on_eof)(void *ctx),
                       void *ctx, struct zpm_log_source **out,
                       struct zpm_error *err)
{
  struct zpm_log_source *source = zpm_alloc(sizeof(*source));
  int rc;

  if (source == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  *source = (struct zpm_log_source){
      .log = log, .fd = fd, .on_eof = on_eof, .ctx = ctx};
  zpm_list_init(&source->link);
  rc = prepare_fd(fd);
  if (rc == 0)
    rc = zpm_platform_pollset_add(log->logs->pollset, fd, source);
  if (rc < 0) {
    zpm_free(source);
    return zpm_error_set(err, rc, "cannot read its output: %s",
                         uv_strerror(rc));
  }
  if (log->logs->source_count++ == 0)
    zpm_logs_wake(log->logs);
  *out = source;
  return 0;
}

int zpm_log_source_fd(const struct zpm_log_source *source)
{
  return source->fd;
}

/* It may be waiting for its turn in the round that is going on. */
static void leave_round(struct zpm_log_source *source)
{
  struct zpm_logs *logs = source->log->logs;

  for (size_t i = 0; i < ZPM_LOGS_ROUND; i++) {
    if (logs->ready[i] == source)
      logs->ready[i] = NULL;
  }
}

void zpm_log_source_close(struct zpm_log_source *source)
{
  struct zpm_logs *logs = source->log->logs;
  size_t taken = 0;
  size_t there;

  while (taken < LAST_MAX && (there = zpm_log_source_serve(source)) > 0)
    taken += there < ZPM_INFLIGHT_MAX ? there : (size_t)ZPM_INFLIGHT_MAX;
  if (!source->at_end)
    zpm_platform_pollset_remove(logs->pollset, source->fd);
  leave_round(source);
  zpm_list_remove(&source->link);
  logs->grown_count -= source->grown;
  close(source->fd);
  zpm_free(source);
  if (--logs->source_count == 0)
    zpm_logs_sleep(logs);
}
