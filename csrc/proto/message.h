#ifndef ZPM_PROTO_MESSAGE_H
#define ZPM_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/str.h"
#include "proto/commands.h"
#include "proto/json.h"
#include "zpm/error.h"

/*
 * Requests, replies and events: one line of JSON each (docs/protocol.md).
 */

struct zpm_request_id {
  bool given;
  double value; /* a whole number of at most 2^53 - 1, or the negative of one */
};

struct zpm_request {
  struct zpm_request_id id; /* set as soon as it could be read */
  const struct zpm_command *command;
  cJSON *json; /* the whole request; owned */
};

/* Reads one line (line[len] must be NUL): valid UTF-8 JSON object (nesting at
 * most 32), known "cmd" on the wire, only the keys that the command's table
 * entry names, each of its type, required ones present; null counts as absent.
 * On failure out->id still holds the id if there was one, so that the error can
 * be sent to the right caller, and nothing is left to release.  ZPM_EPROTO: no
 * JSON object at all. */
int zpm_request_parse(const char *line, size_t len, struct zpm_request *out,
                      struct zpm_error *err);
void zpm_request_deinit(struct zpm_request *request);

/* Shorthands; NULL / fallback when the key is absent. */
const char *zpm_request_string(const struct zpm_request *request,
                               const char *key);
bool zpm_request_bool(const struct zpm_request *request, const char *key,
                      bool fallback);
double zpm_request_number(const struct zpm_request *request, const char *key,
                          double fallback);
const cJSON *zpm_request_item(const struct zpm_request *request,
                              const char *key);

/* Each appends one line, newline included, to `out`.  `data` is taken over,
 * also on failure; NULL is JSON null. */
int zpm_reply_ok(struct zpm_str *out, struct zpm_request_id id, cJSON *data);
/* As zpm_reply_ok, with "end":true: the last line of a stream of replies. */
int zpm_reply_end(struct zpm_str *out, struct zpm_request_id id);
int zpm_reply_error(struct zpm_str *out, struct zpm_request_id id,
                    const struct zpm_error *err);

#endif
