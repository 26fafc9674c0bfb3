#include "runtime/supervisor_internal.h"

#include "base/alloc.h"

/*
 * Nothing of this is there while no app that runs has a maxMemory.  It has
 * figures of its own: those for people begin anew at each look.
 */
struct zpm_limits {
  struct zpm_supervisor *supervisor;
  struct zpm_metrics *metrics;
  uv_timer_t timer;
};

/* One proc in a round of looks; by its run, as a restart of one may be the end
 * of another. */
struct look {
  uint64_t id;
  struct zpm_memory_look seen;
  enum zpm_memory_step step;
};

struct round {
  struct look *looks;
  struct zpm_metrics_tree *trees;
  size_t count;
};

/* ---- whom to look at ---- */

static bool is_limited(const struct zpm_app *app, const struct zpm_proc *proc)
{
  return app->record.config.max_memory_bytes > 0 && proc->tree.id != 0 &&
         zpm_machine_runs(&proc->machine);
}

static bool needs_looks(const struct zpm_app *app)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    if (is_limited(app, app->procs[i]))
      return true;
  }
  return false;
}

/* Calls `each` for every proc that is limited. */
static void each_limited(const struct zpm_supervisor *supervisor,
                         void (*each)(struct round *round, struct zpm_app *app,
                                      struct zpm_proc *proc),
                         struct round *round)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    for (size_t i = 0; i < app->proc_count; i++) {
      if (is_limited(app, app->procs[i]))
        each(round, app, app->procs[i]);
    }
  }
}

/* ---- one round ---- */

static void count_one(struct round *round, struct zpm_app *app,
                      struct zpm_proc *proc)
{
  (void)app;
  (void)proc;
  round->count++;
}

static void put_one(struct round *round, struct zpm_app *app,
                    struct zpm_proc *proc)
{
  uint64_t now_ms = uv_now(proc->services->loop);

  round->trees[round->count] = (struct zpm_metrics_tree){
      .leader = proc->tree.leader_ended ? 0 : proc->tree.leader,
      .marker = proc->tree.marker,
  };
  round->looks[round->count] = (struct look){
      .id = proc->tree.id,
      .seen = {.limit_bytes = app->record.config.max_memory_bytes,
               .uptime_ms = zpm_machine_uptime(&proc->machine, now_ms)},
  };
  round->count++;
}

static void judge_one(struct round *round, struct zpm_app *app,
                      struct zpm_proc *proc)
{
  struct look *look = &round->looks[round->count];

  (void)app;
  look->seen.used_bytes = round->trees[round->count].usage.rss_bytes;
  look->step = zpm_memory_watch_step(&proc->memory, &look->seen);
  round->count++;
}

static int begin_round(const struct zpm_limits *limits, struct round *round)
{
  *round = (struct round){0};
  each_limited(limits->supervisor, count_one, round);
  if (round->count == 0)
    return 0;
  round->looks = zpm_alloc(round->count * sizeof(*round->looks));
  round->trees = zpm_alloc(round->count * sizeof(*round->trees));
  return round->looks != NULL && round->trees != NULL ? 0 : ZPM_ENOMEM;
}

static void look_at_all(struct zpm_limits *limits, struct round *round)
{
  struct zpm_supervisor *supervisor = limits->supervisor;

  round->count = 0;
  each_limited(supervisor, put_one, round);
  zpm_metrics_sample(limits->metrics,
                     zpm_keeper_link_pid(supervisor->services.link),
                     round->trees, round->count, uv_hrtime());
  round->count = 0;
  each_limited(supervisor, judge_one, round);
}

static void restart(struct zpm_supervisor *supervisor, const struct look *look)
{
  struct zpm_run_tree *tree = zpm_run_tree_of(&supervisor->services, look->id);
  char used[ZPM_MEMORY_TEXT_SIZE];
  struct zpm_str text = {0};
  struct zpm_proc *proc;

  if (tree == NULL)
    return;
  proc = ZPM_CONTAINER_OF(tree, struct zpm_proc, tree);
  if (zpm_str_printf(&text, "app '%s' %s: it is restarted",
                     proc->recipe->config->name,
                     zpm_memory_text(&look->seen, used)) == 0)
    zpm_supervisor_tell_trouble(supervisor, text.data);
  zpm_str_deinit(&text);
  zpm_proc_renew(proc, used);
}

static uint64_t next_look_ms(const struct round *round)
{
  for (size_t i = 0; i < round->count; i++) {
    if (round->looks[i].step == ZPM_MEMORY_SUSPECT)
      return ZPM_MEMORY_SOON_MS;
  }
  return ZPM_MEMORY_EACH_MS;
}

/* Without memory for a look the next one is tried. */
static void on_time_to_look(uv_timer_t *timer)
{
  struct zpm_limits *limits = timer->data;
  struct zpm_supervisor *supervisor = limits->supervisor;
  struct round round;
  int rc = begin_round(limits, &round);

  if (rc == 0 && round.count > 0)
    look_at_all(limits, &round);
  else if (rc != 0)
    round.count = 0;
  if (rc != 0 || round.count > 0)
    uv_timer_start(timer, on_time_to_look, next_look_ms(&round), 0);
  for (size_t i = 0; i < round.count; i++) {
    if (round.looks[i].step == ZPM_MEMORY_RESTART)
      restart(supervisor, &round.looks[i]);
  }
  zpm_free(round.looks);
  zpm_free(round.trees);
}

/* ---- birth and death ---- */

static struct zpm_limits *create(struct zpm_supervisor *supervisor)
{
  struct zpm_limits *limits = zpm_alloc_zeroed(1, sizeof(*limits));

  if (limits == NULL)
    return NULL;
  limits->supervisor = supervisor;
  limits->metrics = zpm_metrics_create();
  if (limits->metrics == NULL) {
    zpm_free(limits);
    return NULL;
  }
  uv_timer_init(supervisor->services.loop, &limits->timer);
  uv_unref((uv_handle_t *)&limits->timer);
  limits->timer.data = limits;
  return limits;
}

void zpm_supervisor_limits_settle(struct zpm_supervisor *supervisor,
                                  const struct zpm_app *app)
{
  if (!needs_looks(app))
    return; /* the looks end by themselves */
  if (supervisor->limits == NULL)
    supervisor->limits = create(supervisor);
  if (supervisor->limits == NULL)
    return; /* without memory; its next change tries again */
  if (!uv_is_active((uv_handle_t *)&supervisor->limits->timer))
    uv_timer_start(&supervisor->limits->timer, on_time_to_look,
                   ZPM_MEMORY_EACH_MS, 0);
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_limits *limits = handle->data;

  zpm_metrics_destroy(limits->metrics);
  zpm_free(limits);
}

void zpm_supervisor_limits_close(struct zpm_supervisor *supervisor)
{
  if (supervisor->limits == NULL)
    return;
  uv_close((uv_handle_t *)&supervisor->limits->timer, on_closed);
  supervisor->limits = NULL;
}
