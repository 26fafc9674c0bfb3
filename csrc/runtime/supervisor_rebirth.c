#include "runtime/supervisor_internal.h"

#include <stdio.h>

#include "runtime/cluster.h"

/*
 * The keeper is gone, and the apps are not: a new one is started, and told of
 * every run and descriptor that we know.  Their processes are watched from here
 * from then on (foreign.h), as they are no children of the new one.
 */

enum {
  FIRST_PAUSE_MS =
      100, /* before the second try, and the second loss in a row */
  LONGEST_PAUSE_MS = 5000,
  GOOD_RUN_MS = 5000,
};

void zpm_supervisor_keep_snapshots(struct zpm_supervisor *supervisor)
{
  const struct zpm_snapshots *snapshots = &supervisor->services.snapshots;

  if (snapshots->fd >= 0)
    zpm_keeper_link_put(supervisor->services.link, ZPM_WIRE_STATE,
                        snapshots->fd);
}

static void tell_renewed(struct zpm_supervisor *supervisor)
{
  char text[128];
  size_t count = 0;

  ZPM_LIST_EACH(it, &supervisor->services.trees)
  count++;
  snprintf(text, sizeof(text),
           "zpm-keeper was gone: a new one was started and holds %zu "
           "process%s that went on",
           count, count == 1 ? "" : "es");
  zpm_supervisor_tell_trouble(supervisor, text);
}

static void each_proc(const struct zpm_supervisor *supervisor,
                      void (*visit)(struct zpm_proc *proc))
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    for (size_t i = 0; i < app->proc_count; i++)
      visit(app->procs[i]);
  }
}

static void try_later(struct zpm_supervisor *supervisor);

static void renew(struct zpm_supervisor *supervisor)
{
  struct zpm_services *services = &supervisor->services;
  char *const *daemon =
      supervisor->daemon.len > 0 ? supervisor->daemon.items : NULL;
  struct zpm_error err = {0};

  if (zpm_keeper_link_renew(services->link, supervisor->keeper_path, daemon,
                            &err) != 0) {
    if (supervisor->rebirth_pause_ms <= FIRST_PAUSE_MS)
      zpm_supervisor_tell_trouble(supervisor, err.message);
    services->keeper_fails = true;
    try_later(supervisor);
    each_proc(supervisor, zpm_proc_lack_keeper);
    return;
  }
  services->keeper_fails = false;
  supervisor->reborn_ms = uv_now(services->loop);
  zpm_supervisor_keep_snapshots(supervisor);
  zpm_run_tree_hand_over_all(services);
  tell_renewed(supervisor);
  each_proc(supervisor, zpm_proc_resume);
}

static void on_timer(uv_timer_t *timer)
{
  renew(timer->data);
}

static void try_later(struct zpm_supervisor *supervisor)
{
  uint64_t *pause_ms = &supervisor->rebirth_pause_ms;

  uv_timer_start(&supervisor->rebirth_timer, on_timer, *pause_ms, 0);
  *pause_ms *= 2;
  if (*pause_ms > LONGEST_PAUSE_MS)
    *pause_ms = LONGEST_PAUSE_MS;
}

void zpm_supervisor_rebirth_init(struct zpm_supervisor *supervisor)
{
  uv_timer_init(supervisor->services.loop, &supervisor->rebirth_timer);
  uv_unref((uv_handle_t *)&supervisor->rebirth_timer);
  supervisor->rebirth_timer.data = supervisor;
  supervisor->rebirth_pause_ms = FIRST_PAUSE_MS;
}

/* One that cannot live is not tried without end, nor without a pause. */
void zpm_supervisor_on_keeper_lost(void *ctx)
{
  struct zpm_supervisor *supervisor = ctx;
  uint64_t now_ms;

  uv_update_time(supervisor->services.loop);
  now_ms = uv_now(supervisor->services.loop);
  if (now_ms - supervisor->reborn_ms >= GOOD_RUN_MS)
    supervisor->rebirth_pause_ms = FIRST_PAUSE_MS;
  if (supervisor->reborn_ms == 0 ||
      now_ms - supervisor->reborn_ms >= GOOD_RUN_MS)
    renew(supervisor);
  else
    try_later(supervisor);
}
