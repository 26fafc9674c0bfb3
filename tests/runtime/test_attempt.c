#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/scarce_memory.h"
#include "runtime/tiny_server.h"

#include "core/record.h"
#include "runtime/attempt.h"
#include "runtime/job.h"
#include "runtime/services.h"

/*
 * Attempts against servers that behave, and such that do not.  The jobs of exec
 * probes are played here.
 */
enum { DEADLINE_MS = 30000, SOON_MS = 150, PATIENT_MS = 20000 };

struct world {
  uv_loop_t loop;
  struct zpm_services services;
  struct zpm_attempt *attempt;
  unsigned results;
  enum zpm_outcome outcome;
  char cause[512];
};

/* ---- jobs ---- */

static struct played_job {
  zpm_job_done_cb *done; /* NULL: none runs */
  void *ctx;
  struct zpm_job_options options;
  unsigned cancelled;
  int refuses; /* a code */
} played;

int zpm_job_start(struct zpm_services *services,
                  const struct zpm_job_options *options, zpm_job_done_cb *done,
                  void *ctx, struct zpm_job **out, struct zpm_error *err)
{
  (void)services;
  if (played.refuses != 0)
    return zpm_error_set(err, played.refuses, "no job today");
  played.done = done;
  played.ctx = ctx;
  played.options = *options;
  *out = (struct zpm_job *)&played;
  return 0;
}

void zpm_job_cancel(struct zpm_job *job)
{
  assert_ptr_equal(job, &played);
  played.done = NULL;
  played.cancelled++;
}

static void job_ends(const struct zpm_job_result *result)
{
  zpm_job_done_cb *done = played.done;

  played.done = NULL;
  done(played.ctx, result);
}

/* ---- the world ---- */

static int set_up(void **state)
{
  struct world *w = calloc(1, sizeof(*w));

  assert_int_equal(uv_loop_init(&w->loop), 0);
  w->services.loop = &w->loop;
  played = (struct played_job){0};
  *state = w;
  return 0;
}

static int tear_down(void **state)
{
  struct world *w = *state;

  allocations_left = -1;
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  free(w);
  return 0;
}

static void on_done(void *ctx, enum zpm_outcome outcome, const char *cause)
{
  struct world *w = ctx;

  w->results++;
  w->attempt = NULL;
  w->outcome = outcome;
  snprintf(w->cause, sizeof(w->cause), "%s", cause);
}

static void on_deadline(uv_timer_t *timer)
{
  (void)timer;
  fail_msg("nothing came within %d ms", DEADLINE_MS);
}

static void on_over(uv_timer_t *timer)
{
  uv_stop(timer->loop);
}

/* Runs the loop for a while. */
static void run_for(struct world *w, uint64_t ms)
{
  uv_timer_t timer;

  uv_timer_init(&w->loop, &timer);
  uv_timer_start(&timer, on_over, ms, 0);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void await_result(struct world *w)
{
  uv_timer_t timer;

  uv_timer_init(&w->loop, &timer);
  uv_timer_start(&timer, on_deadline, DEADLINE_MS, 0);
  while (w->results == 0)
    uv_run(&w->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  for (int i = 0; i < 3; i++)
    uv_run(&w->loop, UV_RUN_NOWAIT);
  assert_int_equal(w->results, 1);
}

static struct zpm_probe probe_of(enum zpm_probe_type type, char *target)
{
  return (struct zpm_probe){
      .type = (int)type, .target = target, .timeout_ms = PATIENT_MS};
}

static int start(struct world *w, const struct zpm_probe *probe)
{
  struct zpm_attempt_options options = {
      .services = &w->services, .probe = probe, .connected = -1};

  w->results = 0;
  w->cause[0] = '\0';
  return zpm_attempt_start(&options, on_done, w, &w->attempt, NULL);
}

static void try_it(struct world *w, const struct zpm_probe *probe)
{
  assert_int_equal(start(w, probe), 0);
  assert_int_equal(w->results, 0); /* never from within */
  await_result(w);
}

/* On a busy machine we may be held up ourselves: then it says nothing. */
static void try_until_it_counts(struct world *w, const struct zpm_probe *probe)
{
  do
    try_it(w, probe);
  while (w->outcome == ZPM_OUTCOME_VOID);
}

static void expect(const struct world *w, enum zpm_outcome outcome,
                   const char *cause)
{
  assert_string_equal(w->cause, cause);
  assert_int_equal(w->outcome, outcome);
}

/* One GET at a server of that manner. */
static void get(struct world *w, struct zpm_probe probe,
                enum tiny_manner manner, const char *text)
{
  struct tiny_server server;
  char target[64];
  int port = tiny_open(&server, &w->loop, "127.0.0.1", manner, text);

  snprintf(target, sizeof(target), "http://127.0.0.1:%d/health?x=1", port);
  probe.target = target;
  try_until_it_counts(w, &probe);
  tiny_close(&server);
}

/* A port where nobody listens, until it is closed. */
static int bound_socket(int *port)
{
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof(address);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

/* ---- http ---- */

static void a_page_that_is_there_passes(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, NULL);

  get(*state, probe, TINY_ANSWERS, "HTTP/1.1 200 OK\r\n\r\nhello");
  expect(*state, ZPM_OUTCOME_PASSED, "");
}

static void the_request_is_what_servers_want(void **state)
{
  struct world *w = *state;
  struct tiny_server server;
  char target[64], wanted[256];
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, target);
  int port = tiny_open(&server, &w->loop, "127.0.0.1", TINY_ANSWERS,
                       "HTTP/1.1 204 No\r\n\r\n");

  snprintf(target, sizeof(target), "http://localhost:%d/a/b?c=d", port);
  try_it(w, &probe);
  expect(w, ZPM_OUTCOME_PASSED, "");
  snprintf(wanted, sizeof(wanted),
           "GET /a/b?c=d HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: zpm/",
           port);
  assert_memory_equal(server.request, wanted, strlen(wanted));
  assert_non_null(strstr(server.request, "\r\nConnection: close\r\n"));
  assert_non_null(strstr(server.request, "\r\nAccept: */*\r\n"));
  tiny_close(&server);
}

static void any_status_below_500_will_do_unless_one_is_expected(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, NULL);

  get(*state, probe, TINY_ANSWERS, "HTTP/1.1 404 Not Found\r\n\r\n");
  expect(*state, ZPM_OUTCOME_PASSED, "");
  get(*state, probe, TINY_ANSWERS, "HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n");
  expect(*state, ZPM_OUTCOME_PASSED, "");
  get(*state, probe, TINY_ANSWERS, "HTTP/1.0 500 Oh\r\n\r\n");
  expect(*state, ZPM_OUTCOME_FAILED, "status 500");
  probe.expect_status = 200;
  get(*state, probe, TINY_ANSWERS, "HTTP/1.1 204 No\r\n\r\n");
  expect(*state, ZPM_OUTCOME_FAILED, "status 204, not 200");
  get(*state, probe, TINY_ANSWERS, "HTTP/1.1 200 OK\r\n\r\n");
  expect(*state, ZPM_OUTCOME_PASSED, "");
}

static void the_status_alone_is_waited_for(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, NULL);

  get(*state, probe, TINY_STAYS, "HTTP/1.1 200 OK");
  expect(*state, ZPM_OUTCOME_PASSED, "");
  get(*state, probe, TINY_TRICKLES, "HTTP/1.1 200 OK\r\n");
  expect(*state, ZPM_OUTCOME_PASSED, "");
  get(*state, probe, TINY_HALF_CLOSES, "HTTP/1.1 200 OK\r\n");
  expect(*state, ZPM_OUTCOME_PASSED, "");
}

static void a_server_that_says_nothing_is_waited_for_so_long(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, NULL);

  probe.timeout_ms = SOON_MS;
  get(*state, probe, TINY_STAYS, "");
  expect(*state, ZPM_OUTCOME_FAILED, "no answer within 150 ms");
  get(*state, probe, TINY_TRICKLES, "HTTP/1.1 ");
  expect(*state, ZPM_OUTCOME_FAILED, "no whole answer within 150 ms");
}

static void a_flood_is_not_drunk(void **state)
{
  static char flood[64 * 1024];
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, NULL);

  memset(flood, 'x', sizeof(flood) - 1);
  memcpy(flood, "HTTP/1.1 200 OK\r\nX: ", 20);
  get(*state, probe, TINY_FLOODS, flood);
  expect(*state, ZPM_OUTCOME_PASSED, "");
  memcpy(flood, "HTTP/1.1 103 Hm\r\nX: ", 20);
  get(*state, probe, TINY_FLOODS, flood);
  expect(*state, ZPM_OUTCOME_FAILED, "its answer has a head without end");
}

static void garbage_is_told_in_a_clean_excerpt(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, NULL);

  get(*state, probe, TINY_STAYS, "SSH-2.0-OpenSSH_9.2\r\n");
  expect(*state, ZPM_OUTCOME_FAILED,
         "it does not answer in HTTP, but \"SSH-2.0-OpenSSH_9.2..\"");
  get(*state, probe, TINY_FLOODS, "\x1b[2J\x07\xff");
  assert_int_equal(((struct world *)*state)->outcome, ZPM_OUTCOME_FAILED);
  for (const char *c = ((struct world *)*state)->cause; *c != '\0'; c++)
    assert_true(*c >= ' ' && *c <= '~');
}

static void a_server_that_hangs_up_has_failed(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, NULL);

  get(*state, probe, TINY_HANGS_UP, "");
  assert_int_equal(((struct world *)*state)->outcome, ZPM_OUTCOME_FAILED);
  get(*state, probe, TINY_RESETS, "");
  expect(*state, ZPM_OUTCOME_FAILED, "connection reset by peer");
  get(*state, probe, TINY_HALF_CLOSES, "HTTP/1.1 2");
  expect(*state, ZPM_OUTCOME_FAILED,
         "it closed the connection within its answer");
  get(*state, probe, TINY_HALF_CLOSES, "");
  expect(*state, ZPM_OUTCOME_FAILED,
         "it closed the connection without an answer");
}

/* ---- connecting ---- */

static void tcp_passes_when_it_is_connected(void **state)
{
  struct world *w = *state;
  struct tiny_server server;
  char target[64];
  struct zpm_probe probe = probe_of(ZPM_PROBE_TCP, target);

  snprintf(target, sizeof(target), ":%d",
           tiny_open(&server, &w->loop, "127.0.0.1", TINY_STAYS, ""));
  try_it(w, &probe);
  expect(w, ZPM_OUTCOME_PASSED, "");
  tiny_close(&server);
}

static void localhost_is_IPv6_as_well(void **state)
{
  struct world *w = *state;
  struct tiny_server server;
  char target[64];
  struct zpm_probe probe = probe_of(ZPM_PROBE_TCP, target);
  int port = tiny_open(&server, &w->loop, "::1", TINY_STAYS, "");

  if (port != 0) { /* a machine may have no IPv6 */
    snprintf(target, sizeof(target), "localhost:%d", port);
    try_it(w, &probe);
    expect(w, ZPM_OUTCOME_PASSED, "");
    snprintf(target, sizeof(target), "[::1]:%d", port);
    try_it(w, &probe);
    expect(w, ZPM_OUTCOME_PASSED, "");
  }
  tiny_close(&server);
}

static void where_nobody_listens_it_is_refused(void **state)
{
  struct world *w = *state;
  char target[64];
  struct zpm_probe probe = probe_of(ZPM_PROBE_TCP, target);
  int port;
  int fd = bound_socket(&port);

  snprintf(target, sizeof(target), "localhost:%d", port);
  try_it(w, &probe);
  expect(w, ZPM_OUTCOME_FAILED, "connection refused");
  close(fd);
}

/* With a full queue the kernel lets a connection hang. */
static void a_connection_that_hangs_is_given_up(void **state)
{
  enum { CROWD = 8 };
  struct world *w = *state;
  char target[64];
  struct zpm_probe probe = probe_of(ZPM_PROBE_TCP, target);
  struct sockaddr_in address = {.sin_family = AF_INET};
  int crowd[CROWD], port;
  int fd = bound_socket(&port);

  assert_int_equal(listen(fd, 0), 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((uint16_t)port);
  for (int i = 0; i < CROWD; i++) {
    crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connect(crowd[i], (struct sockaddr *)&address, sizeof(address));
  }
  snprintf(target, sizeof(target), "127.0.0.1:%d", port);
  probe.timeout_ms = SOON_MS;
  try_until_it_counts(w, &probe);
  expect(w, ZPM_OUTCOME_FAILED, "no connection within 150 ms");
  for (int i = 0; i < CROWD; i++)
    close(crowd[i]);
  close(fd);
}

static void a_name_that_does_not_exist_has_failed(void **state)
{
  struct world *w = *state;
  char target[] = "http://zpm-test.invalid:1/";
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, target);

  try_it(w, &probe);
  assert_int_equal(w->outcome, ZPM_OUTCOME_FAILED);
  assert_true(strstr(w->cause, "its name cannot be resolved: ") != NULL ||
              strstr(w->cause, "its name was not resolved within") != NULL);
}

static void out_of_descriptors_says_nothing_of_the_app(void **state)
{
  struct world *w = *state;
  char target[] = "127.0.0.1:1";
  struct zpm_probe probe = probe_of(ZPM_PROBE_TCP, target);
  struct rlimit before, none;

  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  none = (struct rlimit){.rlim_cur = 3, .rlim_max = before.rlim_max};
  assert_int_equal(start(w, &probe), 0);
  zpm_attempt_cancel(w->attempt); /* has made the loop open what it needs */
  run_for(w, 1);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  try_it(w, &probe);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  expect(w, ZPM_OUTCOME_VOID, "too many open files");
}

static void out_of_memory_says_nothing_of_the_app(void **state)
{
  struct world *w = *state;
  struct tiny_server server;
  char target[64];
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, target);
  unsigned failed = 0;
  int port = tiny_open(&server, &w->loop, "127.0.0.1", TINY_ANSWERS,
                       "HTTP/1.1 200 OK\r\n\r\n");

  snprintf(target, sizeof(target), "http://127.0.0.1:%d", port);
  for (long n = 0; failed == (unsigned)n; n++) {
    int rc;

    allocations_left = n;
    rc = start(w, &probe);
    if (rc == 0)
      await_result(w);
    allocations_left = -1;
    if (rc != 0)
      assert_int_equal(zpm_attempt_outcome(rc), ZPM_OUTCOME_VOID);
    if (rc != 0 || w->outcome == ZPM_OUTCOME_VOID)
      failed++;
    else
      assert_int_equal(w->outcome, ZPM_OUTCOME_PASSED);
  }
  assert_true(failed >= 3);
  tiny_close(&server);
}

/* ---- breaking it off ---- */

static void nothing_comes_after_it_was_cancelled(void **state)
{
  static const char *const HOSTS[] = {"127.0.0.1", "localhost",
                                      "zpm-test.invalid"};
  struct world *w = *state;
  struct tiny_server server;
  char target[64];
  struct zpm_probe probe = probe_of(ZPM_PROBE_HTTP, target);
  int port = tiny_open(&server, &w->loop, "127.0.0.1", TINY_TRICKLES,
                       "HTTP/1.1 200 OK\r\n");

  for (size_t i = 0; i < sizeof(HOSTS) / sizeof(HOSTS[0]); i++) {
    for (int moment = 0; moment < 12; moment++) {
      /* Nobody listens on the port of the second: between two addresses. */
      snprintf(target, sizeof(target), "http://%s:%d/", HOSTS[i],
               i == 1 ? 1 : port);
      assert_int_equal(start(w, &probe), 0);
      for (int turn = 0; turn < moment && w->attempt != NULL; turn++)
        uv_run(&w->loop, UV_RUN_NOWAIT);
      if (w->attempt != NULL) {
        zpm_attempt_cancel(w->attempt);
        assert_int_equal(w->results, 0);
      }
    }
  }
  w->results = 0;
  run_for(w, SOON_MS);
  assert_int_equal(w->results, 0);
  tiny_close(&server);
}

/* ---- exec ---- */

static void a_command_passes_that_ends_with_0(void **state)
{
  struct world *w = *state;
  char target[] = "./check.sh -x";
  struct zpm_probe probe = probe_of(ZPM_PROBE_EXEC, target);

  assert_int_equal(start(w, &probe), 0);
  assert_string_equal(played.options.command, "./check.sh -x");
  assert_int_equal(played.options.timeout_ms, PATIENT_MS);
  assert_false(played.options.to_logs);
  job_ends(&(struct zpm_job_result){.end = {.known = true}, .output = "fine"});
  assert_int_equal(w->results, 1);
  expect(w, ZPM_OUTCOME_PASSED, "");
}

static void another_end_is_told_with_its_last_line(void **state)
{
  static const struct {
    struct zpm_job_result result;
    enum zpm_outcome outcome;
    const char *cause;
  } ENDS[] = {
      {{.end = {.known = true, .code = 2}, .output = "no database"},
       ZPM_OUTCOME_FAILED,
       "exit code 2: no database"},
      {{.end = {.known = true, .code = 1}}, ZPM_OUTCOME_FAILED, "exit code 1"},
      {{.end = {.known = true, .code = -1, .signal = 11}},
       ZPM_OUTCOME_FAILED,
       "SIGSEGV"},
      {{.timed_out = true, .output = "waiting"},
       ZPM_OUTCOME_FAILED,
       "no end within 20 s: waiting"},
      {{.error = {ZPM_ESTART, "no room for a process"}},
       ZPM_OUTCOME_VOID,
       "no room for a process"},
  };
  struct world *w = *state;
  char target[] = "./check.sh";
  struct zpm_probe probe = probe_of(ZPM_PROBE_EXEC, target);

  for (size_t i = 0; i < sizeof(ENDS) / sizeof(ENDS[0]); i++) {
    assert_int_equal(start(w, &probe), 0);
    job_ends(&ENDS[i].result);
    assert_int_equal(w->results, 1);
    expect(w, ENDS[i].outcome, ENDS[i].cause);
  }
}

static void a_command_can_be_broken_off_or_refused(void **state)
{
  struct world *w = *state;
  char target[] = "./check.sh";
  struct zpm_probe probe = probe_of(ZPM_PROBE_EXEC, target);

  assert_int_equal(start(w, &probe), 0);
  zpm_attempt_cancel(w->attempt);
  assert_int_equal(played.cancelled, 1);
  played.refuses = ZPM_ENOMEM;
  assert_int_equal(start(w, &probe), ZPM_ENOMEM);
  assert_int_equal(w->results, 0);
}

#define in_a_world(test)                                                       \
  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      in_a_world(a_page_that_is_there_passes),
      in_a_world(the_request_is_what_servers_want),
      in_a_world(any_status_below_500_will_do_unless_one_is_expected),
      in_a_world(the_status_alone_is_waited_for),
      in_a_world(a_server_that_says_nothing_is_waited_for_so_long),
      in_a_world(a_flood_is_not_drunk),
      in_a_world(garbage_is_told_in_a_clean_excerpt),
      in_a_world(a_server_that_hangs_up_has_failed),
      in_a_world(tcp_passes_when_it_is_connected),
      in_a_world(localhost_is_IPv6_as_well),
      in_a_world(where_nobody_listens_it_is_refused),
      in_a_world(a_connection_that_hangs_is_given_up),
      in_a_world(a_name_that_does_not_exist_has_failed),
      in_a_world(out_of_descriptors_says_nothing_of_the_app),
      in_a_world(out_of_memory_says_nothing_of_the_app),
      in_a_world(nothing_comes_after_it_was_cancelled),
      in_a_world(a_command_passes_that_ends_with_0),
      in_a_world(another_end_is_told_with_its_last_line),
      in_a_world(a_command_can_be_broken_off_or_refused),
  };

  signal(SIGPIPE, SIG_IGN); /* as hosts do */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
