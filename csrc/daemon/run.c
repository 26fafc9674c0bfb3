#include "daemon/run.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/record.h"
#include "daemon/dismiss.h"
#include "daemon/order.h"
#include "daemon/run_state.h"
#include "platform/notify.h"
#include "platform/platform.h"
#include "runtime/keeper_link.h"

enum {
  /* For a reader that does not read, once we have been told to leave. */
  LAST_WORDS_MS = 2000,
  NEVER_RAN = 128 + SIGTERM, /* told to leave before it did */
  OPEN_AT_ONCE = 8,
};

/* What zpm-keeper hands on, and what it says itself. */
static const int SIGNALS[ZPM_RUN_SIGNALS] = {
    SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};

/* ---- the end ---- */

static int remove_one(const char *path, const struct stat *found, int type,
                      struct FTW *where)
{
  (void)found;
  (void)type;
  (void)where;
  return remove(path);
}

static void remove_folder(const struct zpm_run_host *run)
{
  if (chdir("/") == 0 && run->home.paths.home != NULL)
    nftw(run->home.paths.home, remove_one, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS);
}

/* A thread that waits for the reader cannot be called back. */
static void abandon(struct zpm_run_host *run)
{
  remove_folder(run);
  _exit(run->exit_code);
}

static void on_last_words_over(uv_timer_t *timer)
{
  abandon(timer->data);
}

void zpm_run_finish(struct zpm_run_host *run)
{
  if (uv_is_closing((uv_handle_t *)&run->leave))
    return;
  uv_close((uv_handle_t *)&run->leave, NULL);
  for (int i = 0; i < ZPM_RUN_SIGNALS; i++)
    uv_close((uv_handle_t *)&run->signals[i], NULL);
  zpm_run_output_close(run);
}

static void on_supervisor_closed(void *ctx)
{
  struct zpm_run_host *run = ctx;

  run->stage = ZPM_RUN_LAST_WORDS;
  if (run->farewell.len > 0)
    zpm_run_output_say(run, run->farewell.data);
  if (zpm_run_output_is_done(run))
    zpm_run_finish(run);
  else if (run->was_told)
    uv_timer_start(&run->leave, on_last_words_over, LAST_WORDS_MS, 0);
}

/* The exit code, and what there is to say about it. */
static void conclude(struct zpm_run_host *run)
{
  const struct zpm_app *app = zpm_supervisor_app(run->supervisor, 0);
  char end[ZPM_EXIT_TEXT_SIZE];
  struct zpm_app_view view;

  if (app == NULL || run->exit_code != 0)
    return;
  zpm_app_view(app, &view);
  if (view.past->len == 0) {
    run->exit_code = run->was_told ? NEVER_RAN : EXIT_FAILURE;
    return;
  }
  run->exit_code = zpm_exit_shell_code(&view.past->exits[0]);
  if (run->exit_code != 0 && !run->was_told)
    zpm_str_printf(&run->farewell, "app '%s' ended: %s; it is not tried again",
                   view.name, zpm_exit_text(&view.past->exits[0], end));
}

static void on_leave(uv_timer_t *timer)
{
  struct zpm_run_host *run = timer->data;

  conclude(run);
  run->stage = ZPM_RUN_LEAVING;
  zpm_supervisor_release_keeper(run->supervisor);
  zpm_supervisor_close(run->supervisor, on_supervisor_closed, run);
}

static void leave(struct zpm_run_host *run)
{
  if (run->stage < ZPM_RUN_LEAVING && !uv_is_active((uv_handle_t *)&run->leave))
    uv_timer_start(&run->leave, on_leave, 0, 0);
}

/* ---- being told ---- */

static void on_suspended(void *ctx, const char *text,
                         const struct zpm_error *err)
{
  (void)text;
  (void)err;
  leave(ctx);
}

static void on_told(uv_timer_t *timer)
{
  struct zpm_run_host *run = timer->data;

  zpm_notify_tell("STOPPING=1");
  zpm_supervisor_suspend(run->supervisor, on_suspended, run);
}

void zpm_run_tell(struct zpm_run_host *run)
{
  run->was_told = true;
  if (run->stage == ZPM_RUN_LAST_WORDS)
    uv_timer_start(&run->leave, on_last_words_over, LAST_WORDS_MS, 0);
  if (run->stage != ZPM_RUN_ON || uv_is_active((uv_handle_t *)&run->leave))
    return;
  run->stage = ZPM_RUN_TOLD;
  uv_timer_start(&run->leave, on_told, 0, 0);
}

static void on_signal(uv_signal_t *handle, int number)
{
  struct zpm_run_host *run = handle->data;
  const struct zpm_app *app;
  struct zpm_app_view view;

  if (number == SIGTERM || number == SIGINT) {
    zpm_run_tell(run);
    return;
  }
  app = run->stage < ZPM_RUN_LEAVING ? zpm_supervisor_app(run->supervisor, 0)
                                     : NULL;
  if (app == NULL)
    return;
  zpm_app_view(app, &view);
  zpm_supervisor_signal(run->supervisor, view.name, number);
}

static void on_event(void *ctx, const struct zpm_supervisor_event *event)
{
  struct zpm_run_host *run = ctx;

  zpm_run_output_observe(run, event);
  if (event->kind == ZPM_EVENT_IDLE && run->supervisor != NULL &&
      zpm_supervisor_count(run->supervisor) > 0)
    leave(run);
}

/* ---- the beginning ---- */

static void on_started(void *ctx, const char *text, const struct zpm_error *err)
{
  struct zpm_run_host *run = ctx;

  (void)text;
  if (err == NULL) {
    zpm_notify_tell("READY=1");
  } else if (zpm_supervisor_count(run->supervisor) == 0) {
    zpm_run_output_say(run, err->message);
    run->exit_code = EXIT_FAILURE;
    leave(run);
  } /* else it has been told, and is tried again or the end comes by itself */
}

static void start_app(struct zpm_run_host *run)
{
  struct zpm_config config;
  struct zpm_order order = {.config = &config, .until_ready = true};
  struct zpm_error err = {0};

  zpm_config_init(&config);
  if (zpm_order_read(&config, run->home.paths.home, &err) == 0)
    zpm_supervisor_start(run->supervisor, &order, on_started, run);
  else
    on_started(run, "", &err);
  zpm_config_deinit(&config);
}

/* The words that start the next one of us. */
static int put_words(struct zpm_strv *words, const char *folder)
{
  int rc = zpm_strv_push(words, "--run");

  return rc == 0 ? zpm_strv_push(words, folder) : rc;
}

static int find_heritage(struct zpm_heritage *heritage, const char *folder,
                         struct zpm_error *err)
{
  struct zpm_strv words = {0};
  int rc = zpm_home_heritage(heritage, "run", err);

  for (size_t i = 0; rc == 0 && i < 2; i++) /* zpm daemon */
    rc = zpm_strv_push(&words, heritage->daemon.items[i]);
  if (rc == 0)
    rc = put_words(&words, folder);
  zpm_strv_deinit(&heritage->daemon);
  heritage->daemon = words;
  return rc;
}

static int create_supervisor(struct zpm_run_host *run, struct zpm_error *err)
{
  struct zpm_heritage heritage = {0};
  int rc = find_heritage(&heritage, run->home.paths.home, err);
  struct zpm_supervisor_options options = {
      .logs_folder = run->home.paths.logs,
      .state_path = run->home.paths.state,
      .inflight_path = run->home.paths.inflight,
      .keeper_path = heritage.keeper.data,
      .daemon = heritage.daemon.items,
      .agent_path = heritage.agent.data,
      .observer = on_event,
      .ctx = run,
  };

  if (rc == 0)
    rc = zpm_supervisor_create(&run->loop, &options, &run->supervisor, err);
  zpm_heritage_deinit(&heritage);
  return rc;
}

static void watch_signals(struct zpm_run_host *run)
{
  uv_timer_init(&run->loop, &run->leave);
  run->leave.data = run;
  for (int i = 0; i < ZPM_RUN_SIGNALS; i++) {
    uv_signal_init(&run->loop, &run->signals[i]);
    run->signals[i].data = run;
    uv_signal_start(&run->signals[i], on_signal, SIGNALS[i]);
  }
}

/* ---- life ---- */

static bool is_over(const struct zpm_run_host *run)
{
  struct zpm_app_view view;

  zpm_app_view(zpm_supervisor_app(run->supervisor, 0), &view);
  return !view.busy;
}

/* Who was started in the foreground is zpm-keeper: when it is killed, nobody
 * waits for the app any more. A new keeper ends it, in its place. */
static void leave_with_keeper(struct zpm_run_host *run)
{
  zpm_platform_signal_when_orphaned(SIGTERM);
  if (getppid() != zpm_supervisor_keeper_pid(run->supervisor))
    zpm_run_tell(run);
}

/* One that has died before us has left its app to us, or died too early. */
static void serve(struct zpm_run_host *run)
{
  if (zpm_supervisor_count(run->supervisor) == 0) {
    start_app(run);
  } else {
    zpm_supervisor_resume(run->supervisor);
    if (is_over(run))
      leave(run);
  }
  leave_with_keeper(run);
  uv_run(&run->loop, UV_RUN_DEFAULT);
}

static void give_up(struct zpm_run_host *run, const struct zpm_error *err)
{
  fprintf(stderr, "zpm: %s\n", err->message);
  run->exit_code = EXIT_FAILURE;
  zpm_run_finish(run);
  uv_run(&run->loop, UV_RUN_DEFAULT);
  zpm_dismiss_keeper(&run->loop);
}

int zpm_run_main(const char *folder)
{
  struct zpm_run_host run = {.home.lock = -1};
  struct zpm_error err = {0};
  int rc;

  if (getenv(ZPM_WIRE_ENV_CTL) == NULL || uv_loop_init(&run.loop) != 0) {
    fputs("zpm: 'zpm daemon --run' is started by 'zpm run'\n", stderr);
    return EXIT_FAILURE;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  umask(S_IRWXG | S_IRWXO);
  watch_signals(&run);
  zpm_run_output_init(&run);
  rc = zpm_home_take(&run.home, folder, "run", &err);
  if (rc == 0)
    rc = create_supervisor(&run, &err);
  if (rc == 0)
    serve(&run);
  else
    give_up(&run, &err);
  remove_folder(&run);
  zpm_home_leave(&run.home);
  zpm_str_deinit(&run.farewell);
  uv_loop_close(&run.loop);
  return run.exit_code;
}
