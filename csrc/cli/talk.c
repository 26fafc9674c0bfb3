#include "cli/talk.h"

#include <stdio.h>
#include <string.h>

#include "cli/answer.h"
#include "proto/version.h"
#include "zpm/version.h"

/* A daemon that says nothing to a hello for so long hangs. */
enum { GREETING_TIMEOUT_MS = 15000 };

/* ---- life ---- */

int zpm_talk_open(struct zpm_talk *talk,
                  const struct zpm_client_options *options,
                  struct zpm_error *err)
{
  int rc;

  *talk = (struct zpm_talk){0};
  rc = zpm_connection_open(options, &talk->connection, err);
  if (rc != 0)
    return rc;
  zpm_talk_begin(talk, "hello");
  zpm_writer_key(&talk->writer, "version");
  zpm_writer_text(&talk->writer, ZPM_VERSION);
  zpm_talk_end(talk);
  return 0;
}

void zpm_talk_close(struct zpm_talk *talk)
{
  zpm_connection_close(talk->connection);
  talk->connection = NULL;
  zpm_str_deinit(&talk->outgoing);
  cJSON_Delete(talk->hello);
  talk->hello = NULL;
}

/* ---- requests ---- */

void zpm_talk_begin(struct zpm_talk *talk, const char *command)
{
  struct zpm_writer *writer = &talk->writer;
  bool failed = writer->failed;

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

int zpm_talk_flush(struct zpm_talk *talk, struct zpm_error *err)
{
  int rc;

  if (talk->writer.failed)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  rc =
      zpm_connection_send(talk->connection, zpm_str_text(&talk->outgoing), err);
  zpm_str_clear(&talk->outgoing);
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

  if (strcmp(version, ZPM_VERSION) == 0)
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

  if (line == NULL && err->code == 0)
    zpm_error_set(err, ZPM_EDAEMON, "the daemon has closed the connection");
  return line;
}

int zpm_talk_greet(struct zpm_talk *talk, struct zpm_error *err)
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

/* ---- replies ---- */

const char *zpm_talk_receive(struct zpm_talk *talk, struct zpm_error *err)
{
  if (zpm_talk_greet(talk, err) != 0)
    return NULL;
  return receive(talk, -1, err);
}

const char *zpm_talk_receive_now(struct zpm_talk *talk, struct zpm_error *err)
{
  if (zpm_talk_greet(talk, err) != 0)
    return NULL;
  return receive(talk, 0, err);
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
