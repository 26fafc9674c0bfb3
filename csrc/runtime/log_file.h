#ifndef ZPM_RUNTIME_LOG_FILE_H
#define ZPM_RUNTIME_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/inflight.h"
#include "runtime/logs.h"

/*
 * One log file: where a batch goes.  It opens and rotates the file, opens it
 * again when someone has moved or removed it, and when it cannot be written,
 * drops, counts, and says so in the file as soon as it can.
 */
struct zpm_log_file {
  const char *folder; /* of all logs; borrowed */
  char *path;         /* below it: "api/out.log" */
  enum zpm_stream stream;
  struct zpm_log_rules rules;
  int fd; /* -1: could not be opened */
  uint64_t device;
  uint64_t inode;
  uint64_t size;
  bool line_start;        /* it is empty, or ends with a newline */
  uint64_t seen_ms;       /* when its path was last looked at */
  uint64_t retry_ms;      /* nothing is written before */
  uint64_t rotate_ms;     /* and no rotation is tried before */
  uint64_t dropped_bytes; /* in all */
  uint64_t lost_bytes;    /* of these: the file does not say so yet */
  int cause;              /* why: a code of libuv */
};

/* Opens it, if that is possible now. Returns 0 or ZPM_ENOMEM. */
int zpm_log_file_init(struct zpm_log_file *file, const char *folder,
                      const char *app, enum zpm_stream stream,
                      const struct zpm_log_rules *rules);
void zpm_log_file_deinit(struct zpm_log_file *file);

/* Describes the file as it is now, for a batch that is to be read.  `now_ms` is
 * of any clock that does not go back. */
void zpm_log_file_announce(struct zpm_log_file *file,
                           struct zpm_inflight *inflight, uint64_t now_ms);
/* Writes the first `len` bytes of the batch in force, or drops them. */
void zpm_log_file_write(struct zpm_log_file *file,
                        struct zpm_inflight *inflight, size_t len,
                        uint64_t now_ms);

#endif
