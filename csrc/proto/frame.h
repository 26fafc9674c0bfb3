#ifndef ZPM_PROTO_FRAME_H
#define ZPM_PROTO_FRAME_H

#include <stddef.h>

#include "base/str.h"

/*
 * Bytes into lines.  A line ends with '\n' (a '\r' before it is dropped) and
 * has at most ZPM_LINE_MAX bytes; an empty line is passed over.  Memory is held
 * only while a line is incomplete.
 */
enum { ZPM_LINE_MAX = 1024 * 1024 };

struct zpm_framer {
  struct zpm_str partial; /* the beginning of a line that is not complete */
};

/* Called per line, without its newline; `line` is NUL-terminated and valid
 * during the call only.  Non-zero ends the feed with that value. */
typedef int zpm_line_cb(void *ctx, const char *line, size_t len);

void zpm_framer_deinit(struct zpm_framer *framer);
/* 0, ZPM_ETOOLONG, ZPM_ENOMEM or what the callback returned; after any of these
 * but 0 the framer must not be fed again. */
int zpm_framer_feed(struct zpm_framer *framer, const char *bytes, size_t len,
                    zpm_line_cb *on_line, void *ctx);

#endif
