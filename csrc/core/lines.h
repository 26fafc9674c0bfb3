#ifndef ZPM_CORE_LINES_H
#define ZPM_CORE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What an app wrote, turned into what its log file shall hold.
 *
 * Output comes in batches that are cut anywhere.  A batch is formatted piece
 * by piece into a small buffer of the caller, so a line may be of any length.
 * Nothing is held back: the part of a line that a batch ends with is put out
 * too, and whether the next batch continues a line is for the caller to say
 * (`line_start`), who can see it in the file.
 */
enum zpm_lines_style {
  ZPM_LINES_RAW,     /* the bytes as they are */
  ZPM_LINES_STAMPED, /* "2026-11-23T01:25:50.123Z " before each line */
  ZPM_LINES_JSON,    /* one object per line; "partial":true on a part of one */
};

enum {
  ZPM_LINES_STAMP_SIZE = 25, /* of a time as text, NUL included */
  ZPM_LINES_ROOM = 128,      /* an output buffer has at least this */
};

/* "2026-11-23T01:25:50.123Z" of milliseconds since 1970. */
void zpm_lines_stamp(uint64_t time_ms, char stamp[ZPM_LINES_STAMP_SIZE]);

struct zpm_lines {
  enum zpm_lines_style style;
  const char *stream; /* "out" or "err": JSON names it */
  char stamp[ZPM_LINES_STAMP_SIZE];
  bool line_start;   /* what comes next begins a line of the file */
  bool inside;       /* JSON: an object has been begun and not ended */
  const char *bytes; /* the input that is left */
  size_t len;
};

/* Of `lines` the caller has set style, stream, line_start, bytes and len. */
void zpm_lines_begin(struct zpm_lines *lines, uint64_t time_ms);
/* Fills `out` and returns how much of it; 0: all input has been put out. */
size_t zpm_lines_format(struct zpm_lines *lines, char *out, size_t room);

/* The length of as many whole lines as fit into `room`; 0: not even one. */
size_t zpm_lines_fit(const char *bytes, size_t len, size_t room);

#endif
