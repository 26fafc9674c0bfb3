#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/scarce_memory.h"
#include "runtime/scratch.h"
#include "runtime/tls_server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

#include "runtime/attempt.h"
#include "runtime/services.h"

/*
 * Probes by https of a server on a thread of its own, whose certificates are
 * made here.
 */
enum { PATIENT_MS = 20000 };

struct world {
  uv_loop_t loop;
  struct zpm_services services;
  char folder[SCRATCH_MAX];
  struct tls_random random;
  struct tls_identity ca;
  struct tls_identity trusted;  /* signed by it, for localhost */
  struct tls_identity stranger; /* by itself */

  struct tls_identity *shown;
  bool is_plain; /* it does not speak TLS at all */
  int listener;
  int port;
  pthread_t thread;

  unsigned results;
  enum zpm_outcome outcome;
  char cause[512];
};

/* ---- the server ---- */

static void send_out(int fd, struct tls_server *server)
{
  send(fd, server->out.data, server->out.len, MSG_NOSIGNAL);
  zpm_str_clear(&server->out);
}

/* One step, with what has come; false: it is over. */
static bool serve_step(struct tls_server *server)
{
  static const unsigned char answer[] = "HTTP/1.1 200 OK\r\n\r\nfine";
  unsigned char request[1024];
  int rc = mbedtls_ssl_handshake(&server->ssl); /* 0: it is over */

  if (rc == 0)
    rc = mbedtls_ssl_read(&server->ssl, request, sizeof(request));
  if (rc > 0)
    mbedtls_ssl_write(&server->ssl, answer, sizeof(answer) - 1);
  return rc == MBEDTLS_ERR_SSL_WANT_READ;
}

static void serve_tls(struct world *w, int fd)
{
  struct tls_server server;
  char bytes[4096];
  bool goes_on = tls_server_init(&server, w->shown, &w->random) == 0;

  while (goes_on) {
    ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

    if (got <= 0 || zpm_str_append(&server.in, bytes, (size_t)got) != 0)
      break;
    goes_on = serve_step(&server);
    send_out(fd, &server);
  }
  tls_server_deinit(&server);
}

static void *serve_one(void *ctx)
{
  static const char answer[] = "HTTP/1.1 400 Not so\r\n\r\n";
  struct world *w = ctx;
  int fd = accept(w->listener, NULL, NULL);
  char byte;

  if (w->is_plain)
    send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
  else
    serve_tls(w, fd);
  while (recv(fd, &byte, 1, 0) > 0)
    continue;
  close(fd);
  return NULL;
}

/* ---- the world ---- */

static void listen_here(struct world *w)
{
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof(address);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(w->listener, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(w->listener, 4), 0);
  getsockname(w->listener, (struct sockaddr *)&address, &len);
  w->port = ntohs(address.sin_port);
}

static int set_up(void **state)
{
  static struct world w;
  char bundle[SCRATCH_MAX + 16];
  FILE *file;

  w = (struct world){0};
  assert_non_null(scratch_create(w.folder));
  assert_int_equal(tls_random_init(&w.random), 0);
  tls_identity_create(&w.ca, &(struct tls_wish){.subject = "CN=CA", .is_ca = 1},
                      &w.random);
  tls_identity_create(&w.trusted,
                      &(struct tls_wish){.subject = "CN=it",
                                         .signer = &w.ca,
                                         .signer_name = "CN=CA",
                                         .dns = "localhost"},
                      &w.random);
  tls_identity_create(
      &w.stranger,
      &(struct tls_wish){.subject = "CN=stranger", .dns = "localhost"},
      &w.random);
  snprintf(bundle, sizeof(bundle), "%s/ca.pem", w.folder);
  file = fopen(bundle, "we");
  fputs(w.ca.pem, file);
  fclose(file);
  setenv("SSL_CERT_FILE", bundle, 1);
  assert_int_equal(uv_loop_init(&w.loop), 0);
  w.services.loop = &w.loop;
  listen_here(&w);
  *state = &w;
  return 0;
}

static int tear_down(void **state)
{
  struct world *w = *state;

  close(w->listener);
  tls_identity_destroy(&w->ca);
  tls_identity_destroy(&w->trusted);
  tls_identity_destroy(&w->stranger);
  tls_random_deinit(&w->random);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&w->loop), 0);
  return scratch_remove(w->folder);
}

static void on_done(void *ctx, enum zpm_outcome outcome, const char *cause)
{
  struct world *w = ctx;

  w->results++;
  w->outcome = outcome;
  snprintf(w->cause, sizeof(w->cause), "%s", cause);
}

static void on_deadline(uv_timer_t *timer)
{
  (void)timer;
  fail_msg("nothing came in time");
}

/* An attempt alone does not keep the loop alive; the deadline does. */
static void await_result(struct world *w)
{
  uv_timer_t timer;

  uv_timer_init(&w->loop, &timer);
  uv_timer_start(&timer, on_deadline, PATIENT_MS + PATIENT_MS / 2, 0);
  while (w->results == 0)
    uv_run(&w->loop, UV_RUN_ONCE);
  uv_close((uv_handle_t *)&timer, NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  assert_int_equal(w->results, 1);
}

static void get(struct world *w, struct tls_identity *shown, bool insecure)
{
  char target[64];
  struct zpm_probe probe = {.type = ZPM_PROBE_HTTP,
                            .target = target,
                            .timeout_ms = PATIENT_MS,
                            .insecure = insecure};
  struct zpm_attempt_options options = {
      .services = &w->services, .probe = &probe, .connected = -1};
  struct zpm_attempt *attempt;

  snprintf(target, sizeof(target), "https://localhost:%d/health", w->port);
  w->shown = shown;
  w->results = 0;
  assert_int_equal(pthread_create(&w->thread, NULL, serve_one, w), 0);
  assert_int_equal(zpm_attempt_start(&options, on_done, w, &attempt, NULL), 0);
  await_result(w);
  assert_int_equal(pthread_join(w->thread, NULL), 0);
}

/* ---- tests ---- */

static void a_server_that_is_trusted_passes(void **state)
{
  struct world *w = *state;

  get(w, &w->trusted, false);
  assert_string_equal(w->cause, "");
  assert_int_equal(w->outcome, ZPM_OUTCOME_PASSED);
}

static void a_certificate_signed_by_itself_is_refused_and_why(void **state)
{
  struct world *w = *state;

  get(w, &w->stranger, false);
  assert_int_equal(w->outcome, ZPM_OUTCOME_FAILED);
  assert_non_null(strstr(w->cause, "certificate"));
}

static void insecure_takes_any_certificate(void **state)
{
  struct world *w = *state;

  get(w, &w->stranger, true);
  assert_string_equal(w->cause, "");
  assert_int_equal(w->outcome, ZPM_OUTCOME_PASSED);
}

static void a_server_without_TLS_has_failed(void **state)
{
  struct world *w = *state;

  w->is_plain = true;
  get(w, &w->trusted, true);
  assert_int_equal(w->outcome, ZPM_OUTCOME_FAILED);
  assert_string_not_equal(w->cause, "");
}

#define in_a_world(test)                                                       \
  cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      in_a_world(a_server_that_is_trusted_passes),
      in_a_world(a_certificate_signed_by_itself_is_refused_and_why),
      in_a_world(insecure_takes_any_certificate),
      in_a_world(a_server_without_TLS_has_failed),
  };

  signal(SIGPIPE, SIG_IGN); /* as hosts do */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
