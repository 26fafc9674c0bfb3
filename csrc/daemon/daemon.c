#include "daemon/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "api/api.h"
#include "daemon/dismiss.h"
#include "daemon/home.h"
#include "daemon/journal.h"
#include "daemon/server.h"
#include "platform/notify.h"
#include "platform/platform.h"
#include "runtime/keeper_link.h"
#include "zpm/version.h"

enum { EXIT_NO_KEEPER = 2, EXIT_HANDED_OVER = 3 };

struct daemon {
  uv_loop_t loop;
  uv_signal_t term;
  uv_signal_t interrupt;
  uv_timer_t leave; /* leaving begins from the loop, not from a callback */
  struct zpm_home home;
  struct zpm_api *api;
  struct zpm_supervisor *supervisor;
  struct zpm_server *server;
  bool leaving;
  int exit_code;
};

/* ---- leaving ---- */

static void on_server_closed(void *ctx)
{
  struct daemon *daemon = ctx;

  uv_close((uv_handle_t *)&daemon->term, NULL);
  uv_close((uv_handle_t *)&daemon->interrupt, NULL);
  uv_close((uv_handle_t *)&daemon->leave, NULL);
}

static void on_supervisor_closed(void *ctx)
{
  struct daemon *daemon = ctx;

  zpm_server_close(daemon->server, on_server_closed, daemon);
}

static void on_leave(uv_timer_t *timer)
{
  struct daemon *daemon = timer->data;

  zpm_server_hush(daemon->server);
  zpm_supervisor_release_keeper(daemon->supervisor);
  zpm_supervisor_close(daemon->supervisor, on_supervisor_closed, daemon);
}

static void leave(struct daemon *daemon)
{
  if (!daemon->leaving)
    uv_timer_start(&daemon->leave, on_leave, 0, 0);
  daemon->leaving = true;
}

/* For the service manager, if one has started us (zpm startup). */
static void tell_manager(const char *message)
{
  int rc = zpm_notify_tell(message);

  if (rc != 0)
    zpm_journal_write("cannot tell the service manager %s: %s", message,
                      strerror(-rc));
}

static void on_shutdown(void *ctx)
{
  tell_manager("STOPPING=1");
  leave(ctx);
}

/* ---- making way for another daemon ---- */

/* Ends in the middle of everything, as by SIGKILL, but with all saved and all
 * said: to close what the apps use would be to take it from them. */
static void on_all_said(void *ctx)
{
  struct daemon *daemon = ctx;

  zpm_supervisor_part(daemon->supervisor);
  zpm_journal_write("handed over");
  exit(EXIT_HANDED_OVER);
}

static void on_make_way(uv_timer_t *timer)
{
  struct daemon *daemon = timer->data;
  struct zpm_server *server = daemon->server;

  daemon->server = NULL;
  zpm_server_close(server, on_all_said, daemon);
}

static int on_update(void *ctx, const char *program, struct zpm_error *err)
{
  struct daemon *daemon = ctx;
  int rc;

  if (daemon->leaving)
    return zpm_error_set(err, ZPM_ECLOSING, "%s", zpm_code_text(ZPM_ECLOSING));
  rc = zpm_supervisor_hand_over(daemon->supervisor, program, err);
  if (rc != 0)
    return rc;
  zpm_journal_write("handing over to %s", program);
  daemon->leaving = true;
  uv_timer_start(&daemon->leave, on_make_way, 0, 0);
  return 0;
}

static void on_signal(uv_signal_t *handle, int number)
{
  struct daemon *daemon = handle->data;

  if (daemon->leaving)
    return;
  zpm_journal_write("received %s: stopping all apps",
                    number == SIGTERM ? "SIGTERM" : "SIGINT");
  zpm_api_shutdown(daemon->api);
}

static void on_event(void *ctx, const struct zpm_supervisor_event *event)
{
  struct daemon *daemon = ctx;

  zpm_api_observe(daemon->api, event);
  if (event->kind == ZPM_EVENT_TROUBLE)
    zpm_journal_write("%.*s", (int)event->len, event->bytes);
}

/* ---- the parts ---- */

static size_t on_clients_wanted(void *ctx, int *pids, size_t room)
{
  const struct daemon *daemon = ctx;

  return daemon->server != NULL ? zpm_server_clients(daemon->server, pids, room)
                                : 0;
}

static int create_supervisor(struct daemon *daemon, struct zpm_error *err)
{
  struct zpm_heritage heritage = {0};
  int rc = zpm_home_heritage(&heritage, daemon->home.paths.name, err);
  struct zpm_supervisor_options options = {
      .logs_folder = daemon->home.paths.logs,
      .state_path = daemon->home.paths.state,
      .inflight_path = daemon->home.paths.inflight,
      .keeper_path = heritage.keeper.data,
      .daemon = heritage.daemon.items,
      .agent_path = heritage.agent.data,
      .observer = on_event,
      .clients = on_clients_wanted,
      .ctx = daemon,
  };

  if (rc == 0)
    rc = zpm_supervisor_create(&daemon->loop, &options, &daemon->supervisor,
                               err);
  zpm_heritage_deinit(&heritage);
  if (rc == 0)
    zpm_api_attach(daemon->api, daemon->supervisor);
  return rc;
}

static int create_api(struct daemon *daemon, struct zpm_error *err)
{
  struct zpm_api_options options = {
      .shutdown = on_shutdown,
      .update = on_update,
      .ctx = daemon,
      .home = daemon->home.paths.home,
      .namespace_name = daemon->home.paths.name,
  };

  daemon->api = zpm_api_create(&daemon->loop, &options);
  if (daemon->api == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  return 0;
}

static void watch_signals(struct daemon *daemon)
{
  uv_signal_init(&daemon->loop, &daemon->term);
  uv_signal_init(&daemon->loop, &daemon->interrupt);
  uv_timer_init(&daemon->loop, &daemon->leave);
  daemon->term.data = daemon;
  daemon->interrupt.data = daemon;
  daemon->leave.data = daemon;
  uv_signal_start(&daemon->term, on_signal, SIGTERM);
  uv_signal_start(&daemon->interrupt, on_signal, SIGINT);
}

/* ---- life ---- */

/* What it says first is for who started it; nobody reads stdout after that. */
static void say(const char *line)
{
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);

  if (write(STDOUT_FILENO, line, strlen(line)) < 0 ||
      write(STDOUT_FILENO, "\n", 1) < 0)
    zpm_journal_write("nobody listens to \"%s\"", line);
  if (null < 0)
    return;
  dup2(null, STDOUT_FILENO);
  close(null);
}

/* The socket before the supervisor: then nothing has been touched yet if it
 * fails.  Nobody is served until the loop runs. */
static int start(struct daemon *daemon,
                 const struct zpm_daemon_options *options,
                 struct zpm_error *err)
{
  int rc =
      zpm_home_take(&daemon->home, options->home, options->namespace_name, err);

  if (rc == 0)
    rc = create_api(daemon, err);
  if (rc == 0)
    rc = zpm_server_open(&daemon->loop, daemon->api, daemon->home.paths.socket,
                         &daemon->server, err);
  if (rc == 0)
    rc = create_supervisor(daemon, err);
  return rc;
}

static void serve(struct daemon *daemon)
{
  watch_signals(daemon);
  zpm_supervisor_resume(daemon->supervisor);
  zpm_journal_write("zpm daemon %s started (pid %d, namespace %s)", ZPM_VERSION,
                    (int)getpid(), daemon->home.paths.name);
  say("ready");
  tell_manager("READY=1");
  uv_run(&daemon->loop, UV_RUN_DEFAULT);
  zpm_journal_write("zpm daemon stopped");
}

static void on_given_up(void *ctx)
{
  (void)ctx;
}

static void give_up(struct daemon *daemon, const struct zpm_error *err)
{
  daemon->exit_code = EXIT_FAILURE;
  zpm_journal_write("cannot start: %s", err->message);
  say(err->message);
  if (daemon->server != NULL)
    zpm_server_close(daemon->server, on_given_up, NULL);
  uv_run(&daemon->loop, UV_RUN_DEFAULT);
  zpm_dismiss_keeper(&daemon->loop);
}

static void release(struct daemon *daemon)
{
  zpm_api_destroy(daemon->api);
  zpm_home_leave(&daemon->home);
  if (uv_loop_close(&daemon->loop) != 0)
    zpm_journal_write("a handle was left open");
}

static void ignore_signals(void)
{
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a file size limit costs log bytes, not us */
}

int zpm_daemon_main(const struct zpm_daemon_options *options)
{
  struct daemon daemon = {.home.lock = -1};
  struct zpm_error err = {0};

  if (getenv(ZPM_WIRE_ENV_CTL) == NULL) {
    fputs("zpm daemon is started by zpm-keeper; run any zpm command instead\n",
          stderr);
    return EXIT_NO_KEEPER;
  }
  zpm_platform_set_name("zpm");
  ignore_signals();
  umask(077);
  if (uv_loop_init(&daemon.loop) != 0) {
    zpm_journal_write("cannot start: no event loop");
    return EXIT_FAILURE;
  }
  if (start(&daemon, options, &err) == 0)
    serve(&daemon);
  else
    give_up(&daemon, &err);
  release(&daemon);
  return daemon.exit_code;
}
