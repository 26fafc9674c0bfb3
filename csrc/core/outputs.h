#ifndef ZPM_CORE_OUTPUTS_H
#define ZPM_CORE_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hashes.h"

/*
 * Tells what people edit from what a build makes and what an app writes when it
 * starts, by when files change.
 *
 * Builds.  A file that changes while a build runs may have been edited: one
 * more build is needed to be sure.  If it changes during that as well, it is
 * what the build makes: passed over from then on while a build runs (and for a
 * moment after, when the last of it is noticed).  A file that was seen to be
 * edited while no build ran needs more such proof, so that saving twice in a
 * row during long builds is not taken for it.
 *
 * Starts.  A file that changed within a moment of each of several starts in a
 * row is written by the app: passed over from then on, always.
 *
 * Names that are new each time (bundle-1f3a.js) prove nothing about a file, so
 * the same is asked of the folder they appear in: if new ones came in each of
 * several builds or starts in a row, new ones there are passed over during
 * builds or after starts.
 *
 * Time is passed in; all zero is the beginning.
 */
enum {
  ZPM_OUTPUTS_SETTLE_MS = 150,  /* a build's last writes come this late */
  ZPM_OUTPUTS_MOMENT_MS = 1000, /* after a start */
  ZPM_OUTPUTS_STARTS = 4,       /* in a row */
  ZPM_OUTPUTS_BUILDS = 2,       /* of a file nobody was seen to edit */
  ZPM_OUTPUTS_BUILDS_EDITED = 4 /* of one that was, and of a folder */
};

struct zpm_output; /* what is known of one file */

struct zpm_outputs {
  struct zpm_hashes index; /* of a path: its place in `files` */
  struct zpm_output *files;
  uint32_t len;
  uint32_t cap;
  uint32_t build; /* how many have begun */
  uint32_t start;
  bool building;
  uint64_t build_until_ms;
  uint64_t start_until_ms;
  uint32_t lag_ms; /* how late changes are noticed; set by who looks rarely */
};

enum zpm_outputs_verdict {
  ZPM_OUTPUTS_EDIT,    /* counts */
  ZPM_OUTPUTS_OURS,    /* passed over */
  ZPM_OUTPUTS_LEARNED, /* so is this, for the first time: the app writes it */
};

void zpm_outputs_deinit(struct zpm_outputs *outputs);
void zpm_outputs_build_began(struct zpm_outputs *outputs);
void zpm_outputs_build_ended(struct zpm_outputs *outputs, uint64_t now_ms);
void zpm_outputs_app_started(struct zpm_outputs *outputs, uint64_t now_ms);

/* When what a build wrote has been noticed; 0: no build runs or has just ended,
 * UINT64_MAX: one runs. */
uint64_t zpm_outputs_build_over_ms(const struct zpm_outputs *outputs,
                                   uint64_t now_ms);
/* What to make of a change of the file `path` (absolute) that is noticed now;
 * is_added: it was not there before.  Out of memory, it is an edit. */
enum zpm_outputs_verdict zpm_outputs_judge(struct zpm_outputs *outputs,
                                           const char *path, bool is_added,
                                           uint64_t now_ms);

#endif
