#include "runtime/channel.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "runtime/channel_outbox.h"

/* Rounds: an app that never stops sending must not hold up the loop. */
enum { CHUNK = 16 * 1024, ROUNDS = 4, FDS_PER_MESSAGE = 16 };

/* Handles under way: more than a window of connections and a ping. */
enum { HANDLES = 16, PING_TOKEN = 0 };

static const char ASK_HEAP[] = "{\"cmd\":\"NODE_ZPM_HEAP\"}\n";
static const char PING[] =
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{}}\n";
static const char SHUTDOWN[] = "\"shutdown\"\n";
static const char HANDLE_ACK[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}\n";

/* All are written by JSON.stringify from objects whose first key is cmd. */
static const char HEAP_ANSWER[] = "{\"cmd\":\"NODE_ZPM_HEAP\",\"used\":";
static const char GOT[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}";
static const char PONG[] = "{\"cmd\":\"NODE_HANDLE_NACK\"}";
static const char DRAINED[] = "{\"cmd\":\"NODE_ZPM_DRAINED\"}";
static const char HANDLE_BEGINS[] = "{\"cmd\":\"NODE_HANDLE\",";

struct zpm_channel {
  uv_poll_t poll;
  int fd;
  const struct zpm_channel_events *events;
  void *ctx;
  struct zpm_str line; /* the beginning of a line whose end is still to come */
  bool skipping;       /* the line is too long: wait for its end */
  bool asked;          /* a question is open */
  uint64_t asked_ns;   /* monotonic */
  struct zpm_channel_outbox outbox;
  int64_t handles[HANDLES]; /* tokens of those that the app has not answered,
                               which it does in their order */
  size_t handle_count;
  bool closing;
};

/* ---- what we say ---- */

/* A few bytes, which a stream socket takes whole or not at all.  Not at all
 * means that the app has not read for long: it may do without. */
static bool say(const struct zpm_channel *channel, const char *text)
{
  return zpm_channel_outbox_empty(&channel->outbox) &&
         send(channel->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct zpm_channel *channel)
{
  int events = UV_READABLE;

  if (channel->closing)
    return;
  if (!zpm_channel_outbox_empty(&channel->outbox))
    events |= UV_WRITABLE;
  uv_poll_start(&channel->poll, events, on_ready);
}

/* If nobody reads any more, reading will tell; so it will if we end it. */
static void settle(struct zpm_channel *channel, int rc)
{
  if (rc != 0)
    shutdown(channel->fd, SHUT_RDWR);
  watch(channel);
}

static void put(struct zpm_channel *channel, const char *line, size_t len,
                int fd)
{
  int rc;

  if (channel->closing)
    return;
  rc = zpm_channel_outbox_send(&channel->outbox, line, len, fd);
  if (rc != 0 || !zpm_channel_outbox_empty(&channel->outbox))
    settle(channel, rc);
}

void zpm_channel_send(struct zpm_channel *channel, const char *line, size_t len)
{
  put(channel, line, len, -1);
}

bool zpm_channel_takes_handle(const struct zpm_channel *channel)
{
  return channel->handle_count < HANDLES - 1; /* leaves room for a ping */
}

void zpm_channel_send_handle(struct zpm_channel *channel, const char *line,
                             size_t len, int fd, int64_t token)
{
  channel->handles[channel->handle_count++] = token;
  put(channel, line, len, fd);
}

void zpm_channel_ask_heap(struct zpm_channel *channel)
{
  if (!channel->asked && !channel->closing)
    channel->asked = say(channel, ASK_HEAP);
  channel->asked_ns = uv_hrtime();
}

void zpm_channel_ping(struct zpm_channel *channel)
{
  if (channel->handle_count < HANDLES && !channel->closing &&
      say(channel, PING))
    channel->handles[channel->handle_count++] = PING_TOKEN;
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
    channel->events->heap(channel->ctx, used, uv_hrtime() - channel->asked_ns);
}

/* Of the handle that was sent first.  What another supervisor sent is not known
 * here, and was most likely a ping. */
static int64_t take_token(struct zpm_channel *channel)
{
  int64_t token = PING_TOKEN;

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

  if (token == PING_TOKEN && events->pong != NULL)
    events->pong(channel->ctx);
  else if (token != PING_TOKEN && events->handle_lost != NULL)
    events->handle_lost(channel->ctx, token);
}

static void on_line(struct zpm_channel *channel, const char *line, size_t len)
{
  size_t answer = sizeof(HEAP_ANSWER) - 1;

  if (len == 0)
    return;
  if (begins_with(line, len, HEAP_ANSWER))
    on_heap(channel, line + answer, len - answer);
  else if (len == sizeof(PONG) - 1 && begins_with(line, len, PONG))
    on_handle_refused(channel);
  else if (len == sizeof(GOT) - 1 && begins_with(line, len, GOT))
    (void)take_token(channel);
  else if (len == sizeof(DRAINED) - 1 && begins_with(line, len, DRAINED) &&
           channel->events->drained != NULL)
    channel->events->drained(channel->ctx);
  else if (begins_with(line, len, HANDLE_BEGINS))
    /* The handle came with it and is closed already.  Without this answer the
     * app would keep back everything that it sends from now on. */
    zpm_channel_send(channel, HANDLE_ACK, sizeof(HANDLE_ACK) - 1);
  else if (channel->events->message != NULL)
    channel->events->message(channel->ctx, line, len);
}

/* The line is longer than anything we want to hold. */
static void on_too_long(struct zpm_channel *channel, const char *start,
                        size_t len)
{
  if (begins_with(start, len, HANDLE_BEGINS))
    zpm_channel_send(channel, HANDLE_ACK, sizeof(HANDLE_ACK) - 1);
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

/* False: there will never be more. */
static bool read_some(struct zpm_channel *channel)
{
  char buffer[CHUNK];

  for (int i = 0; i < ROUNDS && !channel->closing; i++) {
    ssize_t got = receive(channel->fd, buffer, sizeof(buffer));

    if (got <= 0)
      return got == -EAGAIN;
    on_bytes(channel, buffer, (size_t)got);
  }
  return true;
}

void zpm_channel_listen(struct zpm_channel *channel)
{
  (void)read_some(channel);
}

/* An error is told by reading more exactly. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
  struct zpm_channel *channel = poll->data;

  if ((events & UV_READABLE) != 0 || status != 0) {
    if (!read_some(channel)) {
      on_end(channel);
      return;
    }
  }
  if ((events & UV_WRITABLE) != 0 && !channel->closing)
    settle(channel, zpm_channel_outbox_flush(&channel->outbox));
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
  zpm_channel_outbox_init(&channel->outbox, fd);
  watch(channel);
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
  zpm_channel_outbox_deinit(&channel->outbox);
  channel->closing = true;
  uv_close((uv_handle_t *)&channel->poll, on_closed);
  close(channel->fd);
}
