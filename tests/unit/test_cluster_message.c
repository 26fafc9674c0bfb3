#include "proto/cluster_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "unit/failing_alloc.c"
#include "unit/vectors.c"

static const char *const SAID[] = {
    [ZPM_SAID_USER] = "user",
    [ZPM_SAID_ONLINE] = "online",
    [ZPM_SAID_QUERY_SERVER] = "query-server",
    [ZPM_SAID_LISTENING] = "listening",
    [ZPM_SAID_CLOSE] = "close",
    [ZPM_SAID_EXITED_AFTER_DISCONNECT] = "exited-after-disconnect",
    [ZPM_SAID_ACCEPTED] = "accepted",
    [ZPM_SAID_HANDLE] = "handle",
    [ZPM_SAID_HANDLE_ACK] = "handle-ack",
    [ZPM_SAID_HANDLE_NACK] = "handle-nack",
    [ZPM_SAID_HEAP] = "heap",
    [ZPM_SAID_OTHER] = "other",
    [ZPM_SAID_GARBAGE] = "garbage",
};

static const char *const TYPES[] = {
    [ZPM_ADDRESS_TCP4] = "tcp4", [ZPM_ADDRESS_TCP6] = "tcp6",
    [ZPM_ADDRESS_PATH] = "path", [ZPM_ADDRESS_UDP4] = "udp4",
    [ZPM_ADDRESS_UDP6] = "udp6", [ZPM_ADDRESS_FD] = "fd",
};

/* ---- vectors: each key that is there must be so ---- */

static void check_number(const cJSON *vector, const char *key, double got)
{
  const cJSON *wanted = cJSON_GetObjectItem(vector, key);

  if (wanted != NULL && wanted->valuedouble != got)
    fail_msg("%s: %s is %.0f", vector_text(vector, "line"), key, got);
}

static void check_bool(const cJSON *vector, const char *key, bool got)
{
  const cJSON *wanted = cJSON_GetObjectItem(vector, key);

  if (wanted != NULL && cJSON_IsTrue(wanted) != got)
    fail_msg("%s: %s is %d", vector_text(vector, "line"), key, got);
}

static void check_text(const cJSON *vector, const char *key, const char *got)
{
  const char *wanted = vector_text(vector, key);

  if (wanted != NULL && (got == NULL || strcmp(wanted, got) != 0))
    fail_msg("%s: %s is %s", vector_text(vector, "line"), key,
             got != NULL ? got : "NULL");
}

static void check_place(const cJSON *vector, const struct zpm_place *place)
{
  char key[ZPM_PLACE_KEY_MAX];

  zpm_place_key(place, key);
  check_text(vector, "placeKey", key);
  check_text(vector, "address", place->address);
  check_text(vector, "type", TYPES[place->type]);
  check_number(vector, "port", place->port);
  check_number(vector, "fd", place->fd);
  check_number(vector, "flags", place->flags);
  check_number(vector, "backlog", place->backlog);
  check_number(vector, "index", place->index);
  check_bool(vector, "readableAll", place->readable_all);
  check_bool(vector, "writableAll", place->writable_all);
}

static void check_message(const cJSON *vector,
                          const struct zpm_worker_message *got)
{
  const cJSON *seq = cJSON_GetObjectItem(vector, "seq");

  if (strcmp(vector_text(vector, "said"), SAID[got->said]) != 0)
    fail_msg("%s: said %s", vector_text(vector, "line"), SAID[got->said]);
  if (seq == NULL && got->seq != -1)
    fail_msg("%s: has a seq", vector_text(vector, "line"));
  check_number(vector, "seq", (double)got->seq);
  check_number(vector, "ack", (double)got->ack);
  check_number(vector, "heap", (double)got->heap_bytes);
  check_bool(vector, "accepted", got->accepted);
  check_text(vector, "key", got->key);
  check_text(vector, "data", got->data);
  if (vector_text(vector, "data") == NULL && got->data != NULL)
    fail_msg("%s: has data %s", vector_text(vector, "line"), got->data);
  check_place(vector, &got->place);
}

/* A copy without a NUL behind it, for the address sanitizer to watch. */
static void parse_exactly(struct zpm_worker_message *out, const char *line,
                          size_t len)
{
  char *copy = malloc(len > 0 ? len : 1);

  assert_non_null(copy);
  memcpy(copy, line, len);
  assert_int_equal(zpm_worker_message_parse(out, copy, len), 0);
  free(copy);
}

static void run_vector(const cJSON *vector)
{
  const char *line = vector_text(vector, "line");
  struct zpm_worker_message message;

  parse_exactly(&message, line, strlen(line));
  check_message(vector, &message);
  zpm_worker_message_deinit(&message);
}

static void what_workers_say_is_read_as_the_vectors_say(void **state)
{
  (void)state;
  vectors_run("cluster.ndjson", run_vector);
}

/* Every beginning of every line: nothing is read behind its end. */
static void run_beginnings(const cJSON *vector)
{
  const char *line = vector_text(vector, "line");

  for (size_t len = 0; len < strlen(line) && len < 300; len++) {
    struct zpm_worker_message message;

    parse_exactly(&message, line, len);
    zpm_worker_message_deinit(&message);
  }
}

static void a_line_may_be_cut_anywhere(void **state)
{
  (void)state;
  vectors_run("cluster.ndjson", run_beginnings);
}

/* ---- what does not fit into a vector ---- */

static enum zpm_worker_said said_by(const char *line, size_t len)
{
  struct zpm_worker_message message;
  enum zpm_worker_said said;

  parse_exactly(&message, line, len);
  said = message.said;
  zpm_worker_message_deinit(&message);
  return said;
}

static void bytes_that_are_no_text_are_garbage(void **state)
{
  static const char NUL[] = "{\"cmd\":\"NODE_HANDLE_ACK\"\0}";
  static const char NUL_INSIDE[] = "{\"cmd\":\"NODE_HANDLE\0_ACK\"}";
  static const char NUL_BEHIND[] = "{\"cmd\":\"NODE_HANDLE_ACK\"}\0";
  static const char LATIN1[] = "{\"a\":\"\xFC\"}";
  static const char SURROGATE[] = "{\"a\":\"\xED\xA0\x80\"}";
  static const char CUT[] = "\"\xF0\x9F\x98";
  static const char OVERLONG[] = "\"\xC0\xAF\"";

  (void)state;
  assert_int_equal(said_by(NUL, sizeof(NUL) - 1), ZPM_SAID_GARBAGE);
  assert_int_equal(said_by(NUL_INSIDE, sizeof(NUL_INSIDE) - 1),
                   ZPM_SAID_GARBAGE);
  assert_int_equal(said_by(NUL_BEHIND, sizeof(NUL_BEHIND) - 1),
                   ZPM_SAID_GARBAGE);
  assert_int_equal(said_by(LATIN1, sizeof(LATIN1) - 1), ZPM_SAID_GARBAGE);
  assert_int_equal(said_by(SURROGATE, sizeof(SURROGATE) - 1), ZPM_SAID_GARBAGE);
  assert_int_equal(said_by(CUT, sizeof(CUT) - 1), ZPM_SAID_GARBAGE);
  assert_int_equal(said_by(OVERLONG, sizeof(OVERLONG) - 1), ZPM_SAID_GARBAGE);
}

static void put_many(struct zpm_str *line, const char *text, size_t count)
{
  for (size_t i = 0; i < count; i++)
    assert_int_equal(zpm_str_puts(line, text), 0);
}

static enum zpm_worker_said said_by_long(const char *begin, const char *middle,
                                         size_t count, const char *end)
{
  struct zpm_str line = {0};
  enum zpm_worker_said said;

  put_many(&line, begin, 1);
  put_many(&line, middle, count);
  put_many(&line, end, 1);
  said = said_by(line.data, line.len);
  zpm_str_deinit(&line);
  return said;
}

static void a_message_of_the_app_may_be_of_any_size(void **state)
{
  (void)state;
  assert_int_equal(said_by_long("[0", ",0", 1000000, "]"), ZPM_SAID_USER);
  assert_int_equal(said_by_long("{\"cmd\":\"x\"", ",\"a\":{}", 100000, "}"),
                   ZPM_SAID_USER);
  assert_int_equal(
      said_by_long("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\","
                   "\"msg\":[0",
                   ",0", 1000000, "]}"),
      ZPM_SAID_HANDLE);
}

static void a_message_of_the_cluster_is_short(void **state)
{
  static const char BEGIN[] =
      "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\",\"index\":0,"
      "\"address\":null,\"port\":0,\"addressType\":4,\"seq\":5,\"data\":\"";

  (void)state;
  assert_int_equal(said_by_long(BEGIN, "x", ZPM_WORKER_DATA_MAX - 2, "\"}"),
                   ZPM_SAID_QUERY_SERVER);
  assert_int_equal(said_by_long(BEGIN, "x", ZPM_WORKER_DATA_MAX - 1, "\"}"),
                   ZPM_SAID_GARBAGE);
  assert_int_equal(said_by_long(BEGIN, "x", ZPM_WORKER_MESSAGE_MAX, "\"}"),
                   ZPM_SAID_GARBAGE);
  assert_int_equal(said_by_long("{\"cmd\":\"NODE_CLUSTER\",\"seq\":1",
                                ",\"a\":1", 20000, "}"),
                   ZPM_SAID_GARBAGE);
}

static void a_handle_is_acknowledged_however_deep_the_message(void **state)
{
  static const char BEGIN[] =
      "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\","
      "\"msg\":";

  (void)state;
  assert_int_equal(said_by_long(BEGIN, "[", 100000, ""), ZPM_SAID_HANDLE);
  assert_int_equal(said_by_long("", "[", 100000, ""), ZPM_SAID_GARBAGE);
}

/* ---- another codec ---- */

static void a_message_may_come_as_a_tree(void **state)
{
  struct zpm_worker_message message;
  cJSON *tree = cJSON_Parse("{\"cmd\":\"NODE_CLUSTER\",\"act\":\"close\","
                            "\"key\":\"k\",\"seq\":3}");

  (void)state;
  assert_int_equal(zpm_worker_message_from_json(&message, tree), 0);
  assert_int_equal(message.said, ZPM_SAID_CLOSE);
  assert_int_equal(message.seq, 3);
  assert_string_equal(message.key, "k");
  zpm_worker_message_deinit(&message);
  cJSON_Delete(tree);

  tree = cJSON_CreateString("ready");
  assert_int_equal(zpm_worker_message_from_json(&message, tree), 0);
  assert_int_equal(message.said, ZPM_SAID_USER);
  zpm_worker_message_deinit(&message);
  cJSON_Delete(tree);

  assert_int_equal(zpm_worker_message_from_json(&message, NULL), 0);
  assert_int_equal(message.said, ZPM_SAID_USER);
}

static int parse(void *ctx)
{
  struct zpm_worker_message message;
  int rc = zpm_worker_message_parse(&message, ctx, strlen(ctx));

  assert_int_equal(message.said == ZPM_SAID_QUERY_SERVER, rc == 0);
  zpm_worker_message_deinit(&message);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  char line[] = "{\"cmd\":\"NODE_CLUSTER\",\"act\":\"queryServer\",\"index\":0,"
                "\"data\":{\"ticketKeys\":\"00\"},\"address\":\"::1\","
                "\"port\":\"80\",\"addressType\":6,\"backlog\":511,\"seq\":1}";

  (void)state;
  failing_alloc_sweep(parse, line);
}

static void what_comes_for_each_connection_allocates_nothing(void **state)
{
  static const char *const LINES[] = {
      "{\"cmd\":\"NODE_HANDLE_ACK\"}",
      "{\"cmd\":\"NODE_HANDLE_NACK\"}",
      "{\"cmd\":\"NODE_CLUSTER\",\"ack\":14,\"accepted\":true,\"seq\":24}",
      "{\"cmd\":\"NODE_CLUSTER\",\"ack\":0,\"accepted\":false,\"seq\":0}",
      "{\"cmd\":\"anything\",\"of\":[\"the\",\"app\"]}",
  };
  cJSON_Hooks hooks = {.malloc_fn = zpm_alloc, .free_fn = zpm_free};

  (void)state;
  cJSON_InitHooks(&hooks);
  failing_alloc.left = 0;
  failing_alloc.armed = true;
  for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
    struct zpm_worker_message message;

    assert_int_equal(
        zpm_worker_message_parse(&message, LINES[i], strlen(LINES[i])), 0);
    assert_int_not_equal(message.said, ZPM_SAID_GARBAGE);
  }
  failing_alloc.armed = false;
  cJSON_InitHooks(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_workers_say_is_read_as_the_vectors_say),
      cmocka_unit_test(a_line_may_be_cut_anywhere),
      cmocka_unit_test(bytes_that_are_no_text_are_garbage),
      cmocka_unit_test(a_message_of_the_app_may_be_of_any_size),
      cmocka_unit_test(a_message_of_the_cluster_is_short),
      cmocka_unit_test(a_handle_is_acknowledged_however_deep_the_message),
      cmocka_unit_test(a_message_may_come_as_a_tree),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
      cmocka_unit_test(what_comes_for_each_connection_allocates_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
