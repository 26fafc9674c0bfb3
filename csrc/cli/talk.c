#include "cli/talk.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/answer.h"
#include "proto/commands.h"
#include "proto/version.h"
#include "zpm/version.h"

/* A daemon that says nothing to a hello for so long hangs. */
enum { GREETING_TIMEOUT_MS = 15000 };

/* Until the next daemon says hello. */
enum { TRIES_MAX = 100, TRY_EVERY_MS = 20 };

/* ---- life ---- */

static int begin(struct zpm_talk *talk, struct zpm_error *err)
{
  const char *asked = talk->asked;
  int rc = zpm_connection_open(&talk->options, &talk->connection, err);

  if (rc != 0)
    return rc;
  zpm_talk_begin(talk, "hello");
  zpm_writer_key(&talk->writer, "version");
  zpm_writer_text(&talk->writer, ZPM_VERSION);
  zpm_talk_end(talk);
  talk->hello_len = talk->outgoing.len;
  talk->asked = asked;
  return 0;
}

int zpm_talk_open(struct zpm_talk *talk,
                  const struct zpm_client_options *options,
                  struct zpm_error *err)
{
  *talk = (struct zpm_talk){.options = *options};
  return begin(talk, err);
}

static void hang_up(struct zpm_talk *talk)
{
  zpm_connection_close(talk->connection);
  talk->connection = NULL;
  zpm_str_clear(&talk->outgoing);
  talk->changes = 0;
  cJSON_Delete(talk->hello);
  talk->hello = NULL;
}

int zpm_talk_reopen(struct zpm_talk *talk, int wait_ms, struct zpm_error *err)
{
  talk->options.start_daemon = false;
  talk->options.wait_ms = wait_ms;
  hang_up(talk);
  zpm_str_clear(&talk->unanswered);
  return begin(talk, err);
}

void zpm_talk_close(struct zpm_talk *talk)
{
  hang_up(talk);
  zpm_str_deinit(&talk->outgoing);
  zpm_str_deinit(&talk->unanswered);
}

/* ---- requests ---- */

void zpm_talk_begin(struct zpm_talk *talk, const char *command)
{
  const struct zpm_command *known = zpm_command_find(command, ZPM_ON_WIRE);
  struct zpm_writer *writer = &talk->writer;
  bool failed = writer->failed;

  talk->asked = command;
  talk->changes += known == NULL || !zpm_command_can_be_repeated(known->id);
  if (talk->outgoing.len > 0 && zpm_str_puts(&talk->outgoing, "\n") != 0)
    failed = true;
  *writer = (struct zpm_writer){.out = &talk->outgoing, .failed = failed};
  zpm_writer_begin_object(writer);
  zpm_writer_key(writer, "cmd");
  zpm_writer_text(writer, command);
}

void zpm_talk_end(struct zpm_talk *talk)
{
  zpm_writer_end_object(&talk->writer);
}

/* Keeps what was sent, without the hello, as long as it may be repeated. */
static int keep_unanswered(struct zpm_talk *talk)
{
  const struct zpm_str *outgoing = &talk->outgoing;
  size_t from = talk->hello_len > 0 ? talk->hello_len + 1 : 0;

  zpm_str_clear(&talk->unanswered);
  if (talk->changes > 0 || outgoing->len <= from)
    return 0;
  return zpm_str_append(&talk->unanswered, outgoing->data + from,
                        outgoing->len - from);
}

int zpm_talk_flush(struct zpm_talk *talk, struct zpm_error *err)
{
  int rc;

  if (talk->writer.failed || keep_unanswered(talk) != 0)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  rc =
      zpm_connection_send(talk->connection, zpm_str_text(&talk->outgoing), err);
  zpm_str_clear(&talk->outgoing);
  talk->hello_len = 0;
  talk->changes = 0;
  return rc;
}

/* ---- the greeting ---- */

static bool is_compatible(const cJSON *hello, const char *version)
{
  const cJSON *said = cJSON_GetObjectItemCaseSensitive(hello, "compatible");

  return cJSON_IsBool(said) ? cJSON_IsTrue(said)
                            : zpm_version_compatible(ZPM_VERSION, version);
}

static int compare_versions(const struct zpm_talk *talk, struct zpm_error *err)
{
  const cJSON *said = cJSON_GetObjectItemCaseSensitive(talk->hello, "version");
  const char *version = cJSON_IsString(said) ? said->valuestring : "unknown";
  struct zpm_str advice = {0};
  int rc = 0;

  if (talk->replaces || strcmp(version, ZPM_VERSION) == 0)
    return 0;
  if (zpm_version_advice(&advice, ZPM_VERSION, version) != 0)
    rc = zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  else if (!talk->any_version && !is_compatible(talk->hello, version))
    rc = zpm_error_set(err, ZPM_EVERSION, "%s", zpm_str_text(&advice));
  else if (advice.len > 0)
    fprintf(stderr, "zpm: %s\n", advice.data);
  zpm_str_deinit(&advice);
  return rc;
}

static const char *receive(struct zpm_talk *talk, int timeout_ms,
                           struct zpm_error *err)
{
  const char *line = zpm_connection_receive(talk->connection, timeout_ms, err);

  if (line == NULL && (err->code == 0 || err->code == ZPM_EDAEMON))
    zpm_error_set(err, ZPM_ELOST,
                  "the daemon ended before it answered. Try again; daemon.log "
                  "may tell why");
  return line;
}

static int greet(struct zpm_talk *talk, struct zpm_error *err)
{
  const char *line;
  cJSON *reply;
  int rc;

  if (talk->hello != NULL)
    return 0;
  line = receive(talk, GREETING_TIMEOUT_MS, err);
  if (line == NULL && err->code == UV_ETIMEDOUT)
    return zpm_error_set(err, ZPM_EDAEMON,
                         "the daemon does not answer: it may be stopped, or "
                         "very busy");
  if (line == NULL)
    return err->code;
  rc = zpm_answer_parse(line, &reply, err);
  if (rc != 0)
    return rc;
  talk->hello = cJSON_DetachItemFromObjectCaseSensitive(reply, "data");
  cJSON_Delete(reply);
  if (talk->hello == NULL)
    talk->hello = cJSON_CreateNull();
  return compare_versions(talk, err);
}

/* ---- once more ---- */

static int say_again(struct zpm_talk *talk, const struct zpm_str *lines,
                     struct zpm_error *err)
{
  int rc;

  hang_up(talk);
  rc = begin(talk, err);
  if (rc == 0 &&
      (zpm_str_puts(&talk->outgoing, "\n") != 0 ||
       zpm_str_append(&talk->outgoing, lines->data, lines->len) != 0))
    rc = zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (rc == 0)
    rc = zpm_talk_flush(talk, err);
  return rc == 0 ? greet(talk, err) : rc;
}

/* Asks the next daemon for what this one has not answered.  One is started,
 * too, if that was allowed at first.  A daemon that dies still takes
 * connections for a moment, so it takes some tries until one says hello. */
static int ask_again(struct zpm_talk *talk, struct zpm_error *err)
{
  const struct timespec pause = {.tv_nsec = TRY_EVERY_MS * 1000000L};
  struct zpm_str lines = talk->unanswered;
  int rc;

  talk->unanswered = (struct zpm_str){0};
  rc = say_again(talk, &lines, err);
  for (int i = 0; i < TRIES_MAX && rc == ZPM_ELOST; i++) {
    nanosleep(&pause, NULL);
    rc = say_again(talk, &lines, err);
  }
  zpm_str_deinit(&lines);
  zpm_str_clear(&talk->unanswered); /* once is enough */
  return rc;
}

static bool can_ask_again(const struct zpm_talk *talk,
                          const struct zpm_error *err)
{
  return err->code == ZPM_ELOST && talk->unanswered.len > 0;
}

int zpm_talk_greet(struct zpm_talk *talk, struct zpm_error *err)
{
  int rc = greet(talk, err);

  if (rc != 0 && can_ask_again(talk, err))
    rc = ask_again(talk, err);
  return rc;
}

static const char *receive_or_repeat(struct zpm_talk *talk, int timeout_ms,
                                     struct zpm_error *err)
{
  const char *line;

  if (zpm_talk_greet(talk, err) != 0)
    return NULL;
  line = receive(talk, timeout_ms, err);
  if (line == NULL && can_ask_again(talk, err) && ask_again(talk, err) == 0)
    line = receive(talk, timeout_ms, err);
  if (line != NULL)
    zpm_str_clear(&talk->unanswered);
  return line;
}

/* ---- replies ---- */

const char *zpm_talk_receive(struct zpm_talk *talk, struct zpm_error *err)
{
  return receive_or_repeat(talk, -1, err);
}

const char *zpm_talk_receive_now(struct zpm_talk *talk, struct zpm_error *err)
{
  return receive_or_repeat(talk, 0, err);
}

void zpm_talk_explain_loss(const struct zpm_talk *talk, struct zpm_error *err)
{
  if (err->code != ZPM_ELOST)
    return;
  zpm_error_set(err, ZPM_ELOST,
                "the daemon ended before it answered '%s', and %s. Whether "
                "that was done is not known here: zpm list shows how things "
                "stand",
                talk->asked,
                zpm_client_daemon_runs(&talk->options) ? "was started again"
                                                       : "none runs now");
}

int zpm_talk_fd(const struct zpm_talk *talk)
{
  return zpm_connection_fd(talk->connection);
}

const char *zpm_talk_ask_line(struct zpm_talk *talk, const char *command,
                              const char *name, struct zpm_error *err)
{
  zpm_talk_begin(talk, command);
  if (name != NULL) {
    zpm_writer_key(&talk->writer, "name");
    zpm_writer_text(&talk->writer, name);
  }
  zpm_talk_end(talk);
  return zpm_talk_flush(talk, err) == 0 ? zpm_talk_receive(talk, err) : NULL;
}

int zpm_talk_ask(struct zpm_talk *talk, const char *command, const char *name,
                 cJSON **reply, struct zpm_error *err)
{
  const char *line = zpm_talk_ask_line(talk, command, name, err);

  *reply = NULL;
  return line != NULL ? zpm_answer_parse(line, reply, err) : err->code;
}
