#ifndef ZPM_PROTO_JSON_SKIP_H
#define ZPM_PROTO_JSON_SKIP_H

#include <stdbool.h>

/*
 * JSON as JSON.parse has it, checked and passed over: what has nothing within.
 * (json_glance.h: whole texts.)
 */
struct zpm_json_rest {
  const char *at;
  const char *end;
  bool has_nul; /* of what was passed over, as json_glance.h has it */
  bool is_hard;
};

void zpm_json_skip_blanks(struct zpm_json_rest *rest);

/* The string that begins here, at a quote.  False: it is none; then `at` is
 * somewhere within.  The same for the next. */
bool zpm_json_skip_string(struct zpm_json_rest *rest);

/* A string, number, true, false or null. */
bool zpm_json_skip_scalar(struct zpm_json_rest *rest);

#endif
