#ifndef ZPM_CLI_VIEW_H
#define ZPM_CLI_VIEW_H

#include "cli/rows.h"
#include "cli/screen.h"

/* Which columns of the rows are shown. */
enum zpm_view {
  ZPM_VIEW_COMPACT = 1 << 0,
  ZPM_VIEW_LIST = 1 << 1,
  ZPM_VIEW_STATS = 1 << 2,
  ZPM_VIEW_WIDE = 1 << 3,
};

/* The rows as a table; on a terminal, what has gone wrong with whom below. */
void zpm_view_show(struct zpm_screen *screen, const struct zpm_rows *rows,
                   enum zpm_view view);

#endif
