/*
 * killat [--child] [--looks] PID N: kills that process with SIGKILL as it is
 * about to make its N-th system call from now on, of whichever of its threads.
 * With --child it is the next child of PID that is counted and killed, from its
 * birth on.  An N that is never reached kills nothing.
 *
 * To look at processes (in /proc, by getpgid) changes nothing, and takes more
 * calls the more processes there are: these are counted with --looks only.
 *
 * "ready" on standard output says that the counting has begun.  The last line
 * is "killed N: names" (the last calls, of which the last was not made),
 * "passed N" after a SIGTERM (N calls were made, the process goes on) or
 * "ended N" if the process ended by itself.
 *
 * A tracer that ends lets go of what it traces, so nothing has to be undone.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRAIL = 6, FDS = 1024, EXIT_USAGE = 2 };

/* The build makes the rows from the numbers that this system has. */
static const struct {
  long number;
  const char *name;
} NAMES[] = {
#include "syscall_names.inc"
};

struct killer {
  pid_t asked;  /* the process of the command line */
  pid_t victim; /* whose calls are counted; 0: not born yet */
  bool looks;   /* to look at processes counts as well */
  bool opening; /* something of /proc */
  bool in_proc[FDS];
  unsigned long at;
  unsigned long count;
  long trail[TRAIL];
};

static void fail(const char *what)
{
  fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
  exit(EXIT_FAILURE);
}

static const char *name_of(long number)
{
  for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
    if (NAMES[i].number == number)
      return NAMES[i].name;
  }
  return "unknown";
}

static void say(const char *what, const struct killer *killer)
{
  printf("%s %lu", what, killer->count);
  for (unsigned long i = killer->count < TRAIL ? 0 : killer->count - TRAIL;
       i < killer->count; i++)
    printf("%s%s", i + 1 == killer->count ? " [" : " ",
           name_of(killer->trail[i % TRAIL]));
  puts(killer->count > 0 ? "]" : "");
  exit(EXIT_SUCCESS);
}

/* ---- what a thread has stopped for ---- */

static void resume(const struct killer *killer, pid_t thread, int signal)
{
  bool counted = killer->victim == killer->asked || thread == killer->victim;

  /* ESRCH: it was killed by somebody else. */
  if (ptrace(counted ? PTRACE_SYSCALL : PTRACE_CONT, thread, NULL,
             (void *)(long)signal) != 0 &&
      errno != ESRCH)
    fail("cannot resume it");
}

static bool is_in_proc(pid_t thread, uint64_t address)
{
  static const char PROC[] = "/proc";
  long word;

  errno = 0;
  word = ptrace(PTRACE_PEEKDATA, thread, (void *)(uintptr_t)address, NULL);
  return errno == 0 && memcmp(&word, PROC, sizeof(PROC) - 1) == 0;
}

static bool is_look(struct killer *killer, pid_t thread, long call,
                    const uint64_t *args)
{
  bool look = args[0] < FDS && killer->in_proc[args[0]];

  killer->opening = call == SYS_openat && (look || is_in_proc(thread, args[1]));
  if (call == SYS_openat || call == SYS_getpgid)
    return killer->opening || call == SYS_getpgid;
  if (call == SYS_close && look)
    killer->in_proc[args[0]] = false;
  return look &&
         (call == SYS_close || call == SYS_read || call == SYS_getdents64 ||
          call == SYS_fcntl || call == SYS_fstat || call == SYS_newfstatat);
}

static void on_entry(struct killer *killer, pid_t thread, long call,
                     const uint64_t *args)
{
  if (is_look(killer, thread, call, args) && !killer->looks)
    return;
  killer->trail[killer->count++ % TRAIL] = call;
  if (killer->count == killer->at) {
    kill(killer->victim, SIGKILL);
    say("killed", killer);
  }
}

/* The descriptor of something of /proc that was to be opened, or not. */
static void on_opened(struct killer *killer, int64_t fd)
{
  killer->opening = false;
  if (fd >= 0 && fd < FDS)
    killer->in_proc[fd] = true;
}

static void on_syscall(struct killer *killer, pid_t thread)
{
  struct __ptrace_syscall_info info = {.op = PTRACE_SYSCALL_INFO_NONE};

  ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof(info), &info);
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
    on_entry(killer, thread, (long)info.entry.nr, info.entry.args);
  else if (info.op == PTRACE_SYSCALL_INFO_EXIT && killer->opening)
    on_opened(killer, info.exit.rval);
  resume(killer, thread, 0);
}

/* The first child is the victim, those after it are let go.  Its first stop
 * may be seen before that of its parent. */
static void on_birth(struct killer *killer, pid_t child)
{
  if (killer->victim == 0)
    killer->victim = child;
  if (killer->victim == child || killer->victim == killer->asked)
    resume(killer, child, 0);
  else
    ptrace(PTRACE_DETACH, child, NULL, NULL);
}

static void on_stop(struct killer *killer, pid_t thread, int status)
{
  int signal = WSTOPSIG(status);
  int event = status >> 16;

  if (signal == (SIGTRAP | 0x80))
    on_syscall(killer, thread);
  else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
    ptrace(PTRACE_LISTEN, thread, NULL, NULL); /* stopped by a signal */
  else if (event == PTRACE_EVENT_STOP && thread != killer->asked)
    on_birth(killer, thread);
  else
    resume(killer, thread, event == 0 ? signal : 0);
}

static void look(struct killer *killer)
{
  pid_t thread;
  int status;

  while ((thread = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
    if (WIFSTOPPED(status))
      on_stop(killer, thread, status);
    else if (thread == killer->victim)
      say("ended", killer);
  }
}

/* ---- the beginning ---- */

static void seize(pid_t thread, long options)
{
  int status;

  if (ptrace(PTRACE_SEIZE, thread, NULL, (void *)options) != 0 ||
      ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0)
    fail("cannot trace it");
  if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status))
    fail("cannot stop it");
}

static void seize_threads(pid_t pid, long options)
{
  char path[64];
  struct dirent *entry;
  DIR *folder;

  snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
  folder = opendir(path);
  if (folder == NULL)
    fail(path);
  while ((entry = readdir(folder)) != NULL) {
    if (entry->d_name[0] != '.')
      seize((pid_t)strtol(entry->d_name, NULL, 10), options);
  }
  closedir(folder);
}

static void resume_threads(const struct killer *killer)
{
  char path[64];
  struct dirent *entry;
  DIR *folder;

  snprintf(path, sizeof(path), "/proc/%d/task", (int)killer->asked);
  folder = opendir(path);
  if (folder == NULL)
    fail(path);
  while ((entry = readdir(folder)) != NULL) {
    if (entry->d_name[0] != '.')
      resume(killer, (pid_t)strtol(entry->d_name, NULL, 10), 0);
  }
  closedir(folder);
}

static void watch(struct killer *killer)
{
  sigset_t set;
  int signal;

  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  resume_threads(killer);
  puts("ready");
  fflush(stdout);
  for (;;) {
    look(killer);
    sigwait(&set, &signal);
    if (signal == SIGTERM)
      say("passed", killer);
  }
}

int main(int argc, char **argv)
{
  struct killer killer = {0};
  bool child = false;
  int at = 1;

  for (; at < argc && argv[at][0] == '-'; at++) {
    child = child || strcmp(argv[at], "--child") == 0;
    killer.looks = killer.looks || strcmp(argv[at], "--looks") == 0;
  }
  if (at + 2 != argc) {
    fprintf(stderr, "usage: killat [--child] [--looks] PID N\n");
    return EXIT_USAGE;
  }
  killer.asked = (pid_t)strtol(argv[at], NULL, 10);
  killer.victim = child ? 0 : killer.asked;
  killer.at = strtoul(argv[at + 1], NULL, 10);
  seize_threads(killer.asked,
                PTRACE_O_TRACESYSGOOD |
                    (child ? PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
                           : PTRACE_O_TRACECLONE));
  watch(&killer);
}
