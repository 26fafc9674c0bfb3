#include "runtime/api_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/session.h"
#include "runtime/logs.h"

enum { PATIENCE_MS = 30000, MIB = 1024 * 1024 };

struct hall {
  struct stage stage;
  struct zpm_sessions sessions;
  bool closed;
};

static void hall_open(struct hall *hall)
{
  *hall = (struct hall){0};
  stage_open(&hall->stage);
  assert_int_equal(
      zpm_sessions_init(&hall->sessions, &hall->stage.loop, hall->stage.api),
      0);
}

static void on_all_closed(void *ctx)
{
  struct hall *hall = ctx;

  assert_false(hall->closed);
  hall->closed = true;
}

static void hall_close(struct hall *hall)
{
  zpm_sessions_close(&hall->sessions, on_all_closed, hall);
  uv_run(&hall->stage.loop, UV_RUN_DEFAULT);
  assert_true(hall->closed);
  zpm_sessions_deinit(&hall->sessions);
  stage_close(&hall->stage);
}

/* ---- the other end ---- */

struct client {
  struct hall *hall;
  int fd;
  struct zpm_str heard;
  bool eof;
};

static void client_open(struct hall *hall, struct client *client)
{
  int pair[2];

  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  fcntl(pair[0], F_SETFL, O_NONBLOCK);
  *client = (struct client){.hall = hall, .fd = pair[0]};
  assert_int_equal(zpm_sessions_add(&hall->sessions, pair[1]), 0);
}

static void client_close(struct client *client)
{
  if (client->fd >= 0)
    close(client->fd);
  client->fd = -1;
  zpm_str_deinit(&client->heard);
}

static void step(struct hall *hall)
{
  uv_run(&hall->stage.loop, UV_RUN_NOWAIT);
}

/* One round of reading; false: there was nothing. */
static bool client_listen(struct client *client)
{
  char buf[64 * 1024];
  ssize_t got = recv(client->fd, buf, sizeof(buf), 0);

  if (got == 0 || (got < 0 && errno == ECONNRESET))
    client->eof = true;
  if (got <= 0)
    return false;
  assert_int_equal(zpm_str_append(&client->heard, buf, (size_t)got), 0);
  return true;
}

static bool is_late(uint64_t since)
{
  return uv_hrtime() - since > (uint64_t)PATIENCE_MS * 1000000;
}

/* Sends all of it, listening meanwhile. false: the other end hung up. */
static bool client_send(struct client *client, const char *bytes, size_t len)
{
  uint64_t start = uv_hrtime();

  while (len > 0) {
    ssize_t sent = send(client->fd, bytes, len, MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN)
      return false;
    bytes += sent > 0 ? sent : 0;
    len -= sent > 0 ? (size_t)sent : 0;
    step(client->hall);
    assert_false(is_late(start));
  }
  return true;
}

static void client_say(struct client *client, const char *text)
{
  assert_true(client_send(client, text, strlen(text)));
}

static void client_wait_for(struct client *client, const char *part)
{
  uint64_t start = uv_hrtime();

  while (strstr(zpm_str_text(&client->heard), part) == NULL) {
    step(client->hall);
    client_listen(client);
    assert_false(is_late(start));
  }
}

static void client_wait_for_end(struct client *client)
{
  uint64_t start = uv_hrtime();

  while (!client->eof) {
    step(client->hall);
    client_listen(client);
    assert_false(is_late(start));
  }
}

static void wait_for_count(struct hall *hall, size_t count)
{
  uint64_t start = uv_hrtime();

  while (hall->sessions.count != count) {
    step(hall);
    assert_false(is_late(start));
  }
}

/* Lets everything happen that is going to happen by itself. */
static void settle(struct hall *hall)
{
  for (int i = 0; i < 50; i++)
    step(hall);
}

static size_t count_lines(const struct client *client)
{
  size_t lines = 0;

  for (size_t i = 0; i < client->heard.len; i++)
    lines += client->heard.data[i] == '\n';
  return lines;
}

#define PONG "{\"ok\":true,\"data\":\"pong\"}\n"

/* ---- lines ---- */

static void a_request_may_come_byte_by_byte(void **state)
{
  const char *line = "{\"cmd\":\"ping\"}\r\n\n{\"cmd\":\"ping\"}\n";
  struct hall hall;
  struct client me;

  (void)state;
  hall_open(&hall);
  client_open(&hall, &me);
  for (const char *at = line; *at != '\0'; at++)
    assert_true(client_send(&me, at, 1));
  client_wait_for(&me, PONG PONG);
  assert_string_equal(me.heard.data, PONG PONG);
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
}

static void half_a_line_at_the_end_is_nothing(void **state)
{
  struct hall hall;
  struct client me;

  (void)state;
  hall_open(&hall);
  stage_add(&hall.stage, "api", true);
  client_open(&hall, &me);
  client_say(&me, "{\"cmd\":\"ping\"}\n{\"cmd\":\"delete\",\"name\":\"api\"}");
  shutdown(me.fd, SHUT_WR);
  client_wait_for_end(&me);
  assert_string_equal(me.heard.data, PONG);
  assert_int_equal(hall.stage.fake->count, 1);
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
}

static void garbage_is_answered_then_hung_up_on(void **state)
{
  struct hall hall;
  struct client me;
  struct client you;

  (void)state;
  hall_open(&hall);
  client_open(&hall, &me);
  client_open(&hall, &you);
  client_say(&me, "{\"cmd\":\"ping\"}\nGET / HTTP/1.1\n{\"cmd\":\"ping\"}\n");
  client_wait_for_end(&me);
  assert_int_equal(count_lines(&me), 2);
  assert_non_null(strstr(me.heard.data, "\"code\":\"ZPM_EPROTO\"}\n"));
  client_close(&me);
  wait_for_count(&hall, 1);
  client_say(&you, "{\"cmd\":\"ping\"}\n");
  client_wait_for(&you, PONG);
  client_close(&you);
  wait_for_count(&hall, 0);
  hall_close(&hall);
}

static void a_line_of_1_mib_is_taken_and_a_longer_one_is_not(void **state)
{
  const char *start = "{\"cmd\":\"find-worker\",\"name\":\"";
  size_t size = MIB + 3;
  char *line = malloc(size);
  struct hall hall;
  struct client me;

  (void)state;
  memset(line, 'x', size);
  memcpy(line, start, strlen(start));
  memcpy(line + MIB - 2, "\"}\n", 3);
  hall_open(&hall);
  client_open(&hall, &me);
  assert_true(client_send(&me, line, MIB + 1));
  client_wait_for(&me, "{\"ok\":true,\"data\":null}\n");
  zpm_str_clear(&me.heard);
  memcpy(line + MIB - 2, "x\"}\n", 4);
  client_send(&me, line, MIB + 2);
  client_send(&me, line, size); /* goes on, unimpressed */
  client_wait_for_end(&me);
  assert_int_equal(count_lines(&me), 1);
  assert_non_null(strstr(me.heard.data, "\"code\":\"ZPM_ETOOLONG\"}\n"));
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
  free(line);
}

static void a_client_that_lingers_for_ever_is_cut_off(void **state)
{
  struct hall hall;
  struct client me;

  (void)state;
  hall_open(&hall);
  client_open(&hall, &me);
  client_say(&me, "nonsense\n");
  wait_for_count(&hall, 0); /* though this end stays open */
  client_close(&me);
  hall_close(&hall);
}

/* ---- ends ---- */

static void a_half_closed_client_gets_what_it_waits_for(void **state)
{
  struct hall hall;
  struct client me;

  (void)state;
  hall_open(&hall);
  stage_add(&hall.stage, "api", true);
  client_open(&hall, &me);
  hall.stage.fake->held = true;
  client_say(&me, "{\"cmd\":\"stop\",\"name\":\"api\"}\n{\"cmd\":\"ping\"}\n");
  shutdown(me.fd, SHUT_WR);
  settle(&hall);
  assert_int_equal(hall.sessions.count, 1);
  fake_release(hall.stage.fake);
  client_wait_for_end(&me);
  assert_string_equal(me.heard.data,
                      "{\"ok\":true,\"data\":\"stopped\"}\n" PONG);
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
}

static void a_half_closed_client_does_not_listen_for_ever(void **state)
{
  struct hall hall;
  struct client me;

  (void)state;
  hall_open(&hall);
  stage_add(&hall.stage, "api", true);
  stage_write_log(&hall.stage, "api", "out", "hello\n");
  client_open(&hall, &me);
  client_say(&me, "{\"cmd\":\"logs\"}\n");
  shutdown(me.fd, SHUT_WR);
  client_wait_for_end(&me);
  assert_non_null(strstr(me.heard.data, "hello"));
  assert_int_equal(count_lines(&me), 1);
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
}

static void a_client_may_leave_at_any_time(void **state)
{
  struct hall hall;
  struct client me;

  (void)state;
  hall_open(&hall);
  stage_add(&hall.stage, "api", true);
  client_open(&hall, &me);
  hall.stage.fake->held = true;
  client_say(&me, "{\"cmd\":\"logs\"}\n{\"cmd\":\"stop\",\"name\":\"api\"}\n"
                  "{\"cmd\":\"ping\"}\n{\"cmd\":");
  settle(&hall);
  client_close(&me);
  settle(&hall);
  fake_output(hall.stage.fake, "api", ZPM_STREAM_OUT, "x", 1);
  fake_release(hall.stage.fake);
  wait_for_count(&hall, 0);
  assert_int_equal(fake_find(hall.stage.fake, "api")->status,
                   ZPM_STATUS_STOPPED);
  hall_close(&hall);
}

static void open_requests_are_answered_before_all_is_closed(void **state)
{
  struct hall hall;
  struct client me;

  (void)state;
  hall_open(&hall);
  stage_add(&hall.stage, "api", true);
  client_open(&hall, &me);
  hall.stage.fake->held = true;
  client_say(&me, "{\"cmd\":\"stop\",\"name\":\"api\"}\n");
  settle(&hall);
  zpm_sessions_hush(&hall.sessions);
  send(me.fd, "{\"cmd\":\"ping\"}\n", 15, MSG_NOSIGNAL);
  settle(&hall);
  fake_release(hall.stage.fake);
  hall_close(&hall);
  while (client_listen(&me))
    ;
  assert_string_equal(me.heard.data, "{\"ok\":true,\"data\":\"stopped\"}\n");
  client_close(&me);
}

/* ---- many, slow, greedy ---- */

static void raise_descriptor_limit(void)
{
  struct rlimit limit;

  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void a_thousand_clients_are_served(void **state)
{
  enum { CLIENTS = 1000 };
  struct client *clients = calloc(CLIENTS, sizeof(*clients));
  struct hall hall;

  (void)state;
  raise_descriptor_limit();
  hall_open(&hall);
  for (size_t i = 0; i < CLIENTS; i++) {
    client_open(&hall, &clients[i]);
    send(clients[i].fd, "{\"cmd\":\"ping\"}\n", 15, MSG_NOSIGNAL);
  }
  assert_int_equal(hall.sessions.count, CLIENTS);
  for (size_t i = 0; i < CLIENTS; i++)
    client_wait_for(&clients[i], PONG);
  for (size_t i = 0; i < CLIENTS; i++)
    client_close(&clients[i]);
  wait_for_count(&hall, 0);
  hall_close(&hall);
  free(clients);
}

static long resident_kib(void)
{
  long kib = -1;
  char line[128];
  FILE *status = fopen("/proc/self/status", "r");

  while (status != NULL && fgets(line, sizeof(line), status) != NULL)
    sscanf(line, "VmRSS: %ld", &kib);
  if (status != NULL)
    fclose(status);
  return kib;
}

/* Asks until the other end takes no more. */
static size_t ask_greedily(struct client *client, const char *line)
{
  size_t asked = 0;
  int idle = 0;

  while (idle < 100) {
    ssize_t sent = send(client->fd, line, strlen(line), MSG_NOSIGNAL);

    if (sent == (ssize_t)strlen(line)) {
      asked++;
      idle = 0;
      continue;
    }
    assert_true(sent < 0 && errno == EAGAIN);
    step(client->hall);
    idle++;
  }
  return asked;
}

static void a_client_that_never_reads_costs_bounded_memory(void **state)
{
  enum { APPS = 100 };
  struct hall hall;
  struct client me;
  size_t asked;
  long before;

  (void)state;
  hall_open(&hall);
  for (int i = 0; i < APPS; i++) {
    char name[16];

    snprintf(name, sizeof(name), "app-%d", i);
    stage_add(&hall.stage, name, true);
  }
  client_open(&hall, &me);
  before = resident_kib();
  asked = ask_greedily(&me, "{\"cmd\":\"stats\"}\n");
  assert_true(asked > 100);
  assert_true(resident_kib() - before < 16 * 1024);

  /* And when it reads after all, nothing is missing. */
  shutdown(me.fd, SHUT_WR);
  client_wait_for_end(&me);
  assert_int_equal(count_lines(&me), asked);
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
}

static void a_client_with_held_requests_costs_bounded_memory(void **state)
{
  struct hall hall;
  struct client me;
  size_t asked;

  (void)state;
  hall_open(&hall);
  stage_add(&hall.stage, "api", true);
  client_open(&hall, &me);
  hall.stage.fake->held = true;
  client_say(&me, "{\"cmd\":\"stop\",\"name\":\"api\"}\n");
  asked = ask_greedily(&me, "{\"cmd\":\"get-store\"}\n");
  assert_true(asked > 256);
  assert_in_range(hall.stage.fake->open_count, 1, 256);
  fake_release(hall.stage.fake);
  shutdown(me.fd, SHUT_WR);
  client_wait_for_end(&me);
  assert_int_equal(count_lines(&me), asked + 1);
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
}

static void a_slow_follower_loses_output_and_is_told(void **state)
{
  enum { PIECE = 16 * 1024, PIECES = 1000 };
  char *piece = malloc(PIECE);
  struct hall hall;
  struct client me;
  long before;

  (void)state;
  memset(piece, 'x', PIECE);
  hall_open(&hall);
  stage_add(&hall.stage, "api", true);
  client_open(&hall, &me);
  client_say(&me, "{\"id\":1,\"cmd\":\"logs\"}\n");
  client_wait_for(&me, "\"data\":\"\"");
  before = resident_kib();
  for (int i = 0; i < PIECES; i++) {
    fake_output(hall.stage.fake, "api", ZPM_STREAM_OUT, piece, PIECE);
    step(&hall);
  }
  assert_true(resident_kib() - before < 4 * 1024);
  client_wait_for(&me, "{\"event\":\"lag\",\"data\":{\"dropped\":");
  assert_true(count_lines(&me) < PIECES);
  fake_output(hall.stage.fake, "api", ZPM_STREAM_OUT, "back again", 10);
  client_wait_for(&me, "back again");
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
  free(piece);
}

static void one_huge_piece_is_sent_to_a_client_that_keeps_up(void **state)
{
  enum { PIECE = 200 * 1024 };
  char *piece = malloc(PIECE);
  struct hall hall;
  struct client me;

  (void)state;
  memset(piece, '\x01', PIECE); /* six bytes each, as JSON */
  hall_open(&hall);
  stage_add(&hall.stage, "api", true);
  client_open(&hall, &me);
  client_say(&me, "{\"id\":1,\"cmd\":\"logs\"}\n");
  client_wait_for(&me, "\"data\":\"\"");
  zpm_str_clear(&me.heard);
  fake_output(hall.stage.fake, "api", ZPM_STREAM_OUT, piece, PIECE);
  client_wait_for(&me, "\n");
  assert_true(me.heard.len > (size_t)6 * PIECE);
  client_close(&me);
  wait_for_count(&hall, 0);
  hall_close(&hall);
  free(piece);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request_may_come_byte_by_byte),
      cmocka_unit_test(half_a_line_at_the_end_is_nothing),
      cmocka_unit_test(garbage_is_answered_then_hung_up_on),
      cmocka_unit_test(a_line_of_1_mib_is_taken_and_a_longer_one_is_not),
      cmocka_unit_test(a_client_that_lingers_for_ever_is_cut_off),
      cmocka_unit_test(a_half_closed_client_gets_what_it_waits_for),
      cmocka_unit_test(a_half_closed_client_does_not_listen_for_ever),
      cmocka_unit_test(a_client_may_leave_at_any_time),
      cmocka_unit_test(open_requests_are_answered_before_all_is_closed),
      cmocka_unit_test(a_thousand_clients_are_served),
      cmocka_unit_test(a_client_that_never_reads_costs_bounded_memory),
      cmocka_unit_test(a_client_with_held_requests_costs_bounded_memory),
      cmocka_unit_test(a_slow_follower_loses_output_and_is_told),
      cmocka_unit_test(one_huge_piece_is_sent_to_a_client_that_keeps_up),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
