#include "runtime/waiter.h"

#include "base/alloc.h"
#include "base/list.h"
#include "runtime/app.h"

struct zpm_waiter {
  struct zpm_list link;
  struct zpm_waiter_options asked;
  uint64_t last_turn;   /* so that an older run does not count as ours */
  struct zpm_str notes; /* ". " and a sentence, each */
};

enum outcome { PENDING, DONE, FAILED, SUPERSEDED };

/* A start is content with what is up, or being started, already. */
static void count_anew(struct zpm_app *app)
{
  for (size_t i = 0; i < app->proc_count; i++) {
    struct zpm_proc *proc = app->procs[i];

    if (zpm_machine_is_alive(&proc->machine) &&
        proc->machine.state != ZPM_STOPPING)
      proc->turn = ++app->services->last_turn;
  }
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
      .last_turn = app->services->last_turn,
  };
  if (options->wish == ZPM_WISH_START || options->wish == ZPM_WISH_SCALE)
    count_anew(app);
  zpm_list_append(&app->waiters, &waiter->link);
  return 0;
}

/* It ended by itself, and what is left of its tree is being ended. */
static bool is_nearly_done(const struct zpm_machine *machine)
{
  return machine->state == ZPM_STOPPING && machine->next == ZPM_DONE;
}

static enum outcome of_state(const struct zpm_machine *machine)
{
  switch (zpm_app_status_of(machine->state)) {
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

static enum outcome of_proc(const struct zpm_proc *proc,
                            const struct zpm_waiter *waiter)
{
  const struct zpm_machine *machine = &proc->machine;
  bool begun = proc->turn > waiter->last_turn;

  if (begun && machine->state == ZPM_DONE)
    return FAILED;
  if (begun && is_nearly_done(machine))
    return PENDING;
  if (!zpm_machine_wants_up(machine))
    return SUPERSEDED;
  if (!begun)
    return PENDING;
  if (!waiter->asked.until_ready && zpm_machine_runs(machine))
    return DONE;
  return of_state(machine);
}

/* Up when all of its instances are; what one of them comes to counts for all.
 */
static enum outcome of_up(const struct zpm_app *app,
                          const struct zpm_waiter *waiter)
{
  enum outcome all = DONE;

  for (size_t i = 0; i < app->proc_count; i++) {
    enum outcome one = DONE;

    if (app->procs[i]->role == ZPM_ROLE_CURRENT)
      one = of_proc(app->procs[i], waiter);
    if (one == FAILED || one == SUPERSEDED)
      return one;
    if (one == PENDING)
      all = PENDING;
  }
  return all;
}

static enum outcome of(const struct zpm_app *app,
                       const struct zpm_waiter *waiter)
{
  if (zpm_app_is_stuck(app))
    return FAILED;
  if (waiter->asked.wish != ZPM_WISH_STOP &&
      waiter->asked.wish != ZPM_WISH_GONE)
    return of_up(app, waiter);
  if (zpm_app_wants_up(app))
    return SUPERSEDED;
  if (waiter->asked.wish == ZPM_WISH_GONE)
    return app->forget ? PENDING : SUPERSEDED;
  return zpm_app_is_at_rest(app) ? DONE : PENDING;
}

/* ", pid 4711", ", 4 processes" */
static void put_processes(struct zpm_str *sentence, const struct zpm_app *app)
{
  unsigned count = zpm_app_instances(app);

  if (app->record.config.mode == ZPM_MODE_FORK)
    zpm_str_printf(sentence, ", pid %d", zpm_app_pid(app));
  else
    zpm_str_printf(sentence, ", %u process%s", count, count == 1 ? "" : "es");
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
    zpm_str_printf(&sentence, "'%s' %s", name, ready ? "is ready" : "started");
    put_processes(&sentence, app);
    break;
  case ZPM_WISH_RESTART:
    zpm_str_printf(&sentence, "'%s' restarted%s", name,
                   ready ? " and is ready" : "");
    put_processes(&sentence, app);
    break;
  case ZPM_WISH_SCALE:
    zpm_str_printf(&sentence, "'%s' is scaled", name);
    put_processes(&sentence, app);
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

static bool wants_end(const struct zpm_waiter *waiter)
{
  return waiter->asked.wish == ZPM_WISH_STOP ||
         waiter->asked.wish == ZPM_WISH_GONE;
}

void zpm_waiter_dismiss(struct zpm_app *app, int code)
{
  while (!zpm_list_empty(&app->waiters)) {
    struct zpm_waiter *waiter =
        ZPM_CONTAINER_OF(app->waiters.next, struct zpm_waiter, link);

    zpm_list_remove(&waiter->link);
    if (code == 0 && wants_end(waiter))
      tell_done(app, waiter);
    else
      tell_code(app, waiter, code != 0 ? code : ZPM_ESUPERSEDED);
    free_waiter(waiter);
  }
}
