#include "client/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The highest descriptor that is closed one by one, where it has to be. */
enum { FD_LIMIT = 65536 };

/* Everything that the child needs, made ready before the fork: afterwards only
 * async-signal-safe calls are allowed. */
struct child {
  const struct zpm_detach *detach;
  int fds[3];     /* all above 2 */
  int failure_fd; /* closed by a successful exec; else the errno goes here */
  int fd_limit;
};

static _Noreturn void fail(const struct child *child)
{
  int error = errno;
  ssize_t written = write(child->failure_fd, &error, sizeof(error));

  (void)written;
  _exit(127);
}

/* The host's ignored signals would be inherited, and its handlers must not run
 * in the child: they are blocked from before the fork until here. */
static void reset_signals(void)
{
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigset_t none;

  for (int number = 1; number < NSIG; number++)
    sigaction(number, &standard, NULL); /* fails for SIGKILL and the like */
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* All but 0, 1, 2 and the failure pipe, which is moved to 3. */
static int close_others(struct child *child)
{
  if (child->failure_fd != 3) {
    if (dup3(child->failure_fd, 3, O_CLOEXEC) < 0)
      return -1;
    child->failure_fd = 3;
  }
#ifdef SYS_close_range
  if (syscall(SYS_close_range, 4U, ~0U, 0U) == 0)
    return 0;
#endif
  for (int fd = 4; fd < child->fd_limit; fd++)
    close(fd);
  return 0;
}

static _Noreturn void run_child(struct child *child)
{
  const struct zpm_detach *detach = child->detach;

  for (int i = 0; i < 3; i++) {
    if (dup2(child->fds[i], i) < 0)
      fail(child);
  }
  if (close_others(child) != 0 || chdir(detach->folder) != 0)
    fail(child);
  reset_signals();
  execve(detach->argv[0], detach->argv, detach->env);
  fail(child);
}

/* The child in between: it makes the grandchild an orphan. */
static _Noreturn void run_middle(struct child *child)
{
  pid_t pid;

  setsid();
  pid = fork();
  if (pid < 0)
    fail(child);
  if (pid == 0)
    run_child(child);
  _exit(0);
}

static int fork_twice(struct child *child)
{
  sigset_t all;
  sigset_t before;
  pid_t pid;
  int error;

  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid = fork();
  error = errno;
  if (pid == 0)
    run_middle(child);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (pid < 0)
    return -error;
  /* ECHILD: the host ignores SIGCHLD, so there is nothing to reap. */
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  return 0;
}

/* The errno that a child sent, as a negative code; 0 at EOF: exec worked. */
static int read_failure(int fd)
{
  int error = 0;
  ssize_t got;

  do
    got = read(fd, &error, sizeof(error));
  while (got < 0 && errno == EINTR);
  return got == (ssize_t)sizeof(error) ? -error : 0;
}

/* Copies of the descriptors above 2, so that none is overwritten while they
 * are put in place (a host may have closed its own 0, 1 or 2). */
static int raise_fds(struct child *child)
{
  const int given[3] = {child->detach->in, child->detach->out,
                        child->detach->err};

  for (int i = 0; i < 3; i++) {
    child->fds[i] = fcntl(given[i], F_DUPFD_CLOEXEC, 3);
    if (child->fds[i] < 0)
      return -errno;
  }
  return 0;
}

static int count_fds(void)
{
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > FD_LIMIT)
    return FD_LIMIT;
  return (int)limit.rlim_cur;
}

int zpm_detach_run(const struct zpm_detach *detach)
{
  struct child child = {.detach = detach, .fds = {-1, -1, -1}};
  int failure[2];
  int low_failure;
  int rc;

  if (pipe2(failure, O_CLOEXEC) != 0)
    return -errno;
  low_failure = failure[1];
  child.fd_limit = count_fds();
  child.failure_fd = fcntl(low_failure, F_DUPFD_CLOEXEC, 3);
  rc = child.failure_fd < 0 ? -errno : raise_fds(&child);
  close(low_failure);
  if (rc == 0)
    rc = fork_twice(&child);
  if (child.failure_fd >= 0)
    close(child.failure_fd);
  for (int i = 0; i < 3; i++) {
    if (child.fds[i] >= 0)
      close(child.fds[i]);
  }
  if (rc == 0)
    rc = read_failure(failure[0]);
  close(failure[0]);
  return rc;
}
