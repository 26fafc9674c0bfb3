#include "runtime/reload_internal.h"

#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "runtime/app.h"

static bool is_over(const struct zpm_reload *reload)
{
  bool begun_all =
      reload->next >= reload->asked.end || reload->failure.code != 0;

  for (unsigned i = 0; i < reload->change_count; i++) {
    if (reload->changes[i].replacement.phase != ZPM_REPLACE_IDLE)
      return false;
  }
  return begun_all;
}

/* Before its successor is ready. */
static bool is_early(const struct zpm_change *change)
{
  return change->replacement.phase == ZPM_REPLACE_ASKING ||
         change->replacement.phase == ZPM_REPLACE_STARTING;
}

/* The next one may begin while the last one leaves. */
static bool begin_next(struct zpm_reload *reload)
{
  struct zpm_change *idle = NULL;
  unsigned early = 0;

  for (unsigned i = 0; i < reload->change_count; i++) {
    struct zpm_change *change = &reload->changes[i];

    early += is_early(change);
    if (change->replacement.phase == ZPM_REPLACE_IDLE)
      idle = change;
  }
  if (idle == NULL || early >= reload->asked.parallel ||
      reload->next >= reload->asked.end || reload->failure.code != 0)
    return false;
  zpm_change_begin(idle, reload->next++);
  return true;
}

static bool step_all(struct zpm_reload *reload)
{
  bool any = false;

  for (unsigned i = 0; i < reload->change_count; i++)
    any = zpm_change_step(&reload->changes[i]) || any;
  return begin_next(reload) || any;
}

static void on_closed(void *ctx)
{
  struct zpm_reload *reload = ctx;

  zpm_free(reload);
}

static void on_timer_closed(uv_handle_t *handle)
{
  const struct zpm_change *change = handle->data;

  zpm_closer_release(&change->reload->closer);
}

static void release(struct zpm_reload *reload)
{
  reload->app->reload = NULL;
  zpm_closer_init(&reload->closer, on_closed, reload);
  for (unsigned i = 0; i < reload->change_count; i++) {
    zpm_closer_hold(&reload->closer);
    zpm_change_end(&reload->changes[i], on_timer_closed);
  }
  zpm_closer_release(&reload->closer);
}

static void restart_instead(struct zpm_reload *reload)
{
  struct zpm_app *app = reload->app;
  struct zpm_reload_options asked = reload->asked;

  release(reload);
  asked.refused(app, asked.done, asked.ctx);
}

/* It becomes a part of a sentence. */
static void drop_full_stop(char *text)
{
  size_t len = strlen(text);

  if (len > 0 && text[len - 1] == '.')
    text[len - 1] = '\0';
}

static void answer(struct zpm_reload *reload)
{
  struct zpm_app *app = reload->app;
  const char *name = app->record.config.name;
  struct zpm_reload_options asked = reload->asked;
  bool retired = asked.kind == ZPM_RELOAD_RETIRE;
  unsigned count = retired ? asked.first : asked.end;
  struct zpm_str sentence = {0};
  struct zpm_error err;

  if (reload->failure.code == 0) {
    zpm_str_printf(&sentence, "'%s' %s%u process%s", name,
                   retired ? "has now " : "reloaded, ", count,
                   count == 1 ? "" : "es");
    release(reload);
    asked.done(asked.ctx, zpm_str_text(&sentence), NULL);
    zpm_str_deinit(&sentence);
    return;
  }
  drop_full_stop(reload->failure.message);
  if (reload->replaced == 0)
    zpm_error_set(&err, ZPM_ESTART, "was not reloaded: %s. The old %s",
                  reload->failure.message,
                  count == 1 ? "process goes on" : "processes go on");
  else
    zpm_error_set(&err, ZPM_ESTART,
                  "was not reloaded: %s. %u of its %u processes %s replaced, "
                  "the others go on",
                  reload->failure.message, reload->replaced, count,
                  reload->replaced == 1 ? "was" : "were");
  app->events->trouble(app, zpm_app_first(app), err.message);
  zpm_error_wrap(&err, "app '%s'", name);
  release(reload);
  asked.done(asked.ctx, "", &err);
}

void zpm_reload_step(struct zpm_app *app)
{
  struct zpm_reload *reload = app->reload;

  if (reload == NULL || reload->stepping)
    return;
  if (!zpm_app_wants_up(app)) {
    zpm_reload_cancel(app, ZPM_ESUPERSEDED);
    return;
  }
  reload->stepping = true;
  while (step_all(reload))
    continue;
  reload->stepping = false;
  if (!is_over(reload))
    return;
  if (reload->refused)
    restart_instead(reload);
  else
    answer(reload);
}

void zpm_reload_cancel(struct zpm_app *app, int code)
{
  struct zpm_reload *reload = app->reload;
  struct zpm_reload_options asked;
  struct zpm_error err;

  if (reload == NULL)
    return;
  asked = reload->asked;
  zpm_error_set(&err, code, "'%s': %s", app->record.config.name,
                zpm_code_text(code));
  release(reload);
  asked.done(asked.ctx, "", &err);
}

int zpm_reload_begin(struct zpm_app *app,
                     const struct zpm_reload_options *options)
{
  unsigned count = options->end - options->first;
  struct zpm_reload *reload;

  if (options->parallel < count / 2)
    count = options->parallel * 2; /* as many that come, and that leave */
  reload =
      zpm_alloc_zeroed(1, sizeof(*reload) + count * sizeof(struct zpm_change));
  if (reload == NULL)
    return ZPM_ENOMEM;
  reload->app = app;
  reload->asked = *options;
  reload->next = options->first;
  reload->change_count = count;
  for (unsigned i = 0; i < count; i++)
    zpm_change_init(&reload->changes[i], reload);
  app->reload = reload;
  return 0;
}
