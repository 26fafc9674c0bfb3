#ifndef ZPM_CLI_TALK_H
#define ZPM_CLI_TALK_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "proto/writer.h"
#include "zpm/client.h"

/*
 * A talk with the daemon: requests are written one after the other and sent in
 * one go, a `hello` first; replies come back in the same order.  So the
 * comparison of versions costs no round trip.
 *
 * When the daemon dies in between, its keeper starts the next one.  Requests
 * that can be repeated are asked of that one, once; others end in ZPM_ELOST:
 * only a person can tell whether a restart that may have been done is to be
 * done again.
 */
struct zpm_talk {
  struct zpm_client_options options;
  struct zpm_connection *connection;
  struct zpm_str outgoing;
  size_t hello_len;          /* of these: the hello */
  struct zpm_writer writer;  /* for the keys of the request being written */
  const char *asked;         /* the last command */
  size_t changes;            /* requests in `outgoing` that can't be repeated */
  struct zpm_str unanswered; /* what was sent, if it can be repeated */
  cJSON *hello;              /* the data of its reply, once greeted */
  bool replaces;             /* a daemon of whatever version: no word on it */
  bool any_version;          /* talk to a daemon that does not fit, too */
};

/* What `options` points to must outlive the talk. */
int zpm_talk_open(struct zpm_talk *talk,
                  const struct zpm_client_options *options,
                  struct zpm_error *err);
/* Goes on with the next daemon, if its keeper starts one within `wait_ms`
 * (ZPM_EBUSY: not yet); nothing of what was said before counts.  From now on
 * no daemon is started for this talk. */
int zpm_talk_reopen(struct zpm_talk *talk, int wait_ms, struct zpm_error *err);
void zpm_talk_close(struct zpm_talk *talk);

/* Begins a request; its keys go to talk->writer; then _end(). */
void zpm_talk_begin(struct zpm_talk *talk, const char *command);
void zpm_talk_end(struct zpm_talk *talk);
int zpm_talk_flush(struct zpm_talk *talk, struct zpm_error *err);

/* Waits for the daemon's greeting, if it was not read yet: a warning on
 * standard error when it is of another version, ZPM_EVERSION when the versions
 * do not fit together (unless any_version). */
int zpm_talk_greet(struct zpm_talk *talk, struct zpm_error *err);

/* The next line (after the greeting), or NULL with err filled.  ZPM_ELOST: the
 * daemon has ended; see zpm_talk_explain_loss. */
const char *zpm_talk_receive(struct zpm_talk *talk, struct zpm_error *err);
/* The same without waiting: UV_ETIMEDOUT if there is none yet.  zpm_talk_fd()
 * is readable when there is more. */
const char *zpm_talk_receive_now(struct zpm_talk *talk, struct zpm_error *err);
int zpm_talk_fd(const struct zpm_talk *talk);

/* A ZPM_ELOST in words: what is known of a change that was asked for. */
void zpm_talk_explain_loss(const struct zpm_talk *talk, struct zpm_error *err);

/* One request without keys, or with "name", and the line of its reply; NULL
 * with err filled.  The talk stays open. */
const char *zpm_talk_ask_line(struct zpm_talk *talk, const char *command,
                              const char *name, struct zpm_error *err);
/* The same, up to the parsed reply. */
int zpm_talk_ask(struct zpm_talk *talk, const char *command, const char *name,
                 cJSON **reply, struct zpm_error *err);

#endif
