#ifndef ZPM_CORE_SEEN_H
#define ZPM_CORE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hashes.h"

/*
 * What the files of one folder looked like when they were last seen: tells a
 * change from mere noise (chmod, a second event for the same write).  A look
 * is any number that differs when the file does.  All zero: nothing seen.
 *
 * A round is one look at the whole folder: files that were not noted between
 * its begin and its end are gone, and forgotten.
 */
struct zpm_seen {
  struct zpm_hashes files;
};

enum zpm_seen_result { ZPM_SEEN_SAME, ZPM_SEEN_NEW, ZPM_SEEN_CHANGED };

/* One of zpm_seen_result, or ZPM_ENOMEM. */
int zpm_seen_note(struct zpm_seen *seen, const char *name, uint64_t look);
bool zpm_seen_has(const struct zpm_seen *seen, const char *name);
void zpm_seen_forget(struct zpm_seen *seen, const char *name);
void zpm_seen_round_begin(struct zpm_seen *seen);
void zpm_seen_round_end(struct zpm_seen *seen);
void zpm_seen_deinit(struct zpm_seen *seen);

#endif
