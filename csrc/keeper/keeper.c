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
#include "keeper/reexec.h"
#include "keeper/requests.h"
#include "keeper/sys.h"
#include "keeper/watchdog.h"

enum { EXIT_USAGE = 2 };

static const char USAGE[] =
    "zpm-keeper holds the processes of zpm; zpm starts it by itself.\n"
    "usage: zpm-keeper [--owned] [--ctl FD] [--patience MS] -- DAEMON "
    "[ARGUMENT...]\n"
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
    zpm_watchdog_look(keeper);
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
    zpm_watchdog_on_heard(keeper);
    zpm_requests_handle(keeper);
  }
}

static void tell(struct zpm_keeper *keeper)
{
  struct zpm_ctl *ctl = &keeper->ctl;
  struct zpm_wire_record news;

  while (ctl->fd >= 0 && zpm_ctl_flush(ctl)) {
    while (zpm_ctl_has_room(ctl) &&
           zpm_table_next_news(&keeper->table, &news)) {
      zpm_ctl_push(ctl, &news);
      zpm_watchdog_on_told(keeper);
    }
    if (ctl->out_count == 0)
      return;
  }
}

static uint64_t next_due(const struct zpm_keeper *keeper)
{
  const uint64_t dues[] = {keeper->daemon_due_ms, zpm_watchdog_due(keeper),
                           zpm_reexec_due(keeper)};
  uint64_t due = 0;

  if (keeper->ending)
    return keeper->scan_due_ms;
  for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++) {
    if (dues[i] != 0 && (due == 0 || dues[i] < due))
      due = dues[i];
  }
  return due;
}

static int next_timeout(const struct zpm_keeper *keeper)
{
  uint64_t due = next_due(keeper);
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

static void do_what_is_due(struct zpm_keeper *keeper)
{
  if (keeper->daemon_died)
    zpm_daemon_bury(keeper);
  if (keeper->ending) {
    zpm_ending_step(keeper);
    return;
  }
  if (keeper->daemon_due_ms != 0 && zpm_sys_now_ms() >= keeper->daemon_due_ms)
    zpm_daemon_start(keeper);
  zpm_watchdog_step(keeper);
  zpm_reexec_step(keeper);
}

static int run(struct zpm_keeper *keeper, int signals)
{
  while (!keeper->finished) {
    tell(keeper);
    wait_for_something(keeper, signals);
    do_what_is_due(keeper);
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

/* What a start of the program is about. */
enum start { START_NEW, START_RESUMED, START_CHECK, START_NONSENSE };

/* The options that go to the next keeper, too (keeper.options). */
static bool parse_options(struct zpm_keeper *keeper, char **words)
{
  if (*words != NULL && strcmp(*words, "--foreground") == 0) {
    keeper->foreground = true;
    keeper->had_terminal = has_terminal();
    words++;
  }
  if (*words != NULL && strcmp(*words, "--owned") == 0) {
    keeper->quitting = true; /* ends with the daemon, however that ends */
    words++;
  }
  if (words[0] != NULL && words[1] != NULL && strcmp(words[0], "--ctl") == 0) {
    keeper->ctl.fd = (int)strtol(words[1], NULL, 10);
    words += 2;
  }
  if (words[0] != NULL && words[1] != NULL &&
      strcmp(words[0], "--patience") == 0) {
    keeper->watchdog.patience_ms = strtoul(words[1], NULL, 10);
    words += 2;
  }
  if (words[0] == NULL)
    return keeper->quitting && keeper->ctl.fd > STDERR_FILENO;
  if (words[1] == NULL || strcmp(words[0], "--") != 0)
    return false;
  keeper->daemon_argv = words + 1;
  return keeper->watchdog.patience_ms > 0;
}

/* `handover`: the file of --resume or --check, see reexec.h. */
static enum start parse(struct zpm_keeper *keeper, char **words, int *handover)
{
  enum start start = START_NEW;

  if (words[0] != NULL && words[1] != NULL) {
    if (strcmp(words[0], "--resume") == 0)
      start = START_RESUMED;
    else if (strcmp(words[0], "--check") == 0)
      start = START_CHECK;
  }
  if (start != START_NEW) {
    *handover = (int)strtol(words[1], NULL, 10);
    words += 2;
  }
  keeper->options = words;
  return parse_options(keeper, words) ? start : START_NONSENSE;
}

static int fail(const char *what)
{
  dprintf(STDERR_FILENO, "zpm-keeper: cannot %s: %s\n", what, strerror(errno));
  return EXIT_FAILURE;
}

static void begin(struct zpm_keeper *keeper)
{
  zpm_sys_close_others(keeper->ctl.fd);
  open_standard_streams();
  if (keeper->ctl.fd >= 0)
    leave_host();
  if (!keeper->foreground) /* else Ctrl-C must reach us */
    setsid();
  raise_nofile(&keeper->nofile);
}

static void meet_daemon(struct zpm_keeper *keeper)
{
  if (keeper->ctl.fd < 0) {
    zpm_daemon_start(keeper);
    return;
  }
  fcntl(keeper->ctl.fd, F_SETFD, FD_CLOEXEC);
  zpm_daemon_join(keeper);
}

static int serve(struct zpm_keeper *keeper, enum start start, int handover)
{
  int signals;

  if (start == START_NEW)
    begin(keeper);
  zpm_sys_become_reaper();
  signals = block_signals(keeper->foreground);
  if (signals < 0)
    return fail("watch signals");
  if (start == START_NEW)
    meet_daemon(keeper);
  else if (zpm_reexec_resume(keeper, handover) != 0)
    return fail("go on");
  /* Signals of the time before: there may be some that we were not told of. */
  zpm_children_reap(keeper);
  zpm_watchdog_look(keeper);
  return run(keeper, signals);
}

int main(int argc, char **argv)
{
  struct zpm_keeper keeper = {.ctl.fd = -1,
                              .watchdog.patience_ms = ZPM_WATCHDOG_PATIENCE_MS};
  int handover = -1;
  enum start start =
      argc > 1 ? parse(&keeper, argv + 1, &handover) : START_NONSENSE;

  if (start == START_NONSENSE) {
    dprintf(STDERR_FILENO, "%s", USAGE);
    return EXIT_USAGE;
  }
  if (start == START_CHECK)
    return zpm_reexec_check(&keeper, handover);
  return serve(&keeper, start, handover);
}
