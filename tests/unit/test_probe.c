#include "core/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"

static void assert_probe(const char *text, int type, const char *target)
{
  struct zpm_probe probe;
  struct zpm_error err = {0};

  if (zpm_probe_from_text(&probe, text, "--probe", &err) != 0)
    fail_msg("%s: %s", text, err.message);
  assert_int_equal(probe.type, type);
  assert_string_equal(probe.target, target);
  zpm_probe_deinit(&probe);
}

static void the_scheme_tells_the_type(void **state)
{
  (void)state;
  assert_probe("http://localhost:3000/up", ZPM_PROBE_HTTP,
               "http://localhost:3000/up");
  assert_probe("https://localhost", ZPM_PROBE_HTTP, "https://localhost");
  assert_probe("tcp:3000", ZPM_PROBE_TCP, "3000");
  assert_probe("tcp:localhost:3000", ZPM_PROBE_TCP, "localhost:3000");
  assert_probe("tcp://localhost:3000", ZPM_PROBE_TCP, "localhost:3000");
  assert_probe("exec:./check.sh --fast", ZPM_PROBE_EXEC, "./check.sh --fast");
}

static void options_stand_at_the_end(void **state)
{
  struct zpm_probe probe;

  (void)state;
  assert_int_equal(
      zpm_probe_from_text(&probe,
                          "https://x/?a=1,b=2,kind=readiness,interval=0.5,"
                          "timeoutSeconds=2,failureThreshold=5,"
                          "successThreshold=2,initialDelay=1,expectStatus=204,"
                          "insecure=true",
                          "--probe", NULL),
      0);
  assert_string_equal(probe.target, "https://x/?a=1,b=2");
  assert_int_equal(probe.kind, ZPM_PROBE_READINESS);
  assert_int_equal(probe.interval_ms, 500);
  assert_int_equal(probe.timeout_ms, 2000);
  assert_int_equal(probe.failure_threshold, 5);
  assert_int_equal(probe.success_threshold, 2);
  assert_int_equal(probe.initial_delay_ms, 1000);
  assert_int_equal(probe.expect_status, 204);
  assert_true(probe.insecure);
  zpm_probe_deinit(&probe);
}

static void commas_in_a_command_survive(void **state)
{
  (void)state;
  assert_probe("exec:test -e a,b", ZPM_PROBE_EXEC, "test -e a,b");
  assert_probe("exec:x --list=a,other=1", ZPM_PROBE_EXEC, "x --list=a,other=1");
  assert_probe("exec:x timeout=1,interval=2", ZPM_PROBE_EXEC, "x timeout=1");
  assert_probe("exec:x a,type=b", ZPM_PROBE_EXEC, "x a,type=b");
}

static void assert_refused(const char *text, const char *message)
{
  struct zpm_probe probe;
  struct zpm_error err = {0};

  assert_int_equal(zpm_probe_from_text(&probe, text, "--probe", &err),
                   ZPM_ECONFIG);
  assert_string_equal(err.message, message);
  zpm_probe_deinit(&probe);
}

static void what_is_wrong_is_named(void **state)
{
  (void)state;
  assert_refused("localhost:3000",
                 "--probe must begin with http://, https://, tcp: or exec:, "
                 "not \"localhost:3000\"");
  assert_refused("tcp:1,interval=0",
                 "--probe: interval must be a number of 0.1 to 86400 seconds, "
                 "not \"0\"");
  assert_refused("tcp:1,expectStatus=99",
                 "--probe: expectStatus must be 0 or a whole number of 100 to "
                 "599, not \"99\"");
  assert_refused("tcp:1,kind=life", "--probe: kind must be one of liveness, "
                                    "readiness, not \"life\"");
  assert_refused("tcp:1,insecure=yes",
                 "--probe: insecure must be true or false, not \"yes\"");
}

static void a_switch_alone_is_on(void **state)
{
  struct zpm_probe probe;

  (void)state;
  assert_int_equal(zpm_probe_from_text(&probe,
                                       "https://x/,kind=readiness,insecure,"
                                       "interval=2",
                                       "--probe", NULL),
                   0);
  assert_string_equal(probe.target, "https://x/");
  assert_int_equal(probe.kind, ZPM_PROBE_READINESS);
  assert_true(probe.insecure);
  zpm_probe_deinit(&probe);
}

/* It would become a part of the target, and all before it with it. */
static void a_slip_in_an_option_is_not_taken_for_the_target(void **state)
{
  (void)state;
  assert_refused("http://x/up,kind=readiness,intervall=1",
                 "--probe has no option 'intervall'. Did you mean "
                 "'interval'? A comma of the target's own is written %2C");
  assert_refused("http://x/up?a=1,kind=readiness,unsafe",
                 "--probe has no option 'unsafe', only kind, interval, "
                 "timeout, failureThreshold, successThreshold, initialDelay, "
                 "expectStatus and insecure. A comma of the target's own is "
                 "written %2C");
  assert_refused("http://x/up,readiness",
                 "--probe has no option 'readiness'. Did you mean "
                 "'kind=readiness'? A comma of the target's own is written "
                 "%2C");
  assert_refused("tcp:1,retries=3,kind=readiness",
                 "--probe has no option 'retries', only kind, interval, "
                 "timeout, failureThreshold, successThreshold, initialDelay, "
                 "expectStatus and insecure");
  assert_refused("exec:./up.sh,tiemout=2",
                 "--probe has no option 'tiemout'. Did you mean 'timeout'?");
  assert_refused("exec:./up.sh,kind=readiness,a=b",
                 "--probe has no option 'a', only kind, interval, timeout, "
                 "failureThreshold, successThreshold, initialDelay, "
                 "expectStatus and insecure");
  assert_refused("tcp:1,interval",
                 "--probe: interval needs a value: interval=...");
}

static void the_defaults_are_as_documented(void **state)
{
  struct zpm_probe probe;

  (void)state;
  zpm_probe_init(&probe);
  assert_null(probe.target);
  assert_int_equal(probe.kind, ZPM_PROBE_LIVENESS);
  assert_int_equal(probe.interval_ms, 10000);
  assert_int_equal(probe.timeout_ms, 5000);
  assert_int_equal(probe.initial_delay_ms, 0);
  assert_int_equal(probe.failure_threshold, 3);
  assert_int_equal(probe.success_threshold, 1);
  assert_int_equal(probe.expect_status, 0);
  assert_false(probe.insecure);
}

/* proto/probes_json.c counts on it. */
static void the_first_two_fields_are_those_that_must_be_given(void **state)
{
  (void)state;
  assert_string_equal(ZPM_PROBE_FIELDS[0].name, "type");
  assert_string_equal(ZPM_PROBE_FIELDS[1].name, "target");
  assert_string_equal(zpm_probe_type_name(ZPM_PROBE_EXEC), "exec");
  assert_string_equal(zpm_probe_kind_name(ZPM_PROBE_READINESS), "readiness");
}

static void probes_are_compared_one_by_one(void **state)
{
  struct zpm_probes one = {0};
  struct zpm_probes other;
  struct zpm_probe probe;

  (void)state;
  zpm_probe_from_text(&probe, "tcp:1", "--probe", NULL);
  zpm_probes_add(&one, &probe);
  assert_int_equal(zpm_probes_copy(&other, &one), 0);
  assert_true(zpm_probes_equal(&one, &other));
  assert_ptr_not_equal(one.items[0].target, other.items[0].target);
  other.items[0].timeout_ms++;
  assert_false(zpm_probes_equal(&one, &other));
  zpm_probes_deinit(&other);
  assert_false(zpm_probes_equal(&one, &other));
  zpm_probes_deinit(&one);
  assert_int_equal(failing_alloc.live, 0);
}

static int live_a_life(void *ctx)
{
  struct zpm_probes probes = {0};
  struct zpm_probes copy = {0};
  struct zpm_probe probe;
  int rc = 0;

  (void)ctx;
  for (int i = 0; rc == 0 && i < 2; i++) {
    rc = zpm_probe_from_text(&probe, "exec:true,timeout=1", "--probe", NULL);
    if (rc == 0)
      rc = zpm_probes_add(&probes, &probe);
    zpm_probe_deinit(&probe);
  }
  if (rc == 0)
    rc = zpm_probes_copy(&copy, &probes);
  zpm_probes_deinit(&probes);
  zpm_probes_deinit(&copy);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  failing_alloc_sweep(live_a_life, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_scheme_tells_the_type),
      cmocka_unit_test(options_stand_at_the_end),
      cmocka_unit_test(commas_in_a_command_survive),
      cmocka_unit_test(what_is_wrong_is_named),
      cmocka_unit_test(a_switch_alone_is_on),
      cmocka_unit_test(a_slip_in_an_option_is_not_taken_for_the_target),
      cmocka_unit_test(the_defaults_are_as_documented),
      cmocka_unit_test(the_first_two_fields_are_those_that_must_be_given),
      cmocka_unit_test(probes_are_compared_one_by_one),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
