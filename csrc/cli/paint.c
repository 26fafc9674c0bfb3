#include "cli/paint.h"

#include <stddef.h>
#include <string.h>

static const char *const BEGINS[] = {
    [ZPM_TONE_PLAIN] = "",        [ZPM_TONE_STRONG] = "\x1b[1m",
    [ZPM_TONE_FAINT] = "\x1b[2m", [ZPM_TONE_GOOD] = "\x1b[32m",
    [ZPM_TONE_BUSY] = "\x1b[36m", [ZPM_TONE_WARN] = "\x1b[33m",
    [ZPM_TONE_BAD] = "\x1b[31m",
};

const char *zpm_paint_begin(enum zpm_tone tone)
{
  return BEGINS[tone];
}

const char *zpm_paint_end(enum zpm_tone tone)
{
  return tone == ZPM_TONE_PLAIN ? "" : "\x1b[0m";
}

enum zpm_tone zpm_paint_status(const char *status)
{
  static const struct {
    const char *status;
    enum zpm_tone tone;
  } TONES[] = {
      {"running", ZPM_TONE_GOOD},  {"starting", ZPM_TONE_BUSY},
      {"stopping", ZPM_TONE_BUSY}, {"stopped", ZPM_TONE_FAINT},
      {"crashed", ZPM_TONE_WARN},  {"errored", ZPM_TONE_BAD},
      {"stuck", ZPM_TONE_BAD},
  };

  for (size_t i = 0; i < sizeof(TONES) / sizeof(TONES[0]); i++) {
    if (strcmp(TONES[i].status, status) == 0)
      return TONES[i].tone;
  }
  return ZPM_TONE_PLAIN;
}

bool zpm_paint_wanted(bool is_terminal, bool forbidden, const char *no_color,
                      const char *term)
{
  if (!is_terminal || forbidden)
    return false;
  if (no_color != NULL && no_color[0] != '\0')
    return false;
  return term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}
