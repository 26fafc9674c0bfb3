#ifndef ZPM_RUNTIME_LOG_SOURCE_H
#define ZPM_RUNTIME_LOG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/list.h"
#include "core/last_line.h"
#include "runtime/inflight.h"
#include "runtime/log_file.h"
#include "runtime/logs.h"

/*
 * The insides of logs.h.  logs.c decides when pipes are served; log_source.c
 * serves one: a batch from its pipe to its file and to whoever listens.
 */
enum { ZPM_LOGS_ROUND = 16 }; /* pipes that are served in one go */

struct zpm_logs {
  uv_loop_t *loop;
  char *folder;
  zpm_log_output_cb *on_output;
  void *ctx;
  struct zpm_inflight inflight;
  int pollset;      /* all pipes */
  uv_poll_t poll;   /* of the pollset: runs while there is no pause */
  uv_timer_t timer; /* the pause */
  unsigned pause_ms;
  bool held; /* by the host */
  size_t source_count;
  size_t grown_count;          /* of these: with a larger pipe */
  struct zpm_list ended;       /* sources whose EOF is still to be told */
  void *ready[ZPM_LOGS_ROUND]; /* of the round; NULL: closed meanwhile */
  unsigned handles;            /* that are not closed yet */
  void (*closed)(void *ctx);
  void *closed_ctx;
};

struct zpm_log {
  struct zpm_logs *logs;
  char *app;
  struct zpm_log_file file;
  uint64_t total_bytes;       /* that came from its sources */
  struct zpm_last_line *last; /* NULL until there is output */
};

struct zpm_log_source {
  struct zpm_log *log;
  int fd;
  bool at_end; /* EOF was seen: it is not in the pollset any more */
  bool grown;
  bool grow_tried; /* once is enough */
  uint8_t carry_len;
  char carry[ZPM_INFLIGHT_CARRY_MAX]; /* JSON: of a character cut in two */
  struct zpm_list link;               /* in `ended` */
  void (*on_eof)(void *ctx);
  void *ctx;
};

/* One batch from the pipe to the file.  Returns how many bytes were in the pipe
 * when it was looked at; 0: nothing, or its end. */
size_t zpm_log_source_serve(struct zpm_log_source *source);

/* Begins to watch, or ends it: called when the first source comes and the last
 * one goes. */
void zpm_logs_wake(struct zpm_logs *logs);
void zpm_logs_sleep(struct zpm_logs *logs);

#endif
