#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/health.h"
#include "core/record.h"

static struct zpm_probe probe_of(enum zpm_probe_kind kind)
{
  static char target[] = "http://localhost:3000/health";

  return (struct zpm_probe){.type = ZPM_PROBE_HTTP,
                            .kind = (int)kind,
                            .target = target,
                            .interval_ms = 10000,
                            .timeout_ms = 5000,
                            .failure_threshold = 3,
                            .success_threshold = 1};
}

static struct zpm_health health_of(struct zpm_probe *probes, size_t len,
                                   bool wants_word)
{
  struct zpm_health health;

  zpm_health_init(&health, &(struct zpm_probes){probes, len}, wants_word,
                  false);
  return health;
}

static bool passes(struct zpm_health *health, size_t probe)
{
  return zpm_health_on_outcome(health, probe, ZPM_OUTCOME_PASSED);
}

static bool fails(struct zpm_health *health, size_t probe)
{
  return zpm_health_on_outcome(health, probe, ZPM_OUTCOME_FAILED);
}

/* ---- liveness ---- */

static void it_fails_after_so_many_failures_in_a_row(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_LIVENESS);
  struct zpm_health health = health_of(&probe, 1, false);

  (void)state;
  assert_int_equal(health.state, ZPM_HEALTH_READY);
  assert_false(fails(&health, 0));
  assert_false(fails(&health, 0));
  assert_int_equal(zpm_health_failures(&health), 2);
  assert_false(passes(&health, 0));
  assert_int_equal(zpm_health_failures(&health), 0);
  assert_false(fails(&health, 0));
  assert_false(fails(&health, 0));
  assert_true(fails(&health, 0));
  assert_int_equal(health.state, ZPM_HEALTH_FAILING);
}

static void nothing_follows_a_failure(void **state)
{
  struct zpm_probe probes[] = {probe_of(ZPM_PROBE_LIVENESS),
                               probe_of(ZPM_PROBE_LIVENESS)};
  struct zpm_health health;

  (void)state;
  probes[0].failure_threshold = 1;
  health = health_of(probes, 2, false);
  assert_true(fails(&health, 0));
  assert_false(passes(&health, 0));
  assert_false(fails(&health, 1));
  assert_int_equal(health.state, ZPM_HEALTH_FAILING);
  assert_true(zpm_health_delay(&health, 0) == ZPM_HEALTH_NEVER);
  assert_true(zpm_health_delay(&health, 1) == ZPM_HEALTH_NEVER);
}

static void a_threshold_of_none_means_one(void **state)
{
  struct zpm_probe probes[] = {probe_of(ZPM_PROBE_LIVENESS),
                               probe_of(ZPM_PROBE_READINESS)};
  struct zpm_health health;

  (void)state;
  probes[0].failure_threshold = 0;
  probes[1].success_threshold = 0;
  health = health_of(probes, 2, false);
  assert_int_equal(health.state, ZPM_HEALTH_WARMING);
  assert_true(passes(&health, 1));
  assert_true(fails(&health, 0));
}

static void each_probe_counts_for_itself(void **state)
{
  struct zpm_probe probes[] = {probe_of(ZPM_PROBE_LIVENESS),
                               probe_of(ZPM_PROBE_LIVENESS)};
  struct zpm_health health = health_of(probes, 2, false);

  (void)state;
  fails(&health, 0);
  fails(&health, 0);
  passes(&health, 1);
  assert_int_equal(zpm_health_failures(&health), 2);
  assert_false(fails(&health, 1));
  assert_true(fails(&health, 0));
}

static void one_success_may_not_be_enough_to_forget(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_LIVENESS);
  struct zpm_health health;

  (void)state;
  probe.success_threshold = 2;
  health = health_of(&probe, 1, false);
  fails(&health, 0);
  fails(&health, 0);
  passes(&health, 0);
  assert_int_equal(zpm_health_failures(&health), 2);
  passes(&health, 0);
  assert_int_equal(zpm_health_failures(&health), 0);
  fails(&health, 0);
  passes(&health, 0);
  fails(&health, 0);
  assert_true(fails(&health, 0));
}

static void what_could_not_be_tried_says_nothing(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_LIVENESS);
  struct zpm_health health = health_of(&probe, 1, false);

  (void)state;
  for (int i = 0; i < 100; i++)
    assert_false(zpm_health_on_outcome(&health, 0, ZPM_OUTCOME_VOID));
  assert_int_equal(zpm_health_failures(&health), 0);
  assert_int_equal(zpm_health_delay(&health, 0), 10000);
}

/* ---- readiness ---- */

static void it_is_ready_when_all_have_passed_and_it_said_so(void **state)
{
  (void)state;
  for (unsigned order = 0; order < 6; order++) {
    static const size_t ORDERS[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct zpm_probe probes[] = {probe_of(ZPM_PROBE_READINESS),
                                 probe_of(ZPM_PROBE_READINESS)};
    struct zpm_health health = health_of(probes, 2, true);

    for (size_t i = 0; i < 3; i++) {
      size_t which = ORDERS[order][i];
      bool changed =
          which < 2 ? passes(&health, which) : zpm_health_on_word(&health);

      assert_int_equal(changed, i == 2);
    }
    assert_int_equal(health.state, ZPM_HEALTH_READY);
    assert_false(zpm_health_on_word(&health));
  }
}

static void without_anything_to_wait_for_it_is_ready(void **state)
{
  struct zpm_health health = health_of(NULL, 0, false);

  (void)state;
  assert_int_equal(health.state, ZPM_HEALTH_READY);
  health = health_of(NULL, 0, true);
  assert_int_equal(health.state, ZPM_HEALTH_WARMING);
  assert_true(zpm_health_on_word(&health));
}

static void who_was_ready_before_stays_so(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_READINESS);
  struct zpm_health health;

  (void)state;
  zpm_health_init(&health, &(struct zpm_probes){&probe, 1}, true, true);
  assert_int_equal(health.state, ZPM_HEALTH_READY);
  assert_false(zpm_health_on_word(&health));
  assert_true(zpm_health_delay(&health, 0) == ZPM_HEALTH_NEVER);
}

static void readiness_may_fail_for_ever_and_is_no_failure(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_READINESS);
  struct zpm_health health = health_of(&probe, 1, false);

  (void)state;
  for (int i = 0; i < 1000; i++)
    assert_false(fails(&health, 0));
  assert_int_equal(zpm_health_failures(&health), 0);
  assert_true(passes(&health, 0));
}

static void several_successes_must_come_in_a_row(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_READINESS);
  struct zpm_health health;

  (void)state;
  probe.success_threshold = 2;
  health = health_of(&probe, 1, false);
  assert_false(passes(&health, 0));
  assert_false(fails(&health, 0));
  assert_false(passes(&health, 0));
  assert_int_equal(zpm_health_delay(&health, 0), 10000);
  assert_true(passes(&health, 0));
}

/* ---- when ---- */

static void readiness_is_asked_soon_and_then_less_often(void **state)
{
  static const uint64_t WANTED[] = {0,    100,  200,  400,   800,
                                    1600, 3200, 6400, 10000, 10000};
  struct zpm_probe probe = probe_of(ZPM_PROBE_READINESS);
  struct zpm_health health = health_of(&probe, 1, false);

  (void)state;
  for (size_t i = 0; i < sizeof(WANTED) / sizeof(WANTED[0]); i++) {
    assert_int_equal(zpm_health_delay(&health, 0), WANTED[i]);
    fails(&health, 0);
  }
  for (int i = 0; i < 100; i++)
    fails(&health, 0);
  assert_int_equal(zpm_health_delay(&health, 0), 10000);
  passes(&health, 0);
  assert_true(zpm_health_delay(&health, 0) == ZPM_HEALTH_NEVER);
}

static void liveness_waits_until_it_is_ready(void **state)
{
  struct zpm_probe probes[] = {probe_of(ZPM_PROBE_LIVENESS),
                               probe_of(ZPM_PROBE_READINESS)};
  struct zpm_health health = health_of(probes, 2, false);

  (void)state;
  assert_true(zpm_health_delay(&health, 0) == ZPM_HEALTH_NEVER);
  assert_false(fails(&health, 0)); /* it has no say yet */
  passes(&health, 1);
  assert_int_equal(zpm_health_failures(&health), 0);
  assert_int_equal(zpm_health_delay(&health, 0), 10000);
}

static void an_initial_delay_stands_for_the_first_interval(void **state)
{
  struct zpm_probe probes[] = {probe_of(ZPM_PROBE_LIVENESS),
                               probe_of(ZPM_PROBE_READINESS)};
  struct zpm_health health;

  (void)state;
  probes[0].initial_delay_ms = 700;
  probes[1].initial_delay_ms = 300;
  health = health_of(probes, 2, false);
  assert_int_equal(zpm_health_delay(&health, 1), 300);
  passes(&health, 1);
  assert_int_equal(zpm_health_delay(&health, 0), 700);
  passes(&health, 0);
  assert_int_equal(zpm_health_delay(&health, 0), 10000);
}

static void a_port_is_looked_at_often_at_first(void **state)
{
  unsigned wide = 0;

  (void)state;
  assert_int_equal(zpm_health_listen_delay(0), 50);
  assert_int_equal(zpm_health_listen_delay(1000), 250);
  assert_false(zpm_health_listen_wide(0)); /* most listen themselves */
  for (uint32_t looks = 0; looks < 100; looks++)
    wide += zpm_health_listen_wide(looks);
  assert_int_equal(wide, 25);
}

/* ---- what an answer means ---- */

static void a_status_passes_below_500_or_as_expected(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_LIVENESS);
  char text[ZPM_HEALTH_CAUSE_SIZE];

  (void)state;
  assert_true(zpm_health_status_passes(&probe, 200));
  assert_true(zpm_health_status_passes(&probe, 499));
  assert_false(zpm_health_status_passes(&probe, 500));
  assert_string_equal(zpm_health_status_cause(&probe, 500, text), "status 500");
  probe.expect_status = 503;
  assert_true(zpm_health_status_passes(&probe, 503));
  assert_false(zpm_health_status_passes(&probe, 200));
  assert_string_equal(zpm_health_status_cause(&probe, 200, text),
                      "status 200, not 503");
}

static void a_command_passes_with_exit_code_0_alone(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_LIVENESS);
  char text[ZPM_HEALTH_CAUSE_SIZE];

  (void)state;
  assert_true(zpm_health_exit_passes(&(struct zpm_exit){.known = true}));
  assert_false(zpm_health_exit_passes(&(struct zpm_exit){.known = false}));
  assert_false(
      zpm_health_exit_passes(&(struct zpm_exit){.known = true, .code = 1}));
  assert_false(zpm_health_exit_passes(
      &(struct zpm_exit){.known = true, .code = -1, .signal = 9}));
  assert_string_equal(
      zpm_health_exit_cause(&probe, &(struct zpm_exit){.code = 2}, "no", text),
      "exit code 2: no");
  assert_string_equal(
      zpm_health_exit_cause(&probe, &(struct zpm_exit){.signal = 11}, "", text),
      "SIGSEGV");
  assert_string_equal(
      zpm_health_exit_cause(&probe, &(struct zpm_exit){.signal = 99}, "", text),
      "signal 99");
  assert_string_equal(zpm_health_exit_cause(&probe, NULL, "", text),
                      "no end within 5 s");
}

/* ---- the event loop ---- */

static void an_event_loop_that_answers_is_asked_for_ever(void **state)
{
  struct zpm_pulse pulse = {.timeout_ms = 1001};
  uint64_t now = 5000;

  (void)state;
  for (int i = 0; i < 100; i++) {
    assert_true(zpm_pulse_tick(&pulse, now));
    zpm_pulse_on_answer(&pulse);
    now += zpm_pulse_period(&pulse);
  }
}

static void a_silent_one_is_asked_again_and_then_given_up(void **state)
{
  struct zpm_pulse pulse = {.timeout_ms = 1001};

  (void)state;
  assert_int_equal(zpm_pulse_period(&pulse), 501);
  assert_true(zpm_pulse_tick(&pulse, 5000));
  assert_true(zpm_pulse_tick(&pulse, 5501));
  assert_false(zpm_pulse_tick(&pulse, 6002));
}

static void an_answer_to_any_question_will_do(void **state)
{
  struct zpm_pulse pulse = {.timeout_ms = 1000};

  (void)state;
  assert_true(zpm_pulse_tick(&pulse, 0));
  assert_true(zpm_pulse_tick(&pulse, 500));
  zpm_pulse_on_answer(&pulse);
  assert_true(zpm_pulse_tick(&pulse, 1000));
  assert_true(zpm_pulse_tick(&pulse, 1500));
  assert_false(zpm_pulse_tick(&pulse, 2000));
}

static void nobody_is_blamed_while_we_were_held_up(void **state)
{
  struct zpm_pulse pulse = {.timeout_ms = 1000};

  (void)state;
  assert_true(zpm_pulse_tick(&pulse, 1000));
  assert_true(zpm_pulse_tick(&pulse, 1500));
  /* Stopped for a minute: the answer lies there unread. */
  assert_true(zpm_pulse_tick(&pulse, 61500));
  assert_true(zpm_pulse_tick(&pulse, 62000));
  assert_false(zpm_pulse_tick(&pulse, 62500));

  assert_false(zpm_health_is_late(1000, 2000, 1000));
  assert_false(zpm_health_is_late(1000, 2000, 2500));
  assert_true(zpm_health_is_late(1000, 2000, 2501));
}

/* ---- in words ---- */

static void a_failure_is_told_in_one_sentence(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_LIVENESS);
  struct zpm_health health = health_of(&probe, 1, false);
  char text[ZPM_HEALTH_TEXT_SIZE];

  (void)state;
  for (int i = 0; i < 3; i++)
    fails(&health, 0);
  assert_string_equal(
      zpm_health_why_failing(&health, 0, "connection refused", text),
      "liveness probe http://localhost:3000/health failed 3 times in a row: "
      "connection refused");
  health.of[0].failures = 1;
  assert_string_equal(zpm_health_why_failing(&health, 0, "", text),
                      "liveness probe http://localhost:3000/health failed");
  probe.success_threshold = 2;
  health.of[0].failures = 2;
  assert_string_equal(
      zpm_health_why_failing(&health, 0, "status 503", text),
      "liveness probe http://localhost:3000/health failed 2 times: "
      "status 503");
}

static void what_is_waited_for_is_told(void **state)
{
  static char port[] = ":3000", command[] = "./check.sh\n\t-x";
  struct zpm_probe probes[] = {probe_of(ZPM_PROBE_READINESS),
                               probe_of(ZPM_PROBE_READINESS)};
  struct zpm_health health;
  char text[ZPM_HEALTH_TEXT_SIZE];

  (void)state;
  probes[0].type = ZPM_PROBE_TCP;
  probes[0].target = port;
  probes[1].type = ZPM_PROBE_EXEC;
  probes[1].target = command;
  health = health_of(probes, 2, false);
  assert_string_equal(
      zpm_health_why_pending(&health, 0, "connection refused", text),
      "readiness probe tcp :3000: connection refused");
  assert_string_equal(zpm_health_why_pending(&health, 1, NULL, text),
                      "readiness probe exec ./check.sh  -x");
}

static void a_text_is_cut_between_characters(void **state)
{
  struct zpm_probe probe = probe_of(ZPM_PROBE_LIVENESS);
  struct zpm_health health;
  char target[302], cause[302], text[ZPM_HEALTH_TEXT_SIZE];

  (void)state;
  for (size_t i = 0; i < 300; i += 2) {
    memcpy(target + i, "\xc3\xbc", 3);
    memcpy(cause + i, "\xc3\xbc", 3);
  }
  probe.type = ZPM_PROBE_EXEC;
  probe.target = target;
  health = health_of(&probe, 1, false);
  for (int i = 0; i < 2; i++) {
    size_t len = strlen(zpm_health_why_failing(&health, 0, cause + i, text));

    assert_true(len >= ZPM_HEALTH_TEXT_SIZE - 3);
    assert_non_null(strstr(text, "\xbc... failed: "));
    assert_int_equal((unsigned char)text[len - 1], 0xbc);
    probe.target++; /* in the middle of a character: the cut is elsewhere */
    probe.target[0] = 'x';
  }
}

static void times_are_short(void **state)
{
  struct zpm_pulse pulse = {.timeout_ms = 10000};
  char text[ZPM_HEALTH_TEXT_SIZE], time[ZPM_HEALTH_TIME_SIZE];

  (void)state;
  assert_string_equal(zpm_pulse_why(&pulse, text),
                      "its event loop has not answered for 10 s");
  assert_string_equal(zpm_health_time(250, time), "250 ms");
  assert_string_equal(zpm_health_time(1500, time), "1.5 s");
  assert_string_equal(zpm_health_time(2099, time), "2 s");
}

static bool json(const char *text)
{
  return zpm_health_is_ready_json(text, strlen(text));
}

static bool notify(const char *text)
{
  return zpm_health_is_ready_notify(text, strlen(text));
}

static void an_app_says_that_it_is_ready_in_two_ways(void **state)
{
  (void)state;
  assert_true(json("\"ready\""));
  assert_false(json("ready"));
  assert_false(json("\"ready\" "));
  assert_false(json("{\"ready\":true}"));
  assert_false(json(""));
  assert_true(notify("READY=1"));
  assert_true(notify("READY=1\n"));
  assert_true(notify("STATUS=Up\nREADY=1\nMAINPID=3"));
  assert_true(notify("\n\nREADY=1"));
  assert_false(notify("READY=0"));
  assert_false(notify("READY=12"));
  assert_false(notify("NOTREADY=1"));
  assert_false(notify("STATUS=READY=1"));
  assert_false(notify("READY="));
  assert_false(notify(""));
  assert_false(notify("\n"));
  assert_false(zpm_health_is_ready_notify("READY=1\0", 8));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_fails_after_so_many_failures_in_a_row),
      cmocka_unit_test(nothing_follows_a_failure),
      cmocka_unit_test(a_threshold_of_none_means_one),
      cmocka_unit_test(each_probe_counts_for_itself),
      cmocka_unit_test(one_success_may_not_be_enough_to_forget),
      cmocka_unit_test(what_could_not_be_tried_says_nothing),
      cmocka_unit_test(it_is_ready_when_all_have_passed_and_it_said_so),
      cmocka_unit_test(without_anything_to_wait_for_it_is_ready),
      cmocka_unit_test(who_was_ready_before_stays_so),
      cmocka_unit_test(readiness_may_fail_for_ever_and_is_no_failure),
      cmocka_unit_test(several_successes_must_come_in_a_row),
      cmocka_unit_test(readiness_is_asked_soon_and_then_less_often),
      cmocka_unit_test(liveness_waits_until_it_is_ready),
      cmocka_unit_test(an_initial_delay_stands_for_the_first_interval),
      cmocka_unit_test(a_port_is_looked_at_often_at_first),
      cmocka_unit_test(a_status_passes_below_500_or_as_expected),
      cmocka_unit_test(a_command_passes_with_exit_code_0_alone),
      cmocka_unit_test(an_event_loop_that_answers_is_asked_for_ever),
      cmocka_unit_test(a_silent_one_is_asked_again_and_then_given_up),
      cmocka_unit_test(an_answer_to_any_question_will_do),
      cmocka_unit_test(nobody_is_blamed_while_we_were_held_up),
      cmocka_unit_test(a_failure_is_told_in_one_sentence),
      cmocka_unit_test(what_is_waited_for_is_told),
      cmocka_unit_test(a_text_is_cut_between_characters),
      cmocka_unit_test(times_are_short),
      cmocka_unit_test(an_app_says_that_it_is_ready_in_two_ways),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
