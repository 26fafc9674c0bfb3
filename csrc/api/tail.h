#ifndef ZPM_API_TAIL_H
#define ZPM_API_TAIL_H

#include <stddef.h>

#include "base/list.h"
#include "base/str.h"

/*
 * Output comes in pieces that may end in the middle of a UTF-8 character.  The
 * beginning of such a character is kept here, by app and stream, until the rest
 * of it comes: otherwise a listener would see two question marks.
 */

/* Puts what was kept of this app's stream before `bytes` into `joined`, which
 * is left empty if nothing was kept, and forgets it. */
int zpm_tail_take(struct zpm_list *tails, const char *app, int stream,
                  struct zpm_str *joined);
/* Keeps these bytes (at most 3) for the next piece. */
int zpm_tail_keep(struct zpm_list *tails, const char *app, int stream,
                  const char *bytes, size_t len);
void zpm_tail_drop_all(struct zpm_list *tails);

#endif
