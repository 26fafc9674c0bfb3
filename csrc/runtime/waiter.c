#include "runtime/waiter.h"

#include "base/alloc.h"
#include "base/list.h"
#include "runtime/app.h"

struct zpm_waiter {
  struct zpm_list link;
  struct zpm_waiter_options asked;
  uint64_t starts_before; /* so that an older run does not count as ours */
  struct zpm_str notes;   /* ". " and a sentence, each */
};

enum outcome { PENDING, DONE, FAILED, SUPERSEDED };

/* A start is content with a run that is being started already. */
static uint64_t starts_before(const struct zpm_app *app, enum zpm_wish wish)
{
  bool under_way =
      wish == ZPM_WISH_START && zpm_app_status(app) == ZPM_STATUS_STARTING;

  return zpm_app_starts(app) - (under_way ? 1 : 0);
}

int zpm_waiter_add(struct zpm_app *app,
                   const struct zpm_waiter_options *options)
{
  struct zpm_waiter *waiter = zpm_alloc(sizeof(*waiter));
  struct zpm_error err;

  if (waiter == NULL) {
    zpm_error_set(&err, ZPM_ENOMEM, "out of memory");
    options->done(options->ctx, "", &err);
    return ZPM_ENOMEM;
  }
  *waiter = (struct zpm_waiter){
      .asked = *options,
      .starts_before = starts_before(app, options->wish),
  };
  zpm_list_append(&app->waiters, &waiter->link);
  return 0;
}

/* It ended by itself, and what is left of its tree is being ended. */
static bool is_nearly_done(const struct zpm_app *app)
{
  const struct zpm_machine *machine = &app->procs[0].machine;

  return machine->state == ZPM_STOPPING && machine->next == ZPM_DONE;
}

static enum outcome of_up(const struct zpm_app *app,
                          const struct zpm_waiter *waiter)
{
  bool begun = zpm_app_starts(app) != waiter->starts_before;

  if (begun && zpm_app_is_done(app))
    return FAILED;
  if (begun && is_nearly_done(app))
    return PENDING;
  if (!zpm_app_wants_up(app))
    return SUPERSEDED;
  if (!begun)
    return PENDING;
  if (!waiter->asked.until_ready && zpm_app_runs(app))
    return DONE;
  switch (zpm_app_status(app)) {
  case ZPM_STATUS_RUNNING:
    return DONE;
  case ZPM_STATUS_ERRORED:
  case ZPM_STATUS_CRASHED:
    return FAILED;
  case ZPM_STATUS_STOPPED:
  case ZPM_STATUS_STARTING:
  case ZPM_STATUS_STOPPING:
  case ZPM_STATUSES:
    break;
  }
  return PENDING;
}

static enum outcome of(const struct zpm_app *app,
                       const struct zpm_waiter *waiter)
{
  if (zpm_app_is_stuck(app))
    return FAILED;
  if (waiter->asked.wish == ZPM_WISH_START ||
      waiter->asked.wish == ZPM_WISH_RESTART)
    return of_up(app, waiter);
  if (zpm_app_wants_up(app))
    return SUPERSEDED;
  if (waiter->asked.wish == ZPM_WISH_GONE)
    return app->forget ? PENDING : SUPERSEDED;
  return zpm_app_status(app) == ZPM_STATUS_STOPPED ? DONE : PENDING;
}

static void tell_done(const struct zpm_app *app,
                      const struct zpm_waiter *waiter)
{
  const char *name = app->record.config.name;
  bool ready =
      waiter->asked.until_ready && zpm_config_waits_ready(&app->record.config);
  struct zpm_str sentence = {0};

  switch (waiter->asked.wish) {
  case ZPM_WISH_START:
    zpm_str_printf(&sentence, "'%s' %s, pid %d", name,
                   ready ? "is ready" : "started", zpm_app_pid(app));
    break;
  case ZPM_WISH_RESTART:
    zpm_str_printf(&sentence, "'%s' restarted%s, pid %d", name,
                   ready ? " and is ready" : "", zpm_app_pid(app));
    break;
  case ZPM_WISH_STOP:
    zpm_str_printf(&sentence, "'%s' stopped", name);
    break;
  case ZPM_WISH_GONE:
    zpm_str_printf(&sentence, "'%s' deleted", name);
    break;
  }
  if (waiter->asked.until_ready && !ready)
    zpm_str_puts(&sentence, ". Nothing was waited for: it has neither a "
                            "readiness probe nor waitReady");
  zpm_str_puts(&sentence, zpm_str_text(&waiter->notes));
  waiter->asked.done(waiter->asked.ctx, zpm_str_text(&sentence), NULL);
  zpm_str_deinit(&sentence);
}

static void put_end(struct zpm_str *sentence, const struct zpm_app *app,
                    const struct zpm_waiter *waiter)
{
  const struct zpm_past *past = &app->record.past;

  if (past->len > 0) {
    char end[ZPM_EXIT_TEXT_SIZE];

    zpm_str_printf(sentence, "it ended by %s before it was %s",
                   zpm_exit_text(&past->exits[0], end),
                   waiter->asked.until_ready ? "ready" : "running");
  } else {
    zpm_str_puts(sentence, "it ended before it ran");
  }
}

static void tell_failed(const struct zpm_app *app,
                        const struct zpm_waiter *waiter)
{
  const char *why = zpm_app_error(app);
  const char *name = app->record.config.name;
  struct zpm_str sentence = {0};
  struct zpm_error err;

  zpm_str_printf(&sentence, "app '%s': ", name);
  if (why != NULL)
    zpm_str_puts(&sentence, why);
  else
    put_end(&sentence, app, waiter);
  if (zpm_app_status(app) == ZPM_STATUS_CRASHED)
    zpm_str_printf(&sentence,
                   ". It is tried again: `zpm logs %s` shows what it says, "
                   "`zpm stop %s` ends that",
                   name, name);
  zpm_error_set(&err, zpm_app_is_stuck(app) ? ZPM_ESTUCK : ZPM_ESTART, "%s",
                zpm_str_text(&sentence));
  waiter->asked.done(waiter->asked.ctx, "", &err);
  zpm_str_deinit(&sentence);
}

static void tell_code(const struct zpm_app *app,
                      const struct zpm_waiter *waiter, int code)
{
  struct zpm_error err;

  zpm_error_set(&err, code, "'%s': %s", app->record.config.name,
                zpm_code_text(code));
  waiter->asked.done(waiter->asked.ctx, "", &err);
}

static void free_waiter(struct zpm_waiter *waiter)
{
  zpm_str_deinit(&waiter->notes);
  zpm_free(waiter);
}

static void answer(const struct zpm_app *app, struct zpm_waiter *waiter)
{
  enum outcome outcome = of(app, waiter);

  zpm_list_remove(&waiter->link);
  if (outcome == DONE)
    tell_done(app, waiter);
  else if (outcome == FAILED)
    tell_failed(app, waiter);
  else
    tell_code(app, waiter, ZPM_ESUPERSEDED);
  free_waiter(waiter);
}

static struct zpm_waiter *first_due(const struct zpm_app *app)
{
  ZPM_LIST_EACH(it, &app->waiters)
  {
    struct zpm_waiter *waiter = ZPM_CONTAINER_OF(it, struct zpm_waiter, link);

    if (of(app, waiter) != PENDING)
      return waiter;
  }
  return NULL;
}

bool zpm_waiter_any_due(const struct zpm_app *app)
{
  return first_due(app) != NULL;
}

void zpm_waiter_note(struct zpm_app *app, const char *text)
{
  ZPM_LIST_EACH(it, &app->waiters)
  {
    struct zpm_waiter *waiter = ZPM_CONTAINER_OF(it, struct zpm_waiter, link);

    if (waiter->asked.wish == ZPM_WISH_START ||
        waiter->asked.wish == ZPM_WISH_RESTART)
      zpm_str_printf(&waiter->notes, ". %s", text);
  }
}

/* Who is answered may give the next command at once, and so change the list. */
void zpm_waiter_settle(struct zpm_app *app)
{
  struct zpm_waiter *due;

  while ((due = first_due(app)) != NULL)
    answer(app, due);
}

void zpm_waiter_dismiss(struct zpm_app *app, int code)
{
  while (!zpm_list_empty(&app->waiters)) {
    struct zpm_waiter *waiter =
        ZPM_CONTAINER_OF(app->waiters.next, struct zpm_waiter, link);

    zpm_list_remove(&waiter->link);
    if (code == 0)
      tell_done(app, waiter);
    else
      tell_code(app, waiter, code);
    free_waiter(waiter);
  }
}
