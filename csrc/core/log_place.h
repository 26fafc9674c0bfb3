#ifndef ZPM_CORE_LOG_PLACE_H
#define ZPM_CORE_LOG_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A place in the log of an app: where a piece of its output ends.  It goes over
 * the wire as "<file>:<offset>", so that a client who loses its daemon can ask
 * the next one to go on there.
 *
 * A file is known by its inode: it keeps that when it is rotated.
 */
struct zpm_log_place {
  uint64_t file; /* 0: nowhere, for there is no file */
  uint64_t offset;
};

enum { ZPM_LOG_PLACE_SIZE = 42 }; /* of a place as text, NUL included */

void zpm_log_place_put(const struct zpm_log_place *place,
                       char text[ZPM_LOG_PLACE_SIZE]);
/* False: that is no place. */
bool zpm_log_place_read(const char *text, struct zpm_log_place *place);

/* The place `bytes` before this one; the beginning of its file if that is less
 * far back. */
struct zpm_log_place zpm_log_place_before(struct zpm_log_place place,
                                          uint64_t bytes);

#endif
