#include "runtime/supervisor_internal.h"

#include <string.h>

#include "core/suggest.h"
#include "runtime/waiter.h"
#include "runtime/wall.h"

/* What is asked of the supervisor.  Each command checks everything before it
 * changes anything. */

static void fail(zpm_done_cb *done, void *ctx, const struct zpm_error *err)
{
  done(ctx, "", err);
}

static void succeed(zpm_done_cb *done, void *ctx, struct zpm_str *sentence)
{
  done(ctx, zpm_str_text(sentence), NULL);
  zpm_str_deinit(sentence);
}

static int check_open(const struct zpm_supervisor *supervisor,
                      struct zpm_error *err)
{
  if (!supervisor->suspended)
    return 0;
  return zpm_error_set(err, ZPM_ECLOSING,
                       "zpm is shutting down: ask again when it has restarted");
}

static int no_such_app(const struct zpm_supervisor *supervisor,
                       const char *name, struct zpm_error *err)
{
  const char *near = zpm_supervisor_suggest(supervisor, name);

  if (near != NULL)
    return zpm_error_set(err, ZPM_ENOAPP,
                         "no app named '%s'. Did you mean '%s'?", name, near);
  return zpm_error_set(err, ZPM_ENOAPP,
                       "no app named '%s'. `zpm list` shows all", name);
}

struct zpm_app *
zpm_supervisor_expect_app(const struct zpm_supervisor *supervisor,
                          const char *name, struct zpm_error *err)
{
  struct zpm_app *app;

  if (check_open(supervisor, err) != 0)
    return NULL;
  app = zpm_supervisor_find_app(supervisor, name);
  if (app == NULL)
    no_such_app(supervisor, name, err);
  return app;
}

/* The same environment is kept once, however many apps have it. */
static struct zpm_environment *share(const struct zpm_supervisor *supervisor,
                                     struct zpm_environment *environment)
{
  if (environment == NULL)
    return NULL;
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);
    struct zpm_environment *known = app->record.environment;

    if (known == environment ||
        (known != NULL && zpm_strv_equal(&known->vars, &environment->vars)))
      return zpm_environment_ref(known);
  }
  return zpm_environment_ref(environment);
}

/* ---- start ---- */

/* A valid config for `changes` over what is known of that app (NULL: new). */
static int combine(const struct zpm_app *app, const struct zpm_config *changes,
                   struct zpm_config *out, struct zpm_error *err)
{
  int rc = zpm_config_copy(out, app != NULL ? &app->record.config : changes);

  if (rc == 0 && app != NULL)
    rc = zpm_config_merge(out, changes);
  if (rc != 0)
    zpm_error_set(err, rc, "out of memory");
  else
    rc = zpm_config_validate(out, err);
  if (rc != 0)
    zpm_config_deinit(out);
  return rc;
}

/* The app that a config speaks of: by its name, given or taken from the script.
 * ZPM_ENOAPP if it is not known and cannot be made from this config. */
static int identify(const struct zpm_supervisor *supervisor,
                    const struct zpm_config *config, struct zpm_app **app,
                    struct zpm_error *err)
{
  struct zpm_config alone;
  int rc;

  *app = NULL;
  if (config->name != NULL) {
    *app = zpm_supervisor_find_app(supervisor, config->name);
    if (*app == NULL && config->script_path == NULL)
      return no_such_app(supervisor, config->name, err);
    return 0;
  }
  rc = combine(NULL, config, &alone, err);
  if (rc != 0)
    return rc;
  *app = zpm_supervisor_find_app(supervisor, alone.name);
  zpm_config_deinit(&alone);
  return 0;
}

static int make(struct zpm_supervisor *supervisor,
                const struct zpm_order *order, struct zpm_app **app,
                struct zpm_error *err)
{
  struct zpm_record record;
  int rc;

  zpm_record_init(&record);
  rc = combine(NULL, order->config, &record.config, err);
  if (rc != 0)
    return rc;
  record.created_ms = zpm_wall_ms();
  record.environment = share(supervisor, order->environment);
  rc = zpm_supervisor_add_app(supervisor, &record, app, err);
  zpm_record_deinit(&record);
  return rc;
}

int zpm_supervisor_reconfigure(struct zpm_supervisor *supervisor,
                               struct zpm_app *app,
                               const struct zpm_order *order,
                               struct zpm_error *err)
{
  struct zpm_environment *old = app->record.environment;
  struct zpm_config config;
  int rc = combine(app, order->config, &config, err);

  if (rc != 0)
    return rc;
  if (order->environment != NULL) {
    app->record.environment = share(supervisor, order->environment);
    zpm_environment_unref(old);
  }
  zpm_app_configure(app, &config);
  return 0;
}

static void list_fields(struct zpm_str *out, uint64_t fields)
{
  const char *separator = "";

  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    if ((fields >> i & 1) == 0)
      continue;
    zpm_str_printf(out, "%s%s", separator, ZPM_FIELDS[i].name);
    separator = ", ";
  }
}

/* A run that is up, or on its way, is left as it is.  One on its way is waited
 * for like one's own, unless another one was asked for. */
static bool is_left_alone(const struct zpm_app *app,
                          const struct zpm_config *config)
{
  return zpm_app_is_running(app) ||
         (zpm_app_status(app) == ZPM_STATUS_STARTING &&
          zpm_config_diff(&app->record.config, config) != 0);
}

static void tell_running(const struct zpm_app *app,
                         const struct zpm_config *config, zpm_done_cb *done,
                         void *ctx)
{
  uint64_t fields = zpm_config_diff(&app->record.config, config);
  const char *name = app->record.config.name;
  struct zpm_str sentence = {0};

  zpm_str_printf(&sentence, "'%s' is already ", name);
  if (zpm_app_is_running(app))
    zpm_str_printf(&sentence, "running, pid %d", zpm_app_pid(app));
  else
    zpm_str_puts(&sentence, "starting");
  zpm_str_puts(&sentence, "; nothing was done");
  if (fields != 0) {
    zpm_str_puts(&sentence, ". It runs without your ");
    list_fields(&sentence, fields);
    zpm_str_printf(&sentence,
                   ": `zpm restart %s` with the same options "
                   "applies what you gave",
                   name);
  }
  succeed(done, ctx, &sentence);
}

/* It was asked for several, and gets one. */
static bool wants_in_vain(const struct zpm_config *config)
{
  return config->mode == ZPM_MODE_FORK && zpm_config_has(config, "instances") &&
         config->instances != 1;
}

static void begin_start(struct zpm_supervisor *supervisor, struct zpm_app *app,
                        const struct zpm_waiter_options *waiter)
{
  if (zpm_waiter_add(app, waiter) != 0)
    return;
  if (wants_in_vain(&app->record.config))
    zpm_waiter_note(app, "It is one process: instances count in cluster mode "
                         "only (--cluster)");
  app->forget = false;
  zpm_supervisor_note_start(supervisor, app);
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  zpm_supervisor_feed(supervisor, app, ZPM_EV_START);
}

void zpm_supervisor_start(struct zpm_supervisor *supervisor,
                          const struct zpm_order *order, zpm_done_cb *done,
                          void *ctx)
{
  struct zpm_waiter_options waiter = {
      .wish = ZPM_WISH_START,
      .until_ready = order->until_ready,
      .done = done,
      .ctx = ctx,
  };
  const struct zpm_config *config = order->config;
  struct zpm_error err = {0};
  struct zpm_app *app;
  int rc = check_open(supervisor, &err);

  if (rc == 0)
    rc = identify(supervisor, config, &app, &err);
  if (rc == 0 && app != NULL && is_left_alone(app, config)) {
    tell_running(app, config, done, ctx);
    return;
  }
  if (rc == 0)
    rc = app == NULL ? make(supervisor, order, &app, &err)
                     : zpm_supervisor_reconfigure(supervisor, app, order, &err);
  if (rc != 0)
    fail(done, ctx, &err);
  else
    begin_start(supervisor, app, &waiter);
}

void zpm_supervisor_add(struct zpm_supervisor *supervisor,
                        const struct zpm_order *order, zpm_done_cb *done,
                        void *ctx)
{
  struct zpm_error err = {0};
  struct zpm_str sentence = {0};
  struct zpm_app *app = NULL;
  int rc = check_open(supervisor, &err);

  if (rc == 0)
    rc = identify(supervisor, order->config, &app, &err);
  if (rc == 0 && app != NULL)
    rc = zpm_error_set(&err, ZPM_EEXISTS,
                       "an app named '%s' is known already. `zpm start %s` "
                       "starts it, another name adds another one",
                       app->record.config.name, app->record.config.name);
  if (rc == 0)
    rc = make(supervisor, order, &app, &err);
  if (rc != 0) {
    fail(done, ctx, &err);
    return;
  }
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_WISHES);
  zpm_supervisor_settle(supervisor, app);
  zpm_str_printf(&sentence, "'%s' added", app->record.config.name);
  succeed(done, ctx, &sentence);
}

/* ---- stop, restart, delete ---- */

void zpm_supervisor_stop(struct zpm_supervisor *supervisor, const char *name,
                         zpm_done_cb *done, void *ctx)
{
  struct zpm_waiter_options waiter = {
      .wish = ZPM_WISH_STOP, .done = done, .ctx = ctx};
  struct zpm_error err = {0};
  struct zpm_str sentence = {0};
  struct zpm_app *app = zpm_supervisor_expect_app(supervisor, name, &err);

  if (app == NULL) {
    fail(done, ctx, &err);
    return;
  }
  if (zpm_app_is_at_rest(app)) {
    if (zpm_app_is_done(app)) /* so that nothing starts it anew */
      zpm_supervisor_feed(supervisor, app, ZPM_EV_STOP);
    zpm_str_printf(&sentence, "'%s' is not running", name);
    succeed(done, ctx, &sentence);
    return;
  }
  if (zpm_waiter_add(app, &waiter) != 0)
    return;
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  zpm_supervisor_feed(supervisor, app, ZPM_EV_STOP);
}

static int check_same_name(const struct zpm_config *changes, const char *name,
                           struct zpm_error *err)
{
  if (changes->name == NULL || strcmp(changes->name, name) == 0)
    return 0;
  return zpm_error_set(err, ZPM_EARG,
                       "the name of an app cannot be changed: '%s' stays. "
                       "Delete it and start it under the new name",
                       name);
}

void zpm_supervisor_restart(struct zpm_supervisor *supervisor, const char *name,
                            const struct zpm_order *order, zpm_done_cb *done,
                            void *ctx)
{
  struct zpm_config nothing;
  struct zpm_order all = order != NULL ? *order : (struct zpm_order){0};
  struct zpm_waiter_options waiter = {
      .wish = ZPM_WISH_RESTART,
      .until_ready = all.until_ready,
      .done = done,
      .ctx = ctx,
  };
  struct zpm_error err = {0};
  struct zpm_app *app = zpm_supervisor_expect_app(supervisor, name, &err);

  zpm_config_init(&nothing);
  if (all.config == NULL)
    all.config = &nothing;
  if (app == NULL || check_same_name(all.config, name, &err) != 0 ||
      zpm_supervisor_reconfigure(supervisor, app, &all, &err) != 0) {
    fail(done, ctx, &err);
    return;
  }
  if (zpm_waiter_add(app, &waiter) != 0)
    return;
  app->forget = false;
  if (!zpm_app_wants_up(app)) /* one that is up keeps its place */
    zpm_supervisor_note_start(supervisor, app);
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  zpm_supervisor_feed(supervisor, app, ZPM_EV_RESTART);
}

void zpm_supervisor_delete(struct zpm_supervisor *supervisor, const char *name,
                           zpm_done_cb *done, void *ctx)
{
  struct zpm_waiter_options waiter = {
      .wish = ZPM_WISH_GONE, .done = done, .ctx = ctx};
  struct zpm_error err = {0};
  struct zpm_app *app = zpm_supervisor_expect_app(supervisor, name, &err);

  if (app == NULL) {
    fail(done, ctx, &err);
    return;
  }
  if (zpm_waiter_add(app, &waiter) != 0)
    return;
  app->forget = true;
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  zpm_supervisor_feed(supervisor, app, ZPM_EV_STOP);
}

/* ---- the end of the host ---- */

void zpm_supervisor_suspend(struct zpm_supervisor *supervisor,
                            zpm_done_cb *done, void *ctx)
{
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    zpm_app_sync_record(ZPM_CONTAINER_OF(it, struct zpm_app, link), true);
  }
  supervisor->suspended = true;
  supervisor->suspend_done = done;
  supervisor->suspend_ctx = ctx;
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_WISHES);
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    zpm_supervisor_feed(supervisor, ZPM_CONTAINER_OF(it, struct zpm_app, link),
                        ZPM_EV_STOP);
  }
  zpm_supervisor_settle(supervisor, NULL);
}
