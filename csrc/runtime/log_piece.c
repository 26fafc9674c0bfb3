#include "runtime/log_piece.h"

#include <errno.h>
#include <unistd.h>

#include "runtime/inflight.h"

const char *zpm_log_piece_stream_name(enum zpm_stream stream)
{
  return stream == ZPM_STREAM_ERR ? "err" : "out";
}

bool zpm_log_piece_begins_line(int fd, uint64_t size)
{
  char last = '\n';

  if (size > 0 && pread(fd, &last, 1, (off_t)(size - 1)) != 1)
    return true;
  return last == '\n';
}

static int64_t write_all(int fd, const char *bytes, size_t len)
{
  size_t done = 0;

  while (done < len) {
    ssize_t put = write(fd, bytes + done, len - done);

    if (put < 0 && errno != EINTR)
      return -errno;
    if (put > 0)
      done += (size_t)put;
  }
  return (int64_t)len;
}

static int64_t write_formatted(int fd, struct zpm_lines *lines, char *scratch)
{
  int64_t grown = 0;
  size_t len;

  while ((len = zpm_lines_format(lines, scratch, ZPM_INFLIGHT_SCRATCH)) > 0) {
    int64_t put = write_all(fd, scratch, len);

    if (put < 0)
      return put;
    grown += put;
  }
  return grown;
}

int64_t zpm_log_piece_write(const struct zpm_log_piece *piece, int fd,
                            bool line_start)
{
  struct zpm_lines lines = {.style = piece->style,
                            .stream = zpm_log_piece_stream_name(piece->stream),
                            .line_start = line_start,
                            .bytes = piece->bytes,
                            .len = piece->len};

  if (piece->style == ZPM_LINES_RAW)
    return write_all(fd, piece->bytes, piece->len);
  zpm_lines_begin(&lines, piece->time_ms);
  return write_formatted(fd, &lines, piece->scratch);
}
