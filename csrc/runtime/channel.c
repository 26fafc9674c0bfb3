#include "runtime/channel_internal.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "proto/v8_frame.h"
#include "runtime/channel_advanced.h"

/* Rounds: an app that never stops sending must not hold up the loop. */
enum { CHUNK = 16 * 1024, ROUNDS = 4, FDS_PER_MESSAGE = 16 };

static const char ASK_HEAP[] = "{\"cmd\":\"NODE_ZPM_HEAP\"}\n";
static const char PING[] =
    "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{}}\n";
static const char SHUTDOWN[] = "\"shutdown\"\n";
static const char *const WORDS[] = {
    [ZPM_WORD_LEND] = "{\"cmd\":\"NODE_ZPM_LEND\"}\n",
    [ZPM_WORD_DRAIN] = "{\"cmd\":\"NODE_ZPM_DRAIN\"}\n",
    [ZPM_WORD_FINISH] = "{\"cmd\":\"NODE_ZPM_FINISH\"}\n",
    [ZPM_WORD_RELEASE] = "{\"cmd\":\"NODE_ZPM_RELEASE\"}\n",
};

/* ---- what we say ---- */

/* A few bytes, which a stream socket takes whole or not at all.  Not at all
 * means that the app has not read for long: it may do without. */
static bool say_bytes(const struct zpm_channel *channel, const char *bytes,
                      size_t len)
{
  return zpm_channel_outbox_empty(&channel->outbox) &&
         send(channel->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static bool say(const struct zpm_channel *channel, const char *text)
{
  struct zpm_str frame = {0};
  bool said;

  if (channel->framer == NULL)
    return say_bytes(channel, text, strlen(text));
  said = zpm_channel_advanced_write(&frame, text, strlen(text)) == 0 &&
         say_bytes(channel, frame.data, frame.len);
  zpm_str_deinit(&frame);
  return said;
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
void zpm_channel_settle(struct zpm_channel *channel, int rc)
{
  if (rc != 0)
    shutdown(channel->fd, SHUT_RDWR);
  watch(channel);
}

static void put(struct zpm_channel *channel, const char *line, size_t len,
                int fd)
{
  struct zpm_str frame = {0};
  int rc = 0;

  if (channel->closing)
    return;
  if (channel->framer != NULL) {
    rc = zpm_channel_advanced_write(&frame, line, len);
    line = frame.data;
    len = frame.len;
  }
  if (rc == 0)
    rc = zpm_channel_outbox_send(&channel->outbox, line, len, fd);
  zpm_str_deinit(&frame);
  if (rc != 0 || !zpm_channel_outbox_empty(&channel->outbox))
    zpm_channel_settle(channel, rc);
}

void zpm_channel_send(struct zpm_channel *channel, const char *line, size_t len)
{
  put(channel, line, len, -1);
}

bool zpm_channel_takes_handle(const struct zpm_channel *channel)
{
  return channel->handle_count <
         ZPM_CHANNEL_HANDLES - 1; /* leaves room for a ping */
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
  if (channel->handle_count < ZPM_CHANNEL_HANDLES && !channel->closing &&
      say(channel, PING))
    channel->handles[channel->handle_count++] = ZPM_CHANNEL_PING;
}

bool zpm_channel_say_shutdown(struct zpm_channel *channel)
{
  return !channel->closing && say(channel, SHUTDOWN);
}

void zpm_channel_say_word(struct zpm_channel *channel,
                          enum zpm_channel_word word)
{
  if (word == ZPM_WORD_LEND)
    channel->lending = ZPM_LENDING_ASKED;
  put(channel, WORDS[word], strlen(WORDS[word]), -1);
}

/* ---- reading ---- */

/* Node sends the next one when this one is acknowledged. */
static void keep_received(struct zpm_channel *channel, int fd)
{
  if (channel->received >= 0)
    close(channel->received);
  channel->received = fd;
}

/* Mostly nobody here has a use for them, and they must not pile up. */
static void take_received(struct zpm_channel *channel, struct msghdr *message)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
       part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
      continue;
    for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= part->cmsg_len;
         at += sizeof(int)) {
      int fd;

      memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
      if (channel->lending != ZPM_LENDING_NOTHING)
        keep_received(channel, fd);
      else
        close(fd);
    }
  }
}

/* What has come, which stays in the socket; the handles are copies. */
static ssize_t peek(struct zpm_channel *channel, char *buffer, size_t room)
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
    got = recvmsg(channel->fd, &message,
                  MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0)
    return -errno;
  take_received(channel, &message);
  return got;
}

/* Takes that many bytes out of the socket; their handles go with them. */
static void consume(int fd, size_t len)
{
  char buffer[CHUNK];

  while (len > 0) {
    ssize_t got = recv(fd, buffer, len, MSG_DONTWAIT);

    if (got > 0)
      len -= (size_t)got;
    else if (got == 0 || errno != EINTR)
      return;
  }
}

static void on_end(struct zpm_channel *channel)
{
  uv_poll_stop(&channel->poll);
  channel->events->closed(channel->ctx);
}

/*
 * Whoever succeeds us reads on in the same socket: so a question leaves it only
 * when it has been answered.  Should we die in between, it is answered twice,
 * which Node ignores but for one line (channel_said.c).  What is lost are an
 * answer that the app left no room for, and the beginning of a message whose
 * end has not come.
 */
static void take(struct zpm_channel *channel, const char *bytes, size_t len)
{
  channel->taking = true;
  zpm_channel_take(channel, bytes, len);
  channel->taking = false;
  if (!channel->closing)
    consume(channel->fd, len);
}

/* False: there will never be more. */
static bool read_some(struct zpm_channel *channel)
{
  char buffer[CHUNK];

  for (int i = 0; i < ROUNDS && !channel->closing; i++) {
    ssize_t got = peek(channel, buffer, sizeof(buffer));

    if (got <= 0)
      return got == -EAGAIN;
    take(channel, buffer, (size_t)got);
  }
  return true;
}

void zpm_channel_listen(struct zpm_channel *channel)
{
  if (!channel->taking)
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
    zpm_channel_settle(channel, zpm_channel_outbox_flush(&channel->outbox));
}

/* ---- life ---- */

int zpm_channel_open(uv_loop_t *loop, int fd,
                     const struct zpm_channel_events *events, void *ctx,
                     struct zpm_channel **out, struct zpm_error *err)
{
  struct zpm_channel *channel = zpm_alloc(sizeof(*channel));
  int rc = ZPM_ENOMEM;

  if (channel != NULL) {
    *channel = (struct zpm_channel){
        .fd = fd, .events = events, .ctx = ctx, .received = -1};
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

int zpm_channel_speak_advanced(struct zpm_channel *channel)
{
  channel->framer = zpm_alloc_zeroed(1, sizeof(*channel->framer));
  if (channel->framer == NULL)
    return ZPM_ENOMEM;
  channel->framer->max = ZPM_CHANNEL_LINE_MAX;
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
  if (channel->framer != NULL)
    zpm_v8_framer_deinit(channel->framer);
  zpm_free(channel->framer);
  zpm_free(channel);
}

void zpm_channel_close(struct zpm_channel *channel)
{
  zpm_channel_outbox_deinit(&channel->outbox);
  channel->closing = true;
  if (channel->received >= 0)
    close(channel->received);
  uv_close((uv_handle_t *)&channel->poll, on_closed);
  close(channel->fd);
}
