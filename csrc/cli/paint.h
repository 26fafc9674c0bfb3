#ifndef ZPM_CLI_PAINT_H
#define ZPM_CLI_PAINT_H

#include <stdbool.h>

/* Colour: what a text means, not how it looks. */
enum zpm_tone {
  ZPM_TONE_PLAIN,
  ZPM_TONE_STRONG, /* names, headings */
  ZPM_TONE_FAINT,  /* what can be passed over */
  ZPM_TONE_GOOD,
  ZPM_TONE_BUSY,
  ZPM_TONE_WARN,
  ZPM_TONE_BAD,
};

/* Escape sequences that begin and end a tone; "" for plain. Static. */
const char *zpm_paint_begin(enum zpm_tone tone);
const char *zpm_paint_end(enum zpm_tone tone);

/* The tone of an app's status ("running", ...). */
enum zpm_tone zpm_paint_status(const char *status);

/* Whether to colour: not when told not to (--no-color; NO_COLOR set and not
 * empty), nor on what is no terminal, or a dumb one. */
bool zpm_paint_wanted(bool is_terminal, bool forbidden, const char *no_color,
                      const char *term);

#endif
