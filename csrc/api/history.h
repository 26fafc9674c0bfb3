#ifndef ZPM_API_HISTORY_H
#define ZPM_API_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/call.h"

/*
 * What `logs` tells first: the past, out of the log files.
 *
 * Who gives `from` is told where each piece ends ("at"), one piece at least of
 * each stream, and may come back with these places when its daemon has died:
 * then a stream that is named in it begins where it was left, exactly.
 */
struct zpm_history {
  struct zpm_call *call;
  const cJSON *from; /* {"api":{"out":"12:345"}}, checked; or NULL */
  size_t lines;      /* of a stream that is not named there */
  int stream;        /* enum zpm_stream, or ZPM_STREAM_BOTH */
  bool any;          /* something has been sent */
  size_t sent;       /* bytes */
  uint64_t dropped;  /* bytes that the peer was too slow for */
};

/* ZPM_EARG if `from` is not of that form. */
int zpm_history_check(const cJSON *from, struct zpm_error *err);

/* Sends it, of one app or, NULL, of all. */
void zpm_history_send(struct zpm_history *history, const char *name);

#endif
