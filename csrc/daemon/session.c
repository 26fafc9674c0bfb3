#include "daemon/session.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/outbox.h"
#include "platform/platform.h"
#include "proto/frame.h"
#include "proto/message.h"

enum { SCRATCH_BYTES = 64 * 1024, HANDLES = 2 };

struct session {
  struct zpm_peer peer;
  struct zpm_list link; /* in sessions->list */
  struct zpm_sessions *sessions;
  uv_pipe_t pipe;
  uv_timer_t timer; /* to go on later; once `finishing`: the end of patience */
  uv_shutdown_t shutdown;
  int open_handles;

  struct zpm_framer framer;
  struct zpm_str input; /* read, but not handled yet: there was too much */
  struct zpm_outbox outbox;

  bool reading;
  bool lagging;   /* refuses what is droppable, until there is room again */
  bool ended;     /* the client sends nothing more */
  bool finishing; /* takes nothing more: flush, then close */
  bool lingers;   /* finishing, but lets the client finish its sentence */
  bool closing;   /* handles are being closed */
};

/* ---- death ---- */

static void on_closed(uv_handle_t *handle)
{
  struct session *session = handle->data;
  struct zpm_sessions *sessions = session->sessions;

  if (--session->open_handles > 0)
    return;
  zpm_api_peer_close(&session->peer);
  zpm_list_remove(&session->link);
  sessions->count--;
  zpm_framer_deinit(&session->framer);
  zpm_str_deinit(&session->input);
  zpm_outbox_deinit(&session->outbox);
  zpm_free(session);
  if (sessions->count == 0 && sessions->closed != NULL)
    sessions->closed(sessions->ctx);
}

/* May be called from anywhere: what it takes away goes later, from the loop. */
static void die(struct session *session)
{
  if (session->closing)
    return;
  session->closing = true;
  uv_close((uv_handle_t *)&session->pipe, on_closed);
  uv_close((uv_handle_t *)&session->timer, on_closed);
}

static void on_patience_ended(uv_timer_t *timer)
{
  die(timer->data);
}

/* ---- output ---- */

static size_t queued(const struct session *session)
{
  return zpm_outbox_waiting(&session->outbox);
}

static bool is_full(const struct session *session)
{
  return queued(session) > ZPM_SESSION_QUEUE_MAX ||
         zpm_api_peer_busy(&session->peer);
}

static void on_later(uv_timer_t *timer);

/* Reading goes on from the loop, never from inside an answer. */
static void go_on_later(struct session *session)
{
  bool waits = session->ended || session->input.len > 0;

  if (waits && !session->finishing && !session->closing)
    uv_timer_start(&session->timer, on_later, 0, 0);
}

static void on_shut_down(uv_shutdown_t *shutdown, int status)
{
  struct session *session = shutdown->data;

  if (status < 0 || session->ended)
    die(session);
}

/* Everything has been said: hangs up, now or after the client. */
static void hang_up(struct session *session)
{
  session->shutdown.data = session;
  if (!session->lingers || session->ended ||
      uv_shutdown(&session->shutdown, (uv_stream_t *)&session->pipe,
                  on_shut_down) != 0)
    die(session);
}

static void on_progress(void *ctx, int status)
{
  struct session *session = ctx;

  if (status < 0) {
    die(session);
    return;
  }
  if (session->finishing && queued(session) == 0)
    hang_up(session);
  if (session->lagging && !session->finishing &&
      queued(session) <= ZPM_SESSION_DROPPABLE_MAX / 2) {
    session->lagging = false;
    zpm_api_peer_drained(&session->peer);
  }
  go_on_later(session);
}

static bool on_send(struct zpm_peer *peer, const char *lines, size_t len,
                    bool droppable)
{
  struct session *session = ZPM_CONTAINER_OF(peer, struct session, peer);

  if (session->closing)
    return true;
  if (droppable && queued(session) > 0 &&
      queued(session) + len > ZPM_SESSION_DROPPABLE_MAX)
    session->lagging = true;
  if (droppable && session->lagging)
    return false;
  if (zpm_outbox_put(&session->outbox, lines, len) != 0)
    die(session);
  go_on_later(session);
  return true;
}

/* ---- input ---- */

static void on_allocate(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
  struct session *session = handle->data;

  (void)wanted;
  *buf = uv_buf_init(session->sessions->scratch, SCRATCH_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf);

static void listen_to(struct session *session, bool listen)
{
  uv_stream_t *stream = (uv_stream_t *)&session->pipe;

  if (session->reading == listen || session->closing)
    return;
  session->reading = listen;
  if (!listen)
    uv_read_stop(stream);
  else if (uv_read_start(stream, on_allocate, on_read) != 0)
    die(session);
}

/* Takes no more requests: what is waiting goes out, then it closes.  With
 * `lingers` the client may first send the rest of what it is sending, so that
 * it does not lose our last words to a broken pipe. */
static void finish(struct session *session, bool lingers)
{
  if (session->closing || session->finishing)
    return;
  session->finishing = true;
  session->lingers = lingers;
  zpm_str_deinit(&session->input);
  zpm_framer_deinit(&session->framer);
  uv_timer_start(&session->timer, on_patience_ended, ZPM_SESSION_LINGER_MS, 0);
  listen_to(session, lingers && !session->ended);
  if (queued(session) == 0)
    hang_up(session);
}

/* A line that is no request at all has been answered by the api. */
static void refuse(struct session *session, int rc)
{
  struct zpm_error err;
  struct zpm_str line = {0};

  zpm_error_set(&err, rc, "%s", zpm_code_text(rc));
  if (rc != ZPM_EPROTO &&
      zpm_reply_error(&line, (struct zpm_request_id){0}, &err) == 0)
    on_send(&session->peer, line.data, line.len, false);
  zpm_str_deinit(&line);
  finish(session, true);
}

static int on_line(void *ctx, const char *line, size_t len)
{
  struct session *session = ctx;

  return zpm_api_handle(&session->peer, line, len);
}

/* Handles line by line, as long as the answers find room. Returns how many
 * bytes it took. */
static size_t handle(struct session *session, const char *bytes, size_t len)
{
  size_t at = 0;

  while (at < len && !session->finishing && !session->closing &&
         !session->sessions->quiet && !is_full(session)) {
    const char *newline = memchr(bytes + at, '\n', len - at);
    size_t size =
        newline != NULL ? (size_t)(newline - bytes) - at + 1 : len - at;
    int rc =
        zpm_framer_feed(&session->framer, bytes + at, size, on_line, session);

    at += size;
    if (rc != 0)
      refuse(session, rc);
  }
  return at;
}

static void end_if_answered(struct session *session)
{
  if (session->ended && session->input.len == 0 &&
      session->peer.open_calls == 0 && queued(session) == 0)
    die(session);
}

static void on_later(uv_timer_t *timer)
{
  struct session *session = timer->data;
  size_t taken = handle(session, session->input.data, session->input.len);

  if (session->finishing || session->closing)
    return;
  zpm_str_consume(&session->input, taken);
  if (session->input.len == 0) {
    zpm_str_deinit(&session->input);
    listen_to(session, !session->ended && !session->sessions->quiet);
  }
  end_if_answered(session);
}

static void on_end(struct session *session)
{
  session->ended = true;
  listen_to(session, false);
  if (session->finishing)
    die(session);
  else
    end_if_answered(session);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
  struct session *session = stream->data;
  size_t taken;

  if (len == UV_EOF) {
    on_end(session);
    return;
  }
  if (len < 0)
    die(session);
  if (len <= 0 || session->finishing)
    return;
  taken = handle(session, buf->base, (size_t)len);
  if (session->finishing || session->closing || taken == (size_t)len)
    return;
  listen_to(session, false);
  if (zpm_str_append(&session->input, buf->base + taken, (size_t)len - taken) !=
      0)
    die(session);
}

/* ---- birth ---- */

size_t zpm_sessions_pids(const struct zpm_sessions *sessions, int *pids,
                         size_t room)
{
  size_t count = 0;

  ZPM_LIST_EACH(it, &sessions->list)
  {
    const struct session *session = ZPM_CONTAINER_OF(it, struct session, link);
    uv_os_fd_t fd;
    int uid;

    if (count < room &&
        uv_fileno((const uv_handle_t *)&session->pipe, &fd) == 0 &&
        zpm_platform_peer(fd, &uid, &pids[count]) == 0)
      count++;
  }
  return count;
}

int zpm_sessions_add(struct zpm_sessions *sessions, int fd)
{
  struct session *session = zpm_alloc(sizeof(*session));
  int rc;

  if (session == NULL) {
    close(fd);
    return ZPM_ENOMEM;
  }
  *session = (struct session){.sessions = sessions, .open_handles = HANDLES};
  uv_pipe_init(sessions->loop, &session->pipe, 0);
  uv_timer_init(sessions->loop, &session->timer);
  session->pipe.data = session;
  session->timer.data = session;
  zpm_outbox_init(&session->outbox, (uv_stream_t *)&session->pipe, on_progress,
                  session);
  zpm_api_peer_init(sessions->api, &session->peer, on_send);
  zpm_list_append(&sessions->list, &session->link);
  sessions->count++;
  rc = uv_pipe_open(&session->pipe, fd);
  if (rc != 0) {
    close(fd);
    die(session);
    return rc;
  }
  listen_to(session, !sessions->quiet);
  return 0;
}

/* ---- all of them ---- */

int zpm_sessions_init(struct zpm_sessions *sessions, uv_loop_t *loop,
                      struct zpm_api *api)
{
  *sessions = (struct zpm_sessions){
      .loop = loop, .api = api, .scratch = zpm_alloc(SCRATCH_BYTES)};
  zpm_list_init(&sessions->list);
  return sessions->scratch != NULL ? 0 : ZPM_ENOMEM;
}

void zpm_sessions_deinit(struct zpm_sessions *sessions)
{
  zpm_free(sessions->scratch);
  sessions->scratch = NULL;
}

void zpm_sessions_hush(struct zpm_sessions *sessions)
{
  sessions->quiet = true;
  ZPM_LIST_EACH(it, &sessions->list)
  {
    listen_to(ZPM_CONTAINER_OF(it, struct session, link), false);
  }
}

void zpm_sessions_close(struct zpm_sessions *sessions,
                        void (*closed)(void *ctx), void *ctx)
{
  sessions->quiet = true;
  sessions->closed = closed;
  sessions->ctx = ctx;
  if (sessions->count == 0) {
    closed(ctx);
    return;
  }
  ZPM_LIST_EACH(it, &sessions->list)
  {
    finish(ZPM_CONTAINER_OF(it, struct session, link), false);
  }
}
