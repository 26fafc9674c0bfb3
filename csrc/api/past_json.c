#include "api/past_json.h"

#include <stdio.h>
#include <string.h>

#include "core/config.h"
#include "core/record.h"

static void put_uint(struct zpm_writer *w, const char *key, uint64_t value)
{
  zpm_writer_key(w, key);
  zpm_writer_uint(w, value);
}

static bool is_known(const struct zpm_exit *end)
{
  return end != NULL && end->known;
}

const struct zpm_exit *zpm_past_json_last(const struct zpm_past *past)
{
  return past != NULL && past->len > 0 ? &past->exits[0] : NULL;
}

void zpm_past_json_code(struct zpm_writer *writer, const char *key,
                        const struct zpm_exit *end)
{
  zpm_writer_key(writer, key);
  if (is_known(end) && end->signal == 0)
    zpm_writer_int(writer, end->code);
  else
    zpm_writer_null(writer);
}

void zpm_past_json_signal(struct zpm_writer *writer, const char *key,
                          const struct zpm_exit *end)
{
  const char *name = NULL;
  char number[24];

  if (is_known(end) && end->signal != 0) {
    name = zpm_signal_name(end->signal);
    snprintf(number, sizeof(number), "signal %d", end->signal);
    name = name != NULL ? name : number;
  }
  zpm_writer_key(writer, key);
  zpm_writer_text(writer, name);
}

void zpm_past_json_how(struct zpm_writer *writer, const struct zpm_exit *end)
{
  zpm_past_json_code(writer, "code", end);
  zpm_past_json_signal(writer, "signal", end);
  zpm_writer_key(writer, "cause");
  zpm_writer_text(writer, end != NULL ? zpm_cause_name(end->cause) : NULL);
}

static void put_exit(struct zpm_writer *writer, const struct zpm_exit *end)
{
  zpm_past_json_how(writer, end);
  put_uint(writer, "at", end->at_ms);
  put_uint(writer, "uptime", end->uptime_ms);
}

void zpm_past_json_exit(struct zpm_writer *writer, const struct zpm_exit *end)
{
  if (end == NULL) {
    zpm_writer_null(writer);
    return;
  }
  zpm_writer_begin_object(writer);
  put_exit(writer, end);
  zpm_writer_end_object(writer);
}

static void put_lines(struct zpm_writer *writer, const char *lines)
{
  zpm_writer_key(writer, "lines");
  zpm_writer_begin_array(writer);
  while (lines != NULL && *lines != '\0') {
    size_t len = strcspn(lines, "\n");

    zpm_writer_bytes(writer, lines, len);
    lines += len + (lines[len] == '\n');
  }
  zpm_writer_end_array(writer);
}

void zpm_past_json_exits(struct zpm_writer *writer, const struct zpm_past *past)
{
  zpm_writer_begin_array(writer);
  for (size_t i = 0; past != NULL && i < past->len; i++) {
    const char *reason = past->reasons[i];

    zpm_writer_begin_object(writer);
    put_exit(writer, &past->exits[i]);
    zpm_writer_key(writer, "reason");
    if (reason != NULL)
      zpm_writer_bytes(writer, reason, strlen(reason));
    else
      zpm_writer_null(writer);
    put_lines(writer, past->lines[i]);
    zpm_writer_end_object(writer);
  }
  zpm_writer_end_array(writer);
}
