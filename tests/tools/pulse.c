/*
 * pulse FOLDER NAME [EVERY_US [BURST [CODE]]]: an app whose every line and
 * every start can be accounted for.  It writes "NAME PID NUMBER" lines: some
 * when it starts, one every EVERY_US (0: none), BURST of them at SIGUSR1, one
 * when it leaves (of SIGTERM, as most programs do; at SIGUSR2 with CODE).
 *
 * In FOLDER it leaves NAME.starts (the pid of each start), NAME.PID (a 64-bit
 * number: the lines written) and, if it finds itself running twice, `twice`.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { LINES_AT_START = 3, EXIT_USAGE = 2, EXIT_TROUBLE = 3, EXIT_TWICE = 4 };

struct pulse {
  const char *folder;
  const char *name;
  volatile int64_t *written;
};

static long number(int argc, char **argv, int at, long otherwise)
{
  return at < argc ? strtol(argv[at], NULL, 10) : otherwise;
}

/* A file of the folder, opened; its name begins with that of the app. */
static int open_own(const struct pulse *pulse, const char *suffix, int flags)
{
  char path[4096];
  int fd;

  snprintf(path, sizeof(path), "%s/%s.%s", pulse->folder, pulse->name, suffix);
  fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    perror(path);
    exit(EXIT_TROUBLE);
  }
  return fd;
}

static void note(int fd)
{
  dprintf(fd, "%d\n", (int)getpid());
  close(fd);
}

/* The lock is held until the end. */
static void be_the_only_one(const struct pulse *pulse)
{
  int lock = open_own(pulse, "lock", O_RDWR);

  if (flock(lock, LOCK_EX | LOCK_NB) == 0)
    return;
  note(open_own(pulse, "twice", O_WRONLY | O_APPEND));
  exit(EXIT_TWICE);
}

static void share_count(struct pulse *pulse)
{
  char suffix[16];
  void *memory;
  int fd;

  snprintf(suffix, sizeof(suffix), "%d", (int)getpid());
  fd = open_own(pulse, suffix, O_RDWR);
  if (ftruncate(fd, sizeof(int64_t)) != 0)
    exit(EXIT_TROUBLE);
  memory =
      mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED)
    exit(EXIT_TROUBLE);
  close(fd);
  pulse->written = memory;
}

static void write_lines(const struct pulse *pulse, long count)
{
  for (long i = 0; i < count; i++) {
    char line[128];
    int len = snprintf(line, sizeof(line), "%s %d %lld\n", pulse->name,
                       (int)getpid(), (long long)*pulse->written);

    if (write(STDOUT_FILENO, line, (size_t)len) != len)
      exit(EXIT_TROUBLE);
    ++*pulse->written;
  }
}

static void die_of_it(void)
{
  sigset_t set;

  sigemptyset(&set);
  raise(SIGTERM);
  sigprocmask(SIG_SETMASK, &set, NULL);
}

int main(int argc, char **argv)
{
  struct pulse pulse = {.folder = argv[1], .name = argv[2]};
  long every_us = number(argc, argv, 3, 0);
  long burst = number(argc, argv, 4, 1);
  struct timespec pause = {.tv_sec = every_us / 1000000,
                           .tv_nsec = every_us % 1000000 * 1000};
  sigset_t set;

  if (argc < 3)
    return EXIT_USAGE;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  be_the_only_one(&pulse);
  note(open_own(&pulse, "starts", O_WRONLY | O_APPEND));
  share_count(&pulse);
  write_lines(&pulse, LINES_AT_START);
  for (;;) {
    int signal = sigtimedwait(&set, NULL, every_us > 0 ? &pause : NULL);

    write_lines(&pulse, signal == SIGUSR1 ? burst : 1);
    if (signal == SIGUSR2)
      return (int)number(argc, argv, 5, 0);
    if (signal == SIGTERM)
      die_of_it();
  }
}
