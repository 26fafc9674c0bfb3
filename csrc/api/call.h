#ifndef ZPM_API_CALL_H
#define ZPM_API_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "api/api.h"
#include "base/list.h"
#include "base/str.h"
#include "proto/message.h"
#include "proto/writer.h"

/*
 * One request on its way to its answer.
 *
 * A call belongs to its peer's list until it is answered, and to nobody but the
 * operation it waits for once the peer has left: that operation still
 * completes, and its result is dropped.  Exactly one of the functions that
 * "answer" ends it; the call is not to be touched after that.
 *
 * A request with an id is answered at once.  Those without wait for the ones
 * before them, so an answer is either kept as text (`reply`) or, when it begins
 * a stream, made when its turn has come (`at_turn`).
 */
struct zpm_call;

typedef void zpm_call_turn_cb(struct zpm_call *call);

struct zpm_call {
  struct zpm_list link; /* in peer->calls */
  struct zpm_api *api;
  struct zpm_peer *peer; /* NULL: it has left */
  struct zpm_request request;
  struct zpm_str reply;      /* waits for its turn, or is being written */
  zpm_call_turn_cb *at_turn; /* in place of a reply; or NULL */
  bool answered;             /* only its turn is missing */
  bool parked;               /* no operation holds it: zpm_call_park */
};

/* NULL when out of memory. Takes `request` over on success. */
struct zpm_call *zpm_call_create(struct zpm_peer *peer,
                                 struct zpm_request *request);

/* ---- answers ---- */

/* A sentence for people, as the callback of a supervisor's command: `ctx` is
 * the call. */
void zpm_call_done(void *ctx, const char *text, const struct zpm_error *err);
void zpm_call_answer_text(struct zpm_call *call, const char *text);
void zpm_call_answer_error(struct zpm_call *call, const struct zpm_error *err);
/* No such app, with the nearest name if there is one. */
void zpm_call_answer_no_app(struct zpm_call *call, const char *name);
/* A long answer is written between these two, after "data":. */
void zpm_call_begin(struct zpm_call *call, struct zpm_writer *writer);
void zpm_call_end(struct zpm_call *call, struct zpm_writer *writer);
/* `cb` is called when everything before this call has been answered (at once,
 * for a request with an id), and only if the peer is still there.  It sends
 * what it likes; the call ends when it returns. */
void zpm_call_answer_at_turn(struct zpm_call *call, zpm_call_turn_cb *cb);

/* ---- its peer ---- */

/* Gives its peer these lines, out of turn. */
void zpm_call_send(struct zpm_call *call, const struct zpm_str *lines);
/* Nobody but the peer holds the call: it dies with it. */
void zpm_call_park(struct zpm_call *call);
/* The peer leaves: drops what is answered, lets go of the rest. */
void zpm_call_drop_all(struct zpm_peer *peer);

/* `{"id":7,` or `{`: how every reply begins.  Then come the keys. */
void zpm_call_write_head(struct zpm_writer *writer, struct zpm_request_id id,
                         bool ok);
/* Ends the line that zpm_call_write_head began. */
void zpm_call_write_tail(struct zpm_writer *writer);
/* Sends one error line that needs no memory. */
void zpm_call_send_no_memory(struct zpm_peer *peer, struct zpm_request_id id);

#endif
