#include "proto/state_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "unit/failing_alloc.c"

enum { APPS = 3 };

static void fill_config(struct zpm_config *config, const char *name)
{
  static const char *const SETTINGS[][2] = {
      {"scriptPath", "/srv/a.js"}, {"cwd", "/srv"}, {"env", "SECRET=s3cret"}};

  for (size_t i = 0; i < 3; i++) {
    const char *field = SETTINGS[i][0];

    assert_int_equal(zpm_config_set_text(
                         config, zpm_config_field_of_name(field, strlen(field)),
                         SETTINGS[i][1], NULL),
                     0);
  }
  zpm_config_set_text(config, zpm_config_field_of_name("name", 4), name, NULL);
}

static struct zpm_environment *environment(const char *user)
{
  struct zpm_environment *env = zpm_environment_create();

  zpm_strv_env_set(&env->vars, "PATH", "/bin");
  zpm_strv_env_set(&env->vars, "USER", user);
  return env;
}

/* Two apps of equal environments, one of another. */
static void fill_roster(struct zpm_roster *roster)
{
  static const char *const NAMES[APPS] = {"one", "two", "three"};
  static const char *const USERS[APPS] = {"ann", "ann", "bob"};
  struct zpm_life *life;

  for (size_t i = 0; i < APPS; i++) {
    struct zpm_record *record = zpm_roster_add(roster);

    fill_config(&record->config, NAMES[i]);
    record->environment = environment(USERS[i]);
  }
  roster->items[1].want_up = true;
  for (zpm_seat seat = 0; seat < 2; seat++)
    zpm_record_add_life(&roster->items[0], seat | ZPM_SEAT_OTHER)->run.id =
        seat + 1;
  life = zpm_record_add_life(&roster->items[1], 0);
  life->proven =
      (struct zpm_build){.mtime_ns = 1790000000123456789u, .size = 4096};
  life->restart_count = 2;
  life->total_restarts = 4000000000u;
  roster->items[1].created_ms = 1790000000123u;
  roster->items[1].start_order = 12;
  life->run = (struct zpm_run){
      .id = 1795401428407866,
      .started_ms = 1795401428465,
      .leaving = true,
      .build = {.mtime_ns = UINT64_C(1795401408268477345), .size = 61},
  };
  roster->items[1].past.len = 2;
  roster->items[1].past.exits[0] = (struct zpm_exit){.known = true,
                                                     .code = -1,
                                                     .signal = 9,
                                                     .cause = ZPM_CAUSE_OOM,
                                                     .at_ms = 1790000000999u,
                                                     .uptime_ms = UINT64_MAX};
  roster->items[1].past.lines[0] = zpm_strdup("s3cret line");
  roster->items[1].past.reasons[0] = zpm_strdup("reason");
  roster->items[1].past.exits[1] = (struct zpm_exit){.uptime_ms = 7};
  zpm_record_add_life(&roster->items[2], 0)->done = true;
  life->last_error = zpm_strdup("killed by \"SIGKILL\"");
}

static int write_state(struct zpm_str *out, const struct zpm_roster *roster)
{
  const struct zpm_record *apps[APPS];

  for (size_t i = 0; i < roster->len; i++)
    apps[i] = &roster->items[i];
  return zpm_state_to_json(out, apps, roster->len);
}

static void assert_same_exit(const struct zpm_exit *a, const struct zpm_exit *b)
{
  assert_int_equal(a->known, b->known);
  assert_int_equal(a->code, b->code);
  assert_int_equal(a->signal, b->signal);
  assert_int_equal(a->cause, b->cause);
  assert_true(a->at_ms == b->at_ms);
  assert_true(a->uptime_ms == b->uptime_ms);
}

static void assert_same_life(const struct zpm_life *a, const struct zpm_life *b)
{
  assert_int_equal(a->seat, b->seat);
  assert_int_equal(a->done, b->done);
  assert_true(a->proven.mtime_ns == b->proven.mtime_ns);
  assert_true(a->proven.size == b->proven.size);
  assert_int_equal(a->restart_count, b->restart_count);
  assert_int_equal(a->total_restarts, b->total_restarts);
  assert_true(a->run.id == b->run.id);
  assert_true(a->run.started_ms == b->run.started_ms);
  assert_int_equal(a->run.leaving, b->run.leaving);
  assert_int_equal(a->run.ready, b->run.ready);
  assert_true(a->run.build.mtime_ns == b->run.build.mtime_ns);
  assert_true(a->run.build.size == b->run.build.size);
  assert_int_equal(a->last_error == NULL, b->last_error == NULL);
  if (a->last_error != NULL)
    assert_string_equal(a->last_error, b->last_error);
}

static void assert_same_record(const struct zpm_record *a,
                               const struct zpm_record *b)
{
  assert_int_equal(a->config.given, b->config.given);
  assert_int_equal(zpm_config_diff(&a->config, &b->config), 0);
  assert_true(zpm_strv_equal(&a->environment->vars, &b->environment->vars));
  assert_int_equal(a->want_up, b->want_up);
  assert_true(a->created_ms == b->created_ms);
  assert_true(a->start_order == b->start_order);
  assert_int_equal(a->past.len, b->past.len);
  for (size_t i = 0; i < a->past.len; i++) {
    assert_same_exit(&a->past.exits[i], &b->past.exits[i]);
    assert_null(b->past.lines[i]);
    assert_null(b->past.reasons[i]);
  }
  assert_int_equal(a->life_count, b->life_count);
  for (size_t i = 0; i < a->life_count; i++)
    assert_same_life(&a->lives[i], &b->lives[i]);
}

static void what_is_written_is_read_back(void **state)
{
  struct zpm_roster before = {0};
  struct zpm_roster after;
  struct zpm_str text = {0};
  struct zpm_error err = {0};

  (void)state;
  fill_roster(&before);
  assert_int_equal(write_state(&text, &before), 0);
  if (zpm_state_from_json(&after, text.data, text.len, &err) != 0)
    fail_msg("%s\n%s", err.message, text.data);
  assert_int_equal(after.len, APPS);
  for (size_t i = 0; i < APPS; i++)
    assert_same_record(&before.items[i], &after.items[i]);
  zpm_roster_deinit(&before);
  zpm_roster_deinit(&after);
  zpm_str_deinit(&text);
}

static void equal_environments_are_stored_and_read_once(void **state)
{
  struct zpm_roster before = {0};
  struct zpm_roster after;
  struct zpm_str text = {0};

  (void)state;
  fill_roster(&before);
  write_state(&text, &before);
  assert_null(strstr(strstr(text.data, "ann") + 1, "ann"));
  zpm_state_from_json(&after, text.data, text.len, NULL);
  assert_ptr_equal(after.items[0].environment, after.items[1].environment);
  assert_ptr_not_equal(after.items[0].environment, after.items[2].environment);
  assert_int_equal(after.items[0].environment->references, 2);
  zpm_roster_deinit(&before);
  zpm_roster_deinit(&after);
  zpm_str_deinit(&text);
}

static void no_apps_are_a_state_too(void **state)
{
  struct zpm_roster roster = {0};
  struct zpm_str text = {0};

  (void)state;
  assert_int_equal(write_state(&text, &roster), 0);
  assert_int_equal(zpm_state_from_json(&roster, text.data, text.len, NULL), 0);
  assert_int_equal(roster.len, 0);
  zpm_str_deinit(&text);
}

static int read_state(const char *text, struct zpm_error *err)
{
  struct zpm_roster roster;
  int rc = zpm_state_from_json(&roster, text, strlen(text), err);

  if (rc != 0)
    assert_null(roster.items);
  zpm_roster_deinit(&roster);
  return rc;
}

static void assert_malformed(const char *text, const char *message)
{
  struct zpm_error err = {0};

  assert_int_equal(read_state(text, &err), ZPM_ESTATE);
  assert_int_equal(err.code, ZPM_ESTATE);
  if (strstr(err.message, message) == NULL)
    fail_msg("%s: should say \"%s\": %s", text, message, err.message);
}

#define APP "\"config\":{\"scriptPath\":\"/a.js\",\"cwd\":\"/\"}"
#define STATE(app) "{\"version\":1,\"environments\":[{}],\"apps\":[{" app "}]}"

static void a_message_about_a_torn_state_quotes_nothing_of_it(void **state)
{
  struct zpm_error err = {0};

  (void)state;
  read_state("{\"environments\":[{\"TOKEN\":\"hunter2\"}", &err);
  assert_non_null(strstr(err.message, "damaged or cut short"));
  assert_null(strstr(err.message, "hunter2"));
  assert_null(strstr(err.message, "TOKEN"));
}

static void what_is_malformed_is_refused(void **state)
{
  (void)state;
  assert_malformed("", "not valid JSON");
  assert_malformed("{\"version\":1,\"apps\":[", "not valid JSON");
  assert_malformed("[]", "it is not a JSON object");
  assert_malformed("{}", "\"version\" must be a whole number");
  assert_malformed("{\"version\":\"1\"}", "\"version\" must be a whole number");
  assert_malformed("{\"version\":0}", "\"version\" must be a whole number");
  assert_malformed("{\"version\":1}", "\"apps\" must be an array");
  assert_malformed("{\"version\":1,\"apps\":[1]}", "app 1: \"apps\" must be");
  assert_malformed("{\"version\":1,\"environments\":{},\"apps\":[]}",
                   "\"environments\" must be an array");
  assert_malformed("{\"version\":1,\"environments\":[1],\"apps\":[]}",
                   "environments must be an object of strings");
  assert_malformed("{\"version\":1,\"apps\":[{}]}", "\"config\" must be there");
  assert_malformed(STATE("\"config\":{\"port\":1}"),
                   "app 1: config.scriptPath is missing");
  assert_malformed(STATE(APP ",\"environment\":1"), "the index of one");
  assert_malformed(STATE(APP ",\"environment\":-1"), "the index of one");
  assert_malformed(STATE(APP ",\"wantUp\":1"), "\"wantUp\" must be");
  assert_malformed(STATE(APP ",\"proven\":1"), "\"proven\" must be an object");
  assert_malformed(STATE(APP ",\"proven\":{\"size\":\"1x\"}"), "\"size\"");
  assert_malformed(STATE(APP ",\"proven\":{\"size\":\"\"}"), "\"size\"");
  assert_malformed(
      STATE(APP ",\"proven\":{\"mtimeNs\":\"18446744073709551616\"}"),
      "\"mtimeNs\"");
  assert_malformed(STATE(APP ",\"restartCount\":-1"), "\"restartCount\"");
  assert_malformed(STATE(APP ",\"restartCount\":4294967296"),
                   "\"restartCount\" must be less than 2^32");
  assert_malformed(STATE(APP ",\"lastExit\":[]"), "\"lastExit\"");
  assert_malformed(STATE(APP ",\"run\":7"), "\"run\"");
  assert_malformed(STATE(APP ",\"run\":{\"leaving\":1}"), "\"leaving\"");
  assert_malformed(STATE(APP ",\"run\":{\"id\":-1}"), "\"id\"");
  assert_malformed(STATE(APP ",\"lastExit\":{\"code\":70000}"), "\"code\"");
  assert_malformed(STATE(APP ",\"lastError\":1"), "\"lastError\"");
  assert_malformed(STATE(APP ",\"done\":1"), "\"done\" must be true or false");
  assert_malformed(STATE(APP ",\"run\":{\"ready\":1}"), "\"ready\"");
  assert_malformed(STATE(APP ",\"exits\":{}"), "\"exits\" must be an array");
  assert_malformed(STATE(APP ",\"exits\":[1]"), "an array of objects");
  assert_malformed(STATE(APP ",\"exits\":[{\"cause\":1}]"), "\"cause\"");
  assert_malformed(STATE(APP ",\"exits\":[{\"code\":\"1\"}]"), "\"code\"");
  assert_malformed("{\"version\":1,\"apps\":[{" APP "},{" APP "}]}",
                   "app 2: the name \"a\" is there twice");
}

static void what_is_not_there_has_a_default(void **state)
{
  static const char TEXT[] = STATE(APP ",\"lastError\":null,\"proven\":null");
  struct zpm_roster roster;

  (void)state;
  assert_int_equal(zpm_state_from_json(&roster, TEXT, strlen(TEXT), NULL), 0);
  assert_string_equal(roster.items[0].config.name, "a");
  assert_null(roster.items[0].environment);
  assert_null(roster.items[0].lives[0].last_error);
  assert_false(roster.items[0].want_up);
  assert_int_equal(roster.items[0].past.len, 0);
  assert_false(roster.items[0].lives[0].done);
  zpm_roster_deinit(&roster);
  assert_int_equal(read_state(STATE(APP ",\"lastExit\":{}"), NULL), 0);
}

static void the_one_exit_of_an_older_version_is_understood(void **state)
{
  static const char TEXT[] =
      STATE(APP ",\"run\":{\"id\":7},\"lastExit\":{\"code\":-1,"
                "\"signal\":9,\"at\":5,\"uptime\":6}");
  struct zpm_roster roster;
  const struct zpm_past *past;

  (void)state;
  assert_int_equal(zpm_state_from_json(&roster, TEXT, strlen(TEXT), NULL), 0);
  past = &roster.items[0].past;
  assert_int_equal(past->len, 1);
  assert_true(past->exits[0].known);
  assert_int_equal(past->exits[0].signal, 9);
  assert_int_equal(past->exits[0].uptime_ms, 6);
  assert_int_equal(past->exits[0].cause, ZPM_CAUSE_ITSELF);
  assert_true(roster.items[0].lives[0].run.ready);
  zpm_roster_deinit(&roster);
}

static void of_many_exits_the_newest_are_kept(void **state)
{
  static const char TEXT[] =
      STATE(APP ",\"lastExit\":{},\"exits\":[{\"code\":9,\"cause\":\"new\"},"
                "{},{},{},{},{},{}]");
  struct zpm_roster roster;
  const struct zpm_past *past;

  (void)state;
  assert_int_equal(zpm_state_from_json(&roster, TEXT, strlen(TEXT), NULL), 0);
  past = &roster.items[0].past;
  assert_int_equal(past->len, ZPM_PAST_MAX);
  assert_true(past->exits[0].known);
  assert_int_equal(past->exits[0].code, 9);
  assert_int_equal(past->exits[0].cause, ZPM_CAUSE_ITSELF);
  assert_false(past->exits[1].known);
  zpm_roster_deinit(&roster);
}

static void unknown_keys_are_passed_over(void **state)
{
  (void)state;
  assert_int_equal(read_state("{\"version\":1,\"x\":[],\"apps\":[{\"y\":{},"
                              "\"config\":{\"scriptPath\":\"/a.js\","
                              "\"cwd\":\"/\",\"z\":1,\"devMode\":true}}]}",
                              NULL),
                   0);
}

static void a_newer_format_is_told_apart(void **state)
{
  struct zpm_error err = {0};

  (void)state;
  assert_int_equal(read_state("{\"version\":2}", &err), ZPM_EVERSION);
  assert_int_equal(err.code, ZPM_EVERSION);
  assert_string_equal(err.message, "it was written by a newer zpm (format 2, "
                                   "this one knows 1): update zpm");
}

static int there_and_back(void *ctx)
{
  struct zpm_roster after = {0};
  struct zpm_str text = {0};
  int rc = write_state(&text, ctx);

  if (rc == 0)
    rc = zpm_state_from_json(&after, text.data, text.len, NULL);
  zpm_str_deinit(&text);
  zpm_roster_deinit(&after);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  struct zpm_roster roster = {0};

  (void)state;
  fill_roster(&roster);
  failing_alloc_sweep(there_and_back, &roster);
  zpm_roster_deinit(&roster);
  assert_int_equal(failing_alloc.live, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_is_read_back),
      cmocka_unit_test(equal_environments_are_stored_and_read_once),
      cmocka_unit_test(no_apps_are_a_state_too),
      cmocka_unit_test(a_message_about_a_torn_state_quotes_nothing_of_it),
      cmocka_unit_test(what_is_malformed_is_refused),
      cmocka_unit_test(what_is_not_there_has_a_default),
      cmocka_unit_test(the_one_exit_of_an_older_version_is_understood),
      cmocka_unit_test(of_many_exits_the_newest_are_kept),
      cmocka_unit_test(unknown_keys_are_passed_over),
      cmocka_unit_test(a_newer_format_is_told_apart),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
