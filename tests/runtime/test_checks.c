#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/scarce_memory.h"
#include "runtime/tiny_server.h"

#include "core/config.h"
#include "runtime/channel.h"
#include "runtime/checks.h"
#include "runtime/job.h"
#include "runtime/proc.h"

/*
 * The health of a run, played: this process is the leader, its servers are
 * here, and so are the jobs of its exec probes.
 */
enum { DEADLINE_MS = 30000, SOON_MS = 60, PATIENT_MS = 20000 };

struct world {
  uv_loop_t loop;
  struct zpm_services services;
  struct zpm_config config;
  struct zpm_recipe recipe;
  struct zpm_probe probes[3];
  char targets[3][64];
  struct zpm_checks *checks;
  struct zpm_channel *channel;
  int notify_fd;
  char notify_name[ZPM_NOTIFY_NAME_SIZE];
  const struct zpm_snapshot *before;
  unsigned changes;
  bool answers; /* a ping, at once */
  bool has_channel;
  bool ends_at_event;
  unsigned ready;
  unsigned failing;
  unsigned pings;
  char why[512];
};

/* ---- jobs ---- */

static struct {
  zpm_job_done_cb *done; /* NULL: none runs */
  void *ctx;
  unsigned started;
  unsigned cancelled;
} played;

int zpm_job_start(struct zpm_services *services,
                  const struct zpm_job_options *options, zpm_job_done_cb *done,
                  void *ctx, struct zpm_job **out, struct zpm_error *err)
{
  (void)services;
  (void)options;
  (void)err;
  assert_null(played.done); /* they never overlap */
  played.done = done;
  played.ctx = ctx;
  played.started++;
  *out = (struct zpm_job *)&played;
  return 0;
}

void zpm_job_cancel(struct zpm_job *job)
{
  assert_ptr_equal(job, &played);
  played.done = NULL;
  played.cancelled++;
}

static void job_ends(int code)
{
  struct zpm_job_result result = {.end = {.known = true, .code = code},
                                  .output = "so it is"};
  zpm_job_done_cb *done = played.done;

  played.done = NULL;
  done(played.ctx, &result);
}

/* ---- events ---- */

static void on_event(struct world *w)
{
  if (!w->ends_at_event)
    return;
  zpm_checks_end(w->checks);
  w->checks = NULL;
}

static void on_ready(void *ctx)
{
  struct world *w = ctx;

  w->ready++;
  on_event(w);
}

static void on_failing(void *ctx, const char *why)
{
  struct world *w = ctx;

  w->failing++;
  snprintf(w->why, sizeof(w->why), "%s", why);
  on_event(w);
}

static bool on_ping(void *ctx)
{
  struct world *w = ctx;

  w->pings++;
  if (w->channel != NULL)
    zpm_channel_ping(w->channel);
  else if (w->answers)
    zpm_checks_on_pong(w->checks);
  return w->has_channel;
}

static void on_changed(void *ctx)
{
  struct world *w = ctx;

  w->changes++;
}

static const struct zpm_checks_events EVENTS = {.ready = on_ready,
                                                .failing = on_failing,
                                                .changed = on_changed,
                                                .ping = on_ping};

/* ---- the world ---- */

static int set_up(void **state)
{
  struct world *w = calloc(1, sizeof(*w));

  assert_int_equal(uv_loop_init(&w->loop), 0);
  w->services.loop = &w->loop;
  zpm_list_init(&w->services.trees);
  zpm_config_init(&w->config);
  w->config.probes.items = w->probes;
  w->recipe.config = &w->config;
  w->notify_fd = -1;
  w->has_channel = true;
  memset(&played, 0, sizeof(played));
  *state = w;
  return 0;
}

static int tear_down(void **state)
{
  struct world *w = *state;

  allocations_left = -1;
  zpm_checks_end(w->checks);
  if (w->channel != NULL)
    zpm_channel_close(w->channel);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  w->config.probes = (struct zpm_probes){0};
  zpm_config_deinit(&w->config);
  free(w);
  return 0;
}

static struct zpm_probe *add_probe(struct world *w, enum zpm_probe_type type,
                                   enum zpm_probe_kind kind)
{
  size_t i = w->config.probes.len++;

  w->probes[i] = (struct zpm_probe){.type = (int)type,
                                    .kind = (int)kind,
                                    .target = w->targets[i],
                                    .interval_ms = 5,
                                    .timeout_ms = PATIENT_MS,
                                    .failure_threshold = 3,
                                    .success_threshold = 1};
  return &w->probes[i];
}

/* A probe of a server here. */
static struct zpm_probe *add_server(struct world *w, enum zpm_probe_kind kind,
                                    struct tiny_server *server,
                                    const char *text)
{
  struct zpm_probe *probe = add_probe(w, ZPM_PROBE_HTTP, kind);
  int port = tiny_open(server, &w->loop, "127.0.0.1", TINY_ANSWERS, text);

  snprintf(probe->target, sizeof(w->targets[0]), "http://127.0.0.1:%d/", port);
  return probe;
}

static int try_to_begin(struct world *w)
{
  struct zpm_checks_options options = {.services = &w->services,
                                       .recipe = &w->recipe,
                                       .events = &EVENTS,
                                       .ctx = w,
                                       .leader = getpid(),
                                       .notify_fd = w->notify_fd,
                                       .before = w->before};

  w->notify_fd = -1;
  return zpm_checks_begin(&options, &w->checks, NULL);
}

static void begin(struct world *w)
{
  assert_int_equal(try_to_begin(w), 0);
  assert_non_null(w->checks);
  assert_int_equal(w->ready + w->failing + w->pings, 0);
}

static void on_deadline(uv_timer_t *timer)
{
  (void)timer;
  fail_msg("nothing came within %d ms", DEADLINE_MS);
}

static void await_number(struct world *w, const unsigned *number,
                         unsigned wanted)
{
  uv_timer_t timer;

  uv_timer_init(&w->loop, &timer);
  uv_timer_start(&timer, on_deadline, DEADLINE_MS, 0);
  while (*number < wanted)
    uv_run(&w->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void on_over(uv_timer_t *timer)
{
  uv_stop(timer->loop);
}

static void run_for(struct world *w, uint64_t ms)
{
  uv_timer_t timer;

  uv_timer_init(&w->loop, &timer);
  uv_timer_start(&timer, on_over, ms, 0);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void says(struct world *w, const char *json)
{
  zpm_checks_on_message(w->checks, json, strlen(json));
}

/* ---- nothing ---- */

static void most_apps_have_nothing_to_be_checked(void **state)
{
  struct world *w = *state;

  assert_int_equal(try_to_begin(w), 0);
  assert_null(w->checks);
  assert_string_equal(zpm_checks_pending(NULL), "");
  assert_int_equal(zpm_checks_failures(NULL), 0);
  says(w, "\"ready\"");
  zpm_checks_on_pong(NULL);
  zpm_checks_end(NULL);
}

static void who_is_ready_needs_no_readiness(void **state)
{
  struct world *w = *state;
  struct zpm_snapshot before = {.machine.state = ZPM_RUNNING};

  w->config.wait_ready = true;
  add_probe(w, ZPM_PROBE_EXEC, ZPM_PROBE_READINESS);
  w->before = &before;
  assert_int_equal(try_to_begin(w), 0);
  assert_null(w->checks);
}

static void nothing_keeps_the_loop_alive(void **state)
{
  struct world *w = *state;

  w->config.wait_ready = true;
  w->config.port = 1;
  w->config.event_loop_timeout_ms = PATIENT_MS;
  add_probe(w, ZPM_PROBE_EXEC, ZPM_PROBE_LIVENESS);
  assert_int_equal(zpm_checks_notify_open(&w->notify_fd, w->notify_name), 0);
  begin(w);
  assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
}

/* ---- readiness ---- */

static void it_is_ready_when_its_probe_passes(void **state)
{
  struct world *w = *state;
  struct tiny_server server;
  char wanted[128];

  add_server(w, ZPM_PROBE_READINESS, &server, "HTTP/1.1 503 No\r\n\r\n");
  begin(w);
  snprintf(wanted, sizeof(wanted), "readiness probe %s", w->targets[0]);
  assert_string_equal(zpm_checks_pending(w->checks), wanted);
  await_number(w, &server.visits, 3);
  run_for(w, 1);
  assert_int_equal(w->ready, 0);
  snprintf(wanted, sizeof(wanted), "readiness probe %s: status 503",
           w->targets[0]);
  assert_string_equal(zpm_checks_pending(w->checks), wanted);
  assert_int_equal(zpm_checks_failures(w->checks), 0);
  server.text = "HTTP/1.1 200 OK\r\n\r\n";
  await_number(w, &w->ready, 1);
  assert_string_equal(zpm_checks_pending(w->checks), "");
  server.visits = 0;
  run_for(w, SOON_MS);
  assert_int_equal(server.visits, 0); /* it is not looked at again */
  assert_int_equal(w->ready, 1);
  assert_int_equal(w->failing, 0);
  tiny_close(&server);
}

static void its_word_by_the_channel_will_do(void **state)
{
  struct world *w = *state;

  w->config.wait_ready = true;
  begin(w);
  assert_string_equal(zpm_checks_pending(w->checks),
                      "it has not said that it is ready");
  says(w, "{\"ready\":1}");
  run_for(w, 5);
  assert_int_equal(w->ready, 0);
  says(w, "\"ready\"");
  assert_int_equal(w->ready, 0); /* not from within */
  says(w, "\"ready\"");
  run_for(w, 5);
  says(w, "\"ready\"");
  run_for(w, 5);
  assert_int_equal(w->ready, 1);
}

static void its_word_alone_is_not_enough_if_there_is_a_probe(void **state)
{
  struct world *w = *state;
  struct tiny_server server;

  w->config.wait_ready = true;
  add_server(w, ZPM_PROBE_READINESS, &server, "HTTP/1.1 503 No\r\n\r\n");
  begin(w);
  await_number(w, &server.visits, 1);
  says(w, "\"ready\"");
  run_for(w, 5);
  assert_int_equal(w->ready, 0);
  server.text = "HTTP/1.1 200 OK\r\n\r\n";
  await_number(w, &w->ready, 1);
  tiny_close(&server);
}

static int notify_sender(const struct world *w)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t len = strlen(w->notify_name);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  assert_int_equal(w->notify_name[0], '@');
  memcpy(address.sun_path + 1, w->notify_name + 1, len - 1);
  assert_int_equal(
      connect(fd, (struct sockaddr *)&address,
              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
      0);
  return fd;
}

static void notifies(struct world *w, int fd, const char *text)
{
  while (send(fd, text, strlen(text), 0) < 0) {
    assert_int_equal(errno, EAGAIN);
    run_for(w, 1);
  }
}

static void its_word_on_the_notify_socket_will_do(void **state)
{
  struct world *w = *state;
  int fd;

  w->config.wait_ready = true;
  assert_int_equal(zpm_checks_notify_open(&w->notify_fd, w->notify_name), 0);
  begin(w);
  fd = notify_sender(w);
  notifies(w, fd, "STATUS=loading");
  run_for(w, 5);
  assert_int_equal(w->ready, 0);
  notifies(w, fd, "STATUS=fine\nREADY=1\n");
  await_number(w, &w->ready, 1);
  /* Who goes on sending is never held up. */
  for (int i = 0; i < 1000; i++)
    notifies(w, fd, "READY=1");
  run_for(w, 5);
  assert_int_equal(w->ready, 1);
  close(fd);
}

static void a_message_too_long_or_with_descriptors_does_no_harm(void **state)
{
  struct world *w = *state;
  char text[5000];
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {.iov_base = text, .iov_len = 9};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
  int fd, ends[2];
  char byte;

  w->config.wait_ready = true;
  assert_int_equal(zpm_checks_notify_open(&w->notify_fd, w->notify_name), 0);
  begin(w);
  fd = notify_sender(w);
  memset(text, '\n', sizeof(text));
  memcpy(text, "READY=1", 7);
  assert_int_equal(send(fd, text, sizeof(text), 0), sizeof(text));
  run_for(w, 5);
  assert_int_equal(w->ready, 0);
  /* The barrier of sd_notify waits until its descriptor is closed. */
  assert_int_equal(pipe(ends), 0);
  memcpy(text, "BARRIER=1", 9);
  CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
  CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
  CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &ends[1], sizeof(int));
  assert_int_equal(sendmsg(fd, &message, 0), 9);
  close(ends[1]);
  run_for(w, 5);
  assert_int_equal(read(ends[0], &byte, 1), 0);
  close(ends[0]);
  close(fd);
}

static void another_user_has_no_say(void **state)
{
  enum { NOBODY = 65534 };
  struct world *w = *state;
  pid_t pid;
  int fd;

  if (geteuid() != 0)
    return; /* then nobody else can be played */
  w->config.wait_ready = true;
  assert_int_equal(zpm_checks_notify_open(&w->notify_fd, w->notify_name), 0);
  begin(w);
  fd = notify_sender(w);
  pid = fork();
  if (pid == 0)
    _exit(setuid(NOBODY) == 0 && send(fd, "READY=1", 7, 0) == 7 ? 0 : 1);
  assert_int_equal(waitpid(pid, &(int){0}, 0), pid);
  run_for(w, 5);
  assert_int_equal(w->ready, 0);
  notifies(w, fd, "READY=1");
  await_number(w, &w->ready, 1);
  close(fd);
}

static void its_first_listen_on_the_port_will_do(void **state)
{
  struct world *w = *state;
  struct tiny_server server;
  char wanted[128];

  w->config.wait_ready = true;
  w->config.port =
      (uint32_t)tiny_open(&server, &w->loop, "127.0.0.1", TINY_STAYS, "");
  tiny_close(&server);
  begin(w);
  snprintf(wanted, sizeof(wanted),
           "it does not listen on port %u, and has not said that it is ready",
           (unsigned)w->config.port);
  assert_string_equal(zpm_checks_pending(w->checks), wanted);
  run_for(w, SOON_MS);
  assert_int_equal(w->ready, 0);
  w->config.port = 0;
  uv_tcp_init(&w->loop, &server.listener);
  {
    struct sockaddr_in address;
    unsigned port = (unsigned)strtoul(strstr(wanted, "port ") + 5, NULL, 10);

    uv_ip4_addr("127.0.0.1", (int)port, &address);
    assert_int_equal(
        uv_tcp_bind(&server.listener, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(
        uv_listen((uv_stream_t *)&server.listener, 4, tiny_on_visit), 0);
  }
  await_number(w, &w->ready, 1);
  assert_int_equal(server.visits, 0); /* nobody has connected */
  tiny_close(&server);
}

/* ---- liveness ---- */

static void it_fails_when_its_probe_does(void **state)
{
  struct world *w = *state;
  struct tiny_server server;
  char wanted[256];

  add_server(w, ZPM_PROBE_LIVENESS, &server, "HTTP/1.1 200 OK\r\n\r\n");
  begin(w);
  await_number(w, &server.visits, 5);
  assert_int_equal(zpm_checks_failures(w->checks), 0);
  server.text = "HTTP/1.1 503 No\r\n\r\n";
  await_number(w, &w->failing, 1);
  snprintf(wanted, sizeof(wanted),
           "liveness probe %s failed 3 times in a row: status 503",
           w->targets[0]);
  assert_string_equal(w->why, wanted);
  assert_int_equal(zpm_checks_failures(w->checks), 3);
  server.visits = 0;
  run_for(w, SOON_MS);
  assert_int_equal(server.visits, 0);
  assert_int_equal(w->failing, 1);
  assert_int_equal(w->ready, 0); /* nobody waited for it */
  tiny_close(&server);
}

static void a_hang_counts_as_a_failure(void **state)
{
  struct world *w = *state;
  struct tiny_server server;
  struct zpm_probe *probe = add_server(w, ZPM_PROBE_LIVENESS, &server, "");
  char wanted[256];

  server.manner = TINY_STAYS;
  probe->timeout_ms = SOON_MS;
  probe->failure_threshold = 2;
  begin(w);
  await_number(w, &w->failing, 1);
  snprintf(wanted, sizeof(wanted),
           "liveness probe %s failed 2 times in a row: no answer within 60 ms",
           w->targets[0]);
  assert_string_equal(w->why, wanted);
  assert_true(server.visits >= 2);
  tiny_close(&server);
}

static void failures_that_another_supervisor_saw_count(void **state)
{
  struct world *w = *state;
  struct zpm_snapshot before = {.machine.state = ZPM_RUNNING,
                                .probes[0].failures = 2};
  struct zpm_snapshot after = {0};
  struct zpm_probe *probe = add_probe(w, ZPM_PROBE_TCP, ZPM_PROBE_LIVENESS);

  snprintf(probe->target, sizeof(w->targets[0]), "127.0.0.1:1");
  w->before = &before;
  begin(w);
  zpm_checks_note(w->checks, &after);
  assert_int_equal(after.probes[0].failures, 2);
  await_number(w, &w->failing, 1);
  assert_int_equal(w->changes, 0); /* the first failure here is the third */
  zpm_checks_note(w->checks, &after);
  assert_int_equal(after.probes[0].failures, 3);
}

static void every_failure_is_to_be_noted(void **state)
{
  struct world *w = *state;
  struct zpm_probe *probe = add_probe(w, ZPM_PROBE_TCP, ZPM_PROBE_LIVENESS);

  snprintf(probe->target, sizeof(w->targets[0]), "127.0.0.1:1");
  w->before = &(struct zpm_snapshot){.machine.state = ZPM_RUNNING};
  begin(w);
  await_number(w, &w->failing, 1);
  assert_int_equal(w->changes, 2);
}

static void a_word_that_was_heard_before_is_not_waited_for(void **state)
{
  struct world *w = *state;
  struct zpm_snapshot before = {.machine.state = ZPM_WARMING};
  struct tiny_server server;

  w->config.wait_ready = true;
  add_server(w, ZPM_PROBE_READINESS, &server, "HTTP/1.1 200 OK\r\n\r\n");
  w->before = &before;
  begin(w);
  await_number(w, &w->ready, 1);
  tiny_close(&server);
}

static void liveness_begins_when_it_is_ready(void **state)
{
  struct world *w = *state;
  struct tiny_server server;

  w->config.wait_ready = true;
  add_server(w, ZPM_PROBE_LIVENESS, &server, "HTTP/1.1 500 No\r\n\r\n");
  begin(w);
  run_for(w, SOON_MS);
  assert_int_equal(server.visits, 0);
  says(w, "\"ready\"");
  await_number(w, &w->failing, 1);
  assert_int_equal(w->ready, 1);
  tiny_close(&server);
}

static void commands_never_overlap(void **state)
{
  struct world *w = *state;
  char wanted[] = "liveness probe exec ./check.sh failed 3 times in a row: "
                  "exit code 4: so it is";

  snprintf(add_probe(w, ZPM_PROBE_EXEC, ZPM_PROBE_LIVENESS)->target,
           sizeof(w->targets[0]), "./check.sh");
  begin(w);
  for (unsigned i = 1; i <= 3; i++) {
    await_number(w, &played.started, i);
    run_for(w, 20); /* longer than the interval */
    job_ends(4);
  }
  assert_int_equal(w->failing, 1);
  assert_string_equal(w->why, wanted);
}

static void the_config_may_change_meanwhile(void **state)
{
  struct world *w = *state;
  struct tiny_server server;

  add_server(w, ZPM_PROBE_LIVENESS, &server, "HTTP/1.1 500 No\r\n\r\n");
  begin(w);
  memset(w->targets, 'x', sizeof(w->targets[0]));
  w->config.probes.len = 0;
  await_number(w, &w->failing, 1);
  assert_int_equal(server.visits, 3);
  tiny_close(&server);
}

/* ---- the event loop ---- */

static void an_event_loop_that_answers_is_fine(void **state)
{
  struct world *w = *state;

  w->config.event_loop_timeout_ms = 20;
  w->answers = true;
  begin(w);
  await_number(w, &w->pings, 10);
  assert_int_equal(w->failing, 0);
}

static void one_that_does_not_answer_is_failing(void **state)
{
  struct world *w = *state;

  w->config.event_loop_timeout_ms = 500;
  begin(w);
  await_number(w, &w->failing, 1);
  assert_string_equal(w->why, "its event loop has not answered for 500 ms");
  assert_true(w->pings >= 2);
}

static void without_a_channel_it_is_not_watched(void **state)
{
  struct world *w = *state;

  w->config.event_loop_timeout_ms = 5;
  w->has_channel = false;
  begin(w);
  run_for(w, SOON_MS);
  assert_int_equal(w->pings, 1);
  assert_int_equal(w->failing, 0);
}

/* With a real one. */
static void on_heap(void *ctx, uint64_t used, uint64_t lag_ns)
{
  (void)ctx;
  (void)used;
  (void)lag_ns;
}

static void on_pong(void *ctx)
{
  zpm_checks_on_pong(((struct world *)ctx)->checks);
}

static void on_message(void *ctx, const char *json, size_t len)
{
  zpm_checks_on_message(((struct world *)ctx)->checks, json, len);
}

static void on_channel_closed(void *ctx)
{
  (void)ctx;
}

static void a_node_app_that_blocks_its_loop_is_failing(void **state)
{
  static const struct zpm_channel_events events = {.heap = on_heap,
                                                   .pong = on_pong,
                                                   .message = on_message,
                                                   .closed = on_channel_closed};
  static const char program[] = "process.send('ready');"
                                "let n = 0;"
                                "setInterval(() => {"
                                "  if (++n === 10) for (;;);"
                                "}, 100);";
  struct world *w = *state;
  int ends[2];
  pid_t pid;

  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  pid = fork();
  if (pid == 0) {
    dup2(ends[1], 3);
    setenv("NODE_CHANNEL_FD", "3", 1);
    execlp("node", "node", "-e", program, (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  assert_int_equal(
      zpm_channel_open(&w->loop, ends[0], &events, w, &w->channel, NULL), 0);
  w->config.wait_ready = true;
  w->config.event_loop_timeout_ms = 2000;
  begin(w);
  await_number(w, &w->ready, 1);
  await_number(w, &w->failing, 1);
  assert_string_equal(w->why, "its event loop has not answered for 2 s");
  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, &(int){0}, 0), pid);
}

/* ---- its end ---- */

static void it_may_be_ended_from_its_own_events(void **state)
{
  struct world *w = *state;
  struct tiny_server server;

  w->ends_at_event = true;
  w->config.wait_ready = true;
  add_server(w, ZPM_PROBE_LIVENESS, &server, "HTTP/1.1 500 No\r\n\r\n");
  begin(w);
  says(w, "\"ready\"");
  await_number(w, &w->ready, 1);
  assert_null(w->checks);
  w->config.wait_ready = false;
  w->ready = 0;
  begin(w);
  await_number(w, &w->failing, 1);
  assert_null(w->checks);
  run_for(w, SOON_MS);
  assert_int_equal(w->failing, 1);
  tiny_close(&server);
}

static void nothing_comes_after_its_end_at_any_moment(void **state)
{
  struct world *w = *state;
  struct tiny_server server;

  w->config.event_loop_timeout_ms = 2;
  add_server(w, ZPM_PROBE_LIVENESS, &server, "HTTP/1.1 500 No\r\n\r\n");
  w->probes[0].failure_threshold = 1000000;
  add_probe(w, ZPM_PROBE_EXEC, ZPM_PROBE_LIVENESS);
  for (int moment = 0; moment < 30; moment++) {
    unsigned before;

    w->answers = true;
    begin(w);
    for (int turn = 0; turn < moment; turn++)
      uv_run(&w->loop, UV_RUN_ONCE); /* the server keeps it alive */
    zpm_checks_on_message(w->checks, "\"ready\"", 7);
    zpm_checks_end(w->checks);
    w->checks = NULL;
    assert_null(played.done);
    before = w->ready + w->failing + w->pings;
    run_for(w, 6);
    assert_int_equal(w->ready + w->failing + w->pings, before);
    w->ready = w->failing = w->pings = 0;
  }
  tiny_close(&server);
}

static void without_memory_it_is_told_and_nothing_is_left(void **state)
{
  struct world *w = *state;
  int rc = ZPM_ENOMEM;

  w->config.wait_ready = true;
  add_probe(w, ZPM_PROBE_EXEC, ZPM_PROBE_LIVENESS);
  add_probe(w, ZPM_PROBE_EXEC, ZPM_PROBE_READINESS);
  for (long n = 0; rc != 0; n++) {
    assert_int_equal(zpm_checks_notify_open(&w->notify_fd, w->notify_name), 0);
    allocations_left = n;
    rc = try_to_begin(w);
    allocations_left = -1;
    if (rc != 0)
      assert_int_equal(rc, ZPM_ENOMEM);
    assert_true(n < 10);
  }
}

#define in_a_world(test)                                                       \
  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      in_a_world(most_apps_have_nothing_to_be_checked),
      in_a_world(who_is_ready_needs_no_readiness),
      in_a_world(nothing_keeps_the_loop_alive),
      in_a_world(it_is_ready_when_its_probe_passes),
      in_a_world(its_word_by_the_channel_will_do),
      in_a_world(its_word_alone_is_not_enough_if_there_is_a_probe),
      in_a_world(its_word_on_the_notify_socket_will_do),
      in_a_world(a_message_too_long_or_with_descriptors_does_no_harm),
      in_a_world(another_user_has_no_say),
      in_a_world(its_first_listen_on_the_port_will_do),
      in_a_world(it_fails_when_its_probe_does),
      in_a_world(a_hang_counts_as_a_failure),
      in_a_world(liveness_begins_when_it_is_ready),
      in_a_world(failures_that_another_supervisor_saw_count),
      in_a_world(every_failure_is_to_be_noted),
      in_a_world(a_word_that_was_heard_before_is_not_waited_for),
      in_a_world(commands_never_overlap),
      in_a_world(the_config_may_change_meanwhile),
      in_a_world(an_event_loop_that_answers_is_fine),
      in_a_world(one_that_does_not_answer_is_failing),
      in_a_world(without_a_channel_it_is_not_watched),
      in_a_world(a_node_app_that_blocks_its_loop_is_failing),
      in_a_world(it_may_be_ended_from_its_own_events),
      in_a_world(nothing_comes_after_its_end_at_any_moment),
      in_a_world(without_memory_it_is_told_and_nothing_is_left),
  };

  signal(SIGPIPE, SIG_IGN); /* as hosts do */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
