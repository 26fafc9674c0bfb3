#include "keeper/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/ending.h"
#include "keeper/reexec.h"
#include "keeper/requests.h"
#include "keeper/spawn.h"
#include "keeper/sys.h"
#include "keeper/watchdog.h"
#include "keeper/words.h"

enum {
  AT_ONCE = 2, /* deaths in a row that cost no delay */
  FIRST_DELAY_MS = 20,
  LAST_DELAY_MS = 2000,
  GOOD_RUN_MS = 5000,
  HOPELESS = 10, /* deaths in a row: a matter of five seconds */
  EXIT_NOT_RUN = 127,
};

static uint64_t delay_after(unsigned deaths)
{
  uint64_t delay = FIRST_DELAY_MS;

  if (deaths <= AT_ONCE)
    return 0;
  for (unsigned n = AT_ONCE + 1; n < deaths && delay < LAST_DELAY_MS; n++)
    delay *= 2;
  return delay < LAST_DELAY_MS ? delay : LAST_DELAY_MS;
}

static void schedule(struct zpm_keeper *keeper)
{
  uint64_t now = zpm_sys_now_ms();

  keeper->daemon_deaths++;
  keeper->daemon_due_ms = now + delay_after(keeper->daemon_deaths);
}

static void inherit(int fd)
{
  fcntl(fd, F_SETFD, 0);
}

static void name_in_environment(const char *variable, int fd)
{
  char number[16];

  snprintf(number, sizeof(number), "%d", fd);
  setenv(variable, number, 1);
}

/* Returns if it cannot run. */
static void run_program(const struct zpm_keeper *keeper, int next)
{
  int stored = zpm_table_fd(&keeper->table, ZPM_WIRE_DAEMON);
  int program = zpm_table_fd(&keeper->table, ZPM_WIRE_PROGRAM);
  int words = next >= 0 ? next : stored;
  char **argv = words >= 0 ? zpm_words_read(words) : keeper->daemon_argv;

  if (argv == NULL) {
    dprintf(STDERR_FILENO, "zpm-keeper: cannot tell what to run: %s\n",
            strerror(errno));
    return;
  }
  if (next < 0 && program >= 0)
    fexecve(program, argv, environ);
  execvp(argv[0], argv);
  dprintf(STDERR_FILENO, "zpm-keeper: cannot run %s: %s\n", argv[0],
          strerror(errno));
}

/* In the child. `next`: the words of "@next", or -1. */
static noreturn void become_daemon(const struct zpm_keeper *keeper, int next,
                                   int ctl, int table)
{
  for (size_t i = 0; i < keeper->table.fd_count; i++)
    inherit(keeper->table.fds[i].fd);
  inherit(ctl);
  inherit(table);
  name_in_environment(ZPM_WIRE_ENV_CTL, ctl);
  name_in_environment(ZPM_WIRE_ENV_TABLE, table);
  zpm_spawn_reset_signals();
  if (keeper->foreground) /* what a terminal sends comes once: from us */
    setsid();
  run_program(keeper, next);
  _exit(EXIT_NOT_RUN);
}

/* The starter waits for the end of this stream: only a daemon may hold it. */
static void give_up_output(void)
{
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);

  if (null < 0)
    return;
  dup2(null, STDOUT_FILENO);
  close(null);
}

static int start(struct zpm_keeper *keeper, int next, int table)
{
  int pair[2];

  if (zpm_table_write(&keeper->table, table) != 0 ||
      zpm_sys_socketpair(pair) != 0)
    return -1;
  keeper->daemon_pid = fork();
  if (keeper->daemon_pid == 0)
    become_daemon(keeper, next, pair[1], table);
  close(pair[1]);
  if (keeper->daemon_pid < 0) {
    keeper->daemon_pid = 0;
    close(pair[0]);
    return -1;
  }
  zpm_ctl_open(&keeper->ctl, pair[0]);
  zpm_watchdog_reset(keeper);
  keeper->daemon_on_trial = next >= 0;
  return 0;
}

void zpm_daemon_start(struct zpm_keeper *keeper)
{
  /* Off the table first: whatever becomes of it, it is tried once. */
  int next = zpm_table_take(&keeper->table, ZPM_WIRE_NEXT);
  int table = zpm_sys_memfd("zpm-table");
  int rc = table >= 0 ? start(keeper, next, table) : -1;

  if (table >= 0)
    close(table);
  if (next >= 0)
    close(next);
  keeper->daemon_due_ms = 0;
  keeper->daemon_started_ms = zpm_sys_now_ms();
  if (rc != 0) {
    dprintf(STDERR_FILENO, "zpm-keeper: cannot start %s: %s\n",
            keeper->daemon_argv[0], strerror(errno));
    schedule(keeper);
    return;
  }
  if (!keeper->daemon_was_started && !keeper->foreground)
    give_up_output();
  keeper->daemon_was_started = true;
}

void zpm_daemon_join(struct zpm_keeper *keeper)
{
  zpm_ctl_open(&keeper->ctl, keeper->ctl.fd);
  if (keeper->daemon_argv == NULL)
    return;
  keeper->daemon_pid = zpm_sys_peer(keeper->ctl.fd);
  keeper->daemon_is_foreign = true;
  keeper->daemon_was_started = true;
  keeper->daemon_started_ms = zpm_sys_now_ms();
}

void zpm_daemon_lose(struct zpm_keeper *keeper)
{
  keeper->daemon_pid = 0;
  keeper->daemon_is_foreign = false;
  keeper->daemon_status = 0; /* nobody can tell us */
  keeper->daemon_died = true;
}

static void do_what_it_sent(struct zpm_keeper *keeper)
{
  while (keeper->ctl.fd >= 0 &&
         zpm_ctl_receive(&keeper->ctl) == ZPM_CTL_RECORD) {
    keeper->ctl.out_count = 0; /* nobody is left to be answered */
    zpm_requests_handle(keeper);
  }
  zpm_ctl_close(&keeper->ctl);
}

static int exit_code(int status)
{
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Descriptors of apps; the others are about daemons (wire.h). */
static bool holds_fds(const struct zpm_table *table)
{
  for (size_t i = 0; i < table->fd_count; i++) {
    if (table->fds[i].name[0] != '@')
      return true;
  }
  return false;
}

/* A daemon that never ran, or that keeps dying while nothing is held for it, is
 * not missed: the next command of zpm starts another, and hears its error. */
static bool gives_up(const struct zpm_keeper *keeper)
{
  if (keeper->daemon_deaths == 0)
    return exit_code(keeper->daemon_status) == EXIT_NOT_RUN;
  return keeper->daemon_deaths >= HOPELESS - 1 &&
         keeper->table.child_count == 0 && !holds_fds(&keeper->table);
}

/* It made way for another, or was that other and is not good enough: neither
 * says anything about the daemon that comes now. */
static bool is_part_of_an_update(const struct zpm_keeper *keeper)
{
  if (zpm_table_fd(&keeper->table, ZPM_WIRE_NEXT) >= 0)
    return true;
  if (keeper->daemon_on_trial)
    dprintf(STDERR_FILENO,
            "zpm-keeper: the new daemon ended (%s %d) before it served: the "
            "old one goes on\n",
            WIFEXITED(keeper->daemon_status) ? "exit code" : "signal",
            WIFEXITED(keeper->daemon_status)
                ? WEXITSTATUS(keeper->daemon_status)
                : WTERMSIG(keeper->daemon_status));
  return keeper->daemon_on_trial;
}

void zpm_daemon_bury(struct zpm_keeper *keeper)
{
  uint64_t uptime_ms = zpm_sys_now_ms() - keeper->daemon_started_ms;

  keeper->daemon_died = false;
  do_what_it_sent(keeper);
  zpm_reexec_cancel(keeper);
  if (!keeper->quitting && is_part_of_an_update(keeper)) {
    keeper->daemon_on_trial = false;
    keeper->daemon_due_ms = zpm_sys_now_ms();
    return;
  }
  if (keeper->quitting || (uptime_ms < GOOD_RUN_MS && gives_up(keeper))) {
    keeper->exit_code = exit_code(keeper->daemon_status);
    zpm_ending_begin(keeper);
    return;
  }
  if (uptime_ms >= GOOD_RUN_MS)
    keeper->daemon_deaths = 0;
  schedule(keeper);
}
