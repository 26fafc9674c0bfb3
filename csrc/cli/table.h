#ifndef ZPM_CLI_TABLE_H
#define ZPM_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "cli/paint.h"

/*
 * A table of text: a line of headings, then one line per row, columns two
 * blanks apart.  For people its cells are padded, cut and coloured; for
 * programs (`width` 0) nothing is cut, and a cell of figures has no blank in
 * it, so that awk can count the columns.
 */
struct zpm_column {
  const char *title;
  bool right;  /* figures */
  bool shrink; /* may be cut when the line is too narrow */
};

struct zpm_cell {
  char *text;
  enum zpm_tone tone;
};

struct zpm_table_style {
  size_t width; /* of the terminal; 0: for programs */
  bool colour;
};

struct zpm_table {
  struct zpm_table_style style;
  const struct zpm_column *columns;
  size_t column_count;
  struct zpm_cell *cells; /* row by row */
  size_t cell_count;
  bool failed; /* out of memory at some cell; told by _render() */
};

void zpm_table_init(struct zpm_table *table,
                    const struct zpm_table_style *style,
                    const struct zpm_column *columns, size_t column_count);
void zpm_table_deinit(struct zpm_table *table);

/* The next cell; what is foreign in `text` is escaped. Empty shows as "-". */
void zpm_table_add(struct zpm_table *table, enum zpm_tone tone,
                   const char *text);

int zpm_table_render(const struct zpm_table *table, struct zpm_str *out);

#endif
