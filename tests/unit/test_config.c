#include "core/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "unit/config_fixture.c"

/* A config that is valid. */
static void give_enough(struct fixture *f)
{
  give(&f->config, "scriptPath", "/srv/api/server.js");
  give(&f->config, "cwd", "/srv/api");
}

static void names_and_flags_are_unique_and_found(void **state)
{
  (void)state;
  assert_true(ZPM_FIELD_COUNT <= 64);
  for (size_t i = 0; i < ZPM_FIELD_COUNT; i++) {
    const struct zpm_field *field = &ZPM_FIELDS[i];

    assert_int_equal(zpm_config_field_of_name(field->name, strlen(field->name)),
                     i);
    if (field->flag != NULL)
      assert_int_equal(zpm_config_field_of_flag(field->flag), i);
    assert_non_null(field->help);
    assert_int_equal(field->type == ZPM_FIELD_CHOICE, field->choices != NULL);
    assert_true(field->min <= field->max);
  }
  assert_int_equal(zpm_config_field_of_name("nam", 3), -1);
  assert_int_equal(zpm_config_field_of_name("names", 5), -1);
  assert_int_equal(zpm_config_field_of_flag("nope"), -1);
}

static void the_defaults_are_as_documented(void **state)
{
  struct fixture *f = *state;
  const struct zpm_config *c = &f->config;

  assert_int_equal(c->given, 0);
  assert_int_equal(c->port, 0);
  assert_int_equal(c->interpreter, ZPM_INTERPRETER_AUTO);
  assert_int_equal(c->mode, ZPM_MODE_FORK);
  assert_int_equal(c->instances, 0); /* as many as there are cores */
  assert_int_equal(zpm_config_instances(c, 8), 1);
  assert_int_equal(c->kill_timeout_ms, 5000);
  assert_int_equal(c->kill_signal, SIGTERM);
  assert_int_equal(c->min_backoff_ms, 1000);
  assert_int_equal(c->max_backoff_ms, 16000);
  assert_int_equal(c->autorestart, ZPM_AUTORESTART_ON_FAILURE);
  assert_int_equal(c->immediate_crash, ZPM_IMMEDIATE_AUTO);
  assert_int_equal(c->log_max_size_bytes, 10485760);
  assert_int_equal(c->log_max_files, 5);
  assert_false(c->log_timestamps);
  assert_int_equal(c->log_format, ZPM_LOG_RAW);
  assert_false(c->shutdown_message);
  assert_int_equal(c->probes.len, 0);
  assert_int_equal(c->event_loop_timeout_ms, 0);
  assert_false(c->wait_ready);
  assert_int_equal(c->ready_timeout_ms, 30000);
  assert_false(c->dev_mode);
  assert_int_equal(c->watch.len, 0);
  assert_int_equal(c->ignore_watch.len, 0);
  assert_null(c->reload_command);
  assert_null(c->user);
  assert_int_equal(c->uid, ZPM_ID_KEEP);
  assert_int_equal(c->gid, ZPM_ID_KEEP);
  assert_int_equal(c->umask, ZPM_UMASK_KEEP);
  assert_int_equal(c->nice, ZPM_NICE_KEEP);
  assert_int_equal(c->rlimits.given, 0);
  assert_int_equal(c->max_memory_bytes, 0);
  assert_null(c->cron);
  assert_null(c->env_file);
  assert_true(c->clear_port);
}

static void a_copy_shares_nothing(void **state)
{
  struct fixture *f = *state;
  struct zpm_config copy;

  give_enough(f);
  give(&f->config, "args", "x");
  give(&f->config, "env", "A=1");
  assert_int_equal(zpm_config_copy(&copy, &f->config), 0);
  assert_int_equal(copy.given, f->config.given);
  assert_int_equal(copy.kill_timeout_ms, 5000);
  assert_ptr_not_equal(copy.cwd, f->config.cwd);
  give(&copy, "args", "y");
  assert_int_equal(f->config.args.len, 1);
  zpm_config_deinit(&copy);
}

static void a_merge_takes_the_given_fields_only(void **state)
{
  struct fixture *f = *state;
  struct zpm_config changes;

  give_enough(f);
  give(&f->config, "port", "3000");
  give(&f->config, "args", "old");
  give(&f->config, "env", "A=1");
  give(&f->config, "env", "B=1");
  zpm_config_init(&changes);
  give(&changes, "args", "new");
  give(&changes, "env", "B=2");
  give(&changes, "killTimeout", "1");
  assert_int_equal(zpm_config_merge(&f->config, &changes), 0);
  zpm_config_deinit(&changes);

  assert_int_equal(f->config.port, 3000);
  assert_int_equal(f->config.kill_timeout_ms, 1);
  assert_int_equal(f->config.args.len, 1);
  assert_string_equal(f->config.args.items[0], "new");
  assert_int_equal(f->config.env.len, 2);
  assert_string_equal(zpm_strv_env_get(&f->config.env, "A"), "1");
  assert_string_equal(zpm_strv_env_get(&f->config.env, "B"), "2");
  assert_string_equal(f->config.cwd, "/srv/api");
}

static void a_merge_replaces_lists_as_a_whole(void **state)
{
  struct fixture *f = *state;
  struct zpm_config changes;

  give(&f->config, "probe", "tcp:1");
  give(&f->config, "probe", "tcp:2");
  give(&f->config, "rlimits", "core=0");
  give(&f->config, "watch", "lib");
  zpm_config_init(&changes);
  give(&changes, "probe", "exec:true");
  give(&changes, "rlimits", "nofile=1");
  give(&changes, "watch", "false");
  assert_int_not_equal(zpm_config_diff(&f->config, &changes), 0);
  assert_int_equal(zpm_config_merge(&f->config, &changes), 0);
  assert_int_equal(zpm_config_diff(&f->config, &changes), 0);
  assert_int_equal(f->config.probes.len, 1);
  assert_string_equal(f->config.probes.items[0].target, "true");
  assert_int_equal(f->config.rlimits.given, 1 << ZPM_RLIMIT_NOFILE);
  assert_int_equal(f->config.watch.len, 0);
  zpm_config_deinit(&changes);
}

static void a_diff_names_the_fields_that_change(void **state)
{
  struct fixture *f = *state;
  struct zpm_config changes;
  uint64_t port = 1ull << zpm_config_field_of_name("port", 4);
  uint64_t env = 1ull << zpm_config_field_of_name("env", 3);
  uint64_t args = 1ull << zpm_config_field_of_name("args", 4);
  uint64_t cwd = 1ull << zpm_config_field_of_name("cwd", 3);

  give(&f->config, "port", "3000");
  give(&f->config, "env", "A=1");
  give(&f->config, "env", "B=2");
  zpm_config_init(&changes);
  give(&changes, "port", "3000");
  give(&changes, "killTimeout", "5000");
  give(&changes, "env", "B=2");
  assert_int_equal(zpm_config_diff(&f->config, &changes), 0);
  give(&changes, "env", "C=3");
  give(&changes, "port", "3001");
  give(&changes, "args", "x");
  give(&changes, "cwd", "/srv");
  assert_int_equal(zpm_config_diff(&f->config, &changes),
                   port | env | cwd | args);
  assert_int_equal(zpm_config_diff(&changes, &f->config), port | env);
  zpm_config_deinit(&changes);
}

static int set_all(struct zpm_config *config)
{
  int rc = set(config, "scriptPath", "./a.js", NULL);

  if (rc == 0)
    rc = set(config, "cwd", "/srv", NULL);
  if (rc == 0)
    rc = set(config, "args", "x", NULL);
  if (rc == 0)
    rc = set(config, "env", "A=1", NULL);
  if (rc == 0)
    rc = set(config, "probe", "tcp:80,timeout=1", NULL);
  if (rc == 0)
    rc = set(config, "watch", "true", NULL);
  if (rc == 0)
    rc = set(config, "watch", "lib", NULL);
  if (rc == 0)
    rc = set(config, "envFile", ".env", NULL);
  if (rc == 0)
    rc = set(config, "cron", "@daily", NULL);
  return rc;
}

static int live_a_life(void *ctx)
{
  struct zpm_config config;
  struct zpm_config copy = {0};
  int rc;

  (void)ctx;
  zpm_config_init(&config);
  rc = set_all(&config);
  if (rc == 0)
    rc = zpm_config_validate(&config, NULL);
  if (rc == 0)
    rc = zpm_config_copy(&copy, &config);
  if (rc == 0)
    rc = set(&copy, "env", "B=2", NULL);
  if (rc == 0)
    rc = zpm_config_merge(&config, &copy);
  zpm_config_deinit(&config);
  zpm_config_deinit(&copy);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  failing_alloc_sweep(live_a_life, NULL);
}

/* Every failure of a merge leaves the config as it was. */
static void a_failed_merge_changes_nothing(void **state)
{
  struct fixture *f = *state;
  struct zpm_config before;
  struct zpm_config changes;

  give_enough(f);
  give(&f->config, "env", "A=1");
  zpm_config_copy(&before, &f->config);
  zpm_config_init(&changes);
  give(&changes, "env", "A=2");
  give(&changes, "name", "x");
  failing_alloc.fired = true;
  for (size_t n = 0; failing_alloc.fired; n++) {
    int rc;

    failing_alloc.armed = true;
    failing_alloc.fired = false;
    failing_alloc.left = n;
    rc = zpm_config_merge(&f->config, &changes);
    failing_alloc.armed = false;
    if (rc == 0)
      break;
    assert_int_equal(zpm_config_diff(&before, &f->config), 0);
    assert_int_equal(before.given, f->config.given);
  }
  assert_string_equal(f->config.name, "x");
  zpm_config_deinit(&before);
  zpm_config_deinit(&changes);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(names_and_flags_are_unique_and_found),
      TEST(the_defaults_are_as_documented),
      TEST(a_copy_shares_nothing),
      TEST(a_merge_takes_the_given_fields_only),
      TEST(a_merge_replaces_lists_as_a_whole),
      TEST(a_diff_names_the_fields_that_change),
      TEST(a_failed_allocation_is_told_and_leaks_nothing),
      TEST(a_failed_merge_changes_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
