#include "runtime/channel_internal.h"

#include <string.h>
#include <unistd.h>

#include "proto/v8_frame.h"
#include "runtime/channel_advanced.h"

static const char HANDLE_ACK[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}\n";

/* All are written by JSON.stringify from objects whose first key is cmd. */
static const char HEAP_ANSWER[] = "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":";
static const char GOT[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}";
static const char PONG[] = "{\"cmd\":\"NODE_HANDLE_NACK\"}";
static const char DRAINED[] = "{\"cmd\":\"NODE_ZPM_DRAINED\"}";
static const char LENDS[] = "{\"cmd\":\"NODE_ZPM_LENDS\"}";
static const char LENT[] = "{\"cmd\":\"NODE_ZPM_LENT\"}";
static const char TOOK[] = "{\"cmd\":\"NODE_ZPM_TOOK\"}";
static const char FINISHED[] = "{\"cmd\":\"NODE_ZPM_FINISHED\"}";
static const char HANDLE_BEGINS[] = "{\"cmd\":\"NODE_HANDLE\",";

static bool begins_with(const char *line, size_t len, const char *prefix)
{
  size_t size = strlen(prefix);

  return len >= size && memcmp(line, prefix, size) == 0;
}

static bool is(const char *line, size_t len, const char *text)
{
  return len == strlen(text) && memcmp(line, text, len) == 0;
}

/* `digits` end with the '}' of the answer. */
static bool parse_used(const char *digits, size_t len, uint64_t *used)
{
  enum { MOST_DIGITS = 18 };

  if (len < 2 || len > MOST_DIGITS + 1 || digits[len - 1] != '}')
    return false;
  *used = 0;
  for (size_t i = 0; i < len - 1; i++) {
    if (digits[i] < '0' || digits[i] > '9')
      return false;
    *used = *used * 10 + (uint64_t)(digits[i] - '0');
  }
  return true;
}

static void on_heap(struct zpm_channel *channel, const char *digits, size_t len)
{
  uint64_t used;

  channel->asked = false;
  if (parse_used(digits, len, &used))
    channel->events->heap(channel->ctx, used, uv_hrtime() - channel->asked_ns);
}

/* Of the handle that was sent first.  What another supervisor sent is not known
 * here, and was most likely a ping. */
static int64_t take_token(struct zpm_channel *channel)
{
  int64_t token = ZPM_CHANNEL_PING;

  if (channel->handle_count == 0)
    return token;
  token = channel->handles[0];
  channel->handle_count--;
  memmove(channel->handles, channel->handles + 1,
          channel->handle_count * sizeof(channel->handles[0]));
  return token;
}

static void on_handle_refused(struct zpm_channel *channel)
{
  const struct zpm_channel_events *events = channel->events;
  int64_t token = take_token(channel);

  if (token == ZPM_CHANNEL_PING && events->pong != NULL)
    events->pong(channel->ctx);
  else if (token != ZPM_CHANNEL_PING && events->handle_lost != NULL)
    events->handle_lost(channel->ctx, token);
}

/* Without an answer the app would keep back everything that it sends from now
 * on.  A second one, should our successor find the line still there, ends it by
 * an assertion of Node's: it is started again, where the other would never be
 * noticed. */
static void on_handle(struct zpm_channel *channel)
{
  int fd = channel->received;

  channel->received = -1;
  zpm_channel_send(channel, HANDLE_ACK, sizeof(HANDLE_ACK) - 1);
  if (fd >= 0 && channel->lending == ZPM_LENDING_SOCKETS)
    channel->events->socket(channel->ctx, fd);
  else if (fd >= 0)
    close(fd);
}

static void on_lent(struct zpm_channel *channel)
{
  if (channel->lending != ZPM_LENDING_SOCKETS)
    return;
  channel->lending = ZPM_LENDING_NOTHING;
  channel->events->all_sockets(channel->ctx);
}

static void call(const struct zpm_channel *channel, void (*event)(void *ctx))
{
  if (event != NULL)
    event(channel->ctx);
}

/* False: it is none of the agent's. */
static bool on_agent(struct zpm_channel *channel, const char *line, size_t len)
{
  if (is(line, len, DRAINED))
    call(channel, channel->events->drained);
  else if (is(line, len, TOOK))
    call(channel, channel->events->took_socket);
  else if (is(line, len, FINISHED))
    call(channel, channel->events->finished);
  else if (is(line, len, LENT))
    on_lent(channel);
  else if (!is(line, len, LENDS))
    return false;
  else if (channel->lending == ZPM_LENDING_ASKED)
    channel->lending = ZPM_LENDING_SOCKETS;
  return true;
}

static void on_line(struct zpm_channel *channel, const char *line, size_t len)
{
  size_t answer = sizeof(HEAP_ANSWER) - 1;

  if (len == 0)
    return;
  if (begins_with(line, len, HEAP_ANSWER))
    on_heap(channel, line + answer, len - answer);
  else if (is(line, len, PONG))
    on_handle_refused(channel);
  else if (is(line, len, GOT))
    (void)take_token(channel);
  else if (begins_with(line, len, HANDLE_BEGINS))
    on_handle(channel);
  else if (!on_agent(channel, line, len) && channel->events->message != NULL)
    channel->events->message(channel->ctx, line, len);
}

/* The line is longer than anything we want to hold. */
static void on_too_long(struct zpm_channel *channel, const char *start,
                        size_t len)
{
  if (begins_with(start, len, HANDLE_BEGINS))
    on_handle(channel);
  zpm_str_deinit(&channel->line);
  channel->skipping = true;
}

/* Keeps what has no end yet. */
static void keep(struct zpm_channel *channel, const char *bytes, size_t len)
{
  if (channel->skipping || len == 0)
    return;
  if (zpm_str_append(&channel->line, bytes, len) != 0 ||
      channel->line.len > ZPM_CHANNEL_LINE_MAX)
    on_too_long(channel, zpm_str_text(&channel->line), channel->line.len);
}

static void on_line_end(struct zpm_channel *channel, const char *bytes,
                        size_t len)
{
  if (channel->line.len > 0) {
    keep(channel, bytes, len);
    if (!channel->skipping)
      on_line(channel, channel->line.data, channel->line.len);
    /* Most lines come whole: a channel at rest holds no memory. */
    zpm_str_deinit(&channel->line);
  } else if (!channel->skipping) {
    on_line(channel, bytes, len);
  }
  channel->skipping = false;
}

/* Of one that is too long nothing is known: NULL. */
static int on_frame(void *ctx, const unsigned char *frame, size_t len)
{
  struct zpm_channel *channel = ctx;
  struct zpm_str line = {0};
  enum zpm_channel_frame kind = ZPM_FRAME_OTHER;

  if (frame != NULL)
    kind = zpm_channel_advanced_read(&line, frame, len);
  if (kind == ZPM_FRAME_HANDLE)
    on_handle(channel);
  else if (kind == ZPM_FRAME_LINE)
    on_line(channel, line.data, line.len);
  zpm_str_deinit(&line);
  return channel->closing ? ZPM_ECLOSING : 0;
}

void zpm_channel_take(struct zpm_channel *channel, const char *bytes,
                      size_t len)
{
  const char *end = bytes + len;

  if (channel->framer != NULL) {
    int rc = zpm_v8_framer_feed(channel->framer, bytes, len, on_frame, channel);

    if (rc != 0 && !channel->closing)
      zpm_channel_settle(channel, rc);
    return;
  }

  while (bytes < end && !channel->closing) {
    const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));

    if (newline == NULL) {
      keep(channel, bytes, (size_t)(end - bytes));
      return;
    }
    on_line_end(channel, bytes, (size_t)(newline - bytes));
    bytes = newline + 1;
  }
}
