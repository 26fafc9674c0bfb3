#ifndef ZPM_CLI_NOTE_H
#define ZPM_CLI_NOTE_H

#include "base/str.h"
#include "cli/rows.h"

/*
 * What a person who looks at the list has to know of an app beside its figures:
 * "crashed, next try in 7s (4th crash, exit 1)".  Appends nothing for one that
 * is well, or was stopped.
 */
int zpm_note_put(struct zpm_str *out, const struct zpm_row *row);

#endif
