#ifndef ZPM_PROTO_JSON_GLANCE_H
#define ZPM_PROTO_JSON_GLANCE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A look at JSON that makes no tree of it.
 *
 * An app may send itself whatever it likes through us, a list of a million
 * numbers for one; as a tree of cJSON this is sixty times as long as its text.
 * All that we want to know is whether it is JSON, and whether it is for us,
 * which its key "cmd" says.
 */
struct zpm_json_glance {
  /* The string under the key "cmd" of the outermost object, as it is written
   * between its quotes (the last one, if there are several: so JSON.parse sees
   * it).  NULL: no object, no such key, or no string. */
  const char *cmd;
  size_t cmd_len;
  /* A string holds \u0000, where cJSON would cut it. */
  bool has_nul;
  /* cJSON shall not or cannot read it: it is nested more than 32 deep, writes a
   * surrogate as \uD800, or has a number of more than 60 characters. */
  bool is_hard;
};

/* Objects and arrays within each other. */
enum { ZPM_JSON_GLANCE_DEPTH_MAX = 1024 };

/* False: it is no JSON (as JSON.parse has it), is not valid UTF-8, or is nested
 * more than ZPM_JSON_GLANCE_DEPTH_MAX deep.  Allocates nothing; `out` points
 * into the text. */
bool zpm_json_glance(const char *text, size_t len, struct zpm_json_glance *out);

#endif
