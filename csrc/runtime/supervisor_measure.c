#include "runtime/supervisor_internal.h"

#include <string.h>

#include "base/alloc.h"
#include "runtime/keeper_link.h"

enum {
  /* A Node app whose event loop is busy must not hold a `list` up. */
  HEAP_WAIT_MS = 100,
  /* Figures younger than this are not taken again: CPU per cent over less time
   * would be noise, and a script that polls should cost nothing. */
  FRESH_MS = 500,
};

struct zpm_measure_call {
  struct zpm_list link;
  zpm_done_cb *done;
  void *ctx;
};

void zpm_supervisor_measure_init(struct zpm_supervisor *supervisor)
{
  zpm_list_init(&supervisor->measure_calls);
  uv_timer_init(supervisor->services.loop, &supervisor->measure_timer);
  uv_unref((uv_handle_t *)&supervisor->measure_timer);
  supervisor->measure_timer.data = supervisor;
}

/* ---- cpu and memory ---- */

static bool is_meant(const struct zpm_app *app, const char *name)
{
  return name == NULL || strcmp(app->record.config.name, name) == 0;
}

/* Calls `each` for every proc of the apps that are meant, if it has a run. */
static void each_proc(struct zpm_supervisor *supervisor, const char *name,
                      void (*each)(void *ctx, struct zpm_proc *proc), void *ctx)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    for (size_t i = 0; is_meant(app, name) && i < app->proc_count; i++) {
      if (app->procs[i]->tree.id != 0)
        each(ctx, app->procs[i]);
    }
  }
}

struct sampling {
  struct zpm_metrics_tree *trees;
  size_t count;
  bool stale;
};

static void count_proc(void *ctx, struct zpm_proc *proc)
{
  struct sampling *sampling = ctx;
  uint64_t now_ms = uv_now(proc->services->loop);

  sampling->count++;
  if (proc->sampled_ms == 0 || now_ms - proc->sampled_ms >= FRESH_MS)
    sampling->stale = true;
}

static void put_tree(void *ctx, struct zpm_proc *proc)
{
  struct sampling *sampling = ctx;

  sampling->trees[sampling->count++] = (struct zpm_metrics_tree){
      .leader = proc->tree.leader_ended ? 0 : proc->tree.leader,
      .marker = proc->tree.marker,
  };
}

static void take_usage(void *ctx, struct zpm_proc *proc)
{
  struct sampling *sampling = ctx;

  proc->usage = sampling->trees[sampling->count++].usage;
  proc->sampled_ms = uv_now(proc->services->loop);
}

/* All or none: what is left out of a sample has no past in the next one. */
static int sample(struct zpm_supervisor *supervisor)
{
  struct sampling sampling = {0};

  each_proc(supervisor, NULL, count_proc, &sampling);
  if (!sampling.stale)
    return 0;
  sampling.trees = zpm_alloc(sampling.count * sizeof(*sampling.trees));
  if (sampling.trees == NULL)
    return ZPM_ENOMEM;
  sampling.count = 0;
  each_proc(supervisor, NULL, put_tree, &sampling);
  zpm_metrics_sample(supervisor->metrics,
                     zpm_keeper_link_pid(supervisor->services.link),
                     sampling.trees, sampling.count, uv_hrtime());
  sampling.count = 0;
  each_proc(supervisor, NULL, take_usage, &sampling);
  zpm_free(sampling.trees);
  return 0;
}

/* ---- heaps ---- */

static void ask_heap(void *ctx, struct zpm_proc *proc)
{
  struct zpm_supervisor *supervisor = ctx;

  if (zpm_proc_ask_heap(proc))
    supervisor->heaps_awaited++;
}

static void answer_calls(struct zpm_supervisor *supervisor)
{
  struct zpm_list due;

  uv_timer_stop(&supervisor->measure_timer);
  supervisor->heaps_awaited = 0;
  zpm_list_init(&due);
  while (!zpm_list_empty(&supervisor->measure_calls)) {
    struct zpm_list *first = supervisor->measure_calls.next;

    zpm_list_remove(first);
    zpm_list_append(&due, first);
  }
  while (!zpm_list_empty(&due)) {
    struct zpm_measure_call *call =
        ZPM_CONTAINER_OF(due.next, struct zpm_measure_call, link);

    zpm_list_remove(&call->link);
    call->done(call->ctx, "", NULL);
    zpm_free(call);
  }
}

static void on_heaps_late(uv_timer_t *timer)
{
  answer_calls(timer->data);
}

/* Answers may also come from an earlier question; then this round ends a little
 * early, with a figure that is a little older. */
void zpm_supervisor_measure_on_heap(struct zpm_supervisor *supervisor)
{
  if (supervisor->heaps_awaited > 0 && --supervisor->heaps_awaited == 0)
    answer_calls(supervisor);
}

void zpm_supervisor_measure_dismiss(struct zpm_supervisor *supervisor)
{
  answer_calls(supervisor);
}

void zpm_supervisor_measure(struct zpm_supervisor *supervisor, const char *name,
                            zpm_done_cb *done, void *ctx)
{
  struct zpm_measure_call *call;

  sample(supervisor);
  each_proc(supervisor, name, ask_heap, supervisor);
  call = supervisor->heaps_awaited > 0 ? zpm_alloc(sizeof(*call)) : NULL;
  if (call == NULL) {
    done(ctx, "", NULL);
    return;
  }
  *call = (struct zpm_measure_call){.done = done, .ctx = ctx};
  zpm_list_append(&supervisor->measure_calls, &call->link);
  if (!uv_is_active((uv_handle_t *)&supervisor->measure_timer))
    uv_timer_start(&supervisor->measure_timer, on_heaps_late, HEAP_WAIT_MS, 0);
}
