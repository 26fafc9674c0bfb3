#include "keeper/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/spec.h"
#include "keeper/sys.h"
#include "keeper/wire.h"

enum {
  AT_SPEC,
  AT_ERROR_PIPE,
  AT_CHILD_FDS,
  OUT_OF_THE_WAY = ZPM_WIRE_FD_MAX, /* above every number a child can get */
  EXIT_NOT_RUN = 127,
  PID_DIGITS = 10,
};

static noreturn void fail(int error_pipe, int stage)
{
  struct zpm_spawn_failure failure = {.stage = stage, .error = errno};
  ssize_t written = write(error_pipe, &failure, sizeof(failure));

  (void)written; /* nobody else to tell */
  _exit(EXIT_NOT_RUN);
}

void zpm_spawn_reset_signals(void)
{
  sigset_t none;

  for (int number = 1; number < NSIG; number++)
    signal(number, SIG_DFL); /* fails for KILL, STOP and libc's own */
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Up first, so that no number is overwritten before it has been copied. */
static int place_fds(int *fds, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    if (fds[i] < 0)
      return -1;
  }
  for (size_t i = 0; i < count; i++) {
    if (dup2(fds[i], (int)i) < 0) /* not close-on-exec */
      return -1;
  }
  for (int missing = (int)count; missing <= STDERR_FILENO; missing++) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, missing) < 0)
      return -1;
  }
  return 0;
}

static rlim_t limit_of(uint64_t value)
{
  return value == UINT64_MAX ? RLIM_INFINITY : (rlim_t)value;
}

/* The stage that failed, with errno, or ZPM_STAGE_NONE. */
static int set_limits(const struct zpm_spec *spec, const struct rlimit *nofile)
{
  if (setrlimit(RLIMIT_NOFILE, nofile) != 0)
    return ZPM_STAGE_LIMITS;
  if (spec->head.nice != ZPM_SPEC_KEEP_NICE &&
      zpm_sys_set_nice(spec->head.nice) != 0)
    return ZPM_STAGE_NICE;
  for (uint32_t i = 0; i < spec->head.rlimit_count; i++) {
    const struct zpm_spec_rlimit *given = &spec->rlimits[i];
    struct rlimit limit = {limit_of(given->soft), limit_of(given->hard)};

    if (setrlimit((unsigned)given->kind, &limit) != 0)
      return ZPM_STAGE_RLIMIT + (int)given->kind;
  }
  return ZPM_STAGE_NONE;
}

static int set_user(const struct zpm_spec *spec)
{
  const struct zpm_spawn_spec *head = &spec->head;

  if (head->uid != ZPM_SPEC_KEEP &&
      setgroups(head->group_count, spec->groups) != 0)
    return -1;
  if (head->gid != ZPM_SPEC_KEEP && setgid((gid_t)head->gid) != 0)
    return -1;
  if (head->uid != ZPM_SPEC_KEEP && setuid((uid_t)head->uid) != 0)
    return -1;
  if (head->uid != ZPM_SPEC_KEEP && head->uid != 0 &&
      setuid(0) == 0) { /* it must not be undone */
    errno = EPERM;
    return -1;
  }
  return 0;
}

/* As the user: what root may and the user may not must fail here. */
static int enter(const struct zpm_spec *spec)
{
  if (chdir(spec->cwd) != 0)
    return ZPM_STAGE_CWD;
  if (spec->script[0] != '\0' && access(spec->script, R_OK) != 0)
    return ZPM_STAGE_SCRIPT;
  return ZPM_STAGE_NONE;
}

/* sd_listen_fds(3): nobody but the process itself may take the sockets for its
 * own, and its number is not known before. */
static void put_listen_pid(char **envp)
{
  static const char KEY[] = "LISTEN_PID=";
  size_t len = sizeof(KEY) - 1;

  for (; *envp != NULL; envp++) {
    if (strncmp(*envp, KEY, len) == 0 && strlen(*envp + len) >= PID_DIGITS)
      snprintf(*envp + len, PID_DIGITS + 1, "%d", (int)getpid());
  }
}

static noreturn void run(const int *given, size_t count,
                         const struct rlimit *nofile)
{
  struct zpm_spec spec;
  int fds[ZPM_WIRE_FD_MAX];
  size_t child_fds = count - AT_CHILD_FDS;
  int error_pipe = fcntl(given[AT_ERROR_PIPE], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
  int failed;

  if (error_pipe < 0)
    fail(given[AT_ERROR_PIPE], ZPM_STAGE_FDS);
  setsid();
  if (zpm_spec_read(&spec, given[AT_SPEC]) != 0)
    fail(error_pipe, ZPM_STAGE_SPEC);
  for (size_t i = 0; i < child_fds; i++)
    fds[i] = given[AT_CHILD_FDS + i];
  if (place_fds(fds, child_fds) != 0)
    fail(error_pipe, ZPM_STAGE_FDS);
  failed = set_limits(&spec, nofile); /* raising them may take root */
  if (failed != ZPM_STAGE_NONE)
    fail(error_pipe, failed);
  if (set_user(&spec) != 0)
    fail(error_pipe, ZPM_STAGE_USER);
  if (spec.head.umask != ZPM_SPEC_KEEP)
    umask((mode_t)spec.head.umask);
  failed = enter(&spec);
  if (failed != ZPM_STAGE_NONE)
    fail(error_pipe, failed);
  put_listen_pid(spec.envp);
  zpm_spawn_reset_signals();
  execve(spec.path, spec.argv, spec.envp);
  fail(error_pipe, ZPM_STAGE_EXEC);
}

pid_t zpm_spawn_child(const int *fds, size_t count, int cgroup,
                      const struct rlimit *nofile)
{
  pid_t pid = zpm_sys_fork(cgroup);

  if (pid == 0)
    run(fds, count, nofile);
  return pid;
}
