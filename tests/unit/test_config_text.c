#include "core/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "unit/config_fixture.c"

static void assert_refused(struct fixture *f, const char *name,
                           const char *text, const char *message)
{
  uint64_t given = f->config.given;

  assert_int_equal(set(&f->config, name, text, &f->err), ZPM_ECONFIG);
  assert_string_equal(f->err.message, message);
  assert_int_equal(f->config.given, given);
}

static void text_of_each_type_is_understood(void **state)
{
  struct fixture *f = *state;
  struct zpm_config *c = &f->config;

  give(c, "name", "api");
  give(c, "args", "-p");
  give(c, "args", "");
  give(c, "env", "A=1");
  give(c, "env", "B==");
  give(c, "env", "A=2");
  give(c, "port", "3000");
  give(c, "interpreter", "python3");
  give(c, "killSignal", "int");
  give(c, "autorestart", "always");
  give(c, "immediateCrash", "retry");
  give(c, "logs.timestamps", "true");
  assert_string_equal(c->name, "api");
  assert_int_equal(c->args.len, 2);
  assert_string_equal(zpm_strv_env_get(&c->env, "A"), "2");
  assert_string_equal(zpm_strv_env_get(&c->env, "B"), "=");
  assert_int_equal(c->port, 3000);
  assert_int_equal(c->interpreter, ZPM_INTERPRETER_PYTHON3);
  assert_int_equal(c->kill_signal, SIGINT);
  assert_int_equal(c->autorestart, ZPM_AUTORESTART_ALWAYS);
  assert_int_equal(c->immediate_crash, ZPM_IMMEDIATE_RETRY);
  assert_true(c->log_timestamps);
  assert_true(zpm_config_has(c, "port"));
  assert_false(zpm_config_has(c, "cwd"));
  assert_false(zpm_config_has(c, "no such field"));
}

static void sizes_may_have_a_unit(void **state)
{
  struct fixture *f = *state;
  static const struct {
    const char *text;
    uint64_t bytes;
  } EXAMPLES[] = {
      {"0", 0},        {"512K", 512 << 10},   {"10m", 10 << 20},
      {"1G", 1 << 30}, {"1024G", 1ull << 40}, {"1099511627776", 1ull << 40}};

  for (size_t i = 0; i < sizeof(EXAMPLES) / sizeof(EXAMPLES[0]); i++) {
    give(&f->config, "logs.maxSizeBytes", EXAMPLES[i].text);
    assert_int_equal(f->config.log_max_size_bytes, EXAMPLES[i].bytes);
  }
}

static void a_wrong_number_is_refused_with_its_bounds(void **state)
{
  static const char *const WRONG[] = {
      "5s", "",  "-1", "+1", " 1", "1.5", "3600001", "99999999999999999999",
      "K",  "1K"};
  static const char *const WRONG_SIZES[] = {
      "1KB", "1T", "M", "1025G", "1099511627777", "18446744073709551616"};
  struct fixture *f = *state;
  char message[256];

  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
    snprintf(message, sizeof(message),
             "--kill-timeout must be a whole number of 0 to 3600000 ms, not "
             "\"%s\"",
             WRONG[i]);
    assert_refused(f, "killTimeout", WRONG[i], message);
  }
  for (size_t i = 0; i < sizeof(WRONG_SIZES) / sizeof(WRONG_SIZES[0]); i++)
    assert_int_equal(set(&f->config, "logs.maxSizeBytes", WRONG_SIZES[i], NULL),
                     ZPM_ECONFIG);
  assert_int_equal(f->config.kill_timeout_ms, 5000);
}

static void other_wrong_text_is_refused_kindly(void **state)
{
  struct fixture *f = *state;

  assert_refused(f, "port", "0",
                 "--port must be a whole number of 1 to 65535, not \"0\"");
  assert_refused(f, "logs.timestamps", "yes",
                 "--log-timestamps must be true or false, not \"yes\"");
  assert_refused(f, "autorestart", "Always",
                 "--autorestart must be true, false or always, not \"Always\"");
  assert_refused(f, "mode", "spoon",
                 "--mode must be one of fork, cluster, not \"spoon\"");
  assert_refused(f, "killSignal", "SIGWHAT",
                 "--kill-signal must be a signal such as SIGTERM, SIGINT or "
                 "15, not \"SIGWHAT\"");
  assert_refused(f, "env", "NOVALUE",
                 "--env must have the form KEY=value, not \"NOVALUE\"");
  assert_refused(f, "env", "=x",
                 "--env must have the form KEY=value, not \"=x\"");
  assert_refused(f, "scriptPath", "", "scriptPath must not be empty");
}

static void what_comes_later_is_named_and_refused(void **state)
{
  struct fixture *f = *state;

  assert_int_equal(set(&f->config, "devMode", "true", &f->err),
                   ZPM_EUNSUPPORTED);
  assert_string_equal(
      f->err.message,
      "--dev is not available in this version yet: leave it out");
  assert_int_equal(set(&f->config, "uid", "5", &f->err), ZPM_EUNSUPPORTED);
  assert_int_equal(set(&f->config, "devMode", "false", &f->err), 0);
  assert_int_equal(f->config.given, 0);
}

static void numbers_are_checked_against_the_field(void **state)
{
  static const double WRONG[] = {-1,    0.5,    3600001,
                                 1e300, -1e300, (double)INFINITY};
  const struct zpm_field *field =
      &ZPM_FIELDS[zpm_config_field_of_name("killTimeout", 11)];
  struct zpm_error err;

  (void)state;
  assert_int_equal(zpm_config_check_number(field, 0, NULL), 0);
  assert_int_equal(zpm_config_check_number(field, 3600000, NULL), 0);
  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++)
    assert_int_equal(zpm_config_check_number(field, WRONG[i], NULL),
                     ZPM_ECONFIG);
  assert_int_equal(zpm_config_check_number(field, (double)NAN, NULL),
                   ZPM_ECONFIG);
  zpm_config_check_number(field, 5.5, &err);
  assert_string_equal(
      err.message,
      "config.killTimeout must be a whole number of 0 to 3600000 ms, not 5.5");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(text_of_each_type_is_understood),
      TEST(sizes_may_have_a_unit),
      TEST(a_wrong_number_is_refused_with_its_bounds),
      TEST(other_wrong_text_is_refused_kindly),
      TEST(what_comes_later_is_named_and_refused),
      TEST(numbers_are_checked_against_the_field),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
