#include "keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/children.h"
#include "keeper/daemon.h"
#include "keeper/ending.h"
#include "keeper/requests.h"
#include "keeper/sys.h"

enum { EXIT_USAGE = 2 };

static const char USAGE[] =
    "zpm-keeper holds the processes of zpm; zpm starts it by itself.\n"
    "usage: zpm-keeper [--owned] [--ctl FD] -- DAEMON [ARGUMENT...]\n"
    "       zpm-keeper --foreground -- DAEMON [ARGUMENT...]\n"
    "       zpm-keeper --owned --ctl FD\n";

/* ---- signals ---- */

/* What a program in the foreground may be sent, and its daemon makes something
 * of. */
static const int HANDED_ON[] = {SIGHUP,  SIGQUIT, SIGUSR1,
                                SIGUSR2, SIGALRM, SIGWINCH};

static bool is_handed_on(int number)
{
  for (size_t i = 0; i < sizeof(HANDED_ON) / sizeof(HANDED_ON[0]); i++) {
    if (HANDED_ON[i] == number)
      return true;
  }
  return false;
}

static bool has_terminal(void)
{
  int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

  if (fd < 0)
    return false;
  close(fd);
  return true;
}

/* A terminal that is closed takes what runs in it along; but SIGHUP by hand
 * means what the app makes of it. */
static bool is_hangup(const struct zpm_keeper *keeper, int number)
{
  return number == SIGHUP && keeper->had_terminal && !has_terminal();
}

static void on_signal(struct zpm_keeper *keeper, int number)
{
  if (number == SIGCHLD) {
    if (!keeper->ending)
      zpm_children_reap(keeper);
    return;
  }
  if (is_handed_on(number) && !is_hangup(keeper, number)) {
    if (keeper->daemon_pid != 0)
      kill(keeper->daemon_pid, number);
    return;
  }
  /* SIGTERM, SIGINT: whoever sends it wants all of zpm gone. */
  keeper->quitting = true;
  if (keeper->daemon_pid != 0)
    kill(keeper->daemon_pid, SIGTERM);
  else if (!keeper->ending)
    zpm_ending_begin(keeper);
}

/* ---- the loop ---- */

/* The host is gone, or has lost its mind. */
static void on_ctl_end(struct zpm_keeper *keeper, bool garbage)
{
  zpm_ctl_close(&keeper->ctl);
  if (garbage && keeper->daemon_pid != 0)
    kill(keeper->daemon_pid, SIGKILL);
  if (keeper->daemon_argv == NULL)
    zpm_ending_begin(keeper);
  else if (keeper->daemon_is_foreign)
    zpm_daemon_lose(keeper);
}

static void on_ctl_readable(struct zpm_keeper *keeper)
{
  while (zpm_ctl_has_room(&keeper->ctl)) {
    enum zpm_ctl_event event = zpm_ctl_receive(&keeper->ctl);
    if (event == ZPM_CTL_NOTHING)
      return;
    if (event != ZPM_CTL_RECORD) {
      on_ctl_end(keeper, event == ZPM_CTL_GARBAGE);
      return;
    }
    zpm_requests_handle(keeper);
  }
}

static void tell(struct zpm_keeper *keeper)
{
  struct zpm_ctl *ctl = &keeper->ctl;
  struct zpm_wire_record news;

  while (ctl->fd >= 0 && zpm_ctl_flush(ctl)) {
    while (zpm_ctl_has_room(ctl) && zpm_table_next_news(&keeper->table, &news))
      zpm_ctl_push(ctl, &news);
    if (ctl->out_count == 0)
      return;
  }
}

static int next_timeout(const struct zpm_keeper *keeper)
{
  uint64_t due = keeper->ending ? keeper->scan_due_ms : keeper->daemon_due_ms;
  uint64_t now = zpm_sys_now_ms();

  if (due == 0)
    return -1;
  return due > now ? (int)(due - now) : 0;
}

static void wait_for_something(struct zpm_keeper *keeper, int signals)
{
  bool listens = zpm_ctl_has_room(&keeper->ctl);
  bool speaks = keeper->ctl.out_count > 0;
  struct pollfd fds[] = {
      {.fd = signals, .events = POLLIN},
      {.fd = keeper->ctl.fd,
       .events = (short)((listens ? POLLIN : 0) | (speaks ? POLLOUT : 0))},
  };
  int number;

  if (poll(fds, 2, next_timeout(keeper)) < 0)
    return;
  while ((number = zpm_sys_signals_next(signals)) != 0)
    on_signal(keeper, number);
  if (keeper->ctl.fd >= 0 && fds[1].revents != 0)
    on_ctl_readable(keeper);
}

static int run(struct zpm_keeper *keeper, int signals)
{
  while (!keeper->finished) {
    tell(keeper);
    wait_for_something(keeper, signals);
    if (keeper->daemon_died)
      zpm_daemon_bury(keeper);
    if (keeper->ending)
      zpm_ending_step(keeper);
    else if (keeper->daemon_due_ms != 0 &&
             zpm_sys_now_ms() >= keeper->daemon_due_ms)
      zpm_daemon_start(keeper);
  }
  return keeper->exit_code;
}

/* ---- the start ---- */

static void open_standard_streams(void)
{
  int null = open("/dev/null", O_RDWR); /* takes the lowest free number */

  while (null >= 0 && null <= STDERR_FILENO)
    null = open("/dev/null", O_RDWR);
  if (null < 0)
    return;
  dup2(null, STDIN_FILENO);
  close(null);
}

static int block_signals(bool foreground)
{
  sigset_t set;

  signal(SIGHUP, foreground ? SIG_DFL : SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_DFL); /* ignored, it would reap behind our back */
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  for (size_t i = 0; foreground && i < sizeof(HANDED_ON) / sizeof(int); i++)
    sigaddset(&set, HANDED_ON[i]);
  sigprocmask(SIG_SETMASK, &set, NULL);
  return zpm_sys_signals_open(&set);
}

static void raise_nofile(struct rlimit *found)
{
  struct rlimit most;

  getrlimit(RLIMIT_NOFILE, found);
  most = *found;
  most.rlim_cur = most.rlim_max;
  setrlimit(RLIMIT_NOFILE, &most);
}

/* The host must not become, or stay, the parent of its own keeper: its SIGCHLD
 * belongs to others. */
static void leave_host(void)
{
  pid_t pid = fork();

  if (pid > 0)
    _exit(EXIT_SUCCESS);
  if (pid < 0)
    _exit(EXIT_FAILURE);
}

static bool take_socket(struct zpm_keeper *keeper, const char *number)
{
  keeper->ctl.fd = (int)strtol(number, NULL, 10);
  return keeper->ctl.fd > STDERR_FILENO &&
         fcntl(keeper->ctl.fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* True if the command line means something. */
static bool parse(struct zpm_keeper *keeper, int argc, char **argv)
{
  int at = 1;

  if (at < argc && strcmp(argv[at], "--foreground") == 0) {
    keeper->foreground = true;
    keeper->had_terminal = has_terminal();
    at++;
  }
  if (at < argc && strcmp(argv[at], "--owned") == 0) {
    keeper->quitting = true; /* ends with the daemon, however that ends */
    at++;
  }
  if (at + 1 < argc && strcmp(argv[at], "--ctl") == 0) {
    if (!take_socket(keeper, argv[at + 1]))
      return false;
    at += 2;
  }
  if (at + 1 < argc && strcmp(argv[at], "--") == 0) {
    keeper->daemon_argv = argv + at + 1;
    return true;
  }
  return at == argc && keeper->quitting && keeper->ctl.fd >= 0;
}

int main(int argc, char **argv)
{
  struct zpm_keeper keeper = {.ctl.fd = -1};
  int signals;

  if (!parse(&keeper, argc, argv)) {
    dprintf(STDERR_FILENO, "%s", USAGE);
    return EXIT_USAGE;
  }
  zpm_sys_close_others(keeper.ctl.fd);
  open_standard_streams();
  if (keeper.ctl.fd >= 0)
    leave_host();
  if (!keeper.foreground) /* else Ctrl-C must reach us */
    setsid();
  zpm_sys_become_reaper();
  raise_nofile(&keeper.nofile);
  signals = block_signals(keeper.foreground);
  if (signals < 0) {
    dprintf(STDERR_FILENO, "zpm-keeper: cannot watch signals: %s\n",
            strerror(errno));
    return EXIT_FAILURE;
  }
  if (keeper.ctl.fd >= 0)
    zpm_daemon_join(&keeper);
  else
    zpm_daemon_start(&keeper);
  return run(&keeper, signals);
}
