#include "keeper/sys.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  STAT_MAX = 512,
  LISTING_MAX = 4096,
  HIGHEST_FD = 65536, /* where close_range is missing (Linux < 5.9) */
};

void zpm_sys_become_reaper(void)
{
  prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
}

int zpm_sys_signals_open(const sigset_t *set)
{
  return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int zpm_sys_signals_next(int fd)
{
  struct signalfd_siginfo info;

  if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
    return 0;
  return (int)info.ssi_signo;
}

int zpm_sys_memfd(const char *name)
{
  return memfd_create(name, MFD_CLOEXEC);
}

int zpm_sys_socketpair(int fds[2])
{
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
}

static bool close_range_by_kernel(unsigned first, unsigned last)
{
#ifdef SYS_close_range
  return first > last || syscall(SYS_close_range, first, last, 0U) == 0;
#else
  return first > last;
#endif
}

void zpm_sys_close_others(int keep)
{
  unsigned kept = keep > 2 ? (unsigned)keep : 2;

  if (close_range_by_kernel(3, kept - 1) &&
      close_range_by_kernel(kept + 1, ~0U))
    return;
  for (int fd = 3; fd < HIGHEST_FD; fd++) {
    if (fd != keep)
      close(fd);
  }
}

/* /proc/PID/stat is "pid (name) state ppid ...", where the name may hold
 * anything, ')' too.  Returns it from the state on, or NULL. */
static const char *read_stat(int proc, const char *pid, char stat[STAT_MAX])
{
  char path[32];
  const char *end;
  ssize_t len;
  int fd;

  snprintf(path, sizeof(path), "%s/stat", pid);
  fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return NULL;
  len = read(fd, stat, STAT_MAX - 1);
  close(fd);
  if (len <= 0)
    return NULL;
  stat[len] = '\0';
  end = strrchr(stat, ')');
  return end != NULL && strlen(end) >= 4 ? end + 2 : NULL;
}

static pid_t parent_of(int proc, const char *pid)
{
  char stat[STAT_MAX];
  const char *state = read_stat(proc, pid, stat);

  return state != NULL ? (pid_t)strtol(state + 2, NULL, 10) : -1;
}

bool zpm_sys_is_alive(pid_t pid, uint64_t start_ticks)
{
  enum { THREADS_AT = 17, START_AT = 19 }; /* fields after the state */
  unsigned long long fields[START_AT + 1] = {0};
  char path[32];
  char stat[STAT_MAX];
  const char *at;
  char state;

  snprintf(path, sizeof(path), "/proc/%d", (int)pid);
  at = read_stat(AT_FDCWD, path, stat);
  if (at == NULL)
    return false;
  state = *at;
  for (int i = 1; i <= START_AT && (at = strchr(at, ' ')) != NULL; i++)
    fields[i] = strtoull(++at, NULL, 10);
  /* Its first thread may end before the others do. */
  if ((state == 'Z' && fields[THREADS_AT] <= 1) || state == 'X')
    return false;
  return fields[START_AT] == start_ticks;
}

pid_t zpm_sys_peer(int fd)
{
  struct ucred peer = {0};
  socklen_t len = sizeof(peer);

  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.pid
                                                                   : 0;
}

void zpm_sys_each_child(void (*visit)(void *ctx, pid_t pid), void *ctx)
{
  /* The kernel's struct linux_dirent64; opendir would allocate. */
  enum { RECLEN_AT = 16, NAME_AT = 19 };
  char listing[LISTING_MAX];
  int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  pid_t self = getpid();
  long len;

  if (proc < 0)
    return;
  while ((len = syscall(SYS_getdents64, proc, listing, sizeof(listing))) > 0) {
    uint16_t step;
    for (long at = 0; at < len; at += step) {
      const char *name = listing + at + NAME_AT;
      memcpy(&step, listing + at + RECLEN_AT, sizeof(step));
      if (*name >= '1' && *name <= '9' && parent_of(proc, name) == self)
        visit(ctx, (pid_t)strtol(name, NULL, 10));
    }
  }
  close(proc);
}

/* Every session is a scheduling group of its own where the kernel has
 * autogroups: niceness counts only within it, unless the group gets it, too. */
static void set_group_nice(int nice)
{
  char text[16];
  int len = snprintf(text, sizeof(text), "%d", nice);
  int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  ssize_t written;

  if (fd < 0)
    return;
  written = write(fd, text, (size_t)len);
  (void)written; /* it is at least nice among its own */
  close(fd);
}

int zpm_sys_set_nice(int nice)
{
  if (setpriority(PRIO_PROCESS, 0, nice) != 0)
    return -1;
  set_group_nice(nice);
  return 0;
}

/* Born in the group, a process costs nothing more; to move itself there later
 * takes the kernel up to 15 ms (a grace period of RCU). */
static pid_t clone_into(int cgroup)
{
#ifdef SYS_clone3
  /* The kernel's struct clone_args, up to the field that is needed. */
  enum { AT_FLAGS, AT_EXIT_SIGNAL = 4, AT_CGROUP = 10, CLONE_ARGS };
  const uint64_t into_cgroup = 0x200000000U;
  uint64_t args[CLONE_ARGS] = {0};

  args[AT_FLAGS] = into_cgroup;
  args[AT_EXIT_SIGNAL] = SIGCHLD;
  args[AT_CGROUP] = (uint64_t)cgroup;
  return (pid_t)syscall(SYS_clone3, args, sizeof(args));
#else
  (void)cgroup;
  return -1;
#endif
}

static void join(int cgroup)
{
  int fd = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  ssize_t written;

  if (fd < 0)
    return;
  written = write(fd, "0", 1);
  (void)written;
  close(fd);
}

pid_t zpm_sys_fork(int cgroup)
{
  pid_t pid = cgroup >= 0 ? clone_into(cgroup) : -1;

  if (pid >= 0)
    return pid;
  pid = fork();
  if (pid == 0 && cgroup >= 0)
    join(cgroup);
  return pid;
}

uint64_t zpm_sys_now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
