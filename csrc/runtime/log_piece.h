#ifndef ZPM_RUNTIME_LOG_PIECE_H
#define ZPM_RUNTIME_LOG_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lines.h"
#include "runtime/logs.h"

/*
 * A piece of output, and how to put it at the end of a file.
 */
struct zpm_log_piece {
  const char *bytes;
  size_t len;
  enum zpm_lines_style style;
  enum zpm_stream stream;
  uint64_t time_ms; /* wall clock; RAW: not used */
  char *scratch;    /* ZPM_INFLIGHT_SCRATCH bytes; RAW: not used */
};

/* "out" or "err". Static. */
const char *zpm_log_piece_stream_name(enum zpm_stream stream);

/* Whether what is put at the end of a file of that size begins a line. */
bool zpm_log_piece_begins_line(int fd, uint64_t size);

/* Writes it. Returns what the file has grown by, or -errno: then a part of it
 * may have been written. */
int64_t zpm_log_piece_write(const struct zpm_log_piece *piece, int fd,
                            bool line_start);

#endif
