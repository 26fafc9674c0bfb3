#include "keeper/ending.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/children.h"
#include "keeper/sys.h"

enum {
  GRACE_MS = 5000,
  KILL_AGAIN_MS = 100,
  SCAN_GAP_MS = 20, /* 500 deaths are not worth 500 looks at /proc */
};

/* Orphans get a place in the table too, so that nobody is asked twice: for
 * many programs the second SIGTERM means "at once".  No place: it is so. */
static struct zpm_child *entry(struct zpm_table *table, pid_t pid)
{
  struct zpm_child *child = zpm_table_child_by_pid(table, pid);

  if (child != NULL || zpm_table_reserve_child(table) != 0)
    return child;
  zpm_table_add_child(table, (struct zpm_child){.pid = pid});
  return zpm_table_child_by_pid(table, pid);
}

static void ask_to_leave(const struct zpm_keeper *keeper,
                         struct zpm_child *child, pid_t pid, bool leads)
{
  if (zpm_sys_now_ms() >= keeper->kill_from_ms) {
    zpm_children_signal(pid, SIGKILL, leads);
    return;
  }
  if (child != NULL && (child->flags & ZPM_CHILD_TERMED) != 0)
    return;
  zpm_children_signal(pid, SIGTERM, leads);
  zpm_children_signal(pid, SIGCONT, leads);
  if (child != NULL)
    child->flags |= ZPM_CHILD_TERMED;
}

static void on_child(void *ctx, pid_t pid)
{
  struct zpm_keeper *keeper = ctx;
  struct zpm_child *child = entry(&keeper->table, pid);

  /* An app forked a moment ago leads its group only soon; it got no id 0. */
  ask_to_leave(keeper, child, pid,
               getpgid(pid) == pid || (child != NULL && child->id != 0));
}

/* Nobody tells us of their deaths: they are looked at again and again. */
static bool visit_foreign(struct zpm_keeper *keeper)
{
  struct zpm_table *table = &keeper->table;
  bool any = false;

  for (size_t i = table->child_count; i > 0; i--) {
    struct zpm_child *child = &table->children[i - 1];

    if ((child->flags & ZPM_CHILD_FOREIGN) == 0)
      continue;
    if (!zpm_children_is_there(child)) {
      zpm_table_remove_child(table, child);
      continue;
    }
    any = true;
    ask_to_leave(keeper, child, child->pid, true);
  }
  return any;
}

static void scan(struct zpm_keeper *keeper, uint64_t now)
{
  bool foreign = visit_foreign(keeper);

  zpm_sys_each_child(on_child, keeper);
  keeper->last_scan_ms = now;
  keeper->foreign_left = foreign;
  keeper->scan_due_ms = foreign || now >= keeper->kill_from_ms
                            ? now + KILL_AGAIN_MS
                            : keeper->kill_from_ms;
}

static bool reap_all(struct zpm_keeper *keeper)
{
  struct zpm_child *child;
  bool any = false;
  pid_t pid;

  while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    any = true;
    child = zpm_table_child_by_pid(&keeper->table, pid);
    if (child != NULL)
      zpm_table_remove_child(&keeper->table, child);
  }
  keeper->finished = pid < 0 && errno == ECHILD && !keeper->foreign_left;
  return any;
}

void zpm_ending_begin(struct zpm_keeper *keeper)
{
  uint64_t now = zpm_sys_now_ms();

  zpm_ctl_close(&keeper->ctl);
  keeper->ending = true;
  keeper->daemon_due_ms = 0;
  keeper->kill_from_ms = now + GRACE_MS;
  /* Before the zombies go: their groups may still have members. */
  scan(keeper, now);
  zpm_ending_step(keeper);
}

void zpm_ending_step(struct zpm_keeper *keeper)
{
  uint64_t now = zpm_sys_now_ms();

  if (reap_all(keeper) && now < keeper->kill_from_ms &&
      keeper->scan_due_ms > keeper->last_scan_ms + SCAN_GAP_MS)
    keeper->scan_due_ms = keeper->last_scan_ms + SCAN_GAP_MS;
  if (!keeper->finished && now >= keeper->scan_due_ms) {
    scan(keeper, now);
    reap_all(keeper);
  }
}
