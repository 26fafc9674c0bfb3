#ifndef ZPM_API_EVENT_JSON_H
#define ZPM_API_EVENT_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/log_place.h"
#include "proto/message.h"
#include "zpm/supervisor.h"

/*
 * Lines that no request asked for at that moment: events, and the pieces of
 * output that `logs` goes on to send.  Each appends one line, newline included,
 * or returns ZPM_ENOMEM.
 */

/* A piece of what an app wrote. */
struct zpm_output {
  const char *app;
  int stream; /* enum zpm_stream */
  const char *bytes;
  size_t len;
  struct zpm_log_place place; /* where it ends; nowhere: that is not told */
};

/* As one more reply to `id`, or, NULL, as an event. */
int zpm_event_json_output(struct zpm_str *out, const struct zpm_request_id *id,
                          const struct zpm_output *output);
/* APP, EXIT or DELETED of an app; `app` is NULL once it is gone. */
int zpm_event_json_app(struct zpm_str *out, enum zpm_event_kind kind,
                       const char *name, const struct zpm_app *app);
/* The daemon ends because it was told to: no next one follows. */
int zpm_event_json_shutdown(struct zpm_str *out);
/* The peer was too slow for this much output and this many events. */
int zpm_event_json_lag(struct zpm_str *out, uint64_t bytes, uint64_t events);

#endif
