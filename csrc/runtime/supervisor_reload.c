#include "runtime/supervisor_internal.h"

#include <stdio.h>

#include "runtime/reload.h"
#include "runtime/waiter.h"

/* What is asked of an app: other processes for it, or more of them. */

enum { NUMBER_SIZE = 16, INSTANCES_MAX = 1024 };

static void fail(zpm_done_cb *done, void *ctx, const struct zpm_error *err)
{
  done(ctx, "", err);
}

static int check_idle(const struct zpm_app *app, struct zpm_error *err)
{
  if (app->reload == NULL)
    return 0;
  return zpm_error_set(err, ZPM_EBUSY,
                       "'%s' is being reloaded or scaled: ask again when that "
                       "is over",
                       app->record.config.name);
}

static bool is_cluster(const struct zpm_app *app)
{
  return app->record.config.mode == ZPM_MODE_CLUSTER;
}

/* In fork mode only whoever has a port can have a socket to share. */
static bool is_reloadable(const struct zpm_app *app)
{
  return zpm_app_wants_up(app) &&
         (is_cluster(app) || app->record.config.port != 0);
}

/* ---- reload ---- */

static void restart_instead(struct zpm_supervisor *supervisor,
                            struct zpm_app *app, zpm_done_cb *done, void *ctx)
{
  bool ran = zpm_app_wants_up(app);

  zpm_supervisor_restart(supervisor, app->record.config.name, NULL, done, ctx);
  if (ran)
    zpm_waiter_note(app, "It was restarted: in fork mode only a Node server is "
                         "reloaded without that, one that listens at the app's "
                         "port (--port). With --cluster (--instances 1 for one "
                         "process) it would lose no connection");
}

static void on_refused(struct zpm_app *app, zpm_done_cb *done, void *ctx)
{
  restart_instead(
      ZPM_CONTAINER_OF(app->services, struct zpm_supervisor, services), app,
      done, ctx);
}

void zpm_supervisor_reload(struct zpm_supervisor *supervisor, const char *name,
                           unsigned parallel, zpm_done_cb *done, void *ctx)
{
  struct zpm_error err = {0};
  struct zpm_app *app = zpm_supervisor_expect_app(supervisor, name, &err);
  struct zpm_reload_options options = {.kind = ZPM_RELOAD_REPLACE,
                                       .parallel = parallel > 0 ? parallel : 1,
                                       .refused = on_refused,
                                       .done = done,
                                       .ctx = ctx};

  if (app == NULL || check_idle(app, &err) != 0) {
    fail(done, ctx, &err);
    return;
  }
  if (!is_reloadable(app)) {
    restart_instead(supervisor, app, done, ctx);
    return;
  }
  options.end = zpm_app_instances(app);
  if (zpm_reload_begin(app, &options) != 0) {
    zpm_error_set(&err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
    fail(done, ctx, &err);
    return;
  }
  zpm_supervisor_settle(supervisor, app);
}

/* ---- scale ---- */

static int check_scalable(const struct zpm_app *app, unsigned instances,
                          struct zpm_error *err)
{
  if (instances < 1 || instances > INSTANCES_MAX)
    return zpm_error_set(err, ZPM_EARG,
                         "an app can have 1 to %d processes, not %u. To stop "
                         "it: zpm stop %s",
                         INSTANCES_MAX, instances, app->record.config.name);
  if (is_cluster(app))
    return check_idle(app, err);
  return zpm_error_set(err, ZPM_EARG,
                       "'%s' is in fork mode, so it has one process: `zpm "
                       "restart %s --mode cluster --instances N` gives it more",
                       app->record.config.name, app->record.config.name);
}

static int set_instances(struct zpm_supervisor *supervisor, struct zpm_app *app,
                         unsigned instances, struct zpm_error *err)
{
  int field = zpm_config_field_of_name("instances", sizeof("instances") - 1);
  struct zpm_config changes;
  struct zpm_order order = {.config = &changes};
  char number[NUMBER_SIZE];
  int rc;

  snprintf(number, sizeof(number), "%u", instances);
  zpm_config_init(&changes);
  rc = zpm_config_set_text(&changes, field, number, err);
  if (rc == 0)
    rc = zpm_supervisor_reconfigure(supervisor, app, &order, err);
  zpm_config_deinit(&changes);
  return rc;
}

/* Those above it drain first, so that they are not stopped at once; the answer
 * comes when they are gone. */
static void shrink(struct zpm_supervisor *supervisor, struct zpm_app *app,
                   unsigned instances, zpm_done_cb *done, void *ctx)
{
  unsigned count = zpm_app_instances(app);
  struct zpm_reload_options options = {.kind = ZPM_RELOAD_RETIRE,
                                       .first = instances,
                                       .end = count,
                                       .parallel = count,
                                       .done = done,
                                       .ctx = ctx};
  struct zpm_error err = {0};

  if (zpm_reload_begin(app, &options) != 0) {
    zpm_error_set(&err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
    fail(done, ctx, &err);
    return;
  }
  zpm_reload_step(app);
  (void)set_instances(supervisor, app, instances, NULL);
}

static void grow(struct zpm_supervisor *supervisor, struct zpm_app *app,
                 zpm_done_cb *done, void *ctx)
{
  struct zpm_waiter_options waiter = {
      .wish = ZPM_WISH_SCALE, .done = done, .ctx = ctx};

  if (zpm_waiter_add(app, &waiter) == 0)
    zpm_supervisor_feed(supervisor, app, ZPM_EV_START);
}

static void tell_scaled(const struct zpm_app *app, zpm_done_cb *done, void *ctx)
{
  struct zpm_str sentence = {0};
  unsigned count = zpm_app_instances(app);

  zpm_str_printf(&sentence, "'%s' will have %u process%s when it is started",
                 app->record.config.name, count, count == 1 ? "" : "es");
  done(ctx, zpm_str_text(&sentence), NULL);
  zpm_str_deinit(&sentence);
}

void zpm_supervisor_scale(struct zpm_supervisor *supervisor, const char *name,
                          unsigned instances, zpm_done_cb *done, void *ctx)
{
  struct zpm_error err = {0};
  struct zpm_app *app = zpm_supervisor_expect_app(supervisor, name, &err);
  bool up;

  if (app == NULL || check_scalable(app, instances, &err) != 0) {
    fail(done, ctx, &err);
    return;
  }
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  up = zpm_app_wants_up(app);
  if (up && instances < zpm_app_instances(app))
    shrink(supervisor, app, instances, done, ctx);
  else if (set_instances(supervisor, app, instances, &err) != 0)
    fail(done, ctx, &err);
  else if (up)
    grow(supervisor, app, done, ctx);
  else
    tell_scaled(app, done, ctx);
}
