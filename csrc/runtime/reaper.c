#include "runtime/reaper.h"

#include <signal.h>

#include "base/alloc.h"
#include "base/list.h"
#include "core/tree.h"
#include "platform/platform.h"
#include "runtime/keeper_link.h"
#include "runtime/proc.h"

enum { FIRST_PAUSE_MS = 2, LONGEST_PAUSE_MS = 50 };

struct zpm_reaper {
  struct zpm_list procs; /* zpm_proc.watched */
  struct zpm_process_table table;
  uv_timer_t timer;
  uint64_t pause_ms; /* before the next look */
  void (*closed)(void *ctx);
  void *ctx;
};

int zpm_reaper_create(uv_loop_t *loop, struct zpm_reaper **out)
{
  struct zpm_reaper *reaper = zpm_alloc_zeroed(1, sizeof(*reaper));

  *out = reaper;
  if (reaper == NULL)
    return ZPM_ENOMEM;
  zpm_list_init(&reaper->procs);
  uv_timer_init(loop, &reaper->timer);
  uv_unref((uv_handle_t *)&reaper->timer);
  reaper->timer.data = reaper;
  return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
  struct zpm_reaper *reaper = handle->data;
  void (*closed)(void *ctx) = reaper->closed;
  void *ctx = reaper->ctx;

  zpm_process_table_deinit(&reaper->table);
  zpm_free(reaper);
  closed(ctx);
}

void zpm_reaper_close(struct zpm_reaper *reaper, void (*closed)(void *ctx),
                      void *ctx)
{
  reaper->closed = closed;
  reaper->ctx = ctx;
  uv_close((uv_handle_t *)&reaper->timer, on_timer_closed);
}

/* We and the leaders of other apps are children of the keeper as well; no
 * environment need be read to know whose they are. */
static bool carries_marker(void *ctx, int pid)
{
  const struct zpm_proc *proc = ctx;

  return pid != uv_os_getpid() &&
         zpm_proc_of_leader(proc->services, pid) == NULL &&
         zpm_platform_has_env(pid, proc->marker);
}

static void signal_members(const struct zpm_reaper *reaper,
                           struct zpm_proc *proc, const size_t *members,
                           size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const struct zpm_process *member = &reaper->table.items[members[i]];

    if (proc->outsiders_only && member->pgid == proc->pid)
      continue;
    zpm_platform_signal(member->pid, member->start_ticks, proc->signal);
    if (proc->signal != SIGKILL)
      zpm_platform_signal(member->pid, member->start_ticks, SIGCONT);
  }
  proc->signal = 0;
}

enum finding { SOMETHING_LEFT, NOTHING_LEFT, LEADER_STILL_THERE };

static enum finding look_at(struct zpm_reaper *reaper, struct zpm_proc *proc,
                            size_t *members)
{
  struct zpm_tree_query query = {
      .leader = proc->pid,
      .keeper = zpm_keeper_link_pid(proc->services->link),
      .has_marker = carries_marker,
      .ctx = proc,
  };
  size_t count;

  if (proc->pid == 0)
    return SOMETHING_LEFT; /* the keeper has not said its pid yet */
  count = zpm_tree_members(&reaper->table, &query, members);
  if (proc->signal != 0)
    signal_members(reaper, proc, members, count);
  if (!proc->leader_ended)
    return LEADER_STILL_THERE; /* its end brings the proc back here */
  return count == 0 ? NOTHING_LEFT : SOMETHING_LEFT;
}

static void schedule(struct zpm_reaper *reaper, uint64_t pause_ms);

static void look(struct zpm_reaper *reaper, size_t *members)
{
  struct zpm_list gone;

  zpm_list_init(&gone);
  ZPM_LIST_EACH(it, &reaper->procs)
  {
    struct zpm_proc *proc = ZPM_CONTAINER_OF(it, struct zpm_proc, watched);

    enum finding finding = look_at(reaper, proc, members);

    if (finding == SOMETHING_LEFT)
      continue;
    zpm_list_remove(it);
    if (finding == NOTHING_LEFT)
      zpm_list_append(&gone, it);
  }
  /* Feeding may watch and unwatch others: only now. */
  while (!zpm_list_empty(&gone)) {
    struct zpm_proc *proc =
        ZPM_CONTAINER_OF(gone.next, struct zpm_proc, watched);

    zpm_list_remove(&proc->watched);
    zpm_proc_feed(proc, ZPM_EV_GONE);
  }
}

static void on_timer(uv_timer_t *timer)
{
  struct zpm_reaper *reaper = timer->data;
  size_t *members = NULL;

  if (zpm_list_empty(&reaper->procs))
    return;
  if (zpm_platform_processes(&reaper->table) == 0)
    members = zpm_alloc((reaper->table.len + 1) * sizeof(*members));
  if (members != NULL)
    look(reaper, members);
  zpm_free(members);
  if (!zpm_list_empty(&reaper->procs) && !uv_is_active((uv_handle_t *)timer))
    schedule(reaper, reaper->pause_ms);
}

static void schedule(struct zpm_reaper *reaper, uint64_t pause_ms)
{
  uint64_t longer = pause_ms > 0 ? pause_ms * 2 : FIRST_PAUSE_MS;

  reaper->pause_ms = longer < LONGEST_PAUSE_MS ? longer : LONGEST_PAUSE_MS;
  uv_timer_start(&reaper->timer, on_timer, pause_ms, 0);
}

void zpm_reaper_watch(struct zpm_reaper *reaper, struct zpm_proc *proc)
{
  zpm_list_remove(&proc->watched);
  zpm_list_append(&reaper->procs, &proc->watched);
  schedule(reaper, 0);
}
