#include "runtime/channel.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"

/* Rounds: an app that never stops sending must not hold up the loop. */
enum { CHUNK = 16 * 1024, ROUNDS = 4, FDS_PER_MESSAGE = 16 };

static const char ASK_HEAP[] = "{\"cmd\":\"NODE_ZPM_HEAP\"}\n";
static const char PING[] =
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{}}\n";
static const char SHUTDOWN[] = "\"shutdown\"\n";
static const char HANDLE_ACK[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}\n";

/* All are written by JSON.stringify from objects whose first key is cmd. */
static const char HEAP_ANSWER[] = "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":";
static const char PONG[] = "{\"cmd\":\"NODE_HANDLE_NACK\"}";
static const char HANDLE_BEGINS[] = "{\"cmd\":\"NODE_HANDLE\",";

struct zpm_channel {
  uv_poll_t poll;
  int fd;
  const struct zpm_channel_events *events;
  void *ctx;
  struct zpm_str line; /* the beginning of a line whose end is still to come */
  bool skipping;       /* the line is too long: wait for its end */
  bool asked;          /* a question is open */
  bool closing;
};

/* ---- what we say ---- */

/* A few bytes, which a stream socket takes whole or not at all.  Not at all
 * means that the app has not read for long: it may do without. */
static bool say(const struct zpm_channel *channel, const char *text)
{
  return send(channel->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

void zpm_channel_ask_heap(struct zpm_channel *channel)
{
  if (!channel->asked && !channel->closing)
    channel->asked = say(channel, ASK_HEAP);
}

void zpm_channel_ping(struct zpm_channel *channel)
{
  if (!channel->closing)
    say(channel, PING);
}

bool zpm_channel_say_shutdown(struct zpm_channel *channel)
{
  return !channel->closing && say(channel, SHUTDOWN);
}

/* ---- what the app says ---- */

static bool begins_with(const char *line, size_t len, const char *prefix)
{
  size_t size = strlen(prefix);

  return len >= size && memcmp(line, prefix, size) == 0;
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
    channel->events->heap(channel->ctx, used);
}

static void on_pong(struct zpm_channel *channel)
{
  if (channel->events->pong != NULL)
    channel->events->pong(channel->ctx);
}

static void on_line(struct zpm_channel *channel, const char *line, size_t len)
{
  size_t answer = sizeof(HEAP_ANSWER) - 1;

  if (len == 0)
    return;
  if (begins_with(line, len, HEAP_ANSWER))
    on_heap(channel, line + answer, len - answer);
  else if (len == sizeof(PONG) - 1 && begins_with(line, len, PONG))
    on_pong(channel);
  else if (begins_with(line, len, HANDLE_BEGINS))
    /* The handle came with it and is closed already.  Without this answer the
     * app would keep back everything that it sends from now on. */
    say(channel, HANDLE_ACK);
  else if (channel->events->message != NULL)
    channel->events->message(channel->ctx, line, len);
}

/* The line is longer than anything we want to hold. */
static void on_too_long(struct zpm_channel *channel, const char *start,
                        size_t len)
{
  if (begins_with(start, len, HANDLE_BEGINS))
    say(channel, HANDLE_ACK);
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

static void on_bytes(struct zpm_channel *channel, const char *bytes, size_t len)
{
  const char *end = bytes + len;

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

/* ---- reading ---- */

/* Nobody here has a use for them, and they must not pile up. */
static void close_received(struct msghdr *message)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
       part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
      continue;
    for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part->cmsg_len;
         at += sizeof(int)) {
      int fd;

      memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
      close(fd);
    }
  }
}

static ssize_t receive(int fd, char *buffer, size_t room)
{
  _Alignas(
      struct cmsghdr) char control[CMSG_SPACE(FDS_PER_MESSAGE * sizeof(int))];
  struct iovec part = {.iov_base = buffer, .iov_len = room};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
  ssize_t got;

  do {
    got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0)
    return -errno;
  close_received(&message);
  return got;
}

static void on_end(struct zpm_channel *channel)
{
  uv_poll_stop(&channel->poll);
  channel->events->closed(channel->ctx);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
  struct zpm_channel *channel = poll->data;
  char buffer[CHUNK];

  (void)events;
  (void)status; /* reading says it more exactly */
  for (int i = 0; i < ROUNDS && !channel->closing; i++) {
    ssize_t got = receive(channel->fd, buffer, sizeof(buffer));

    if (got == -EAGAIN)
      return;
    if (got <= 0) {
      on_end(channel);
      return;
    }
    on_bytes(channel, buffer, (size_t)got);
  }
}

/* ---- life ---- */

int zpm_channel_open(uv_loop_t *loop, int fd,
                     const struct zpm_channel_events *events, void *ctx,
                     struct zpm_channel **out, struct zpm_error *err)
{
  struct zpm_channel *channel = zpm_alloc(sizeof(*channel));
  int rc = ZPM_ENOMEM;

  if (channel != NULL) {
    *channel = (struct zpm_channel){.fd = fd, .events = events, .ctx = ctx};
    rc = uv_poll_init(loop, &channel->poll, fd);
  }
  if (rc != 0) {
    zpm_free(channel);
    close(fd);
    return zpm_error_set(err, rc, "cannot watch the app's channel: %s",
                         rc == ZPM_ENOMEM ? "out of memory" : uv_strerror(rc));
  }
  channel->poll.data = channel;
  uv_poll_start(&channel->poll, UV_READABLE, on_readable);
  uv_unref((uv_handle_t *)&channel->poll);
  *out = channel;
  return 0;
}

int zpm_channel_fd(const struct zpm_channel *channel)
{
  return channel->fd;
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_channel *channel = handle->data;

  zpm_str_deinit(&channel->line);
  zpm_free(channel);
}

void zpm_channel_close(struct zpm_channel *channel)
{
  channel->closing = true;
  uv_close((uv_handle_t *)&channel->poll, on_closed);
  close(channel->fd);
}
