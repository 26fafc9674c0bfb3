#include "zpm/client.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client/right.h"
#include "client/starter.h"
#include "platform/paths.h"
#include "platform/platform.h"

enum {
  TIMEOUT_MS = 10000,
  /* How often a loser of the race looks whether the winner's daemon is up. */
  LOOK_EVERY_MS = 3,
};

static long long now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* A daemon that is stopped, with its queue of connections full, must not hold
 * us up for ever; once connected, a line may take as long as it takes. */
static int connect_within(int fd, const struct sockaddr_un *address)
{
  struct timeval limit = {.tv_sec = TIMEOUT_MS / 1000};
  int rc;

  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  do
    rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
  while (rc != 0 && errno == EINTR);
  if (rc != 0)
    return -errno;
  limit.tv_sec = 0;
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return 0;
}

/* Who listens there must be us or root: in a shared folder (a long home's
 * socket lies in /tmp) it may be anybody, who would be told our environment.
 * Root may talk to the daemon of a home that it was pointed at. */
static bool is_trusted(int fd, const struct zpm_paths *paths)
{
  bool in_home =
      strncmp(paths->socket, paths->folder, strlen(paths->folder)) == 0;
  int uid = -1;
  int pid;

  if (zpm_platform_peer(fd, &uid, &pid) != 0)
    return false;
  return uid == (int)geteuid() || uid == 0 || (geteuid() == 0 && in_home);
}

/* A connected socket or -errno. */
static int try_connect(const struct zpm_paths *paths)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t len = strlen(paths->socket);
  int fd;
  int rc;

  if (len >= sizeof(address.sun_path))
    return -ENAMETOOLONG;
  memcpy(address.sun_path, paths->socket, len);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -errno;
  rc = connect_within(fd, &address);
  if (rc == 0 && !is_trusted(fd, paths))
    rc = -EPERM;
  if (rc == 0)
    return fd;
  close(fd);
  return rc;
}

/* Nobody listens there: no file, or one that its daemon has left behind. */
static bool is_absent(int rc)
{
  return rc == -ENOENT || rc == -ECONNREFUSED || rc == -ENOTDIR;
}

static int tell_refusal(const struct zpm_paths *paths, int rc,
                        struct zpm_error *err)
{
  if (is_absent(rc))
    return zpm_error_set(err, ZPM_EDAEMON, "no daemon runs in namespace '%s'",
                         paths->name);
  if (rc == -EACCES || rc == -EPERM)
    return zpm_error_set(err, ZPM_EACCESS,
                         "may not use %s: it belongs to another user",
                         paths->socket);
  if (rc == -ETIMEDOUT)
    return zpm_error_set(err, ZPM_EBUSY,
                         "the daemon has ended, and its keeper has not started "
                         "it again yet. See %s",
                         paths->log);
  if (rc == -EAGAIN)
    return zpm_error_set(err, ZPM_EDAEMON, "the daemon at %s does not answer",
                         paths->socket);
  return zpm_error_set(err, ZPM_EDAEMON, "cannot connect to %s: %s",
                       paths->socket, strerror(-rc));
}

/*
 * Waits until a daemon answers (its socket is returned) or until the right to
 * start one is ours (-ENOENT).  One more try is made even with it: its
 * former owner may have got a daemon up between our try and our lock.
 */
static int connect_or_win(const struct zpm_paths *paths,
                          const struct zpm_right *right)
{
  const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
  long long deadline = now_ms() + TIMEOUT_MS;
  bool won = false;
  int fd;

  while (fd = try_connect(paths), is_absent(fd) && !won) {
    won = zpm_right_win(right);
    if (!won && now_ms() > deadline)
      return -ETIMEDOUT;
    if (!won)
      nanosleep(&pause, NULL);
  }
  return fd;
}

static int start_and_connect(const struct zpm_client_options *options,
                             const struct zpm_paths *paths,
                             struct zpm_error *err)
{
  struct zpm_right right;
  int rc = zpm_right_open(paths, &right, err);
  int fd = rc == 0 ? connect_or_win(paths, &right) : -1;

  if (rc == 0 && is_absent(fd)) {
    rc = zpm_starter_run(paths, options->zpm_path, right.log, TIMEOUT_MS, err);
    if (rc == 0)
      fd = try_connect(paths);
  }
  zpm_right_close(&right);
  if (rc != 0)
    return rc;
  if (fd == -ETIMEDOUT)
    return zpm_error_set(err, ZPM_EDAEMON,
                         "the daemon is being started by another command, or "
                         "again by its keeper, and was not there within 10 s. "
                         "See %s",
                         paths->log);
  return fd >= 0 ? fd : tell_refusal(paths, fd, err);
}

/* Nobody answers, but a keeper may be about to start its daemon again (or the
 * pair may be leaving): waits for the one or the other. */
static int connect_while_pair_lives(const struct zpm_paths *paths, int wait_ms)
{
  const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
  long long deadline = now_ms() + (wait_ms > 0 ? wait_ms : TIMEOUT_MS);
  int log = open(paths->log, O_RDONLY | O_CLOEXEC);
  int fd = -ENOENT;

  while (log >= 0 && is_absent(fd) && flock(log, LOCK_SH | LOCK_NB) != 0) {
    fd = try_connect(paths);
    if (is_absent(fd) && now_ms() >= deadline)
      fd = -ETIMEDOUT;
    else if (is_absent(fd))
      nanosleep(&pause, NULL);
  }
  if (log >= 0)
    close(log);
  return fd;
}

static int connect_to(const struct zpm_client_options *options,
                      const struct zpm_paths *paths, struct zpm_error *err)
{
  int fd = try_connect(paths);

  if (is_absent(fd) && !options->start_daemon)
    fd = connect_while_pair_lives(paths, options->wait_ms);
  if (fd >= 0)
    return fd;
  if (!options->start_daemon || !is_absent(fd))
    return tell_refusal(paths, fd, err);
  if (options->zpm_path == NULL)
    return zpm_error_set(err, ZPM_EARG,
                         "the path of zpm is not known, so no daemon can be "
                         "started");
  return start_and_connect(options, paths, err);
}

int zpm_client_connect(const struct zpm_client_options *options,
                       struct zpm_error *err)
{
  struct zpm_paths paths;
  int fd;
  int rc = zpm_paths_init(&paths, options->home, options->namespace_name, err);

  if (rc != 0)
    return rc;
  fd = connect_to(options, &paths, err);
  zpm_paths_deinit(&paths);
  return fd;
}

bool zpm_client_daemon_runs(const struct zpm_client_options *options)
{
  struct zpm_client_options quiet = *options;
  int fd;

  quiet.start_daemon = false;
  fd = zpm_client_connect(&quiet, NULL);
  if (fd >= 0)
    close(fd);
  return fd >= 0;
}
