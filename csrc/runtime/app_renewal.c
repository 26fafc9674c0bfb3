#include "runtime/app.h"

#include "runtime/renewal.h"

static void on_renew(void *ctx, const char *why)
{
  struct zpm_app *app = ctx;

  for (size_t i = 0; i < app->proc_count; i++)
    zpm_proc_renew(&app->procs[i], why);
}

static void on_renewal_trouble(void *ctx, const char *text)
{
  struct zpm_app *app = ctx;
  struct zpm_proc *proc = &app->procs[0];

  proc->events->trouble(app, proc, text);
}

static const struct zpm_renewal_events RENEWAL_EVENTS = {
    .renew = on_renew,
    .trouble = on_renewal_trouble,
};

static struct zpm_renewal_wish wish_of(const struct zpm_app *app)
{
  const struct zpm_config *config = &app->record.config;
  const struct zpm_machine *machine = &app->procs[0].machine;

  return (struct zpm_renewal_wish){
      .files = !app->forget && zpm_machine_heeds_files(
                                   machine, zpm_config_watches_files(config)),
      .schedule = !app->forget && config->cron != NULL &&
                  zpm_machine_heeds_clock(machine),
      .run = zpm_app_runs(app) ? zpm_app_starts(app) : 0,
  };
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
      .services = app->procs[0].services,
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
