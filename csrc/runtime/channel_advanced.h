#ifndef ZPM_RUNTIME_CHANNEL_ADVANCED_H
#define ZPM_RUNTIME_CHANNEL_ADVANCED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * Node's "advanced" serialization of a channel: frames of V8's structured clone
 * in the place of lines of JSON.  For the rest of the channel they are lines.
 */

/* One line (its newline may be left out) as a frame, appended.  0 or negative.
 */
int zpm_channel_advanced_write(struct zpm_str *frame, const char *line,
                               size_t len);

enum zpm_channel_frame {
  ZPM_FRAME_LINE,   /* it is in `line` */
  ZPM_FRAME_HANDLE, /* a message of the app that came with a handle */
  ZPM_FRAME_OTHER,  /* nothing that JSON can say, or nonsense */
};

enum zpm_channel_frame zpm_channel_advanced_read(struct zpm_str *line,
                                                 const unsigned char *frame,
                                                 size_t len);

#endif
