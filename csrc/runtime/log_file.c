#include "runtime/log_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "core/lines.h"
#include "runtime/log_path.h"
#include "runtime/log_piece.h"
#include "runtime/wall.h"

enum {
  LOOK_MS = 1000,  /* how often it is asked who has the path */
  RETRY_MS = 500,  /* after a failure: the disk will not be free at once */
  SLACK = 1 << 16, /* how far a file may outgrow its limit to end a line */
  NOTICE_SIZE = 160,
};

/* ---- opening ---- */

static void adopt(struct zpm_log_file *file, const struct stat *st)
{
  file->device = (uint64_t)st->st_dev;
  file->inode = (uint64_t)st->st_ino;
  file->size = (uint64_t)st->st_size;
  file->line_start = zpm_log_piece_begins_line(file->fd, file->size);
}

static void let_go(struct zpm_log_file *file)
{
  if (file->fd >= 0)
    close(file->fd);
  file->fd = -1;
}

static void open_file(struct zpm_log_file *file, uint64_t now_ms)
{
  struct stat st;

  file->fd = zpm_log_path_open(file->folder, file->path, 0, true);
  if (file->fd >= 0 && fstat(file->fd, &st) == 0) {
    adopt(file, &st);
    file->seen_ms = now_ms;
    return;
  }
  file->cause = file->fd < 0 ? file->fd : -errno;
  file->retry_ms = now_ms + RETRY_MS;
  let_go(file);
}

int zpm_log_file_init(struct zpm_log_file *file, const char *folder,
                      const char *app, enum zpm_stream stream,
                      const struct zpm_log_rules *rules)
{
  size_t size = strlen(app) + sizeof("/out.log");

  *file = (struct zpm_log_file){.folder = folder,
                                .path = zpm_alloc(size),
                                .stream = stream,
                                .rules = *rules,
                                .fd = -1};
  if (file->path == NULL)
    return ZPM_ENOMEM;
  snprintf(file->path, size, "%s/%s.log", app,
           zpm_log_piece_stream_name(stream));
  open_file(file, 0);
  file->retry_ms = 0;
  return 0;
}

void zpm_log_file_deinit(struct zpm_log_file *file)
{
  let_go(file);
  zpm_free(file->path);
  file->path = NULL;
}

/* ---- writing ---- */

static enum zpm_lines_style style_of(const struct zpm_log_rules *rules)
{
  if (rules->json)
    return ZPM_LINES_JSON;
  return rules->timestamps ? ZPM_LINES_STAMPED : ZPM_LINES_RAW;
}

/* All of the piece, or nothing: what was written of it is undone. */
static int write_piece(struct zpm_log_file *file,
                       const struct zpm_log_piece *piece, uint64_t now_ms)
{
  int64_t grown = zpm_log_piece_write(piece, file->fd, file->line_start);

  if (grown < 0) {
    file->cause = (int)grown;
    file->retry_ms = now_ms + RETRY_MS;
    if (ftruncate(file->fd, (off_t)file->size) < 0)
      let_go(file);
    return (int)grown;
  }
  file->size += (uint64_t)grown;
  file->line_start =
      piece->style == ZPM_LINES_JSON || piece->bytes[piece->len - 1] == '\n';
  return 0;
}

static void drop(struct zpm_log_file *file, size_t len)
{
  file->dropped_bytes += len;
  file->lost_bytes += len;
}

/* Once there is room again: what is missing here. */
static void tell_loss(struct zpm_log_file *file, char *scratch, uint64_t now_ms)
{
  char notice[NOTICE_SIZE];
  enum zpm_lines_style style = style_of(&file->rules);
  bool inside = !file->line_start && style != ZPM_LINES_JSON;
  struct zpm_log_piece piece = {.bytes = notice,
                                .style = style,
                                .stream = file->stream,
                                .time_ms = zpm_wall_ms(),
                                .scratch = scratch};

  snprintf(notice, sizeof(notice),
           "%s[zpm] %llu bytes of output were lost: %s\n", inside ? "\n" : "",
           (unsigned long long)file->lost_bytes, uv_strerror(file->cause));
  piece.len = strlen(notice);
  if (write_piece(file, &piece, now_ms) == 0)
    file->lost_bytes = 0;
}

/* ---- before a batch ---- */

static bool has_path(const struct zpm_log_file *file)
{
  char path[ZPM_LOG_PATH_MAX];
  struct stat st;

  return zpm_log_path(path, file->folder, file->path, 0) == 0 &&
         stat(path, &st) == 0 && (uint64_t)st.st_dev == file->device &&
         (uint64_t)st.st_ino == file->inode;
}

/* Lets it go if it was removed, or its name is another file's by now; else
 * takes up what others have done to it (`> out.log`). */
static void look(struct zpm_log_file *file, uint64_t now_ms)
{
  struct stat st;

  if (fstat(file->fd, &st) < 0 || st.st_nlink == 0) {
    let_go(file);
    return;
  }
  if (now_ms - file->seen_ms >= LOOK_MS) {
    file->seen_ms = now_ms;
    if (!has_path(file)) {
      let_go(file);
      return;
    }
  }
  if ((uint64_t)st.st_size != file->size)
    adopt(file, &st);
}

static bool is_writable(const struct zpm_log_file *file, uint64_t now_ms)
{
  return file->fd >= 0 && now_ms >= file->retry_ms;
}

void zpm_log_file_announce(struct zpm_log_file *file,
                           struct zpm_inflight *inflight, uint64_t now_ms)
{
  struct zpm_inflight_batch *batch = zpm_inflight_draft(inflight);
  enum zpm_lines_style style = style_of(&file->rules);

  if (file->fd >= 0)
    look(file, now_ms);
  if (file->fd < 0 && now_ms >= file->retry_ms)
    open_file(file, now_ms);
  if (file->lost_bytes > 0 && is_writable(file, now_ms))
    tell_loss(file, inflight->scratch, now_ms);
  snprintf(batch->path, sizeof(batch->path), "%s", file->path);
  batch->device = file->fd >= 0 ? file->device : 0;
  batch->inode = file->fd >= 0 ? file->inode : 0;
  batch->offset = file->size;
  batch->time_ms = style == ZPM_LINES_RAW ? 0 : zpm_wall_ms();
  batch->stream = (uint8_t)file->stream;
  batch->style = (uint8_t)style;
  batch->carry_len = 0;
}

/* ---- a batch ---- */

static void rotate(struct zpm_log_file *file, uint64_t now_ms)
{
  int rc = 0;

  if (file->rules.max_files == 0)
    rc = ftruncate(file->fd, 0) < 0 ? -errno : 0;
  else
    rc = zpm_log_path_shift(file->folder, file->path, file->rules.max_files);
  if (rc < 0) { /* it grows on, rather than lose anything */
    file->rotate_ms = now_ms + LOOK_MS;
    return;
  }
  let_go(file);
  open_file(file, now_ms);
}

/* How much of the bytes goes into the file as it is; 0: rotate it first. */
static size_t piece_size(const struct zpm_log_file *file, const char *bytes,
                         size_t len, uint64_t now_ms)
{
  uint64_t max = file->rules.max_size_bytes;
  uint64_t room = file->size < max ? max - file->size : 0;
  const char *newline;
  size_t size;

  if (style_of(&file->rules) != ZPM_LINES_RAW)
    room /= 2; /* what formatting adds */
  if (max == 0 || len <= room || now_ms < file->rotate_ms)
    return len;
  size = zpm_lines_fit(bytes, len, (size_t)room);
  if (size > 0)
    return size;
  if (file->size > 0 && file->line_start)
    return 0;
  newline = memchr(bytes, '\n', len);
  size = newline != NULL ? (size_t)(newline - bytes) + 1 : len;
  return file->size > 0 && file->size + size > max + SLACK ? 0 : size;
}

/* From here on a successor has only the rest of the batch to write. */
static void advance(const struct zpm_log_file *file,
                    struct zpm_inflight *inflight, size_t done)
{
  struct zpm_inflight_batch *draft = zpm_inflight_draft(inflight);

  *draft = *zpm_inflight_current(inflight);
  draft->done = (uint32_t)done;
  draft->device = file->fd >= 0 ? file->device : 0;
  draft->inode = file->fd >= 0 ? file->inode : 0;
  draft->offset = file->size;
  zpm_inflight_switch(inflight);
}

void zpm_log_file_write(struct zpm_log_file *file,
                        struct zpm_inflight *inflight, size_t len,
                        uint64_t now_ms)
{
  const struct zpm_inflight_batch *batch = zpm_inflight_current(inflight);
  size_t all;
  struct zpm_log_piece piece = {.bytes = zpm_inflight_bytes(inflight, &all),
                                .style = (enum zpm_lines_style)batch->style,
                                .stream = file->stream,
                                .time_ms = batch->time_ms,
                                .scratch = inflight->scratch};
  size_t done = 0;

  while (done < len && is_writable(file, now_ms)) {
    piece.len = piece_size(file, piece.bytes, len - done, now_ms);
    if (piece.len == 0)
      rotate(file, now_ms);
    else if (write_piece(file, &piece, now_ms) < 0)
      break;
    done += piece.len;
    piece.bytes += piece.len;
    if (done < len)
      advance(file, inflight, done);
  }
  drop(file, len - done);
}
