#include "runtime/scarce_memory.h"
#include "runtime/api_fixture.h"

#include "runtime/logs.h"

/*
 * Every allocation of the api may fail: the request is then answered all the
 * same, and nothing is lost or left.  Nothing here makes the fake supervisor
 * itself allocate.
 */
static const char *const REQUESTS[] = {
    "{\"id\":1,\"cmd\":\"ping\"}",
    "{\"cmd\":\"ping\"}",
    "{\"cmd\":\"hello\",\"version\":\"9.9.9\"}",
    "{\"cmd\":\"list\"}",
    "{\"cmd\":\"stats\"}",
    "{\"cmd\":\"stats\",\"name\":\"none\"}",
    "{\"cmd\":\"describe\",\"name\":\"api\",\"showEnv\":true}",
    "{\"cmd\":\"find-worker\",\"name\":\"api\"}",
    "{\"cmd\":\"get-store\"}",
    "{\"cmd\":\"doctor\"}",
    "{\"cmd\":\"stop\",\"name\":\"all\"}",
    "{\"cmd\":\"restart\",\"name\":\"api\",\"callerEnv\":{\"A\":\"b\"}}",
    "{\"cmd\":\"start\",\"config\":{\"scriptPath\":\"/bad\",\"cwd\":\"/\","
    "\"env\":{\"A\":\"b\"},\"args\":[\"x\"]},\"callerEnv\":{\"A\":\"b\"}}",
    "{\"cmd\":\"start-many\",\"configs\":[{\"scriptPath\":\"/bad\","
    "\"cwd\":\"/\"},{\"name\":\"none\"}],\"callerEnv\":{\"A\":\"b\"}}",
    "{\"id\":1,\"cmd\":\"logs\",\"name\":\"api\"}",
    "{\"cmd\":\"logs\",\"follow\":false}",
    "{\"cmd\":\"subscribe\",\"topics\":[\"app\",\"log\"],\"name\":\"api\"}",
    "not even json",
};

/* Whether everything was answered as if there were no lack. */
static bool try_request(struct stage *stage, const char *request, long left)
{
  struct listener me;
  bool lacked;

  listener_open(stage, &me);
  assert_int_equal(zpm_str_reserve(&me.heard, 64 * 1024), 0);
  allocations_left = left;
  say(&me, request);
  fake_output(stage->fake, "api", ZPM_STREAM_OUT, "gr\xC3", 3);
  fake_output(stage->fake, "api", ZPM_STREAM_OUT, "\xBC\xC3\x9F\n", 4);
  fake_tell(stage->fake, ZPM_EVENT_APP, "api");
  zpm_api_peer_drained(&me.peer);
  lacked = allocations_left == 0;
  allocations_left = -1;
  assert_true(me.heard.len > 0);
  assert_int_equal(me.heard.data[me.heard.len - 1], '\n');
  assert_int_equal(me.peer.open_calls, 0);
  assert_int_equal(me.peer.held_bytes, 0);
  listener_close(&me);
  return !lacked;
}

static void every_allocation_may_fail(void **state)
{
  enum { MANY = 2000 };
  struct stage stage;

  (void)state;
  stage_open(&stage);
  stage_add(&stage, "api", true);
  stage_write_log(&stage, "api", "out", "one\ntwo\n");
  for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++) {
    long left = 0;

    while (!try_request(&stage, REQUESTS[i], left) && left < MANY)
      left++;
    assert_in_range(left, 1, MANY - 1);
  }
  stage_close(&stage);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_may_fail),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
