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
      "1XB", "1T", "M", "1025G", "1099511627777", "18446744073709551616"};
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

static int set_number(struct fixture *f, const char *name, double value)
{
  const struct zpm_field *field =
      &ZPM_FIELDS[zpm_config_field_of_name(name, strlen(name))];

  return zpm_field_set_number(&f->config, field, value, "it", &f->err);
}

static void numbers_are_checked_against_the_field(void **state)
{
  static const double WRONG[] = {-1,    0.5,    3600001,
                                 1e300, -1e300, (double)INFINITY};
  struct fixture *f = *state;

  assert_int_equal(set_number(f, "killTimeout", 0), 0);
  assert_int_equal(set_number(f, "killTimeout", 3600000), 0);
  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++)
    assert_int_equal(set_number(f, "killTimeout", WRONG[i]), ZPM_ECONFIG);
  assert_int_equal(set_number(f, "killTimeout", (double)NAN), ZPM_ECONFIG);
  assert_int_equal(f->config.kill_timeout_ms, 3600000);
  set_number(f, "killTimeout", 5.5);
  assert_string_equal(f->err.message,
                      "it must be a whole number of 0 to 3600000 ms, not 5.5");
  assert_int_equal(set_number(f, "nice", -20), 0);
  assert_int_equal(f->config.nice, -20);
  assert_int_equal(set_number(f, "nice", -21), ZPM_ECONFIG);
  assert_int_equal(set_number(f, "umask", 18), 0);
  assert_int_equal(f->config.umask, 022);
  assert_int_equal(set_number(f, "umask", 512), ZPM_ECONFIG);
  assert_int_equal(set_number(f, "uid", 4294967294.0), 0);
  assert_int_equal(set_number(f, "uid", 4294967295.0), ZPM_ECONFIG);
}

static void seconds_may_be_fractions(void **state)
{
  struct fixture *f = *state;
  uint32_t *ms = &f->config.event_loop_timeout_ms;

  give(&f->config, "eventLoopTimeoutSeconds", "1.5");
  assert_int_equal(*ms, 1500);
  give(&f->config, "eventLoopTimeoutSeconds", "3600");
  assert_int_equal(*ms, 3600000);
  give(&f->config, "eventLoopTimeoutSeconds", "1.001");
  assert_int_equal(*ms, 1001);
  assert_int_equal(set_number(f, "eventLoopTimeoutSeconds", 4.35), 0);
  assert_int_equal(*ms, 4350);
  give(&f->config, "eventLoopTimeoutSeconds", "0");
  assert_int_equal(*ms, 0);
  assert_refused(f, "eventLoopTimeoutSeconds", "0.5",
                 "--event-loop-timeout must be 0 or a number of 1 to 3600 "
                 "seconds, not \"0.5\"");
  assert_refused(f, "eventLoopTimeoutSeconds", "1.",
                 "--event-loop-timeout must be 0 or a number of 1 to 3600 "
                 "seconds, not \"1.\"");
  assert_int_equal(set_number(f, "eventLoopTimeoutSeconds", 0.9994),
                   ZPM_ECONFIG);
  for (size_t i = 0; i < 5; i++) {
    static const char *const WRONG[] = {"1.0001", ".5", "1s", "-1", ""};

    assert_int_equal(set(&f->config, "eventLoopTimeoutSeconds", WRONG[i], NULL),
                     ZPM_ECONFIG);
  }
}

static void a_limit_of_memory_is_not_a_few_bytes(void **state)
{
  struct fixture *f = *state;

  give(&f->config, "maxMemory", "200M");
  assert_int_equal(f->config.max_memory_bytes, 200 << 20);
  give(&f->config, "maxMemory", "1.5G");
  assert_int_equal(f->config.max_memory_bytes, 1536ull << 20);
  give(&f->config, "maxMemory", "0");
  assert_int_equal(f->config.max_memory_bytes, 0);
  assert_refused(f, "maxMemory", "200",
                 "--max-memory must be a size such as 200M, of 1M to 262144G, "
                 "or 0, not \"200\"");
  give(&f->config, "maxMemory", "200MB");
  assert_int_equal(f->config.max_memory_bytes, 200 << 20);
  give(&f->config, "maxMemory", "2GiB");
  assert_int_equal(f->config.max_memory_bytes, (uint64_t)2 << 30);
  assert_int_equal(set(&f->config, "maxMemory", "2MBB", NULL), ZPM_ECONFIG);
  assert_int_equal(set(&f->config, "maxMemory", "2Mi", NULL), ZPM_ECONFIG);
  assert_int_equal(set(&f->config, "maxMemory", "2000000B", NULL), ZPM_ECONFIG);
  assert_int_equal(set(&f->config, "maxMemory", "1.5", NULL), ZPM_ECONFIG);
}

static void modes_and_priorities_are_understood(void **state)
{
  struct fixture *f = *state;

  give(&f->config, "umask", "022");
  assert_int_equal(f->config.umask, 022);
  give(&f->config, "umask", "0o27");
  assert_int_equal(f->config.umask, 027);
  assert_refused(f, "umask", "8",
                 "--umask must be an octal number of 000 to 777, such as 022, "
                 "not \"8\"");
  assert_int_equal(set(&f->config, "umask", "1000", NULL), ZPM_ECONFIG);
  assert_int_equal(set(&f->config, "umask", "-1", NULL), ZPM_ECONFIG);
  give(&f->config, "nice", "-5");
  assert_int_equal(f->config.nice, -5);
  assert_refused(f, "nice", "20",
                 "--nice must be a whole number of -20 to 19, not \"20\"");
  assert_int_equal(set(&f->config, "nice", "-", NULL), ZPM_ECONFIG);
  give(&f->config, "uid", "0");
  assert_int_equal(f->config.uid, 0);
  assert_int_equal(set(&f->config, "gid", "4294967295", NULL), ZPM_ECONFIG);
}

static void what_can_be_off_is_turned_off_by_false(void **state)
{
  static const char *const GIVEN[][2] = {
      {"umask", "022"},     {"nice", "5"},
      {"uid", "5"},         {"gid", "5"},
      {"user", "x"},        {"cron", "@daily"},
      {"maxMemory", "10M"}, {"watch", "true"},
      {"ignoreWatch", "x"}, {"reloadCommand", "x"},
      {"envFile", "x"},     {"rlimits", "core=0"},
      {"probe", "tcp:1"},   {"eventLoopTimeoutSeconds", "5"},
  };
  struct fixture *f = *state;
  struct zpm_config fresh;

  zpm_config_init(&fresh);
  for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
    give(&f->config, GIVEN[i][0], GIVEN[i][1]);
    assert_int_not_equal(zpm_config_diff(&fresh, &f->config), 0);
    give(&f->config, GIVEN[i][0], "false");
    assert_true(zpm_config_has(&f->config, GIVEN[i][0]));
    assert_int_equal(zpm_config_diff(&fresh, &f->config), 0);
  }
  zpm_config_deinit(&fresh);
}

static void limits_are_one_number_or_two(void **state)
{
  struct fixture *f = *state;
  const struct zpm_rlimit *of = f->config.rlimits.of;

  give(&f->config, "rlimits", "nofile=4096");
  give(&f->config, "rlimits", "core=unlimited");
  give(&f->config, "rlimits", "as=1G:unlimited");
  give(&f->config, "rlimits", "nproc=0:7");
  assert_int_equal(of[ZPM_RLIMIT_NOFILE].soft, 4096);
  assert_int_equal(of[ZPM_RLIMIT_NOFILE].hard, 4096);
  assert_true(of[ZPM_RLIMIT_CORE].hard == ZPM_RLIMIT_UNLIMITED);
  assert_int_equal(of[ZPM_RLIMIT_AS].soft, 1 << 30);
  assert_true(of[ZPM_RLIMIT_AS].hard == ZPM_RLIMIT_UNLIMITED);
  assert_int_equal(of[ZPM_RLIMIT_NPROC].hard, 7);
  assert_int_equal(f->config.rlimits.given,
                   1 << ZPM_RLIMIT_NOFILE | 1 << ZPM_RLIMIT_CORE |
                       1 << ZPM_RLIMIT_AS | 1 << ZPM_RLIMIT_NPROC);
  assert_refused(f, "rlimits", "nofile",
                 "--rlimit must have the form nofile=4096 or nofile=4096:8192 "
                 "(soft:hard), not \"nofile\"");
  assert_refused(f, "rlimits", "files=1",
                 "--rlimit: there is no limit \"files\", only as, core, cpu, "
                 "data, fsize, memlock, nofile, nproc or stack");
  assert_refused(f, "rlimits", "nofile=2:1",
                 "--rlimit: the soft limit of nofile must not be above its "
                 "hard limit");
  assert_refused(f, "rlimits", "nofile=many",
                 "--rlimit: nofile must be a number, a size such as 2G, or "
                 "unlimited, or two of them as soft:hard, not \"many\"");
  for (size_t i = 0; i < 5; i++) {
    static const char *const WRONG[] = {"core=", "core=1:", "core=:1",
                                        "core=1:2:3", "core=-1"};

    assert_int_equal(set(&f->config, "rlimits", WRONG[i], NULL), ZPM_ECONFIG);
  }
}

static void watch_alone_is_the_scripts_folder(void **state)
{
  struct fixture *f = *state;

  give(&f->config, "watch", "true");
  give(&f->config, "watch", "lib");
  assert_int_equal(f->config.watch.len, 2);
  assert_string_equal(f->config.watch.items[0], "");
  assert_string_equal(f->config.watch.items[1], "lib");
  assert_refused(f, "watch", "", "--watch must not be empty");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(text_of_each_type_is_understood),
      TEST(sizes_may_have_a_unit),
      TEST(a_wrong_number_is_refused_with_its_bounds),
      TEST(other_wrong_text_is_refused_kindly),
      TEST(numbers_are_checked_against_the_field),
      TEST(seconds_may_be_fractions),
      TEST(a_limit_of_memory_is_not_a_few_bytes),
      TEST(modes_and_priorities_are_understood),
      TEST(what_can_be_off_is_turned_off_by_false),
      TEST(limits_are_one_number_or_two),
      TEST(watch_alone_is_the_scripts_folder),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
