#include "keeper/children.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "keeper/reexec.h"
#include "keeper/sys.h"

bool zpm_children_is_there(const struct zpm_child *child)
{
  return (child->flags & ZPM_CHILD_FOREIGN) == 0 ||
         zpm_sys_is_alive(child->pid, child->start_ticks);
}

int zpm_children_signal(pid_t pid, int number, bool group)
{
  if (group && kill(-pid, number) == 0)
    return 0;
  /* ESRCH for a group: the child has been forked but not led it yet. */
  if (group && errno != ESRCH)
    return -1;
  return kill(pid, number);
}

/* waitid tells the status in pieces. */
static int wait_status(const siginfo_t *info)
{
  if (info->si_code == CLD_EXITED)
    return (info->si_status & 0xff) << 8;
  return (info->si_status & 0x7f) | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

static bool peek(idtype_t type, pid_t pid, siginfo_t *info)
{
  info->si_pid = 0;
  return waitid(type, (id_t)pid, info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info->si_pid != 0;
}

static void look_at_apps(struct zpm_table *table)
{
  siginfo_t info;

  for (size_t i = 0; i < table->child_count; i++) {
    struct zpm_child *child = &table->children[i];
    if (child->pid == 0 ||
        (child->flags & (ZPM_CHILD_EXITED | ZPM_CHILD_FOREIGN)) != 0 ||
        !peek(P_PID, child->pid, &info))
      continue;
    child->flags |= ZPM_CHILD_EXITED;
    child->status = wait_status(&info);
    table->news = true;
  }
}

/* Its death is dealt with by the loop: this may run amid a request. */
static void reap(struct zpm_keeper *keeper, pid_t pid)
{
  int status;

  if (waitpid(pid, &status, WNOHANG) != pid)
    return;
  if (pid == keeper->successor.checker)
    zpm_reexec_on_checked(keeper, status);
  if (pid != keeper->daemon_pid)
    return;
  keeper->daemon_pid = 0;
  keeper->daemon_status = status;
  keeper->daemon_died = true;
}

void zpm_children_reap(struct zpm_keeper *keeper)
{
  siginfo_t info;

  /* The daemon's death must not hide behind the zombie of an app. */
  if (keeper->daemon_pid != 0)
    reap(keeper, keeper->daemon_pid);
  if (keeper->successor.checker != 0)
    reap(keeper, keeper->successor.checker);
  while (peek(P_ALL, 0, &info)) {
    if (zpm_table_child_by_pid(&keeper->table, info.si_pid) != NULL) {
      look_at_apps(&keeper->table);
      return;
    }
    reap(keeper, info.si_pid);
  }
}
