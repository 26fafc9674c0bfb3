#ifndef ZPM_CLI_ROWS_H
#define ZPM_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "zpm/error.h"

/*
 * The rows of `list` and `stats`: an array of WorkerStats (docs/protocol.md),
 * read, filtered and sorted.  Strings belong to the JSON.
 */
struct zpm_row {
  const cJSON *json;
  const char *name;
  const char *status;
  const char *mode;
  const char *script;
  const char *last_error;  /* or NULL */
  const char *last_log;    /* "" if none */
  const char *pending;     /* what it waits for, or NULL */
  const char *exit_signal; /* or NULL */
  double pid;              /* -1: none; so are all of these */
  double uptime_ms;
  double crashes;
  double restarts;
  double cpu;
  double rss;
  double heap;
  double port;
  double processes;
  double next_try_ms;
  double exit_code;
  double probe_failures;
  bool stuck;
};

enum zpm_row_key {
  ZPM_ROW_NAME,
  ZPM_ROW_STATUS,
  ZPM_ROW_PID,
  ZPM_ROW_UPTIME,
  ZPM_ROW_RESTARTS,
  ZPM_ROW_CPU,
  ZPM_ROW_MEMORY,
};

struct zpm_rows_query {
  const char *status; /* NULL: any */
  bool sorted;        /* else in the order they were added */
  enum zpm_row_key key;
  bool descending;
};

/* Reads --status, --sort and --order (each may be NULL). */
int zpm_rows_query_init(struct zpm_rows_query *query, const char *status,
                        const char *sort, const char *order,
                        struct zpm_error *err);

struct zpm_rows {
  struct zpm_row *items;
  size_t len;
};

/* `array` must outlive the rows. */
int zpm_rows_init(struct zpm_rows *rows, const cJSON *array,
                  const struct zpm_rows_query *query);
void zpm_rows_deinit(struct zpm_rows *rows);

#endif
