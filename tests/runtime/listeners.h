#ifndef ZPM_TESTS_LISTENERS_H
#define ZPM_TESTS_LISTENERS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Sockets that listen on free ports, and processes that hold them.  No such
 * process outlives its alarm, whatever becomes of the test.
 */
enum { LISTENER_LIFE_S = 120 };

struct address {
  const char *text; /* with a colon in it: IPv6 */
  uint16_t port;    /* 0: a free one */
  bool reuse_port;
  bool dual; /* IPv6 that takes IPv4 as well */
};

static inline uint16_t port_of(int fd)
{
  struct sockaddr_storage at = {0};
  socklen_t size = sizeof(at);

  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
  /* The port is at the same place in both. */
  return ntohs(((const struct sockaddr_in *)(const void *)&at)->sin_port);
}

static inline int bind_to(struct address address)
{
  bool six = strchr(address.text, ':') != NULL;
  struct sockaddr_in four = {.sin_family = AF_INET,
                             .sin_port = htons(address.port)};
  struct sockaddr_in6 at = {.sin6_family = AF_INET6,
                            .sin6_port = htons(address.port)};
  int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
  int only = !address.dual;
  int reuse = address.reuse_port;

  assert_true(fd >= 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuse, sizeof(reuse));
  if (six) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
    inet_pton(AF_INET6, address.text, &at.sin6_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  } else {
    inet_pton(AF_INET, address.text, &four.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&four, sizeof(four)), 0);
  }
  return fd;
}

static inline int listen_at(struct address address)
{
  int fd = bind_to(address);

  assert_int_equal(listen(fd, 1), 0);
  return fd;
}

/* One that nobody listens on. */
static inline uint16_t free_port(void)
{
  int fd = bind_to((struct address){.text = "127.0.0.1"});
  uint16_t port = port_of(fd);

  close(fd);
  return port;
}

struct holder {
  int fd; /* to be inherited; the caller closes its own */
  bool ignores_term;
  uid_t uid;          /* 0: as we are */
  const char *marker; /* "ZPM_APP_ID=..." in its environment, or NULL */
};

/* A `sleep` that has the socket open. */
static inline void be_holder(const struct holder *holder)
{
  char *const args[] = {(char[]){"sleep"}, (char[]){"1000"}, NULL};
  char marker[64] = "";
  char *const env[] = {marker, NULL};

  if (holder->marker != NULL)
    strncpy(marker, holder->marker, sizeof(marker) - 1);
  alarm(LISTENER_LIFE_S);
  signal(SIGTERM, holder->ignores_term ? SIG_IGN : SIG_DFL);
  if (holder->uid != 0 && setuid(holder->uid) != 0)
    _exit(126);
  execve("/bin/sleep", args, env);
  _exit(127);
}

/* A child of ours. */
static inline pid_t start_holder(struct holder holder)
{
  pid_t pid = fork();

  if (pid == 0)
    be_holder(&holder);
  return pid;
}

/* A process that has nothing to do with us: an orphan in a session of its own.
 */
static inline pid_t start_stranger(struct holder holder)
{
  int pipe_fds[2];
  pid_t pid = 0;
  pid_t between;

  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  between = fork();
  if (between == 0) {
    setsid();
    pid = fork();
    if (pid == 0)
      be_holder(&holder);
    _exit(write(pipe_fds[1], &pid, sizeof(pid)) != (ssize_t)sizeof(pid));
  }
  assert_int_equal(waitpid(between, NULL, 0), between);
  assert_int_equal(read(pipe_fds[0], &pid, sizeof(pid)), sizeof(pid));
  close(pipe_fds[0]);
  close(pipe_fds[1]);
  return pid;
}

static inline void end_child(pid_t pid)
{
  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
