#ifndef ZPM_RUNTIME_LOGS_H
#define ZPM_RUNTIME_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/str.h"
#include "core/log_place.h"
#include "zpm/error.h"

/*
 * The way of an app's output: pipe -> one shared in-flight buffer -> file.
 *
 * Every byte is written exactly once even if the process dies by SIGKILL
 * between any two system calls: a batch is announced in the in-flight file
 * (stream, file, offset, length) before it is read from the pipe, and that file
 * is a shared mapping, so the next process finishes what this one began.
 * A full disk costs log bytes (counted, and said in the log once there is
 * space), never memory, and never blocks the app for long.
 *
 * Three things: `zpm_logs` (one per supervisor: buffer, pace), `zpm_log` (one
 * file: an app's out or err; rotation, counters) and `zpm_log_source` (one
 * pipe; many may feed one log).
 */
struct zpm_logs;
struct zpm_log;
struct zpm_log_source;

enum zpm_stream { ZPM_STREAM_OUT, ZPM_STREAM_ERR };

struct zpm_log_rules {
  uint64_t max_size_bytes; /* 0: no rotation */
  uint32_t max_files;      /* rotated parts kept: out.log.1 ... */
  bool timestamps;         /* raw format: "2026-11-23T01:25:50.123Z " first */
  bool json; /* {"time":...,"stream":"out","line":...[,"partial":true]} */
};

/* New bytes in the format of the file. */
struct zpm_log_output {
  const char *app;
  enum zpm_stream stream;
  const char *bytes;
  size_t len;
  struct zpm_log_place place; /* where they end in the file */
};

/* Called after they are in it (or were dropped, if it cannot be written).  Must
 * not call back into the logs: queue. */
typedef void zpm_log_output_cb(void *ctx, const struct zpm_log_output *output);

struct zpm_logs_options {
  const char *folder;        /* logs/: one sub-folder per app, 0700 */
  const char *inflight_path; /* NULL: memory only, nothing to recover */
  zpm_log_output_cb *on_output;
  void *ctx;
};

/* Finishes the batch that a previous process left in the in-flight file. */
int zpm_logs_create(uv_loop_t *loop, const struct zpm_logs_options *options,
                    struct zpm_logs **out, struct zpm_error *err);
/* `closed` comes from the loop.  All logs and sources must have been closed. */
void zpm_logs_close(struct zpm_logs *logs, void (*closed)(void *ctx),
                    void *ctx);

/* While it is held no pipe is served: they fill, and their writers wait.  For a
 * host that passes output on, and whose reader is slower than they are.  What
 * is closed is served to its end all the same.  It may be called from
 * on_output. */
void zpm_logs_hold(struct zpm_logs *logs, bool held);

/* Creates the app's folder and opens its file for appending.  `app` is a
 * validated name.  Fails softly: if the file cannot be opened (disk full, bad
 * permissions) the log exists, drops, counts and tries again. */
int zpm_log_open(struct zpm_logs *logs, const char *app, enum zpm_stream stream,
                 const struct zpm_log_rules *rules, struct zpm_log **out,
                 struct zpm_error *err);
void zpm_log_set_rules(struct zpm_log *log, const struct zpm_log_rules *rules);
/* All its sources must have been closed. */
void zpm_log_close(struct zpm_log *log);
/* The last complete line that is not blank, at most 160 bytes of clean UTF-8;
 * "" if there was none since the log was opened. */
const char *zpm_log_last_line(const struct zpm_log *log);
/* What its sources gave, in bytes, since the log was opened. */
uint64_t zpm_log_total_bytes(const struct zpm_log *log);
/* Bytes that could not be written, since the log was opened. */
uint64_t zpm_log_dropped_bytes(const struct zpm_log *log);

/* Its pipe, which stays its own. */
int zpm_log_source_fd(const struct zpm_log_source *source);

/* Takes the pipe's read end over (made non-blocking); on failure it stays the
 * caller's.  `on_eof` comes from the
 * loop, at most once, when all writers have closed; the source is then still to
 * be closed by its owner. */
int zpm_log_source_add(struct zpm_log *log, int fd, void (*on_eof)(void *ctx),
                       void *ctx, struct zpm_log_source **out,
                       struct zpm_error *err);
/* Serves what is in the pipe now (at most 1 MiB), then closes it. */
void zpm_log_source_close(struct zpm_log_source *source);

/* The last `lines` lines of the app's file, going back into rotated parts;
 * at most 1 MiB.  No log: nothing is appended, 0 is returned. */
int zpm_logs_tail(const char *folder, const char *app, enum zpm_stream stream,
                  size_t lines, struct zpm_str *out);
/* What was written since `place`, also if the file has been rotated meanwhile.
 * At most the last 1 MiB: *left_out tells how many bytes before that are not in
 * `out`.  When the file of the place is gone, or was emptied: what is in the
 * one that took its place. */
int zpm_logs_since(const char *folder, const char *app, enum zpm_stream stream,
                   const struct zpm_log_place *place, struct zpm_str *out,
                   uint64_t *left_out);
/* Where the log ends now; nowhere if there is none. */
struct zpm_log_place zpm_logs_end(const char *folder, const char *app,
                                  enum zpm_stream stream);

#endif
