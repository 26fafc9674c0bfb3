#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/handoff.h"

/* Listens at a port of 127.0.0.1, or does not listen yet. */
static int open_socket(int backlog, uint16_t *port)
{
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
  if (backlog > 0)
    assert_int_equal(listen(fd, backlog), 0);
  *port = ntohs(at.sin_port);
  return fd;
}

static void sockets_are_told_by_port_and_address(void **state)
{
  struct zpm_handoff handoff = {0};
  struct zpm_str text = {0};
  char expected[64];
  uint16_t ports[2];

  (void)state;
  for (int i = 0; i < 2; i++)
    assert_true(zpm_handoff_add(&handoff, open_socket(1, &ports[i])));
  assert_true(zpm_handoff_has_port(&handoff, ports[0]));
  assert_true(zpm_handoff_has_port(&handoff, ports[1]));
  assert_false(zpm_handoff_has_port(&handoff, 0));
  snprintf(expected, sizeof(expected), "4 %u 127.0.0.1\n5 %u 127.0.0.1\n",
           (unsigned)ports[0], (unsigned)ports[1]);
  assert_int_equal(zpm_handoff_describe(&handoff, &text), 0);
  assert_string_equal(text.data, expected);
  zpm_str_deinit(&text);
  zpm_handoff_close(&handoff);
  assert_false(zpm_handoff_has_port(&handoff, ports[0]));
}

static void what_does_not_listen_at_a_port_is_closed(void **state)
{
  struct zpm_handoff handoff = {0};
  int pair[2];
  uint16_t port;
  int fd = open_socket(0, &port);

  (void)state;
  assert_false(zpm_handoff_add(&handoff, fd));
  assert_int_equal(close(fd), -1);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  assert_false(zpm_handoff_add(&handoff, pair[0]));
  assert_int_equal(close(pair[0]), -1);
  close(pair[1]);
  assert_false(zpm_handoff_add(&handoff, open("/dev/null", O_RDONLY)));
  assert_int_equal(handoff.count, 0);
}

static void there_is_room_for_so_many(void **state)
{
  struct zpm_handoff handoff = {0};
  uint16_t port;

  (void)state;
  for (int i = 0; i < ZPM_HANDOFF_MAX; i++)
    assert_true(zpm_handoff_add(&handoff, open_socket(1, &port)));
  assert_false(zpm_handoff_add(&handoff, open_socket(1, &port)));
  assert_int_equal(handoff.count, ZPM_HANDOFF_MAX);
  zpm_handoff_close(&handoff);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sockets_are_told_by_port_and_address),
      cmocka_unit_test(what_does_not_listen_at_a_port_is_closed),
      cmocka_unit_test(there_is_room_for_so_many),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
