#include "runtime/app.h"

#include "runtime/renewal.h"

static void on_renew(void *ctx, const char *why)
{
  struct zpm_app *app = ctx;

  for (size_t i = 0; i < app->proc_count; i++) {
    if (app->procs[i]->role == ZPM_ROLE_CURRENT)
      zpm_proc_renew(app->procs[i], why);
  }
}

static void on_renewal_trouble(void *ctx, const char *text)
{
  struct zpm_app *app = ctx;
  struct zpm_proc *proc = zpm_app_first(app);

  proc->events->trouble(app, proc, text);
}

static const struct zpm_renewal_events RENEWAL_EVENTS = {
    .renew = on_renew,
    .trouble = on_renewal_trouble,
};

/* What any of its instances would heed. */
static struct zpm_renewal_wish wish_of(const struct zpm_app *app)
{
  const struct zpm_config *config = &app->record.config;
  bool watches = zpm_config_watches_files(config);
  struct zpm_renewal_wish wish = {.run = zpm_app_runs(app) ? zpm_app_starts(app)
                                                           : 0};

  for (size_t i = 0; i < app->proc_count && !app->forget; i++) {
    const struct zpm_machine *machine = &app->procs[i]->machine;

    if (app->procs[i]->role != ZPM_ROLE_CURRENT)
      continue;
    wish.files = wish.files || zpm_machine_heeds_files(machine, watches);
    wish.schedule = wish.schedule ||
                    (config->cron != NULL && zpm_machine_heeds_clock(machine));
  }
  return wish;
}

/* That a build error is forgotten when a file changes, nobody has asked for. */
bool zpm_app_awaits_renewal(const struct zpm_app *app)
{
  struct zpm_renewal_wish wish = wish_of(app);

  return wish.schedule ||
         (wish.files && zpm_config_watches_files(&app->record.config));
}

void zpm_app_sync_renewal(struct zpm_app *app)
{
  struct zpm_renewal_wish wish = wish_of(app);
  struct zpm_renewal_options options = {
      .services = app->services,
      .recipe = &app->recipe,
      .events = &RENEWAL_EVENTS,
      .ctx = app,
  };

  if (app->renewal == NULL && (wish.files || wish.schedule))
    app->renewal = zpm_renewal_create(&options);
  if (app->renewal != NULL)
    zpm_renewal_sync(app->renewal, &wish);
}

void zpm_app_drop_renewal(struct zpm_app *app)
{
  zpm_renewal_destroy(app->renewal);
  app->renewal = NULL;
}
