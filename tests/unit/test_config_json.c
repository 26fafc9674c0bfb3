#include "proto/config_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/json.h"
#include "unit/failing_alloc.c"
#include "unit/vectors.c"

static void assert_accepted(const cJSON *vector,
                            const struct zpm_config *config, const char *text)
{
  const cJSON *expected = cJSON_GetObjectItem(vector, "becomes");
  cJSON *json = zpm_config_to_json(config, true);
  char *found = cJSON_PrintUnformatted(json);

  if (!cJSON_IsTrue(cJSON_GetObjectItem(vector, "ok")))
    fail_msg("%s: should be refused", text);
  if (expected != NULL && !cJSON_Compare(json, expected, true))
    fail_msg("%s became %s", text, found);
  cJSON_free(found);
  cJSON_Delete(json);
}

static void assert_refused(const cJSON *vector, const char *text, int rc,
                           const struct zpm_error *err)
{
  const char *code = vector_text(vector, "code");
  const char *says = vector_text(vector, "says");

  if (code == NULL || strcmp(code, zpm_code_name(rc)) != 0)
    fail_msg("%s: %s: %s", text, zpm_code_name(rc), err->message);
  assert_int_equal(err->code, rc);
  if (says != NULL && strstr(err->message, says) == NULL)
    fail_msg("%s: should say \"%s\": %s", text, says, err->message);
}

static void run_vector(const cJSON *vector)
{
  const cJSON *json = cJSON_GetObjectItem(vector, "config");
  char *text = cJSON_PrintUnformatted(json);
  struct zpm_config config;
  struct zpm_error err = {0};
  int rc;

  zpm_config_init(&config);
  rc = zpm_config_from_json(&config, json, &err);
  if (rc == 0)
    rc = zpm_config_validate(&config, &err);
  if (rc == 0)
    assert_accepted(vector, &config, text);
  else
    assert_refused(vector, text, rc, &err);
  zpm_config_deinit(&config);
  cJSON_free(text);
}

static void configs_are_read_as_the_vectors_say(void **state)
{
  (void)state;
  vectors_run("configs.ndjson", run_vector);
}

static cJSON *parse(const char *text)
{
  cJSON *json = cJSON_Parse(text);

  assert_non_null(json);
  return json;
}

static int read_config(struct zpm_config *config, const char *text,
                       struct zpm_error *err)
{
  cJSON *json = parse(text);
  int rc;

  zpm_config_init(config);
  rc = zpm_config_from_json(config, json, err);
  cJSON_Delete(json);
  return rc;
}

static void only_what_is_there_is_given(void **state)
{
  struct zpm_config config;

  (void)state;
  assert_int_equal(read_config(&config, "{\"port\":3000,\"cwd\":null}", NULL),
                   0);
  assert_true(zpm_config_has(&config, "port"));
  assert_false(zpm_config_has(&config, "cwd"));
  assert_false(zpm_config_has(&config, "killTimeout"));
  assert_int_equal(config.kill_timeout_ms, 5000);
  zpm_config_deinit(&config);
}

static void secrets_are_hidden_unless_asked_for(void **state)
{
  struct zpm_config config;
  struct zpm_str out = {0};
  cJSON *json;

  (void)state;
  read_config(&config, "{\"env\":{\"KEY\":\"s3cret\"}}", NULL);
  json = zpm_config_to_json(&config, false);
  zpm_json_print(&out, json);
  assert_string_equal(out.data, "{\"env\":{\"KEY\":\"<hidden>\"}}");
  zpm_str_deinit(&out);
  cJSON_Delete(json);
  zpm_config_deinit(&config);
}

static void what_a_later_version_saved_is_passed_over(void **state)
{
  cJSON *json = parse("{\"port\":1,\"scheduler\":true,\"newField\":{},"
                      "\"probe\":{\"type\":\"tcp\",\"target\":\"1\",\"x\":1},"
                      "\"rlimits\":{\"x\":1,\"core\":0},"
                      "\"logs\":{\"colour\":\"blue\",\"maxFiles\":2}}");
  struct zpm_config config;

  (void)state;
  zpm_config_init(&config);
  assert_int_equal(zpm_config_from_saved_json(&config, json, NULL), 0);
  assert_int_equal(config.port, 1);
  assert_int_equal(config.log_max_files, 2);
  assert_int_equal(config.probes.len, 1);
  assert_int_equal(config.rlimits.given, 1 << ZPM_RLIMIT_CORE);
  zpm_config_deinit(&config);
  cJSON_Delete(json);
}

static void what_was_saved_wrongly_is_still_refused(void **state)
{
  cJSON *json = parse("{\"port\":\"1\"}");
  struct zpm_config config;

  (void)state;
  zpm_config_init(&config);
  assert_int_equal(zpm_config_from_saved_json(&config, json, NULL),
                   ZPM_ECONFIG);
  zpm_config_deinit(&config);
  cJSON_Delete(json);
}

static void variables_go_there_and_back(void **state)
{
  cJSON *json = parse("{\"A\":\"1\",\"B\":\"x=y\",\"C\":\"\"}");
  struct zpm_strv vars = {0};
  cJSON *back;

  (void)state;
  assert_int_equal(zpm_vars_from_json(&vars, json, "callerEnv", NULL), 0);
  assert_int_equal(vars.len, 3);
  assert_string_equal(vars.items[1], "B=x=y");
  back = zpm_vars_to_json(&vars, true);
  assert_true(cJSON_Compare(json, back, true));
  cJSON_Delete(back);
  zpm_strv_deinit(&vars);
  cJSON_Delete(json);
}

static void wrong_variables_are_named(void **state)
{
  cJSON *json = parse("{\"A\":\"1\",\"B\":[]}");
  struct zpm_strv vars = {0};
  struct zpm_error err;

  (void)state;
  assert_int_equal(zpm_vars_from_json(&vars, json, "callerEnv", &err),
                   ZPM_EARG);
  assert_string_equal(err.message,
                      "callerEnv: B must be a string, not an array");
  zpm_strv_deinit(&vars);
  cJSON_Delete(json);
}

static void too_many_variables_are_refused(void **state)
{
  cJSON *json = cJSON_CreateObject();
  struct zpm_strv vars = {0};
  struct zpm_error err;
  char name[16];

  (void)state;
  for (int i = 0; i < 5000; i++) {
    snprintf(name, sizeof(name), "V%d", i);
    cJSON_AddStringToObject(json, name, "");
  }
  assert_int_equal(zpm_vars_from_json(&vars, json, "callerEnv", &err),
                   ZPM_EARG);
  assert_string_equal(err.message, "callerEnv has more than 4096 variables");
  zpm_strv_deinit(&vars);
  cJSON_Delete(json);
}

static const char FULL[] =
    "{\"name\":\"api\",\"scriptPath\":\"./a.js\",\"args\":[\"x\",\"y\"],"
    "\"cwd\":\"/srv\",\"env\":{\"A\":\"1\",\"B\":2},\"port\":3000,"
    "\"probe\":[{\"type\":\"tcp\",\"target\":\"1\",\"kind\":\"readiness\"},"
    "{\"type\":\"exec\",\"target\":\"true\"}],\"watch\":[\"lib\"],"
    "\"rlimits\":{\"nofile\":[1,2]},\"cron\":\"@daily\",\"umask\":\"022\","
    "\"interpreter\":\"node\",\"killSignal\":\"SIGINT\",\"autorestart\":true,"
    "\"logs\":{\"maxFiles\":3,\"format\":\"json\"}}";

static int there_and_back(void *ctx)
{
  struct zpm_config config;
  cJSON *out = NULL;
  int rc;

  zpm_config_init(&config);
  rc = zpm_config_from_json(&config, ctx, NULL);
  if (rc == 0)
    out = zpm_config_to_json(&config, true);
  if (rc == 0 && out == NULL)
    rc = ZPM_ENOMEM;
  cJSON_Delete(out);
  zpm_config_deinit(&config);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  cJSON *json = parse(FULL);

  (void)state;
  failing_alloc_sweep(there_and_back, json);
  cJSON_Delete(json);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(configs_are_read_as_the_vectors_say),
      cmocka_unit_test(only_what_is_there_is_given),
      cmocka_unit_test(secrets_are_hidden_unless_asked_for),
      cmocka_unit_test(what_a_later_version_saved_is_passed_over),
      cmocka_unit_test(what_was_saved_wrongly_is_still_refused),
      cmocka_unit_test(variables_go_there_and_back),
      cmocka_unit_test(wrong_variables_are_named),
      cmocka_unit_test(too_many_variables_are_refused),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
