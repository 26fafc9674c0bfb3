#include "runtime/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/log_path.h"
#include "runtime/log_piece.h"

enum { TAIL_MAX = 1 << 20, CHUNK = 8 * 1024, NAME_MAX_LEN = 96 };

/* Where the tail begins, found by going back from the end. */
struct tail {
  const char *folder;
  char name[NAME_MAX_LEN];
  uint32_t part;   /* where the search is */
  off_t offset;    /* what comes before this was not looked at */
  size_t newlines; /* to pass until there */
  size_t bytes;    /* passed */
  bool found;
};

/* Goes back over one chunk that ends at tail->offset. */
static void pass_chunk(struct tail *tail, const char *bytes, size_t len)
{
  size_t at = len;

  while (at > 0 && !tail->found) {
    if (tail->bytes == TAIL_MAX ||
        (bytes[at - 1] == '\n' && tail->bytes > 0 && --tail->newlines == 0)) {
      tail->found = true;
      break;
    }
    at--;
    tail->bytes++;
  }
  tail->offset -= (off_t)(len - at);
}

static void pass_part(struct tail *tail, int fd)
{
  char chunk[CHUNK];

  tail->offset = lseek(fd, 0, SEEK_END);
  while (tail->offset > 0 && !tail->found) {
    size_t len = tail->offset < CHUNK ? (size_t)tail->offset : (size_t)CHUNK;

    if (pread(fd, chunk, len, tail->offset - (off_t)len) != (ssize_t)len)
      return;
    pass_chunk(tail, chunk, len);
  }
}

/* Goes back over the parts.  One may be missing: a process was killed in the
 * middle of a rotation.  0: there is no log at all. */
static int find_start(struct tail *tail)
{
  uint32_t missing = 0;
  uint32_t found = 0;

  for (uint32_t part = 0; !tail->found && missing < 2; part++) {
    int fd = zpm_log_path_open(tail->folder, tail->name, part, false);

    if (fd < 0) {
      missing++;
      continue;
    }
    found++;
    tail->part = part;
    pass_part(tail, fd);
    close(fd);
  }
  return found > 0;
}

static int append_part(int fd, off_t offset, struct zpm_str *out)
{
  char chunk[CHUNK];
  ssize_t got;

  while ((got = pread(fd, chunk, sizeof(chunk), offset)) > 0) {
    int rc = zpm_str_append(out, chunk, (size_t)got);

    if (rc < 0)
      return rc;
    offset += got;
  }
  return got < 0 ? -errno : 0;
}

/* The search stopped at the limit: the line it stopped in is left out, unless
 * it is the only one. */
static void cut_to_line(struct zpm_str *out, size_t from)
{
  const char *begin = out->data + from;
  const char *newline = memchr(begin, '\n', out->len - from);
  size_t cut;

  if (newline == NULL || newline + 1 == out->data + out->len)
    return;
  cut = (size_t)(newline + 1 - begin);
  memmove(out->data + from, out->data + from + cut, out->len - from - cut + 1);
  out->len -= cut;
}

static void name_log(char name[NAME_MAX_LEN], const char *app,
                     enum zpm_stream stream)
{
  snprintf(name, NAME_MAX_LEN, "%s/%s.log", app,
           zpm_log_piece_stream_name(stream));
}

/* The part `first` from `offset` on, then all younger ones. */
static int append_parts(const struct tail *tail, uint32_t first, off_t offset,
                        struct zpm_str *out)
{
  for (uint32_t part = first + 1; part-- > 0; offset = 0) {
    int fd = zpm_log_path_open(tail->folder, tail->name, part, false);
    int rc = fd < 0 ? fd : append_part(fd, offset, out);

    if (fd >= 0)
      close(fd);
    if (rc < 0 && rc != -ENOENT)
      return rc;
  }
  return 0;
}

int zpm_logs_tail(const char *folder, const char *app, enum zpm_stream stream,
                  size_t lines, struct zpm_str *out)
{
  struct tail tail = {.folder = folder, .newlines = lines};
  size_t from = out->len;
  int rc;

  name_log(tail.name, app, stream);
  if (lines == 0 || !find_start(&tail))
    return 0;
  rc = append_parts(&tail, tail.part, tail.offset, out);
  if (rc == 0 && tail.bytes >= TAIL_MAX)
    cut_to_line(out, from);
  return rc;
}

/* ---- from a place on ---- */

/* A part as a place: which file it is, and how long. */
static struct zpm_log_place look_at(const struct tail *tail, uint32_t part)
{
  char path[ZPM_LOG_PATH_MAX];
  struct stat st;

  if (zpm_log_path(path, tail->folder, tail->name, part) != 0 ||
      lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
    return (struct zpm_log_place){0};
  return (struct zpm_log_place){(uint64_t)st.st_ino, (uint64_t)st.st_size};
}

/* Sets where to begin; returns how much there is from there on. */
static uint64_t find_place(struct tail *tail, const struct zpm_log_place *place)
{
  struct zpm_log_place end = look_at(tail, 0);
  uint64_t younger = 0;
  uint32_t missing = 0;

  for (uint32_t part = 0; missing < 2; part++) {
    struct zpm_log_place there = look_at(tail, part);

    if (there.file != 0 && there.file == place->file) {
      tail->part = part;
      tail->offset =
          place->offset <= there.offset ? (off_t)place->offset : (off_t)0;
      return younger + there.offset - (uint64_t)tail->offset;
    }
    younger += there.offset;
    missing += there.file == 0;
  }
  return end.offset;
}

/* What comes before the last TAIL_MAX bytes is too much. */
static void skip(struct tail *tail, uint64_t bytes)
{
  while (bytes > 0) {
    uint64_t rest = look_at(tail, tail->part).offset - (uint64_t)tail->offset;

    if (bytes < rest || tail->part == 0) {
      tail->offset += (off_t)bytes;
      return;
    }
    bytes -= rest;
    tail->part--;
    tail->offset = 0;
  }
}

int zpm_logs_since(const char *folder, const char *app, enum zpm_stream stream,
                   const struct zpm_log_place *place, struct zpm_str *out,
                   uint64_t *left_out)
{
  struct tail tail = {.folder = folder};
  uint64_t all;

  name_log(tail.name, app, stream);
  all = find_place(&tail, place);
  *left_out = all > TAIL_MAX ? all - TAIL_MAX : 0;
  skip(&tail, *left_out);
  return append_parts(&tail, tail.part, tail.offset, out);
}

struct zpm_log_place zpm_logs_end(const char *folder, const char *app,
                                  enum zpm_stream stream)
{
  struct tail tail = {.folder = folder};

  name_log(tail.name, app, stream);
  return look_at(&tail, 0);
}
