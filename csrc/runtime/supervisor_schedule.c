#include "runtime/supervisor_internal.h"

#include "runtime/schedule.h"

static struct zpm_supervisor *owner_of(const struct zpm_app *app)
{
  return ZPM_CONTAINER_OF(app->procs[0].services, struct zpm_supervisor,
                          services);
}

static void tell(const struct zpm_app *app, const char *what)
{
  struct zpm_str text = {0};

  if (zpm_str_printf(&text, "app '%s' %s", app->record.config.name, what) == 0)
    zpm_supervisor_tell_trouble(owner_of(app), text.data);
  zpm_str_deinit(&text);
}

/* One that is stopped stays so. */
static void on_due(void *ctx)
{
  struct zpm_app *app = ctx;

  if (!zpm_app_wants_up(app) && !zpm_app_is_done(app))
    return;
  tell(app, "is restarted, as its schedule (cron) says");
  zpm_app_feed(app, ZPM_EV_RENEW);
}

void zpm_supervisor_schedule_settle(struct zpm_supervisor *supervisor,
                                    struct zpm_app *app)
{
  struct zpm_error err = {0};

  zpm_schedule_close(app->schedule);
  app->schedule = NULL;
  if (app->record.config.cron == NULL)
    return;
  if (zpm_schedule_open(supervisor->services.loop, app->record.config.cron,
                        on_due, app, &app->schedule, &err) == 0)
    return;
  zpm_error_wrap(&err, "is not restarted by its schedule");
  tell(app, err.message);
}
