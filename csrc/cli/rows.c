#include "cli/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "cli/answer.h"
#include "core/suggest.h"

/* In the order of enum zpm_row_key. */
static const char *const KEYS[] = {"name",     "status", "pid",   "uptime",
                                   "restarts", "cpu",    "memory"};
static const char *const ORDERS[] = {"asc", "desc"};
static const char *const STATUSES[] = {"stopped",  "starting", "running",
                                       "stopping", "crashed",  "errored"};

enum {
  KEY_COUNT = sizeof(KEYS) / sizeof(KEYS[0]),
  ORDER_COUNT = sizeof(ORDERS) / sizeof(ORDERS[0]),
  STATUS_COUNT = sizeof(STATUSES) / sizeof(STATUSES[0]),
};

/* ---- the query ---- */

struct choice {
  const char *option;
  const char *const *names;
  size_t count;
};

static int wrong_choice(const struct choice *choice, const char *word,
                        struct zpm_error *err)
{
  const char *near = zpm_suggest(word, choice->names, choice->count);
  struct zpm_str list = {0};
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < choice->count; i++)
    rc = zpm_str_printf(&list, "%s%s", i > 0 ? ", " : "", choice->names[i]);
  zpm_error_set(err, ZPM_EARG, "--%s must be one of %s, not '%s'%s%s%s",
                choice->option, zpm_str_text(&list), word,
                near != NULL ? ". Did you mean '" : "",
                near != NULL ? near : "", near != NULL ? "'?" : "");
  zpm_str_deinit(&list);
  return ZPM_EARG;
}

/* The index of the word, or a negative code. */
static int choose(const struct choice *choice, const char *word,
                  struct zpm_error *err)
{
  for (size_t i = 0; i < choice->count; i++) {
    if (strcmp(choice->names[i], word) == 0)
      return (int)i;
  }
  return wrong_choice(choice, word, err);
}

int zpm_rows_query_init(struct zpm_rows_query *query, const char *status,
                        const char *sort, const char *order,
                        struct zpm_error *err)
{
  const struct choice keys = {"sort", KEYS, KEY_COUNT};
  const struct choice orders = {"order", ORDERS, ORDER_COUNT};
  const struct choice statuses = {"status", STATUSES, STATUS_COUNT};
  int key = sort != NULL ? choose(&keys, sort, err) : ZPM_ROW_NAME;
  int direction = key >= 0 && order != NULL ? choose(&orders, order, err) : 0;

  *query = (struct zpm_rows_query){.status = status,
                                   .sorted = sort != NULL || order != NULL};
  if (key < 0 || direction < 0)
    return ZPM_EARG;
  query->key = (enum zpm_row_key)key;
  query->descending = direction == 1;
  if (status != NULL && choose(&statuses, status, err) < 0)
    return ZPM_EARG;
  return 0;
}

/* ---- reading ---- */

static const char *text_or(const cJSON *json, const char *key,
                           const char *fallback)
{
  const char *text = zpm_answer_text(json, key);

  return text != NULL ? text : fallback;
}

static void read_row(struct zpm_row *row, const cJSON *json)
{
  *row = (struct zpm_row){
      .json = json,
      .name = text_or(json, "name", ""),
      .status = text_or(json, "status", ""),
      .mode = text_or(json, "mode", ""),
      .script = text_or(json, "scriptPath", ""),
      .last_error = text_or(json, "lastError", NULL),
      .last_log = text_or(json, "lastLog", ""),
      .pending = text_or(json, "pending", NULL),
      .exit_signal = text_or(json, "lastExitSignal", NULL),
      .pid = zpm_answer_number(json, "pid", -1),
      .uptime_ms = zpm_answer_number(json, "uptime", -1),
      .crashes = zpm_answer_number(json, "restartCount", -1),
      .restarts = zpm_answer_number(json, "totalRestarts", -1),
      .cpu = zpm_answer_number(json, "cpu", -1),
      .rss = zpm_answer_number(json, "memoryRss", -1),
      .heap = zpm_answer_number(json, "memoryHeap", -1),
      .port = zpm_answer_number(json, "port", -1),
      .processes = zpm_answer_number(json, "processes", -1),
      .next_try_ms = zpm_answer_number(json, "nextTryIn", -1),
      .exit_code = zpm_answer_number(json, "lastExitCode", -1),
      .probe_failures = zpm_answer_number(json, "probeFailures", -1),
      .stuck = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "stuck")),
  };
}

/* ---- sorting ---- */

static double figure(const struct zpm_row *row, enum zpm_row_key key)
{
  switch (key) {
  case ZPM_ROW_PID:
    return row->pid;
  case ZPM_ROW_UPTIME:
    return row->uptime_ms;
  case ZPM_ROW_RESTARTS:
    return row->restarts;
  case ZPM_ROW_CPU:
    return row->cpu;
  case ZPM_ROW_MEMORY:
    return row->rss;
  case ZPM_ROW_NAME:
  case ZPM_ROW_STATUS:
    break;
  }
  return 0;
}

static int compare(const struct zpm_row *a, const struct zpm_row *b,
                   const struct zpm_rows_query *query)
{
  double x = figure(a, query->key);
  double y = figure(b, query->key);
  int order = (x > y) - (x < y);

  if (query->key == ZPM_ROW_NAME)
    order = strcmp(a->name, b->name);
  else if (query->key == ZPM_ROW_STATUS)
    order = strcmp(a->status, b->status);
  return query->descending ? -order : order;
}

/* Puts every row behind those that are not greater: stable, and quick enough
 * for what a person looks at. */
static void sort(struct zpm_rows *rows, const struct zpm_rows_query *query)
{
  for (size_t i = 1; i < rows->len; i++) {
    struct zpm_row row = rows->items[i];
    size_t at = i;

    for (; at > 0 && compare(&rows->items[at - 1], &row, query) > 0; at--)
      rows->items[at] = rows->items[at - 1];
    rows->items[at] = row;
  }
}

int zpm_rows_init(struct zpm_rows *rows, const cJSON *array,
                  const struct zpm_rows_query *query)
{
  size_t count = (size_t)cJSON_GetArraySize(array);
  const cJSON *item;

  *rows = (struct zpm_rows){0};
  if (count == 0)
    return 0;
  rows->items = zpm_alloc(count * sizeof(struct zpm_row));
  if (rows->items == NULL)
    return ZPM_ENOMEM;
  cJSON_ArrayForEach(item, array)
  {
    struct zpm_row *row = &rows->items[rows->len];

    read_row(row, item);
    if (query->status == NULL || strcmp(query->status, row->status) == 0)
      rows->len++;
  }
  if (query->sorted)
    sort(rows, query);
  return 0;
}

void zpm_rows_deinit(struct zpm_rows *rows)
{
  zpm_free(rows->items);
  *rows = (struct zpm_rows){0};
}
