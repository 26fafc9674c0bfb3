#include "runtime/supervisor_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "core/hashes.h"
#include "platform/platform.h"
#include "proto/state_json.h"
#include "runtime/job.h"
#include "runtime/keeper_link.h"
#include "runtime/reaper.h"
#include "runtime/reload.h"
#include "runtime/store.h"
#include "runtime/waiter.h"

/* ---- birth ---- */

static int read_roster(struct zpm_roster *roster, const char *path,
                       struct zpm_error *err)
{
  struct zpm_str text = {0};
  int rc = zpm_store_read(path, &text, err);

  if (rc == 0)
    rc = zpm_state_from_json(roster, zpm_str_text(&text), text.len, err);
  if (rc != 0 && rc != UV_ENOENT)
    zpm_error_wrap(err, "%s", path);
  zpm_str_deinit(&text);
  return rc;
}

/* What a power cut did to the newest generation is kept aside, and the one
 * before it taken.  A file of a newer version is left alone. */
static int read_old_roster(struct zpm_roster *roster, const char *path,
                           struct zpm_error *err)
{
  struct zpm_error first = *err;
  struct zpm_str old = {0};
  struct zpm_str aside = {0};
  int rc = ZPM_ENOMEM;

  if (zpm_str_printf(&old, "%s.old", path) == 0 &&
      zpm_str_printf(&aside, "%s.damaged", path) == 0)
    rc = read_roster(roster, old.data, err);
  if (rc == 0 && rename(path, aside.data) != 0)
    rc = -errno;
  zpm_str_deinit(&old);
  zpm_str_deinit(&aside);
  if (rc != 0)
    *err = first;
  return rc == 0 ? 0 : first.code;
}

static int fall_back(struct zpm_supervisor *supervisor,
                     struct zpm_roster *roster, struct zpm_error *err)
{
  struct zpm_str text = {0};
  int rc;

  if (zpm_str_printf(&text,
                     "%s. It was put aside as .damaged, and the state before "
                     "it was taken",
                     err->message) != 0)
    return ZPM_ENOMEM;
  rc = read_old_roster(roster, supervisor->state_path, err);
  if (rc == 0)
    zpm_supervisor_tell_trouble(supervisor, text.data);
  zpm_str_deinit(&text);
  return rc;
}

static int load(struct zpm_supervisor *supervisor, struct zpm_error *err)
{
  struct zpm_roster roster = {0};
  struct zpm_app *app;
  int rc;

  if (supervisor->state_path == NULL)
    return 0;
  rc = read_roster(&roster, supervisor->state_path, err);
  if (rc == UV_ENOENT)
    return 0;
  if (rc == ZPM_ESTATE)
    rc = fall_back(supervisor, &roster, err);
  for (size_t i = 0; rc == 0 && i < roster.len; i++)
    rc = zpm_supervisor_add_app(supervisor, &roster.items[i], &app, err);
  zpm_roster_deinit(&roster);
  return rc;
}

static int link_keeper(struct zpm_supervisor *supervisor,
                       const struct zpm_supervisor_options *options,
                       struct zpm_error *err)
{
  struct zpm_services *services = &supervisor->services;
  struct zpm_keeper_table table = {0};
  int rc;

  if (options->daemon == NULL)
    return zpm_keeper_link_own(services->loop, options->keeper_path,
                               &ZPM_SUPERVISOR_KEEPER_EVENTS, supervisor,
                               &services->link, err);
  rc = zpm_keeper_link_inherit(services->loop, &ZPM_SUPERVISOR_KEEPER_EVENTS,
                               supervisor, &services->link, &table, err);
  if (rc == 0)
    rc = zpm_supervisor_take_over(supervisor, &table);
  if (rc == 0)
    zpm_supervisor_succeed(supervisor, &table);
  zpm_keeper_table_deinit(&table);
  return rc;
}

static void on_apps_closed(void *ctx);

static char *copy_or_null(const char *text)
{
  return text != NULL ? zpm_strdup(text) : NULL;
}

static int copy_words(struct zpm_strv *copy, char *const *words)
{
  int rc = 0;

  for (; rc == 0 && words != NULL && *words != NULL; words++)
    rc = zpm_strv_push(copy, *words);
  return rc;
}

/* The paths that files of an app are told from. */
static int list_own_paths(struct zpm_services *services,
                          const struct zpm_supervisor_options *options)
{
  const char *own[] = {options->logs_folder, options->state_path,
                       options->inflight_path, services->interpreters.path};
  int rc = 0;

  for (size_t i = 0; rc == 0 && i < sizeof(own) / sizeof(own[0]); i++)
    rc = own[i] != NULL ? zpm_strv_push(&services->own_paths, own[i]) : 0;
  return rc;
}

static void init(struct zpm_supervisor *supervisor, uv_loop_t *loop,
                 const struct zpm_supervisor_options *options)
{
  char boot[ZPM_BOOT_ID_SIZE];
  uv_timeval64_t wall;

  uv_gettimeofday(&wall);
  *supervisor = (struct zpm_supervisor){
      .observer = options->observer,
      .observer_ctx = options->ctx,
      .logs_folder = copy_or_null(options->logs_folder),
      .state_path = copy_or_null(options->state_path),
      .agent_path = copy_or_null(options->agent_path),
      .keeper_path = copy_or_null(options->keeper_path),
  };
  supervisor->services = (struct zpm_services){
      .loop = loop,
      .clients = options->clients,
      .clients_ctx = options->ctx,
      .agent_path = supervisor->agent_path,
      /* Runs of other supervisors, and of earlier ones, have other ids. */
      .last_id = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_usec,
      .cores = uv_available_parallelism(),
      .snapshots = {.fd = -1},
      .boot = zpm_hashes_of(0, boot, strlen(zpm_platform_boot_id(boot))),
  };
  zpm_list_init(&supervisor->services.trees);
  zpm_list_init(&supervisor->services.jobs);
  zpm_list_init(&supervisor->apps);
  zpm_closer_init(&supervisor->closer, on_apps_closed, supervisor);
  zpm_supervisor_save_init(supervisor);
  zpm_supervisor_rebirth_init(supervisor);
  zpm_supervisor_measure_init(supervisor);
}

/* ---- death ---- */

static void release(void *ctx)
{
  struct zpm_supervisor *supervisor = ctx;
  void (*closed)(void *ctx) = supervisor->closed;
  void *closed_ctx = supervisor->closed_ctx;

  zpm_metrics_destroy(supervisor->metrics);
  zpm_strv_deinit(&supervisor->services.own_paths);
  zpm_free(supervisor->logs_folder);
  zpm_free(supervisor->state_path);
  zpm_free(supervisor->agent_path);
  zpm_free(supervisor->keeper_path);
  zpm_strv_deinit(&supervisor->daemon);
  zpm_snapshots_close(&supervisor->services.snapshots);
  zpm_free(supervisor->acks);
  zpm_run_groups_close(&supervisor->services.groups);
  zpm_str_deinit(&supervisor->services.oom_source);
  zpm_interpreters_close(&supervisor->services.interpreters);
  zpm_free(supervisor);
  if (closed != NULL)
    closed(closed_ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
  struct zpm_supervisor *supervisor = handle->data;

  zpm_closer_release(&supervisor->closer);
}

/* The parts that it has: it may have come into being only halfway. */
static void close_parts(struct zpm_supervisor *supervisor)
{
  struct zpm_services *services = &supervisor->services;
  struct zpm_closer *closer = &supervisor->closer;

  zpm_closer_hold(closer);
  uv_close((uv_handle_t *)&supervisor->save_timer, on_timer_closed);
  zpm_closer_hold(closer);
  uv_close((uv_handle_t *)&supervisor->sync_timer, on_timer_closed);
  zpm_closer_hold(closer);
  uv_close((uv_handle_t *)&supervisor->measure_timer, on_timer_closed);
  zpm_closer_hold(closer);
  uv_close((uv_handle_t *)&supervisor->rebirth_timer, on_timer_closed);
  zpm_supervisor_limits_close(supervisor);
  zpm_job_drop_all(services, closer);
  zpm_lookups_wait(&services->lookups, closer);
  if (services->logs != NULL) {
    zpm_closer_hold(closer);
    zpm_logs_close(services->logs, zpm_closer_on_closed, closer);
  }
  if (services->reaper != NULL) {
    zpm_closer_hold(closer);
    zpm_reaper_close(services->reaper, zpm_closer_on_closed, closer);
  }
  if (services->link != NULL) {
    zpm_closer_hold(closer);
    zpm_keeper_link_close(services->link, zpm_closer_on_closed, closer);
  }
}

static void on_apps_closed(void *ctx)
{
  struct zpm_supervisor *supervisor = ctx;

  zpm_closer_init(&supervisor->closer, release, supervisor);
  close_parts(supervisor);
  zpm_closer_release(&supervisor->closer);
}

static void dismiss_suspend(struct zpm_supervisor *supervisor)
{
  zpm_done_cb *done = supervisor->suspend_done;
  struct zpm_error err;

  if (done == NULL)
    return;
  supervisor->suspend_done = NULL;
  zpm_error_set(&err, ZPM_ECLOSING, "%s", zpm_code_text(ZPM_ECLOSING));
  done(supervisor->suspend_ctx, "", &err);
}

void zpm_supervisor_close(struct zpm_supervisor *supervisor,
                          void (*closed)(void *ctx), void *ctx)
{
  supervisor->closed = closed;
  supervisor->closed_ctx = ctx;
  zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_FACTS);
  zpm_supervisor_save_sync(supervisor);
  supervisor->suspended = true; /* who is answered now may ask for more */
  zpm_supervisor_measure_dismiss(supervisor);
  dismiss_suspend(supervisor);
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    zpm_reload_cancel(app, ZPM_ECLOSING);
    zpm_waiter_dismiss(app, ZPM_ECLOSING);
    zpm_supervisor_drop_app(supervisor, app);
  }
  zpm_closer_release(&supervisor->closer);
}

void zpm_supervisor_release_keeper(struct zpm_supervisor *supervisor)
{
  zpm_keeper_link_quit(supervisor->services.link);
}

/* ---- all of it ---- */

static int create_parts(struct zpm_supervisor *supervisor,
                        const struct zpm_supervisor_options *options,
                        struct zpm_error *err)
{
  struct zpm_services *services = &supervisor->services;
  struct zpm_logs_options logs = {
      .folder = options->logs_folder,
      .inflight_path = options->inflight_path,
      .on_output = zpm_supervisor_on_output,
      .ctx = supervisor,
  };
  int rc;

  supervisor->metrics = zpm_metrics_create();
  if (supervisor->metrics == NULL || supervisor->logs_folder == NULL ||
      zpm_reaper_create(services->loop, &services->reaper) != 0 ||
      supervisor->keeper_path == NULL ||
      copy_words(&supervisor->daemon, options->daemon) != 0 ||
      zpm_interpreters_open(&services->interpreters, options->state_path) !=
          0 ||
      list_own_paths(services, options) != 0)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  if (zpm_platform_oom_source(&services->oom_source) != 0)
    zpm_str_clear(&services->oom_source); /* nobody can tell, then */
  zpm_run_groups_open(&services->groups,
                      options->daemon != NULL ? options->state_path : NULL,
                      services->last_id);
  rc = zpm_logs_create(services->loop, &logs, &services->logs, err);
  if (rc == 0)
    rc = load(supervisor, err);
  if (rc == 0)
    rc = link_keeper(supervisor, options, err);
  return rc;
}

int zpm_supervisor_create(uv_loop_t *loop,
                          const struct zpm_supervisor_options *options,
                          struct zpm_supervisor **out, struct zpm_error *err)
{
  struct zpm_supervisor *supervisor = zpm_alloc(sizeof(*supervisor));
  int rc;

  if (supervisor == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  init(supervisor, loop, options);
  rc = create_parts(supervisor, options, err);
  if (rc != 0)
    zpm_supervisor_close(supervisor, NULL, NULL);
  *out = rc == 0 ? supervisor : NULL;
  return rc;
}
