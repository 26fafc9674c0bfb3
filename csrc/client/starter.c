#include "client/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/detach.h"
#include "client/environ.h"

enum { LOG_TAIL = 4096, ANSWER_MAX = 400 };

static int make_environment(struct zpm_strv *env, const char *home)
{
  for (char **pair = environ; pair != NULL && *pair != NULL; pair++) {
    if (!zpm_environ_is_private(*pair) && zpm_strv_push(env, *pair) != 0)
      return ZPM_ENOMEM;
  }
  return zpm_strv_env_set(env, "ZPM_HOME", home);
}

static int make_argv(struct zpm_strv *argv, const char *keeper,
                     const char *zpm_path, const char *namespace_name)
{
  const char *const words[] = {keeper,   "--",          zpm_path,
                               "daemon", "--namespace", namespace_name};

  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
    if (zpm_strv_push(argv, words[i]) != 0)
      return ZPM_ENOMEM;
  }
  return 0;
}

/* ---- the daemon's answer ---- */

static long long now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Reads the first line of what it says; false if it took too long. */
static bool read_answer(int fd, int timeout_ms, char answer[ANSWER_MAX])
{
  long long deadline = now_ms() + timeout_ms;
  size_t len = 0;

  while (len + 1 < ANSWER_MAX && memchr(answer, '\n', len) == NULL) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    long long left = deadline - now_ms();
    ssize_t got;

    if (left <= 0)
      return false;
    if (poll(&poll_fd, 1, (int)left) <= 0)
      continue;
    got = read(fd, answer + len, ANSWER_MAX - 1 - len);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
      break;
    len += got > 0 ? (size_t)got : 0;
  }
  answer[len] = '\0';
  answer[strcspn(answer, "\n")] = '\0';
  return true;
}

/* The last line of the daemon's log; "" if there is none. */
static void read_last_line(const char *path, char line[ANSWER_MAX])
{
  char tail[LOG_TAIL + 1];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
  ssize_t got = 0;
  char *start;

  line[0] = '\0';
  if (size > 0)
    got = pread(fd, tail, LOG_TAIL, size > LOG_TAIL ? size - LOG_TAIL : 0);
  if (fd >= 0)
    close(fd);
  while (got > 0 && tail[got - 1] == '\n')
    got--;
  if (got <= 0)
    return;
  tail[got] = '\0';
  start = strrchr(tail, '\n');
  start = start != NULL ? start + 1 : tail;
  snprintf(line, ANSWER_MAX, "%.*s", ANSWER_MAX - 1, start);
}

static int tell_silence(const struct zpm_paths *paths, const char *how,
                        struct zpm_error *err)
{
  char line[ANSWER_MAX];

  read_last_line(paths->log, line);
  if (line[0] == '\0')
    return zpm_error_set(err, ZPM_EDAEMON, "the daemon %s. Its log is %s", how,
                         paths->log);
  return zpm_error_set(err, ZPM_EDAEMON,
                       "the daemon %s. The last line of %s: %s", how,
                       paths->log, line);
}

static int wait_ready(const struct zpm_paths *paths, int fd, int timeout_ms,
                      struct zpm_error *err)
{
  char answer[ANSWER_MAX] = "";

  if (!read_answer(fd, timeout_ms, answer))
    return tell_silence(paths, "did not get ready in time", err);
  if (strcmp(answer, "ready") == 0)
    return 0;
  if (answer[0] == '\0')
    return tell_silence(paths, "ended while it was starting", err);
  return zpm_error_set(err, ZPM_EDAEMON, "the daemon cannot start: %s", answer);
}

/* ---- starting ---- */

static int open_streams(struct zpm_detach *detach, int ready[2],
                        struct zpm_error *err)
{
  detach->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (detach->in < 0 || pipe2(ready, O_CLOEXEC) != 0)
    return zpm_error_set(err, ZPM_EDAEMON, "cannot start the daemon: %s",
                         strerror(errno));
  detach->out = ready[1];
  return 0;
}

static void close_if_open(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static int run(const struct zpm_paths *paths, struct zpm_detach *detach,
               int timeout_ms, struct zpm_error *err)
{
  int ready[2] = {-1, -1};
  int rc = open_streams(detach, ready, err);

  if (rc == 0) {
    rc = zpm_detach_run(detach);
    if (rc != 0)
      rc = zpm_error_set(err, ZPM_EDAEMON, "cannot run %s: %s", detach->argv[0],
                         strerror(-rc));
  }
  close_if_open(&detach->in);
  close_if_open(&ready[1]); /* now the end of the daemon is an EOF */
  if (rc == 0)
    rc = wait_ready(paths, ready[0], timeout_ms, err);
  close_if_open(&ready[0]);
  return rc;
}

int zpm_starter_run(const struct zpm_paths *paths, const char *zpm_path,
                    int log, int timeout_ms, struct zpm_error *err)
{
  struct zpm_detach detach = {
      .folder = paths->folder, .in = -1, .out = -1, .err = log};
  struct zpm_str keeper = {0};
  struct zpm_strv argv = {0};
  struct zpm_strv env = {0};
  int rc =
      zpm_paths_sibling(&keeper, zpm_path, "zpm-keeper", "ZPM_KEEPER", err);

  if (rc == 0 && (make_argv(&argv, keeper.data, zpm_path, paths->name) != 0 ||
                  make_environment(&env, paths->home) != 0))
    rc = zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (rc == 0) {
    detach.argv = argv.items;
    detach.env = env.items;
    rc = run(paths, &detach, timeout_ms, err);
  }
  zpm_str_deinit(&keeper);
  zpm_strv_deinit(&argv);
  zpm_strv_deinit(&env);
  return rc;
}
