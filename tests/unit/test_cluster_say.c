#include "proto/cluster_say.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"
#include "zpm/error.h"

static void assert_said(struct zpm_str *out, int rc, const char *line)
{
  assert_int_equal(rc, 0);
  assert_string_equal(out->data, line);
  zpm_str_clear(out);
}

static const struct zpm_cluster_answer ANSWER = {
    .seq = 2, .ack = 7, .key = "127.0.0.1:80:4:undefined:0"};

/* The lines are those of a primary in Node 20, byte for byte. */
static void a_query_is_answered_as_by_node(void **state)
{
  const struct zpm_cluster_sockname v4 = {.address = "127.0.0.1", .port = 80};
  const struct zpm_cluster_sockname v6 = {
      .address = "::", .is_ipv6 = true, .port = 65535};
  struct zpm_cluster_answer tls = ANSWER;
  struct zpm_str out = {0};

  (void)state;
  assert_said(&out, zpm_cluster_say_newconns_come(&out, &ANSWER, &v4),
              "{\"cmd\":\"NODE_CLUSTER\",\"errno\":null,"
              "\"key\":\"127.0.0.1:80:4:undefined:0\",\"ack\":7,\"data\":null,"
              "\"sockname\":{\"address\":\"127.0.0.1\",\"family\":\"IPv4\","
              "\"port\":80},\"seq\":2}\n");
  tls.data = "{\"ticketKeys\":\"00ff\"}";
  assert_said(&out, zpm_cluster_say_newconns_come(&out, &tls, &v6),
              "{\"cmd\":\"NODE_CLUSTER\",\"errno\":null,"
              "\"key\":\"127.0.0.1:80:4:undefined:0\",\"ack\":7,"
              "\"data\":{\"ticketKeys\":\"00ff\"},"
              "\"sockname\":{\"address\":\"::\",\"family\":\"IPv6\","
              "\"port\":65535},\"seq\":2}\n");
  assert_said(&out, zpm_cluster_say_newconns_come(&out, &ANSWER, NULL),
              "{\"cmd\":\"NODE_CLUSTER\",\"errno\":null,"
              "\"key\":\"127.0.0.1:80:4:undefined:0\",\"ack\":7,\"data\":null,"
              "\"seq\":2}\n");
  assert_said(&out, zpm_cluster_say_shared(&out, &ANSWER, false),
              "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":"
              "{\"cmd\":\"NODE_CLUSTER\",\"errno\":0,"
              "\"key\":\"127.0.0.1:80:4:undefined:0\",\"ack\":7,\"data\":null,"
              "\"seq\":2}}\n");
  assert_said(&out, zpm_cluster_say_shared(&out, &tls, true),
              "{\"cmd\":\"NODE_HANDLE\",\"type\":\"dgram.Native\",\"msg\":"
              "{\"cmd\":\"NODE_CLUSTER\",\"errno\":0,"
              "\"key\":\"127.0.0.1:80:4:undefined:0\",\"ack\":7,"
              "\"data\":{\"ticketKeys\":\"00ff\"},\"seq\":2}}\n");
  assert_said(&out, zpm_cluster_say_refused(&out, &ANSWER, -98),
              "{\"cmd\":\"NODE_CLUSTER\",\"errno\":-98,"
              "\"key\":\"127.0.0.1:80:4:undefined:0\",\"ack\":7,\"data\":null,"
              "\"seq\":2}\n");
  zpm_str_deinit(&out);
}

static void the_rest_is_said_as_by_node(void **state)
{
  struct zpm_str out = {0};

  (void)state;
  assert_said(&out, zpm_cluster_say_newconn(&out, 0, "/a \"b\"\xFF:-1:-1"),
              "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":"
              "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"newconn\","
              "\"key\":\"/a \\\"b\\\"\xEF\xBF\xBD:-1:-1\",\"seq\":0}}\n");
  assert_said(&out, zpm_cluster_say_disconnect(&out, 9007199254740991),
              "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"disconnect\","
              "\"seq\":9007199254740991}\n");
  assert_said(&out, zpm_cluster_say_ack(&out, 1, 4),
              "{\"cmd\":\"NODE_CLUSTER\",\"ack\":4,\"seq\":1}\n");
  zpm_str_deinit(&out);
}

static int say_after_another_line(void *ctx)
{
  const struct zpm_cluster_sockname sockname = {.address = "::", .port = 1};
  struct zpm_str out = {0};
  int rc = zpm_cluster_say_disconnect(&out, 1);

  (void)ctx;
  if (rc == 0) {
    size_t len = out.len;

    rc = zpm_cluster_say_newconns_come(&out, &ANSWER, &sockname);
    assert_true(rc == 0 ? out.len > len : out.len == len);
    assert_int_equal(out.data[out.len - 1], '\n');
    assert_int_equal(out.data[out.len], '\0');
  }
  zpm_str_deinit(&out);
  return rc;
}

static void a_line_is_said_as_a_whole_or_not_at_all(void **state)
{
  (void)state;
  failing_alloc_sweep(say_after_another_line, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_query_is_answered_as_by_node),
      cmocka_unit_test(the_rest_is_said_as_by_node),
      cmocka_unit_test(a_line_is_said_as_a_whole_or_not_at_all),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
