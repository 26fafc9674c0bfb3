#include "cli/table.h"

#include <string.h>

#include "base/alloc.h"
#include "cli/text.h"
#include "zpm/error.h"

enum {
  GAP = 2,
  MAX_COLUMNS = 16,
  MIN_SHRUNK = 6, /* a cut column keeps so much */
  FIRST_CELLS = 64,
};

/* The end of a cell that was cut. */
static const char CUT[] = "..";

void zpm_table_init(struct zpm_table *table,
                    const struct zpm_table_style *style,
                    const struct zpm_column *columns, size_t column_count)
{
  *table = (struct zpm_table){
      .style = *style, .columns = columns, .column_count = column_count};
}

void zpm_table_deinit(struct zpm_table *table)
{
  for (size_t i = 0; i < table->cell_count; i++)
    zpm_free(table->cells[i].text);
  zpm_free(table->cells);
  table->cells = NULL;
  table->cell_count = 0;
}

/* The capacity is the power of two above the count. */
static int make_room(struct zpm_table *table)
{
  size_t count = table->cell_count;
  struct zpm_cell *cells;

  if (count != 0 && (count < FIRST_CELLS || (count & (count - 1)) != 0))
    return 0;
  count = count == 0 ? FIRST_CELLS : count * 2;
  cells = zpm_realloc(table->cells, count * sizeof(*cells));
  if (cells == NULL)
    return ZPM_ENOMEM;
  table->cells = cells;
  return 0;
}

static void remove_blanks(struct zpm_str *text)
{
  size_t kept = 0;

  for (size_t i = 0; i < text->len; i++) {
    if (text->data[i] != ' ')
      text->data[kept++] = text->data[i];
  }
  text->data[kept] = '\0';
  text->len = kept;
}

void zpm_table_add(struct zpm_table *table, enum zpm_tone tone,
                   const char *text)
{
  size_t column = table->cell_count % table->column_count;
  struct zpm_str escaped = {0};

  if (zpm_text_escape(&escaped, text[0] != '\0' ? text : "-") != 0 ||
      make_room(table) != 0) {
    zpm_str_deinit(&escaped);
    table->failed = true;
    return;
  }
  if (table->style.width == 0 && table->columns[column].right)
    remove_blanks(&escaped);
  table->cells[table->cell_count++] =
      (struct zpm_cell){.text = escaped.data, .tone = tone};
}

/* ---- widths ---- */

static size_t max_size(size_t a, size_t b)
{
  return a > b ? a : b;
}

static void natural_widths(const struct zpm_table *table,
                           size_t widths[MAX_COLUMNS])
{
  for (size_t i = 0; i < table->column_count; i++)
    widths[i] = strlen(table->columns[i].title);
  for (size_t i = 0, column = 0; i < table->cell_count; i++, column++) {
    if (column == table->column_count)
      column = 0;
    widths[column] =
        max_size(widths[column], zpm_text_width(table->cells[i].text));
  }
}

static size_t total_width(const struct zpm_table *table,
                          const size_t widths[MAX_COLUMNS])
{
  size_t total = GAP * (table->column_count - 1);

  for (size_t i = 0; i < table->column_count; i++)
    total += widths[i];
  return total;
}

/* The widest column that may give something up, or column_count. */
static size_t widest_to_shrink(const struct zpm_table *table,
                               const size_t widths[MAX_COLUMNS])
{
  size_t widest = table->column_count;

  for (size_t i = 0; i < table->column_count; i++) {
    size_t least = max_size(strlen(table->columns[i].title), MIN_SHRUNK);

    if (table->columns[i].shrink && widths[i] > least &&
        (widest == table->column_count || widths[i] > widths[widest]))
      widest = i;
  }
  return widest;
}

static void fit(const struct zpm_table *table, size_t width,
                size_t widths[MAX_COLUMNS])
{
  size_t total = total_width(table, widths);

  while (total > width) {
    size_t widest = widest_to_shrink(table, widths);

    if (widest == table->column_count)
      return;
    widths[widest]--;
    total--;
  }
}

/* ---- drawing ---- */

static int pad(struct zpm_str *out, size_t count)
{
  return zpm_str_printf(out, "%*s", (int)count, "");
}

/* The text, cut to `width` columns. */
static int put_text(struct zpm_str *out, const char *text, size_t width)
{
  size_t mark = sizeof(CUT) - 1;

  if (zpm_text_width(text) <= width || width <= mark)
    return zpm_str_puts(out, text);
  if (zpm_str_append(out, text, zpm_text_prefix(text, width - mark)) != 0)
    return ZPM_ENOMEM;
  return zpm_str_puts(out, CUT);
}

/* A place in the table. */
struct place {
  const struct zpm_column *column;
  size_t width;
  bool last; /* of its line: nothing stands after it */
};

static int put_cell(struct zpm_str *out, const char *text, enum zpm_tone tone,
                    const struct place *place)
{
  size_t used = zpm_text_width(text);
  size_t room = used < place->width ? place->width - used : 0;
  int rc = place->column->right ? pad(out, room) : 0;

  if (rc == 0)
    rc = zpm_str_puts(out, zpm_paint_begin(tone));
  if (rc == 0)
    rc = put_text(out, text, place->width);
  if (rc == 0)
    rc = zpm_str_puts(out, zpm_paint_end(tone));
  if (rc == 0 && !place->last)
    rc = pad(out, (place->column->right ? 0 : room) + GAP);
  return rc;
}

/* `cells` NULL: the headings. */
static int put_row(struct zpm_str *out, const struct zpm_table *table,
                   const struct zpm_cell *cells,
                   const size_t widths[MAX_COLUMNS])
{
  for (size_t i = 0; i < table->column_count; i++) {
    struct place place = {&table->columns[i], widths[i],
                          i + 1 == table->column_count};
    const char *text = cells != NULL ? cells[i].text : place.column->title;
    enum zpm_tone tone = cells != NULL ? cells[i].tone : ZPM_TONE_STRONG;

    if (!table->style.colour)
      tone = ZPM_TONE_PLAIN;
    if (put_cell(out, text, tone, &place) != 0)
      return ZPM_ENOMEM;
  }
  return zpm_str_puts(out, "\n");
}

int zpm_table_render(const struct zpm_table *table, struct zpm_str *out)
{
  size_t widths[MAX_COLUMNS];
  int rc;

  if (table->failed || table->column_count == 0 ||
      table->column_count > MAX_COLUMNS)
    return ZPM_ENOMEM;
  natural_widths(table, widths);
  if (table->style.width > 0)
    fit(table, table->style.width, widths);
  rc = put_row(out, table, NULL, widths);
  for (size_t i = 0; rc == 0 && i < table->cell_count; i += table->column_count)
    rc = put_row(out, table, table->cells + i, widths);
  return rc;
}
