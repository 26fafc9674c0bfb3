#include "runtime/reaper.h"

#include <signal.h>

#include "base/alloc.h"
#include "base/list.h"
#include "platform/platform.h"
#include "runtime/run_tree.h"
#include "runtime/services.h"

enum { FIRST_PAUSE_MS = 2, LONGEST_PAUSE_MS = 50 };

struct zpm_reaper {
  struct zpm_list trees; /* zpm_run_tree.watched */
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
  zpm_list_init(&reaper->trees);
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

static void signal_members(const struct zpm_reaper *reaper,
                           struct zpm_run_tree *tree, const size_t *members,
                           size_t count)
{
  if (tree->signal == SIGKILL)
    zpm_run_group_kill(&tree->services->groups, tree->id);
  for (size_t i = 0; i < count; i++) {
    const struct zpm_process *member = &reaper->table.items[members[i]];

    if (tree->outsiders_only && member->pgid == tree->leader)
      continue;
    zpm_platform_signal(member->pid, member->start_ticks, tree->signal);
    if (tree->signal != SIGKILL)
      zpm_platform_signal(member->pid, member->start_ticks, SIGCONT);
  }
  tree->signal = 0;
}

enum finding { SOMETHING_LEFT, NOTHING_LEFT, LEADER_STILL_THERE };

static enum finding look_at(struct zpm_reaper *reaper,
                            struct zpm_run_tree *tree, size_t *members)
{
  size_t count;

  if (tree->leader == 0)
    return SOMETHING_LEFT; /* the keeper has not said its pid yet */
  count = zpm_run_tree_members(tree, &reaper->table, members);
  if (tree->signal != 0)
    signal_members(reaper, tree, members, count);
  if (!tree->leader_ended)
    return LEADER_STILL_THERE; /* its end brings the tree back here */
  return count == 0 && zpm_run_group_is_empty(&tree->services->groups, tree->id)
             ? NOTHING_LEFT
             : SOMETHING_LEFT;
}

/* What is told may watch and unwatch others: only after a round of looks. */
static void tell(struct zpm_list *gone)
{
  while (!zpm_list_empty(gone)) {
    struct zpm_run_tree *tree =
        ZPM_CONTAINER_OF(gone->next, struct zpm_run_tree, watched);

    zpm_list_remove(&tree->watched);
    tree->events->gone(tree->ctx);
  }
}

static void move(struct zpm_list *tree, struct zpm_list *to)
{
  zpm_list_remove(tree);
  zpm_list_append(to, tree);
}

/* Most that end leave nothing behind, and their group says so: that is one
 * small read, however many processes the machine has. */
static void look_at_groups(struct zpm_reaper *reaper, struct zpm_list *gone)
{
  ZPM_LIST_EACH(it, &reaper->trees)
  {
    if (zpm_run_tree_is_over(
            ZPM_CONTAINER_OF(it, struct zpm_run_tree, watched)))
      move(it, gone);
  }
}

static void look_at_processes(struct zpm_reaper *reaper, size_t *members,
                              struct zpm_list *gone)
{
  ZPM_LIST_EACH(it, &reaper->trees)
  {
    struct zpm_run_tree *tree =
        ZPM_CONTAINER_OF(it, struct zpm_run_tree, watched);
    enum finding finding = look_at(reaper, tree, members);

    if (finding == NOTHING_LEFT)
      move(it, gone);
    else if (finding == LEADER_STILL_THERE)
      zpm_list_remove(it);
  }
}

void zpm_reaper_look(struct zpm_reaper *reaper)
{
  size_t *members = NULL;
  struct zpm_list gone;

  zpm_list_init(&gone);
  look_at_groups(reaper, &gone);
  if (!zpm_list_empty(&reaper->trees) &&
      zpm_platform_processes(&reaper->table) == 0)
    members = zpm_alloc((reaper->table.len + 1) * sizeof(*members));
  if (members != NULL)
    look_at_processes(reaper, members, &gone);
  zpm_free(members);
  tell(&gone);
}

static void schedule(struct zpm_reaper *reaper, uint64_t pause_ms);

static void on_timer(uv_timer_t *timer)
{
  struct zpm_reaper *reaper = timer->data;

  zpm_reaper_look(reaper);
  if (!zpm_list_empty(&reaper->trees) && !uv_is_active((uv_handle_t *)timer))
    schedule(reaper, reaper->pause_ms);
}

static void schedule(struct zpm_reaper *reaper, uint64_t pause_ms)
{
  uint64_t longer = pause_ms > 0 ? pause_ms * 2 : FIRST_PAUSE_MS;

  reaper->pause_ms = longer < LONGEST_PAUSE_MS ? longer : LONGEST_PAUSE_MS;
  uv_timer_start(&reaper->timer, on_timer, pause_ms, 0);
}

void zpm_reaper_watch(struct zpm_reaper *reaper, struct zpm_run_tree *tree)
{
  zpm_list_remove(&tree->watched);
  zpm_list_append(&reaper->trees, &tree->watched);
  schedule(reaper, 0);
}
