#ifndef ZPM_API_SUBSCRIPTION_H
#define ZPM_API_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "api/event_json.h"
#include "base/str.h"
#include "proto/message.h"

/*
 * What a peer wants to hear of: the events of `subscribe` (at most one of these
 * per peer) or the live output of one `logs`.
 *
 * A peer that does not keep up loses output and events, never memory.  What it
 * refused is counted; as soon as it takes lines again it gets one `lag` line,
 * and how each app now stands if it wanted to know that.
 */
enum {
  ZPM_TOPIC_APP = 1 << 0,
  ZPM_TOPIC_EXIT = 1 << 1,
  ZPM_TOPIC_LOG = 1 << 2,
};

enum { ZPM_STREAM_BOTH = -1 };

struct zpm_subscription {
  struct zpm_list link; /* in the peer's subscriptions */
  struct zpm_peer *peer;
  char *name;      /* of the app; NULL: all of them */
  unsigned topics; /* ZPM_TOPIC_* */
  int stream;      /* enum zpm_stream, or ZPM_STREAM_BOTH */
  bool is_logs;    /* lines are replies to `id`, not events */
  bool places;     /* and tell where they end */
  struct zpm_request_id id;
  uint64_t dropped; /* bytes of output that the peer has not been told of */
  uint64_t missed;  /* events, likewise */
};

/* Adds one as `wish` says, for one app or, NULL, all (the name is copied). */
int zpm_subscription_add(struct zpm_peer *peer,
                         const struct zpm_subscription *wish, const char *name);
void zpm_subscription_end(struct zpm_subscription *subscription);
/* What `subscribe` made, not what `logs` did. */
void zpm_subscription_end_events(struct zpm_peer *peer);
void zpm_subscription_end_all(struct zpm_peer *peer);

bool zpm_subscription_wants(const struct zpm_subscription *subscription,
                            unsigned topic, const char *app);

/* Gives the peer this event, or counts it as missed. */
void zpm_subscription_notify(struct zpm_subscription *subscription,
                             const struct zpm_str *line);
/* Gives the peer this piece, or counts it as dropped. */
void zpm_subscription_output(struct zpm_subscription *subscription,
                             const struct zpm_output *output);
/* Tells what was left out, if anything was.  False: the peer still does not
 * take lines. */
bool zpm_subscription_catch_up(struct zpm_subscription *subscription);

#endif
