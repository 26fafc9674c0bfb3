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

int zpm_logs_tail(const char *folder, const char *app, enum zpm_stream stream,
                  size_t lines, struct zpm_str *out)
{
  struct tail tail = {.folder = folder, .newlines = lines};
  size_t from = out->len;
  off_t offset;

  snprintf(tail.name, sizeof(tail.name), "%s/%s.log", app,
           zpm_log_piece_stream_name(stream));
  if (lines == 0 || !find_start(&tail))
    return 0;
  offset = tail.offset;
  for (uint32_t part = tail.part + 1; part-- > 0; offset = 0) {
    int fd = zpm_log_path_open(folder, tail.name, part, false);
    int rc = fd < 0 ? fd : append_part(fd, offset, out);

    if (fd >= 0)
      close(fd);
    if (rc < 0 && rc != -ENOENT)
      return rc;
  }
  if (tail.bytes >= TAIL_MAX)
    cut_to_line(out, from);
  return 0;
}
