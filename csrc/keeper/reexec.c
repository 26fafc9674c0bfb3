#include "keeper/reexec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/handover.h"
#include "keeper/requests.h"
#include "keeper/spawn.h"
#include "keeper/sys.h"
#include "keeper/words.h"

enum {
  CHECK_MS = 5000,
  EXIT_FITS = 71, /* no program says that by chance */
  EXIT_NOT_RUN = 127,
  CLOSE_ON_EXEC = FD_CLOEXEC,
};

/* ---- going ---- */

static void keep_over_exec(const struct zpm_keeper *keeper, int handover,
                           int flags)
{
  fcntl(handover, F_SETFD, flags);
  if (keeper->ctl.fd >= 0)
    fcntl(keeper->ctl.fd, F_SETFD, flags);
  for (size_t i = 0; i < keeper->table.fd_count; i++)
    fcntl(keeper->table.fds[i].fd, F_SETFD, flags);
}

/* What we know, for reading; -1 with errno. */
static int write_down(const struct zpm_keeper *keeper)
{
  int fd = zpm_sys_memfd("zpm-handover");

  if (fd >= 0 && zpm_handover_write(keeper, fd) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

/* Returns only if that failed, with errno. */
static void become(const struct zpm_keeper *keeper, char *flag, int handover)
{
  char number[16];
  char **path = zpm_words_read(keeper->successor.path);
  char **argv;

  snprintf(number, sizeof(number), "%d", handover);
  argv = path != NULL ? zpm_words_join(path[0], flag, number, keeper->options)
                      : NULL;
  if (argv != NULL)
    execv(path[0], argv);
}

static void go(struct zpm_keeper *keeper)
{
  char flag[] = "--resume";
  int handover = write_down(keeper);
  int error = errno;

  if (handover >= 0) {
    keep_over_exec(keeper, handover, 0);
    become(keeper, flag, handover);
    error = errno;
    keep_over_exec(keeper, handover, CLOSE_ON_EXEC);
    close(handover);
  }
  zpm_requests_refuse(keeper, ZPM_WIRE_REEXEC, keeper->successor.id, error);
  zpm_reexec_cancel(keeper);
}

/* ---- asking ---- */

static pid_t start_checker(const struct zpm_keeper *keeper)
{
  char flag[] = "--check";
  int handover = write_down(keeper);
  pid_t pid = handover >= 0 ? fork() : -1;

  if (pid == 0) {
    zpm_spawn_reset_signals();
    fcntl(handover, F_SETFD, 0);
    become(keeper, flag, handover);
    _exit(EXIT_NOT_RUN);
  }
  if (handover >= 0)
    close(handover);
  return pid;
}

int zpm_reexec_begin(struct zpm_keeper *keeper,
                     const struct zpm_wire_record *record)
{
  struct zpm_successor *successor = &keeper->successor;

  if (keeper->ctl.fd_count != 1)
    return EINVAL;
  if (successor->stage != ZPM_NO_SUCCESSOR)
    return EBUSY;
  *successor = (struct zpm_successor){
      .stage = ZPM_BEING_CHECKED,
      .path = keeper->ctl.fds[0],
      .id = record->id,
      .due_ms = zpm_sys_now_ms() + CHECK_MS,
  };
  keeper->ctl.fds[0] = -1;
  successor->checker = start_checker(keeper);
  if (successor->checker > 0)
    return 0;
  successor->checker = 0;
  zpm_reexec_cancel(keeper);
  return EAGAIN;
}

void zpm_reexec_on_checked(struct zpm_keeper *keeper, int status)
{
  bool fits = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FITS;

  keeper->successor.checker = 0;
  keeper->successor.stage = fits ? ZPM_FIT : ZPM_UNFIT;
}

void zpm_reexec_cancel(struct zpm_keeper *keeper)
{
  struct zpm_successor *successor = &keeper->successor;

  if (successor->stage == ZPM_NO_SUCCESSOR)
    return;
  if (successor->checker != 0)
    kill(successor->checker, SIGKILL);
  close(successor->path);
  *successor = (struct zpm_successor){0};
}

uint64_t zpm_reexec_due(const struct zpm_keeper *keeper)
{
  return zpm_ctl_has_room(&keeper->ctl) ? keeper->successor.due_ms : 0;
}

/* Nothing is half said or half heard: a record must not be cut in two. */
static bool is_between_records(struct zpm_keeper *keeper)
{
  return keeper->ctl.fd < 0 ||
         (zpm_ctl_flush(&keeper->ctl) && keeper->ctl.in_len == 0);
}

void zpm_reexec_step(struct zpm_keeper *keeper)
{
  struct zpm_successor *successor = &keeper->successor;
  bool late = zpm_sys_now_ms() >= successor->due_ms;

  if (successor->stage == ZPM_NO_SUCCESSOR || !zpm_ctl_has_room(&keeper->ctl))
    return;
  if (successor->stage == ZPM_FIT && is_between_records(keeper)) {
    go(keeper);
    return;
  }
  if (successor->stage != ZPM_UNFIT && !late)
    return;
  zpm_requests_refuse(keeper, ZPM_WIRE_REEXEC, successor->id,
                      successor->stage == ZPM_UNFIT ? ENOEXEC : ETIMEDOUT);
  zpm_reexec_cancel(keeper);
}

/* ---- the other program ---- */

int zpm_reexec_check(struct zpm_keeper *keeper, int handover)
{
  return zpm_handover_read(keeper, handover) == 0 ? EXIT_FITS : EXIT_FAILURE;
}

int zpm_reexec_resume(struct zpm_keeper *keeper, int handover)
{
  uint64_t id;
  int ctl;

  if (zpm_handover_read(keeper, handover) != 0)
    return -1;
  keep_over_exec(keeper, handover, CLOSE_ON_EXEC);
  close(handover);
  id = keeper->successor.id;
  keeper->successor = (struct zpm_successor){0};
  ctl = keeper->ctl.fd;
  if (ctl < 0)
    return 0;
  zpm_ctl_open(&keeper->ctl, ctl);
  zpm_requests_answer(keeper, id);
  return 0;
}
