#include "runtime/api_fixture.h"

#include "zpm/version.h"

/* ---- talking ---- */

static void a_ping_is_answered_with_pong(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  ask(&me, "{\"id\":7,\"cmd\":\"ping\"}",
      "{\"id\":7,\"ok\":true,\"data\":\"pong\"}\n");
  ask(&me, "{\"cmd\":\"ping\"}", "{\"ok\":true,\"data\":\"pong\"}\n");
  ask(&me, "{\"id\":-3,\"cmd\":\"ping\"}",
      "{\"id\":-3,\"ok\":true,\"data\":\"pong\"}\n");
  listener_close(&me);
  stage_close(&stage);
}

static void hello_compares_the_versions(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  say(&me, "{\"cmd\":\"hello\",\"version\":\"" ZPM_VERSION "\"}");
  expect_part(&me, "\"version\":\"" ZPM_VERSION "\",\"protocol\":1,\"pid\":");
  expect_part(&me, "\"keeperPid\":4242");
  expect_part(&me, "\"namespace\":\"test\",\"compatible\":true,"
                   "\"advice\":null}}\n");
  say(&me, "{\"cmd\":\"hello\",\"version\":\"99.0.0\"}");
  expect_part(&me, "\"compatible\":false,\"advice\":\"this zpm (99.0.0) is "
                   "newer");
  listener_close(&me);
  stage_close(&stage);
}

static void only_a_line_that_is_no_object_ends_the_talk(void **state)
{
  static const char *const GARBAGE[] = {"hello", "[]",       "{\"cmd\"",
                                        "12",    "\xff\x01", "{}{}"};
  static const char *const WRONG[] = {"{}",
                                      "{\"cmd\":5}",
                                      "{\"cmd\":\"pong\"}",
                                      "{\"cmd\":\"ping\",\"x\":1}",
                                      "{\"cmd\":\"stop\"}",
                                      "{\"cmd\":\"stop\",\"name\":[]}",
                                      "{\"cmd\":\"start-daemon\"}"};
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  for (size_t i = 0; i < sizeof(GARBAGE) / sizeof(GARBAGE[0]); i++) {
    assert_int_equal(say(&me, GARBAGE[i]), ZPM_EPROTO);
    expect_part(&me, "{\"ok\":false,\"error\":\"");
    zpm_str_clear(&me.heard);
  }
  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
    assert_int_equal(say(&me, WRONG[i]), 0);
    expect_part(&me, "{\"ok\":false,\"error\":\"");
    zpm_str_clear(&me.heard);
  }
  say(&me, "{\"id\":3,\"cmd\":\"pong\"}");
  expect_part(&me, "{\"id\":3,\"ok\":false,");
  expect_part(&me, "\"code\":\"ZPM_ECOMMAND\"}\n");
  listener_close(&me);
  stage_close(&stage);
}

static void requests_without_id_are_answered_in_order(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  stage_add(&stage, "api", true);
  listener_open(&stage, &me);
  stage.fake->held = true;
  say(&me, "{\"cmd\":\"stop\",\"name\":\"api\"}");
  say(&me, "{\"id\":1,\"cmd\":\"restart\",\"name\":\"api\"}");
  say(&me, "{\"cmd\":\"restart\",\"name\":\"api\"}");
  say(&me, "{\"cmd\":\"list\"}");
  say(&me, "nonsense");
  ask(&me, "{\"id\":2,\"cmd\":\"ping\"}",
      "{\"id\":2,\"ok\":true,\"data\":\"pong\"}\n");
  fake_release_one(stage.fake, 2); /* the second without id */
  expect(&me, "");
  fake_release(stage.fake);
  expect_part(&me, "{\"ok\":true,\"data\":\"stopped\"}\n"
                   "{\"ok\":true,\"data\":\"restarted\"}\n"
                   "{\"ok\":true,\"data\":[\"api\"]}\n"
                   "{\"ok\":false,");
  expect_part(&me, "{\"id\":1,\"ok\":true,\"data\":\"restarted\"}\n");
  assert_int_equal(me.peer.open_calls, 0);
  assert_int_equal(me.peer.held_bytes, 0);
  listener_close(&me);
  stage_close(&stage);
}

static void what_a_peer_asked_for_happens_when_it_has_left(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  stage_add(&stage, "api", true);
  listener_open(&stage, &me);
  stage.fake->held = true;
  say(&me, "{\"cmd\":\"stop\",\"name\":\"api\"}");
  say(&me, "{\"id\":1,\"cmd\":\"stats\"}");
  say(&me, "{\"cmd\":\"list\"}");
  say(&me, "{\"cmd\":\"logs\"}");
  say(&me, "{\"cmd\":\"stop\",\"name\":\"all\"}");
  say(&me, "{\"cmd\":\"shutdown\"}");
  listener_close(&me);
  fake_release(stage.fake);
  assert_int_equal(fake_find(stage.fake, "api")->status, ZPM_STATUS_STOPPED);
  assert_int_equal(stage.shutdowns, 1);
  stage_close(&stage);
}

static void a_peer_with_many_open_requests_is_busy(void **state)
{
  struct stage stage;
  struct listener me;
  int open = 0;

  (void)state;
  stage_open(&stage);
  stage_add(&stage, "api", true);
  listener_open(&stage, &me);
  stage.fake->held = true;
  while (!zpm_api_peer_busy(&me.peer) && open < 10000) {
    say(&me, "{\"cmd\":\"stats\"}");
    open++;
  }
  assert_in_range(open, 64, 1024);
  fake_release(stage.fake);
  assert_false(zpm_api_peer_busy(&me.peer));
  listener_close(&me);
  stage_close(&stage);
}

/* ---- starting and stopping ---- */

static void an_app_is_started_by_config(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  ask(&me,
      "{\"cmd\":\"start\",\"name\":\"b\",\"config\":{\"name\":\"a\","
      "\"scriptPath\":\"/a.js\",\"cwd\":\"/\"},"
      "\"callerEnv\":{\"HOME\":\"/root\"}}",
      "{\"ok\":true,\"data\":\"started\"}\n");
  ask(&me,
      "{\"cmd\":\"start\",\"name\":\"b\",\"config\":{\"scriptPath\":"
      "\"/a.js\",\"cwd\":\"/\"}}",
      "{\"ok\":true,\"data\":\"started\"}\n");
  ask(&me, "{\"cmd\":\"start\",\"name\":\"b\"}",
      "{\"ok\":true,\"data\":\"started\"}\n");
  ask(&me, "{\"cmd\":\"list\"}", "{\"ok\":true,\"data\":[\"a\",\"b\"]}\n");
  assert_string_equal(
      zpm_strv_env_get(&fake_find(stage.fake, "a")->environment->vars, "HOME"),
      "/root");
  assert_null(fake_find(stage.fake, "b")->environment);
  listener_close(&me);
  stage_close(&stage);
}

static void what_cannot_be_started_is_said(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  stage_add(&stage, "api", false);
  listener_open(&stage, &me);
  ask(&me, "{\"cmd\":\"start\",\"name\":\"apy\"}",
      "{\"ok\":false,\"error\":\"there is no app 'apy'. Did you mean "
      "'api'?\",\"code\":\"ZPM_ENOAPP\"}\n");
  ask(&me, "{\"cmd\":\"start\",\"name\":\"zzz\"}",
      "{\"ok\":false,\"error\":\"there is no app 'zzz'. See: zpm list\","
      "\"code\":\"ZPM_ENOAPP\"}\n");
  ask(&me,
      "{\"cmd\":\"start\",\"config\":{\"cwd\":\"/\",\"name\":\"bad\","
      "\"scriptPath\":\"/bad\"}}",
      "{\"ok\":false,\"error\":\"cannot run /bad: no such "
      "file\",\"code\":\"ZPM_ESTART\"}\n");
  say(&me, "{\"cmd\":\"start\",\"config\":{\"skript\":\"/a\"}}");
  expect_part(&me, "\"ok\":false");
  zpm_str_clear(&me.heard);
  say(&me, "{\"cmd\":\"start\",\"config\":{}}");
  expect_part(&me, "\"code\":\"ZPM_EARG\"");
  zpm_str_clear(&me.heard);
  say(&me, "{\"cmd\":\"start\",\"config\":{\"scriptPath\":\"/a\"},"
           "\"callerEnv\":{\"A\":[]}}");
  expect_part(&me, "\"code\":\"ZPM_EARG\"");
  listener_close(&me);
  stage_close(&stage);
}

static void a_worker_is_added_and_only_started_if_wanted(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  ask(&me,
      "{\"cmd\":\"add-worker\",\"config\":{\"name\":\"a\",\"scriptPath\":"
      "\"/a\",\"cwd\":\"/\"}}",
      "{\"ok\":true,\"data\":\"added\"}\n");
  assert_int_equal(fake_find(stage.fake, "a")->status, ZPM_STATUS_STOPPED);
  ask(&me,
      "{\"cmd\":\"add-worker\",\"autoStart\":true,\"config\":{\"name\":"
      "\"b\",\"scriptPath\":\"/b\",\"cwd\":\"/\"}}",
      "{\"ok\":true,\"data\":\"started\"}\n");
  assert_int_equal(fake_find(stage.fake, "b")->status, ZPM_STATUS_RUNNING);
  listener_close(&me);
  stage_close(&stage);
}

static void many_are_started_at_once_and_told_in_order(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  stage_add(&stage, "old", false);
  listener_open(&stage, &me);
  stage.fake->held = true;
  say(&me, "{\"id\":1,\"cmd\":\"start-many\",\"callerEnv\":{\"A\":\"1\"},"
           "\"configs\":[{\"scriptPath\":\"/srv/web.js\",\"cwd\":\"/srv\"},"
           "{\"name\":\"x\",\"scriptPath\":\"/bad\",\"cwd\":\"/\"},"
           "{\"name\":\"old\"},{\"name\":\"new\"},5,{\"nam\":\"y\"},{}]}");
  expect(&me, "");
  assert_int_equal(stage.fake->open_count, 3);
  fake_release_one(stage.fake, 2);
  expect(&me, "");
  fake_release(stage.fake);
  expect_part(&me,
              "{\"id\":1,\"ok\":true,\"data\":["
              "{\"name\":\"web\",\"ok\":true,\"message\":\"started\"},"
              "{\"name\":\"x\",\"ok\":false,\"error\":\"cannot run /bad: no "
              "such file\",\"code\":\"ZPM_ESTART\"},"
              "{\"name\":\"old\",\"ok\":true,\"message\":\"started\"},"
              "{\"name\":\"new\",\"ok\":false,\"error\":");
  expect_part(&me, "},{\"name\":null,\"ok\":false,\"error\":");
  expect_part(&me, "\"code\":\"ZPM_EARG\"}]}\n");
  assert_ptr_equal(fake_find(stage.fake, "web")->environment,
                   fake_find(stage.fake, "old")->environment);
  listener_close(&me);
  stage_close(&stage);
}

static void no_configs_are_no_error(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  ask(&me, "{\"cmd\":\"start-many\",\"configs\":[]}",
      "{\"ok\":true,\"data\":[]}\n");
  listener_close(&me);
  stage_close(&stage);
}

static void one_app_is_stopped_restarted_and_deleted(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  stage_add(&stage, "api", true);
  listener_open(&stage, &me);
  ask(&me, "{\"cmd\":\"stop\",\"name\":\"api\"}",
      "{\"ok\":true,\"data\":\"stopped\"}\n");
  ask(&me, "{\"cmd\":\"restart\",\"name\":\"api\",\"config\":{\"port\":81}}",
      "{\"ok\":true,\"data\":\"restarted\"}\n");
  assert_int_equal(fake_find(stage.fake, "api")->config.port, 81);
  say(&me, "{\"cmd\":\"restart\",\"name\":\"api\","
           "\"config\":{\"name\":\"other\"}}");
  expect_part(&me, "\"code\":\"ZPM_EARG\"");
  zpm_str_clear(&me.heard);
  ask(&me, "{\"cmd\":\"delete\",\"name\":\"api\"}",
      "{\"ok\":true,\"data\":\"deleted\"}\n");
  say(&me, "{\"cmd\":\"stop\",\"name\":\"api\"}");
  say(&me, "{\"cmd\":\"restart\",\"name\":\"api\"}");
  say(&me, "{\"cmd\":\"delete\",\"name\":\"api\"}");
  for (const char *at = me.heard.data; *at != '\0'; at = strchr(at, '\n') + 1)
    assert_non_null(strstr(at, "\"code\":\"ZPM_ENOAPP\"}\n"));
  listener_close(&me);
  stage_close(&stage);
}

static void all_means_every_app(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  ask(&me, "{\"cmd\":\"stop\",\"name\":\"all\"}",
      "{\"ok\":true,\"data\":\"there are no apps\"}\n");
  stage_add(&stage, "a", true);
  ask(&me, "{\"cmd\":\"restart\",\"name\":\"all\"}",
      "{\"ok\":true,\"data\":\"restarted 1 app\"}\n");
  stage_add(&stage, "b", true);
  stage_add(&stage, "c", true);
  stage.fake->held = true;
  say(&me, "{\"cmd\":\"stop\",\"name\":\"all\"}");
  expect(&me, "");
  fake_release(stage.fake);
  expect(&me, "{\"ok\":true,\"data\":\"stopped 3 apps\"}\n");
  say(&me, "{\"cmd\":\"stop\",\"name\":\"all\"}");
  fake_release(stage.fake);
  expect(&me,
         "{\"ok\":true,\"data\":\"stopped 0 apps; 3 were not running\"}\n");
  say(&me, "{\"cmd\":\"restart\",\"name\":\"all\",\"config\":{}}");
  expect_part(&me, "\"code\":\"ZPM_EARG\"");
  zpm_str_clear(&me.heard);
  ask(&me, "{\"cmd\":\"delete\",\"name\":\"all\"}",
      "{\"ok\":true,\"data\":\"deleted 3 apps\"}\n");
  assert_int_equal(stage.fake->count, 0);
  listener_close(&me);
  stage_close(&stage);
}

static void one_failure_among_all_is_told(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  stage_add(&stage, "a", true);
  stage_add(&stage, "b", true);
  listener_open(&stage, &me);
  stage.fake->held = true;
  say(&me, "{\"cmd\":\"stop\",\"name\":\"all\"}");
  zpm_error_set(&stage.fake->open[1].err, ZPM_ESUPERSEDED, "b: taken back");
  fake_release(stage.fake);
  expect(&me, "{\"ok\":false,\"error\":\"stopped 1 of 2 apps; the others "
              "failed, the first: b: taken back\","
              "\"code\":\"ZPM_ESUPERSEDED\"}\n");
  listener_close(&me);
  stage_close(&stage);
}

/* ---- looking ---- */

#define RUNNING_STATS                                                          \
  "{\"name\":\"api\",\"status\":\"running\",\"pid\":100,\"uptime\":1234,"      \
  "\"restartCount\":0,\"totalRestarts\":2,\"cpu\":12.3,"                       \
  "\"memoryRss\":1048576,\"memoryHeap\":null,\"mode\":\"fork\","               \
  "\"instances\":1,\"scriptPath\":\"/srv/app.js\",\"cwd\":\"/srv\","           \
  "\"port\":null,\"lastError\":null,\"lastExitCode\":null,"                    \
  "\"lastExitSignal\":null,\"lastLog\":\"hello\",\"nextTryIn\":null,"          \
  "\"processes\":3,\"pending\":null,\"probeFailures\":0,"                      \
  "\"stuck\":false,\"workers\":[{\"instance\":0,\"status\":\"running\","       \
  "\"pid\":100,\"uptime\":1234,\"restartCount\":0,\"totalRestarts\":2,"        \
  "\"cpu\":12.3,\"memoryRss\":1048576,\"memoryHeap\":null,\"eventLoopLag\":"   \
  "null,\"connections\":null,\"processes\":3,"                                 \
  "\"nextTryIn\":null,\"probeFailures\":0,\"stuck\":false}]"

#define STOPPED_STATS                                                          \
  "{\"name\":\"old\",\"status\":\"crashed\",\"pid\":null,\"uptime\":null,"     \
  "\"restartCount\":0,\"totalRestarts\":2,\"cpu\":0,\"memoryRss\":0,"          \
  "\"memoryHeap\":null,\"mode\":\"fork\",\"instances\":1,"                     \
  "\"scriptPath\":\"/srv/app.js\",\"cwd\":\"/srv\",\"port\":null,"             \
  "\"lastError\":\"it \\\"failed\\\"\",\"lastExitCode\":null,"                 \
  "\"lastExitSignal\":\"SIGKILL\",\"lastLog\":\"hello\",\"nextTryIn\":500,"    \
  "\"processes\":0,\"pending\":null,\"probeFailures\":0,"                      \
  "\"stuck\":false,\"workers\":[{\"instance\":0,\"status\":\"crashed\","       \
  "\"pid\":null,\"uptime\":null,\"restartCount\":0,\"totalRestarts\":2,"       \
  "\"cpu\":0,\"memoryRss\":0,\"memoryHeap\":null,\"eventLoopLag\":null,"       \
  "\"connections\":null,\"processes\":0,"                                      \
  "\"nextTryIn\":500,\"probeFailures\":0,\"stuck\":false}]"

static void open_two(struct stage *stage, struct listener *me)
{
  stage_open(stage);
  stage_add(stage, "api", true);
  stage_add(stage, "old", false);
  fake_find(stage->fake, "old")->status = ZPM_STATUS_CRASHED;
  listener_open(stage, me);
}

static void stats_are_measured_and_complete(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  ask(&me, "{\"cmd\":\"stats\"}",
      "{\"ok\":true,\"data\":[" RUNNING_STATS "}," STOPPED_STATS "}]}\n");
  assert_int_equal(stage.fake->measured, 1);
  ask(&me, "{\"cmd\":\"stats\",\"name\":\"old\"}",
      "{\"ok\":true,\"data\":[" STOPPED_STATS "}]}\n");
  say(&me, "{\"cmd\":\"stats\",\"name\":\"odd\"}");
  expect_part(&me, "Did you mean 'old'?\",\"code\":\"ZPM_ENOAPP\"}\n");
  listener_close(&me);
  stage_close(&stage);
}

static void an_app_may_vanish_while_it_is_measured(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  stage.fake->held = true;
  say(&me, "{\"cmd\":\"stats\",\"name\":\"old\"}");
  say(&me, "{\"cmd\":\"describe\",\"name\":\"old\"}");
  say(&me, "{\"cmd\":\"stats\"}");
  fake_forget(stage.fake, fake_find(stage.fake, "old"));
  fake_release(stage.fake);
  expect(&me, "{\"ok\":false,\"error\":\"there is no app 'old'. See: zpm "
              "list\",\"code\":\"ZPM_ENOAPP\"}\n"
              "{\"ok\":false,\"error\":\"there is no app 'old'. See: zpm "
              "list\",\"code\":\"ZPM_ENOAPP\"}\n"
              "{\"ok\":true,\"data\":[" RUNNING_STATS "}]}\n");
  listener_close(&me);
  stage_close(&stage);
}

static void store_rows_and_names_need_no_measuring(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  ask(&me, "{\"cmd\":\"list\"}", "{\"ok\":true,\"data\":[\"api\",\"old\"]}\n");
  ask(&me, "{\"cmd\":\"get-store\"}",
      "{\"ok\":true,\"data\":[{\"name\":\"api\",\"status\":\"running\","
      "\"scriptPath\":\"/srv/app.js\",\"cwd\":\"/srv\",\"pids\":[100],"
      "\"childrenCount\":1,\"restartCount\":0,\"backoffTime\":0,"
      "\"isRestarting\":false,\"probeFailures\":0,\"lastError\":null,"
      "\"lastExitCode\":null},{\"name\":\"old\",\"status\":\"crashed\","
      "\"scriptPath\":\"/srv/app.js\",\"cwd\":\"/srv\",\"pids\":[],"
      "\"childrenCount\":0,\"restartCount\":0,\"backoffTime\":0,"
      "\"isRestarting\":false,\"probeFailures\":0,"
      "\"lastError\":\"it \\\"failed\\\"\",\"lastExitCode\":null}]}\n");
  assert_int_equal(stage.fake->measured, 0);
  listener_close(&me);
  stage_close(&stage);
}

static void a_start_waits_for_readiness_if_it_is_asked_to(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  say(&me,
      "{\"cmd\":\"start\",\"config\":{\"name\":\"a\",\"scriptPath\":\"/a\"}}");
  assert_int_equal(stage.fake->waits, 0);
  say(&me,
      "{\"cmd\":\"start\",\"config\":{\"name\":\"a\",\"scriptPath\":\"/a\"},"
      "\"wait\":true}");
  assert_int_equal(stage.fake->waits, 1);
  say(&me, "{\"cmd\":\"start-many\",\"configs\":[{\"name\":\"b\","
           "\"scriptPath\":\"/b\"},"
           "{\"name\":\"c\",\"scriptPath\":\"/c\"}],\"wait\":true}");
  assert_int_equal(stage.fake->waits, 3);
  say(&me, "{\"cmd\":\"add-worker\",\"config\":{\"name\":\"d\",\"scriptPath\":"
           "\"/d\"},"
           "\"autoStart\":true,\"wait\":true}");
  assert_int_equal(stage.fake->waits, 4);
  say(&me, "{\"cmd\":\"restart\",\"name\":\"a\",\"wait\":true}");
  assert_int_equal(stage.fake->waits, 5);
  say(&me, "{\"cmd\":\"restart\",\"name\":\"a\"}");
  assert_int_equal(stage.fake->waits, 5);
  say(&me, "{\"cmd\":\"restart\",\"name\":\"all\",\"wait\":true}");
  assert_int_equal(stage.fake->waits, 9);
  listener_close(&me);
  stage_close(&stage);
}

static void secrets_are_shown_on_request_only(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  ask(&me,
      "{\"cmd\":\"start\",\"config\":{\"name\":\"a\",\"scriptPath\":"
      "\"/a\",\"cwd\":\"/\",\"env\":{\"KEY\":\"s3cret\"}},"
      "\"callerEnv\":{\"TOKEN\":\"hush\"}}",
      "{\"ok\":true,\"data\":\"started\"}\n");
  say(&me, "{\"cmd\":\"describe\",\"name\":\"a\"}");
  say(&me, "{\"cmd\":\"find-worker\",\"name\":\"a\"}");
  say(&me, "{\"cmd\":\"stats\"}");
  say(&me, "{\"cmd\":\"get-store\"}");
  assert_null(strstr(me.heard.data, "s3cret"));
  assert_null(strstr(me.heard.data, "hush"));
  expect_part(&me, "\"env\":{\"KEY\":\"<hidden>\"}");
  expect_part(&me, "\"environment\":[\"TOKEN\"]");
  zpm_str_clear(&me.heard);
  say(&me, "{\"cmd\":\"describe\",\"name\":\"a\",\"showEnv\":true}");
  expect_part(&me, "\"env\":{\"KEY\":\"s3cret\"}");
  expect_part(&me, "\"environment\":{\"TOKEN\":\"hush\"}");
  zpm_str_clear(&me.heard);
  say(&me, "{\"cmd\":\"find-worker\",\"name\":\"a\",\"showEnv\":true}");
  expect_part(&me, "\"env\":{\"KEY\":\"s3cret\"}");
  listener_close(&me);
  stage_close(&stage);
}

static void describe_tells_everything_of_one_app(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  say(&me, "{\"cmd\":\"describe\",\"name\":\"old\"}");
  expect_part(&me, "{\"ok\":true,\"data\":" STOPPED_STATS ",\"config\":{");
  expect_part(&me, "\"createdAt\":1690000000000,\"lastExit\":{\"code\":null,"
                   "\"signal\":\"SIGKILL\",\"cause\":\"out-of-memory\","
                   "\"at\":1700000000000,\"uptime\":77},\"exits\":[{");
  expect_part(&me, "\"uptime\":77,\"reason\":\"why \\\"this\\\"\","
                   "\"lines\":[\"one\",\"two\"]},{\"code\":3,"
                   "\"signal\":null,\"cause\":\"itself\",\"at\":5,"
                   "\"uptime\":6,\"reason\":null,\"lines\":[]}],"
                   "\"logFiles\":{\"out\":\"");
  expect_part(&me, "/old/out.log\",\"err\":\"");
  expect_part(&me, "/old/err.log\"},\"environment\":null,"
                   "\"droppedLogBytes\":0}}\n");
  zpm_str_clear(&me.heard);
  ask(&me, "{\"cmd\":\"find-worker\",\"name\":\"none\"}",
      "{\"ok\":true,\"data\":null}\n");
  listener_close(&me);
  stage_close(&stage);
}

static void the_doctor_looks_at_everything(void **state)
{
  static const char *const CHECKS[] = {
      "keeper",           "state folder", "log space",      "node",
      "file descriptors", "kernel",       "kill guarantee", "file watches",
      "port owners",      "identity"};
  struct stage stage;
  struct listener me;
  char part[64];

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  say(&me, "{\"cmd\":\"doctor\"}");
  for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++) {
    snprintf(part, sizeof(part), "{\"check\":\"%s\",\"ok\":", CHECKS[i]);
    expect_part(&me, part);
  }
  listener_close(&me);
  stage_close(&stage);
}

static void the_doctor_says_which_guarantee_a_stop_has(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  say(&me, "{\"cmd\":\"doctor\"}");
  expect_part(&me, "\"ok\":true,\"text\":\"a stop reaches every process of an "
                   "app, whatever it does");
  zpm_str_clear(&me.heard);
  stage.fake->escapes = "no cgroup2 here";
  say(&me, "{\"cmd\":\"doctor\"}");
  expect_part(&me, "escapes: no cgroup2 here\",\"advice\":\"where zpm may");
  listener_close(&me);
  stage_close(&stage);
}

/* ---- the end ---- */

static void shutdown_is_answered_to_all_who_asked_then_done(void **state)
{
  struct stage stage;
  struct listener me;
  struct listener you;

  (void)state;
  stage_open(&stage);
  listener_open(&stage, &me);
  listener_open(&stage, &you);
  stage.fake->held = true;
  say(&me, "{\"id\":1,\"cmd\":\"shutdown\"}");
  say(&you, "{\"cmd\":\"shutdown\"}");
  zpm_api_shutdown(stage.api);
  assert_int_equal(stage.fake->open_count, 1);
  assert_int_equal(stage.shutdowns, 0);
  fake_release(stage.fake);
  expect(&me, "{\"id\":1,\"ok\":true,\"data\":\"all apps are stopped\"}\n");
  expect(&you, "{\"ok\":true,\"data\":\"all apps are stopped\"}\n");
  assert_int_equal(stage.shutdowns, 1);
  ask(&you, "{\"cmd\":\"shutdown\"}",
      "{\"ok\":true,\"data\":\"shutting down\"}\n");
  assert_int_equal(stage.shutdowns, 1);
  listener_close(&me);
  listener_close(&you);
  stage_close(&stage);
}

static void an_embedded_api_is_not_shut_down(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  stage_open_as(&stage, false);
  listener_open(&stage, &me);
  say(&me, "{\"cmd\":\"shutdown\"}");
  expect_part(&me, "\"code\":\"ZPM_EUNSUPPORTED\"");
  assert_false(stage.fake->suspended);
  zpm_str_clear(&me.heard);
  say(&me, "{\"cmd\":\"doctor\"}");
  assert_null(strstr(me.heard.data, "state folder"));
  listener_close(&me);
  stage_close(&stage);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ping_is_answered_with_pong),
      cmocka_unit_test(hello_compares_the_versions),
      cmocka_unit_test(only_a_line_that_is_no_object_ends_the_talk),
      cmocka_unit_test(requests_without_id_are_answered_in_order),
      cmocka_unit_test(what_a_peer_asked_for_happens_when_it_has_left),
      cmocka_unit_test(a_peer_with_many_open_requests_is_busy),
      cmocka_unit_test(an_app_is_started_by_config),
      cmocka_unit_test(what_cannot_be_started_is_said),
      cmocka_unit_test(a_worker_is_added_and_only_started_if_wanted),
      cmocka_unit_test(many_are_started_at_once_and_told_in_order),
      cmocka_unit_test(no_configs_are_no_error),
      cmocka_unit_test(one_app_is_stopped_restarted_and_deleted),
      cmocka_unit_test(all_means_every_app),
      cmocka_unit_test(one_failure_among_all_is_told),
      cmocka_unit_test(stats_are_measured_and_complete),
      cmocka_unit_test(an_app_may_vanish_while_it_is_measured),
      cmocka_unit_test(store_rows_and_names_need_no_measuring),
      cmocka_unit_test(a_start_waits_for_readiness_if_it_is_asked_to),
      cmocka_unit_test(secrets_are_shown_on_request_only),
      cmocka_unit_test(describe_tells_everything_of_one_app),
      cmocka_unit_test(the_doctor_looks_at_everything),
      cmocka_unit_test(the_doctor_says_which_guarantee_a_stop_has),
      cmocka_unit_test(shutdown_is_answered_to_all_who_asked_then_done),
      cmocka_unit_test(an_embedded_api_is_not_shut_down),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
