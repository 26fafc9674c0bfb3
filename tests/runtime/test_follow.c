#include "runtime/api_fixture.h"

#include "runtime/logs.h"

/* What `logs` and `subscribe` send. */

static void put(struct stage *stage, const char *app, const char *text)
{
  fake_output(stage->fake, app, ZPM_STREAM_OUT, text, strlen(text));
}

static void open_two(struct stage *stage, struct listener *me)
{
  stage_open(stage);
  stage_add(stage, "api", true);
  stage_add(stage, "web", true);
  listener_open(stage, me);
}

static void close_both(struct stage *stage, struct listener *me)
{
  listener_close(me);
  assert_int_equal(zpm_list_empty(&me->peer.subscriptions), 1);
  stage_close(stage);
}

/* ---- logs ---- */

static void logs_tell_the_past_then_what_comes(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  stage_write_log(&stage, "api", "out", "one\ntwo\nthree\n");
  stage_write_log(&stage, "api", "err", "oops\n");
  put(&stage, "api", "nobody hears this\n");
  ask(&me, "{\"id\":1,\"cmd\":\"logs\",\"name\":\"api\",\"lines\":2}",
      "{\"id\":1,\"ok\":true,\"name\":\"api\",\"stream\":\"out\","
      "\"data\":\"two\\nthree\\n\"}\n"
      "{\"id\":1,\"ok\":true,\"name\":\"api\",\"stream\":\"err\","
      "\"data\":\"oops\\n\"}\n");
  put(&stage, "web", "not this\n");
  put(&stage, "api", "four\n");
  fake_output(stage.fake, "api", ZPM_STREAM_ERR, "five", 4);
  expect(&me, "{\"id\":1,\"ok\":true,\"name\":\"api\",\"stream\":\"out\","
              "\"data\":\"four\\n\"}\n"
              "{\"id\":1,\"ok\":true,\"name\":\"api\",\"stream\":\"err\","
              "\"data\":\"five\"}\n");
  close_both(&stage, &me);
}

static void logs_of_all_apps_and_of_one_stream(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  stage_write_log(&stage, "api", "out", "a\n");
  stage_write_log(&stage, "api", "err", "not shown\n");
  stage_write_log(&stage, "web", "out", "w\n");
  ask(&me, "{\"cmd\":\"logs\",\"stream\":\"out\"}",
      "{\"ok\":true,\"name\":\"api\",\"stream\":\"out\",\"data\":\"a\\n\"}\n"
      "{\"ok\":true,\"name\":\"web\",\"stream\":\"out\",\"data\":\"w\\n\"}\n");
  fake_output(stage.fake, "api", ZPM_STREAM_ERR, "x", 1);
  put(&stage, "web", "y");
  expect(&me, "{\"ok\":true,\"name\":\"web\",\"stream\":\"out\","
              "\"data\":\"y\"}\n");
  close_both(&stage, &me);
}

static void logs_that_are_not_followed_have_an_end(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  stage_write_log(&stage, "api", "out", "a\n");
  ask(&me, "{\"cmd\":\"logs\",\"name\":\"api\",\"follow\":false}",
      "{\"ok\":true,\"name\":\"api\",\"stream\":\"out\",\"data\":\"a\\n\"}\n"
      "{\"ok\":true,\"end\":true}\n");
  ask(&me, "{\"id\":4,\"cmd\":\"logs\",\"name\":\"web\",\"follow\":false}",
      "{\"id\":4,\"ok\":true,\"end\":true}\n");
  put(&stage, "api", "no more\n");
  expect(&me, "");
  close_both(&stage, &me);
}

static void logs_without_a_past_are_answered_all_the_same(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  ask(&me, "{\"id\":2,\"cmd\":\"logs\"}",
      "{\"id\":2,\"ok\":true,\"data\":\"\"}\n");
  put(&stage, "api", "x");
  expect_part(&me, "\"data\":\"x\"");
  close_both(&stage, &me);
}

static void wrong_logs_requests_are_refused(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  say(&me, "{\"cmd\":\"logs\",\"name\":\"apx\"}");
  expect_part(&me, "Did you mean 'api'?");
  zpm_str_clear(&me.heard);
  say(&me, "{\"cmd\":\"logs\",\"stream\":\"both\"}");
  expect_part(&me, "\"code\":\"ZPM_EARG\"");
  zpm_str_clear(&me.heard);
  say(&me, "{\"cmd\":\"logs\",\"lines\":-1}");
  expect_part(&me, "\"code\":\"ZPM_EARG\"");
  assert_int_equal(zpm_list_empty(&me.peer.subscriptions), 1);
  close_both(&stage, &me);
}

static void logs_wait_for_their_turn(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  stage.fake->held = true;
  say(&me, "{\"cmd\":\"stop\",\"name\":\"api\"}");
  say(&me, "{\"cmd\":\"logs\"}");
  put(&stage, "api", "not in the file either\n");
  expect(&me, "");
  fake_release(stage.fake);
  put(&stage, "api", "x");
  expect(&me, "{\"ok\":true,\"data\":\"stopped\"}\n"
              "{\"ok\":true,\"data\":\"\"}\n"
              "{\"ok\":true,\"name\":\"api\",\"stream\":\"out\","
              "\"data\":\"x\"}\n");
  close_both(&stage, &me);
}

/* Reads "at" of the last line that was heard. */
static struct zpm_log_place heard_place(const struct listener *me)
{
  struct zpm_log_place place = {0};
  const char *at = NULL;
  char text[ZPM_LOG_PLACE_SIZE] = "";

  for (const char *next = me->heard.data;
       (next = strstr(next, "\"at\":\"")) != NULL; next++)
    at = next;
  assert_non_null(at);
  sscanf(at, "\"at\":\"%41[0-9:]", text);
  assert_true(zpm_log_place_read(text, &place));
  return place;
}

static void say_from(struct listener *me, const struct zpm_log_place *place,
                     const char *more)
{
  char at[ZPM_LOG_PLACE_SIZE];
  char request[200];

  zpm_log_place_put(place, at);
  snprintf(request, sizeof(request),
           "{\"cmd\":\"logs\",\"name\":\"api\",\"from\":{\"api\":{\"out\":"
           "\"%s\"}}%s}",
           at, more);
  say(me, request);
}

static void logs_go_on_where_they_were_left(void **state)
{
  struct stage stage;
  struct listener me;
  struct zpm_log_place place;

  (void)state;
  open_two(&stage, &me);
  stage_write_log(&stage, "api", "out", "one\ntwo\n");
  say(&me, "{\"cmd\":\"logs\",\"name\":\"api\",\"stream\":\"out\",\"lines\":1,"
           "\"follow\":false,\"from\":{}}");
  expect_part(&me, "\"data\":\"two\\n\",\"at\":\"");
  place = heard_place(&me);
  assert_int_equal(place.offset, 8);
  zpm_str_clear(&me.heard);
  stage_write_log(&stage, "api", "out", "one\ntwo\nthree\n");
  say_from(&me, &place, ",\"stream\":\"out\",\"lines\":9");
  expect_part(&me, "\"data\":\"three\\n\",\"at\":\"");
  assert_null(strstr(me.heard.data, "two"));
  assert_int_equal(heard_place(&me).offset, 14);
  put(&stage, "api", "four\xC3");
  expect_part(&me, "\"data\":\"four\",\"at\":\"7:99\"");
  close_both(&stage, &me);
}

static void a_stream_that_is_not_named_begins_with_its_history(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  stage_write_log(&stage, "api", "out", "");
  stage_write_log(&stage, "api", "err", "one\ntwo\n");
  say_from(&me, &(struct zpm_log_place){1, 2}, ",\"lines\":1");
  expect_part(&me, "\"stream\":\"out\",\"data\":\"\",\"at\":\"");
  expect_part(&me, "\"stream\":\"err\",\"data\":\"two\\n\",\"at\":\"");
  close_both(&stage, &me);
}

static void more_than_is_kept_in_hand_is_told_as_lag(void **state)
{
  enum { MUCH = (1 << 20) + 5 };
  struct stage stage;
  struct listener me;
  struct zpm_log_place place;
  char *text = malloc(MUCH + 1);

  (void)state;
  memset(text, 'x', MUCH);
  text[MUCH] = '\0';
  open_two(&stage, &me);
  stage_write_log(&stage, "api", "out", "");
  say(&me, "{\"cmd\":\"logs\",\"name\":\"api\",\"stream\":\"out\","
           "\"follow\":false,\"from\":{}}");
  place = heard_place(&me);
  zpm_str_clear(&me.heard);
  stage_write_log(&stage, "api", "out", text);
  say_from(&me, &place, ",\"follow\":false");
  expect_part(&me,
              "{\"event\":\"lag\",\"data\":{\"dropped\":5,\"events\":0}}\n");
  assert_int_equal(heard_place(&me).offset, MUCH);
  free(text);
  close_both(&stage, &me);
}

static void what_is_no_place_is_refused(void **state)
{
  static const char *const WRONG[] = {"{\"api\":1}", "{\"api\":{\"out\":1}}",
                                      "{\"api\":{\"out\":\"1\"}}", "[]",
                                      "{\"api\":[{}]}"};
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
    char request[100];

    snprintf(request, sizeof(request), "{\"cmd\":\"logs\",\"from\":%s}",
             WRONG[i]);
    say(&me, request);
    expect_part(&me, "\"code\":\"ZPM_EARG\"");
    zpm_str_clear(&me.heard);
  }
  assert_int_equal(zpm_list_empty(&me.peer.subscriptions), 1);
  close_both(&stage, &me);
}

static void who_listens_is_told_of_a_shutdown(void **state)
{
  struct stage stage;
  struct listener me;
  struct listener asks;

  (void)state;
  open_two(&stage, &me);
  listener_open(&stage, &asks);
  say(&me, "{\"id\":1,\"cmd\":\"logs\",\"name\":\"api\"}");
  zpm_str_clear(&me.heard);
  say(&asks, "{\"cmd\":\"shutdown\"}");
  expect_part(&asks, "\"ok\":true");
  assert_null(strstr(asks.heard.data, "event"));
  expect(&me, "{\"event\":\"shutdown\"}\n");
  assert_int_equal(stage.shutdowns, 1);
  listener_close(&asks);
  close_both(&stage, &me);
}

static void logs_of_a_deleted_app_end(void **state)
{
  struct stage stage;
  struct listener me;
  struct listener all;

  (void)state;
  open_two(&stage, &me);
  listener_open(&stage, &all);
  say(&me, "{\"id\":1,\"cmd\":\"logs\",\"name\":\"api\"}");
  say(&all, "{\"id\":2,\"cmd\":\"logs\"}");
  zpm_str_clear(&me.heard);
  zpm_str_clear(&all.heard);
  say(&me, "{\"id\":3,\"cmd\":\"delete\",\"name\":\"api\"}");
  expect(&me, "{\"id\":1,\"ok\":true,\"end\":true}\n"
              "{\"id\":3,\"ok\":true,\"data\":\"deleted\"}\n");
  put(&stage, "web", "x");
  expect(&me, "");
  expect_part(&all, "\"data\":\"x\"");
  listener_close(&all);
  close_both(&stage, &me);
}

static void long_history_comes_in_pieces_cut_between_lines(void **state)
{
  struct stage stage;
  struct listener me;
  char *text = malloc(200 * 1000 + 1);
  size_t pieces = 0;

  (void)state;
  for (size_t i = 0; i < 2000; i++)
    snprintf(text + i * 100, 101, "%098zu\xC3\n", i);
  open_two(&stage, &me);
  stage_write_log(&stage, "api", "out", text);
  say(&me, "{\"cmd\":\"logs\",\"lines\":100000,\"follow\":false}");
  for (char *line = strtok(me.heard.data, "\n"); line != NULL;
       line = strtok(NULL, "\n")) {
    size_t len = strlen(line);

    pieces++;
    assert_true(len < 80 * 1024);
    assert_string_equal(line + len - (len < 30 ? 5 : 4),
                        len < 30 ? "true}" : "\\n\"}");
  }
  assert_int_equal(pieces, 5);
  free(text);
  close_both(&stage, &me);
}

/* ---- characters ---- */

static void a_character_cut_in_two_arrives_whole(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  say(&me, "{\"cmd\":\"subscribe\",\"topics\":[\"log\"],\"name\":\"api\"}");
  zpm_str_clear(&me.heard);
  put(&stage, "api", "a\xF0\x9F");
  fake_output(stage.fake, "api", ZPM_STREAM_ERR, "\xC3", 1);
  put(&stage, "api", "\x98");
  put(&stage, "api", "\x80z");
  fake_output(stage.fake, "api", ZPM_STREAM_ERR, "\xBC", 1);
  put(&stage, "api", "\xFF.");
  expect(&me, "{\"event\":\"log\",\"name\":\"api\",\"stream\":\"out\","
              "\"data\":\"a\"}\n"
              "{\"event\":\"log\",\"name\":\"api\",\"stream\":\"out\","
              "\"data\":\"\xF0\x9F\x98\x80z\"}\n"
              "{\"event\":\"log\",\"name\":\"api\",\"stream\":\"err\","
              "\"data\":\"\xC3\xBC\"}\n"
              "{\"event\":\"log\",\"name\":\"api\",\"stream\":\"out\","
              "\"data\":\"\xEF\xBF\xBD.\"}\n");
  put(&stage, "api", "\xC3");
  close_both(&stage, &me);
}

/* ---- subscribe ---- */

static void events_come_by_topic(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  ask(&me, "{\"id\":1,\"cmd\":\"subscribe\",\"topics\":[\"app\",\"exit\"]}",
      "{\"id\":1,\"ok\":true,\"data\":true}\n");
  put(&stage, "api", "x");
  expect(&me, "");
  fake_tell(stage.fake, ZPM_EVENT_APP, "api");
  expect_part(&me, "{\"event\":\"app\",\"name\":\"api\",\"data\":{\"name\":"
                   "\"api\",\"status\":\"running\",");
  zpm_str_clear(&me.heard);
  fake_find(stage.fake, "web")->pid = 0;
  fake_tell(stage.fake, ZPM_EVENT_EXIT, "web");
  expect(
      &me,
      "{\"event\":\"exit\",\"name\":\"web\",\"data\":{\"code\":null,"
      "\"signal\":\"SIGKILL\",\"cause\":\"out-of-memory\",\"uptime\":77}}\n");
  fake_tell(stage.fake, ZPM_EVENT_IDLE, NULL);
  expect(&me, "");
  say(&me, "{\"cmd\":\"delete\",\"name\":\"web\"}");
  expect(&me, "{\"event\":\"delete\",\"name\":\"web\",\"data\":null}\n"
              "{\"ok\":true,\"data\":\"deleted\"}\n");
  close_both(&stage, &me);
}

static void a_subscription_replaces_the_former_but_no_logs(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  say(&me, "{\"id\":9,\"cmd\":\"logs\",\"name\":\"web\"}");
  say(&me, "{\"cmd\":\"subscribe\",\"topics\":[\"log\"]}");
  say(&me, "{\"cmd\":\"subscribe\",\"topics\":[\"log\"],\"name\":\"api\"}");
  zpm_str_clear(&me.heard);
  put(&stage, "web", "w");
  expect(&me, "{\"id\":9,\"ok\":true,\"name\":\"web\",\"stream\":\"out\","
              "\"data\":\"w\"}\n");
  put(&stage, "api", "a");
  expect(&me, "{\"event\":\"log\",\"name\":\"api\",\"stream\":\"out\","
              "\"data\":\"a\"}\n");
  ask(&me, "{\"cmd\":\"subscribe\",\"topics\":[]}",
      "{\"ok\":true,\"data\":true}\n");
  put(&stage, "api", "a");
  expect(&me, "");
  close_both(&stage, &me);
}

static void an_unknown_topic_changes_nothing(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  say(&me, "{\"cmd\":\"subscribe\",\"topics\":[\"log\"]}");
  zpm_str_clear(&me.heard);
  say(&me, "{\"cmd\":\"subscribe\",\"topics\":[\"app\",\"apps\"]}");
  say(&me, "{\"cmd\":\"subscribe\",\"topics\":[7]}");
  expect_part(&me, "\"code\":\"ZPM_EARG\"");
  zpm_str_clear(&me.heard);
  put(&stage, "api", "a");
  expect_part(&me, "\"data\":\"a\"");
  close_both(&stage, &me);
}

/* ---- a slow peer ---- */

static void a_slow_peer_is_told_what_it_lost(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  say(&me, "{\"id\":1,\"cmd\":\"logs\",\"name\":\"api\"}");
  zpm_str_clear(&me.heard);
  me.slow = true;
  put(&stage, "api", "12345");
  put(&stage, "api", "67");
  expect(&me, "");
  me.slow = false;
  zpm_api_peer_drained(&me.peer);
  expect(&me, "{\"event\":\"lag\",\"data\":{\"dropped\":7,\"events\":0}}\n");
  zpm_api_peer_drained(&me.peer);
  expect(&me, "");
  me.slow = true;
  put(&stage, "api", "89");
  me.slow = false;
  put(&stage, "api", "0");
  expect(&me, "{\"event\":\"lag\",\"data\":{\"dropped\":2,\"events\":0}}\n"
              "{\"id\":1,\"ok\":true,\"name\":\"api\",\"stream\":\"out\","
              "\"data\":\"0\"}\n");
  close_both(&stage, &me);
}

static void a_peer_that_missed_events_gets_the_present_state(void **state)
{
  struct stage stage;
  struct listener me;

  (void)state;
  open_two(&stage, &me);
  say(&me, "{\"cmd\":\"subscribe\",\"topics\":[\"app\",\"exit\"]}");
  zpm_str_clear(&me.heard);
  me.slow = true;
  fake_tell(stage.fake, ZPM_EVENT_EXIT, "api");
  fake_tell(stage.fake, ZPM_EVENT_APP, "api");
  fake_tell(stage.fake, ZPM_EVENT_APP, "web");
  expect(&me, "");
  fake_tell(stage.fake, ZPM_EVENT_DELETED, "gone");
  expect(&me, "{\"event\":\"delete\",\"name\":\"gone\",\"data\":null}\n");
  me.slow = false;
  zpm_api_peer_drained(&me.peer);
  expect_part(&me, "{\"event\":\"lag\",\"data\":{\"dropped\":0,\"events\":3}}\n"
                   "{\"event\":\"app\",\"name\":\"api\",");
  expect_part(&me, "}\n{\"event\":\"app\",\"name\":\"web\",");
  close_both(&stage, &me);
}

static void history_for_a_slow_peer_is_bounded(void **state)
{
  enum { LINE = 100, LINES = 9000, APPS = 4 };
  struct stage stage;
  struct listener me;
  char *text = malloc((size_t)LINE * LINES + 1);

  (void)state;
  for (size_t i = 0; i < LINES; i++)
    snprintf(text + i * LINE, LINE + 1, "%099zu\n", i);
  stage_open(&stage);
  listener_open(&stage, &me);
  for (size_t i = 0; i < APPS; i++) {
    char name[2] = {(char)('a' + i), '\0'};

    stage_add(&stage, name, true);
    stage_write_log(&stage, name, "out", text);
  }
  me.slow = true;
  say(&me, "{\"cmd\":\"logs\",\"lines\":100000,\"follow\":false}");
  assert_in_range(me.heard.len, 1000 * 1000, 1300 * 1000);
  expect_part(&me, "{\"event\":\"lag\",\"data\":{\"dropped\":");
  expect_part(&me, ",\"events\":0}}\n{\"ok\":true,\"end\":true}\n");
  free(text);
  close_both(&stage, &me);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(logs_tell_the_past_then_what_comes),
      cmocka_unit_test(logs_of_all_apps_and_of_one_stream),
      cmocka_unit_test(logs_that_are_not_followed_have_an_end),
      cmocka_unit_test(logs_without_a_past_are_answered_all_the_same),
      cmocka_unit_test(wrong_logs_requests_are_refused),
      cmocka_unit_test(logs_wait_for_their_turn),
      cmocka_unit_test(logs_go_on_where_they_were_left),
      cmocka_unit_test(a_stream_that_is_not_named_begins_with_its_history),
      cmocka_unit_test(more_than_is_kept_in_hand_is_told_as_lag),
      cmocka_unit_test(what_is_no_place_is_refused),
      cmocka_unit_test(who_listens_is_told_of_a_shutdown),
      cmocka_unit_test(logs_of_a_deleted_app_end),
      cmocka_unit_test(long_history_comes_in_pieces_cut_between_lines),
      cmocka_unit_test(a_character_cut_in_two_arrives_whole),
      cmocka_unit_test(events_come_by_topic),
      cmocka_unit_test(a_subscription_replaces_the_former_but_no_logs),
      cmocka_unit_test(an_unknown_topic_changes_nothing),
      cmocka_unit_test(a_slow_peer_is_told_what_it_lost),
      cmocka_unit_test(a_peer_that_missed_events_gets_the_present_state),
      cmocka_unit_test(history_for_a_slow_peer_is_bounded),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
