#ifndef ZPM_CLIENT_INBOX_H
#define ZPM_CLIENT_INBOX_H

#include <stddef.h>

#include "base/str.h"

/*
 * Bytes from the daemon into lines, for a reader that asks for the next line.
 * Unlike proto/frame.h it has no 1 MiB limit: that is for requests; a reply
 * about very many apps may be longer.
 */
enum {
  ZPM_INBOX_ROOM = 60 * 1024, /* for one read: a reply about 100 apps */
  ZPM_INBOX_LINE_MAX = 256 * 1024 * 1024,
};

struct zpm_inbox {
  struct zpm_str bytes;
  size_t start;   /* of the first line that was not taken yet */
  size_t scanned; /* no newline between start and here */
};

void zpm_inbox_deinit(struct zpm_inbox *inbox);

/* Room for ZPM_INBOX_ROOM bytes at the end; they count after _filled(). Lines
 * taken before are no longer valid. NULL: out of memory, or the line is longer
 * than ZPM_INBOX_LINE_MAX. */
char *zpm_inbox_room(struct zpm_inbox *inbox);
void zpm_inbox_filled(struct zpm_inbox *inbox, size_t len);

/* The next whole line, NUL-terminated, without "\n" or "\r\n", valid until the
 * next zpm_inbox_room(); NULL if there is none yet. Empty lines are left out.
 */
const char *zpm_inbox_take(struct zpm_inbox *inbox, size_t *len);

#endif
