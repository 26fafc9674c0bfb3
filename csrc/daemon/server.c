#include "daemon/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/journal.h"
#include "daemon/listener.h"
#include "daemon/session.h"
#include "platform/platform.h"
#include "proto/message.h"

enum { AT_ONCE = 64, HANDLES = 3 };

struct zpm_server {
  struct zpm_sessions sessions;
  uv_poll_t poll; /* of the listening socket */
  uv_timer_t pause;
  uv_fs_event_t file; /* of the socket */
  int fd;
  int reserve;  /* a descriptor to give up when there are no others */
  bool starved; /* has been said in the log */
  int open_handles;
  char *path;
  void (*closed)(void *ctx);
  void *ctx;
};

/* ---- one client ---- */

/* One line, if the socket takes it at once, then the end. */
static void turn_away(int fd, const struct zpm_error *err)
{
  struct zpm_str line = {0};

  if (zpm_reply_error(&line, (struct zpm_request_id){0}, err) == 0 &&
      send(fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    zpm_str_clear(&line); /* it hears nothing, then */
  zpm_str_deinit(&line);
  close(fd);
}

static int check_peer(int fd, struct zpm_error *err)
{
  int uid = -1;
  int pid = 0;
  int rc = zpm_platform_peer(fd, &uid, &pid);

  if (rc == 0 && (uid == (int)geteuid() || uid == 0))
    return 0;
  zpm_journal_write("refused a connection of uid %d (pid %d)", uid, pid);
  return zpm_error_set(err, ZPM_EACCESS,
                       "this zpm belongs to another user: only that user and "
                       "root may talk to it");
}

static int check_room(const struct zpm_server *server, struct zpm_error *err)
{
  if (server->sessions.count < ZPM_SERVER_CLIENTS_MAX)
    return 0;
  return zpm_error_set(err, ZPM_EBUSY,
                       "%d clients are connected already: try again when some "
                       "have left",
                       ZPM_SERVER_CLIENTS_MAX);
}

static void admit(struct zpm_server *server, int fd)
{
  struct zpm_error err;

  if (check_peer(fd, &err) != 0 || check_room(server, &err) != 0)
    turn_away(fd, &err);
  else
    (void)zpm_sessions_add(&server->sessions, fd);
}

/* ---- accepting ---- */

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
  struct zpm_server *server = timer->data;

  uv_poll_start(&server->poll, UV_READABLE, on_connection);
}

static int open_reserve(void)
{
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* No descriptor, or no memory, for a client. */
static void starve(struct zpm_server *server, int error)
{
  struct zpm_error err;
  int fd;

  if (!server->starved)
    zpm_journal_write("cannot accept clients: %s", strerror(error));
  server->starved = true;
  if (server->reserve >= 0)
    close(server->reserve);
  fd = accept(server->fd, NULL, NULL);
  zpm_error_set(&err, ZPM_EBUSY, "the daemon cannot take a client: %s",
                strerror(error));
  if (fd >= 0)
    turn_away(fd, &err);
  server->reserve = open_reserve();
  uv_poll_stop(&server->poll);
  uv_timer_start(&server->pause, on_pause_over, ZPM_SERVER_PAUSE_MS, 0);
}

/* Close-on-exec is set late, which is harmless: this process never forks. */
static int accept_one(int listener)
{
  int fd = accept(listener, NULL, NULL);

  if (fd < 0)
    return -errno;
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
  struct zpm_server *server = poll->data;

  (void)status;
  (void)events;
  for (int i = 0; i < AT_ONCE; i++) {
    int fd = accept_one(server->fd);

    if (fd == -EAGAIN || fd == -EWOULDBLOCK)
      return;
    if (fd == -EINTR || fd == -ECONNABORTED)
      continue;
    if (fd < 0) {
      starve(server, -fd);
      return;
    }
    server->starved = false;
    admit(server, fd);
  }
}

/* ---- the socket's file ---- */

static void on_file_event(uv_fs_event_t *file, const char *name, int events,
                          int status);

/* Out of inotify instances the file is not watched; all else goes on. */
static void watch_file(struct zpm_server *server)
{
  uv_fs_event_stop(&server->file);
  (void)uv_fs_event_start(&server->file, on_file_event, server->path, 0);
}

/* A socket cannot be given its name back, so another one takes its place, under
 * the same number. */
static int listen_again(struct zpm_server *server)
{
  int fd = zpm_listener_open(server->path);
  int rc = 0;

  if (fd < 0)
    return fd;
  uv_poll_stop(&server->poll);
  if (dup2(fd, server->fd) < 0)
    rc = -errno;
  close(fd);
  fcntl(server->fd, F_SETFD, FD_CLOEXEC);
  uv_poll_start(&server->poll, UV_READABLE, on_connection);
  return rc;
}

/* Somebody has removed the file (a cleaner of /tmp, say): without it nobody
 * would ever find this daemon, nor could another one begin. */
static void on_file_event(uv_fs_event_t *file, const char *name, int events,
                          int status)
{
  struct zpm_server *server = file->data;
  int rc;

  (void)name;
  (void)events;
  (void)status;
  if (access(server->path, F_OK) == 0 || errno != ENOENT)
    return;
  rc = listen_again(server);
  if (rc == 0)
    zpm_journal_write("%s had been removed: made anew", server->path);
  else
    zpm_journal_write("%s had been removed, and cannot be made anew: %s",
                      server->path, strerror(-rc));
  watch_file(server);
}

/* ---- birth ---- */

static void destroy(struct zpm_server *server)
{
  zpm_sessions_deinit(&server->sessions);
  if (server->fd >= 0)
    close(server->fd);
  if (server->reserve >= 0)
    close(server->reserve);
  zpm_free(server->path);
  zpm_free(server);
}

static int start(struct zpm_server *server, uv_loop_t *loop,
                 struct zpm_error *err)
{
  int rc;

  server->fd = zpm_listener_open(server->path);
  if (server->fd < 0)
    return zpm_error_set(err, server->fd, "cannot listen on %s: %s",
                         server->path, strerror(-server->fd));
  server->reserve = open_reserve();
  rc = uv_poll_init(loop, &server->poll, server->fd);
  if (rc != 0)
    return zpm_error_set(err, rc, "cannot watch %s: %s", server->path,
                         uv_strerror(rc));
  uv_timer_init(loop, &server->pause);
  uv_fs_event_init(loop, &server->file);
  server->poll.data = server;
  server->pause.data = server;
  server->file.data = server;
  server->open_handles = HANDLES;
  uv_poll_start(&server->poll, UV_READABLE, on_connection);
  watch_file(server);
  return 0;
}

int zpm_server_open(uv_loop_t *loop, struct zpm_api *api, const char *path,
                    struct zpm_server **out, struct zpm_error *err)
{
  struct zpm_server *server = zpm_alloc(sizeof(*server));
  int rc;

  if (server == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  *server =
      (struct zpm_server){.fd = -1, .reserve = -1, .path = zpm_strdup(path)};
  rc = zpm_sessions_init(&server->sessions, loop, api);
  if (rc != 0 || server->path == NULL)
    rc = zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  else
    rc = start(server, loop, err);
  if (rc != 0) {
    destroy(server);
    return rc;
  }
  *out = server;
  return 0;
}

/* ---- death ---- */

size_t zpm_server_clients(const struct zpm_server *server, int *pids,
                          size_t room)
{
  return zpm_sessions_pids(&server->sessions, pids, room);
}

void zpm_server_hush(struct zpm_server *server)
{
  uv_poll_stop(&server->poll);
  uv_timer_stop(&server->pause);
  uv_fs_event_stop(&server->file);
  zpm_sessions_hush(&server->sessions);
}

static void on_handle_closed(uv_handle_t *handle)
{
  struct zpm_server *server = handle->data;
  void (*closed)(void *ctx) = server->closed;
  void *ctx = server->ctx;

  if (--server->open_handles > 0)
    return;
  destroy(server);
  closed(ctx);
}

static void on_sessions_closed(void *ctx)
{
  struct zpm_server *server = ctx;

  uv_close((uv_handle_t *)&server->poll, on_handle_closed);
  uv_close((uv_handle_t *)&server->pause, on_handle_closed);
  uv_close((uv_handle_t *)&server->file, on_handle_closed);
}

void zpm_server_close(struct zpm_server *server, void (*closed)(void *ctx),
                      void *ctx)
{
  server->closed = closed;
  server->ctx = ctx;
  zpm_server_hush(server);
  unlink(server->path);
  zpm_sessions_close(&server->sessions, on_sessions_closed, server);
}
