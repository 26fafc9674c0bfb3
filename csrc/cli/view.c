#include "cli/view.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "cli/note.h"
#include "cli/text.h"

typedef int put_cell(struct zpm_str *out, const struct zpm_row *row);

static int put_whole(struct zpm_str *out, double value)
{
  return value < 0 ? 0 : zpm_str_printf(out, "%.0f", value);
}

static int put_name(struct zpm_str *out, const struct zpm_row *row)
{
  return zpm_str_puts(out, row->name);
}

/* Nobody should wait for what does not end. */
static const char *status_of(const struct zpm_row *row)
{
  return row->stuck ? "stuck" : row->status;
}

static int put_status(struct zpm_str *out, const struct zpm_row *row)
{
  return zpm_str_puts(out, status_of(row));
}

static int put_pid(struct zpm_str *out, const struct zpm_row *row)
{
  return put_whole(out, row->pid);
}

static int put_uptime(struct zpm_str *out, const struct zpm_row *row)
{
  return row->uptime_ms < 0 ? 0 : zpm_text_duration(out, row->uptime_ms);
}

static int put_restarts(struct zpm_str *out, const struct zpm_row *row)
{
  return put_whole(out, row->restarts);
}

static int put_crashes(struct zpm_str *out, const struct zpm_row *row)
{
  return put_whole(out, row->crashes);
}

/* What does not run uses nothing worth a figure. */
static int put_cpu(struct zpm_str *out, const struct zpm_row *row)
{
  return row->pid < 0 || row->cpu < 0 ? 0 : zpm_text_percent(out, row->cpu);
}

static int put_memory(struct zpm_str *out, const struct zpm_row *row)
{
  return row->pid < 0 || row->rss < 0 ? 0 : zpm_text_bytes(out, row->rss);
}

static int put_heap(struct zpm_str *out, const struct zpm_row *row)
{
  return row->heap < 0 ? 0 : zpm_text_bytes(out, row->heap);
}

static int put_processes(struct zpm_str *out, const struct zpm_row *row)
{
  return row->pid < 0 ? 0 : put_whole(out, row->processes);
}

static int put_mode(struct zpm_str *out, const struct zpm_row *row)
{
  return zpm_str_puts(out, row->mode);
}

static int put_port(struct zpm_str *out, const struct zpm_row *row)
{
  return put_whole(out, row->port);
}

static int put_script(struct zpm_str *out, const struct zpm_row *row)
{
  return zpm_str_puts(out, row->script);
}

static int put_note(struct zpm_str *out, const struct zpm_row *row)
{
  return zpm_note_put(out, row);
}

static int put_last_log(struct zpm_str *out, const struct zpm_row *row)
{
  return zpm_str_puts(out, row->last_log);
}

enum {
  COMPACT = ZPM_VIEW_COMPACT,
  LIST = ZPM_VIEW_LIST,
  STATS = ZPM_VIEW_STATS,
  WIDE = ZPM_VIEW_WIDE,
  ALL = COMPACT | LIST | STATS | WIDE,
};

static const struct {
  struct zpm_column column;
  unsigned views;
  put_cell *put;
} COLUMNS[] = {
    {{.title = "NAME", .shrink = true}, ALL, put_name},
    {{.title = "STATUS"}, ALL, put_status},
    {{.title = "PID", .right = true}, LIST | STATS | WIDE, put_pid},
    {{.title = "UPTIME", .right = true}, ALL, put_uptime},
    {{.title = "RESTARTS", .right = true}, LIST | STATS | WIDE, put_restarts},
    {{.title = "CRASHES", .right = true}, WIDE, put_crashes},
    {{.title = "CPU", .right = true}, LIST | STATS | WIDE, put_cpu},
    {{.title = "MEMORY", .right = true}, ALL, put_memory},
    {{.title = "HEAP", .right = true}, STATS | WIDE, put_heap},
    {{.title = "PROCS", .right = true}, STATS | WIDE, put_processes},
    {{.title = "MODE"}, WIDE, put_mode},
    {{.title = "PORT", .right = true}, WIDE, put_port},
    {{.title = "SCRIPT"}, WIDE, put_script},
    {{.title = "NOTE"}, WIDE, put_note},
    {{.title = "LAST OUTPUT"}, WIDE, put_last_log},
};

enum { COLUMN_COUNT = sizeof(COLUMNS) / sizeof(COLUMNS[0]) };

static enum zpm_tone tone_of(put_cell *put, const struct zpm_row *row)
{
  if (put == put_status)
    return zpm_paint_status(status_of(row));
  return put == put_name ? ZPM_TONE_STRONG : ZPM_TONE_PLAIN;
}

static void add_row(struct zpm_table *table, const struct zpm_row *row,
                    unsigned view)
{
  struct zpm_str cell = {0};

  for (size_t i = 0; i < COLUMN_COUNT; i++) {
    if ((COLUMNS[i].views & view) == 0)
      continue;
    zpm_str_clear(&cell);
    if (COLUMNS[i].put(&cell, row) != 0)
      table->failed = true;
    zpm_table_add(table, tone_of(COLUMNS[i].put, row), zpm_str_text(&cell));
  }
  zpm_str_deinit(&cell);
}

static void show_table(struct zpm_screen *screen, const struct zpm_rows *rows,
                       unsigned view)
{
  struct zpm_column columns[COLUMN_COUNT];
  struct zpm_table_style style = screen->style;
  struct zpm_table table;
  size_t count = 0;

  if (view == ZPM_VIEW_WIDE && screen->is_terminal)
    style.width = SIZE_MAX; /* nothing is cut */

  for (size_t i = 0; i < COLUMN_COUNT; i++) {
    if ((COLUMNS[i].views & view) != 0)
      columns[count++] = COLUMNS[i].column;
  }
  zpm_table_init(&table, &style, columns, count);
  for (size_t i = 0; i < rows->len; i++)
    add_row(&table, &rows->items[i], view);
  if (zpm_table_render(&table, &screen->text) != 0)
    screen->error = ENOMEM;
  zpm_table_deinit(&table);
}

/* Fewer of them rather than lines that wrap. */
static unsigned columns_for(const struct zpm_screen *screen, enum zpm_view view)
{
  bool asked_for = view == ZPM_VIEW_WIDE;

  return zpm_screen_is_narrow(screen) && !asked_for ? ZPM_VIEW_COMPACT : view;
}

/* ---- below the table ---- */

static void show_note(struct zpm_screen *screen, const struct zpm_row *row)
{
  struct zpm_str note = {0};

  if (zpm_note_put(&note, row) != 0)
    screen->error = ENOMEM;
  else if (note.len > 0) {
    zpm_screen_print(screen, "\n");
    zpm_screen_text(screen, zpm_paint_status(status_of(row)), row->name);
    zpm_screen_print(screen, ": ");
    zpm_screen_text(screen, ZPM_TONE_PLAIN, note.data);
    zpm_screen_print(screen, "\n");
  }
  zpm_str_deinit(&note);
}

void zpm_view_show(struct zpm_screen *screen, const struct zpm_rows *rows,
                   enum zpm_view view)
{
  show_table(screen, rows, columns_for(screen, view));
  if (!screen->is_terminal || view == ZPM_VIEW_COMPACT)
    return;
  for (size_t i = 0; i < rows->len; i++)
    show_note(screen, &rows->items[i]);
}
