#include "core/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct zpm_policy POLICY = {
    .min_backoff_ms = 1000,
    .max_backoff_ms = 16000,
    .kill_timeout_ms = 5000,
    .autorestart = ZPM_AUTORESTART_ON_FAILURE,
    .immediate_crash = ZPM_IMMEDIATE_AUTO,
};

static const struct zpm_build BUILD = {.mtime_ns = 1, .size = 10};
static const struct zpm_build OTHER_BUILD = {.mtime_ns = 2, .size = 10};

/* A machine with its clock. */
struct life {
  struct zpm_machine m;
  struct zpm_policy policy;
  uint64_t now_ms;
};

static struct life newborn(void)
{
  return (struct life){.policy = POLICY, .now_ms = 100000};
}

static struct zpm_effects feed(struct life *l, struct zpm_fact fact)
{
  fact.now_ms = l->now_ms;
  return zpm_machine_step(&l->m, &l->policy, &fact);
}

static struct zpm_effects event(struct life *l, enum zpm_event e)
{
  return feed(l, (struct zpm_fact){.event = e, .build = BUILD});
}

static void start_and_run(struct life *l, uint64_t run_ms)
{
  event(l, ZPM_EV_START);
  event(l, ZPM_EV_UP);
  l->now_ms += run_ms;
}

/* The leader ends and nothing of its tree is left. */
static struct zpm_effects end(struct life *l, int code, int signal)
{
  struct zpm_exit how = {.known = true, .code = code, .signal = signal};

  feed(l, (struct zpm_fact){.event = ZPM_EV_EXIT, .end = how});
  return event(l, ZPM_EV_GONE);
}

static void a_start_spawns_and_runs(void **state)
{
  struct life l = newborn();

  (void)state;
  assert_int_equal(event(&l, ZPM_EV_START).todo, ZPM_DO_SPAWN | ZPM_DO_DISARM);
  assert_int_equal(l.m.state, ZPM_STARTING);
  assert_int_equal(event(&l, ZPM_EV_UP).todo, ZPM_DO_DISARM);
  assert_int_equal(l.m.state, ZPM_RUNNING);
  assert_true(zpm_machine_wants_up(&l.m));
}

static void what_cannot_start_is_held_without_a_retry(void **state)
{
  struct life l = newborn();

  (void)state;
  event(&l, ZPM_EV_START);
  assert_int_equal(event(&l, ZPM_EV_CANNOT).todo, ZPM_DO_DISARM);
  assert_int_equal(l.m.state, ZPM_HELD);
  assert_int_equal(event(&l, ZPM_EV_TIMER).todo, 0);
  assert_true(event(&l, ZPM_EV_START).todo & ZPM_DO_SPAWN);
}

static void a_failed_fork_is_tried_again_after_the_backoff(void **state)
{
  struct life l = newborn();
  struct zpm_effects effects;

  (void)state;
  event(&l, ZPM_EV_START);
  effects = event(&l, ZPM_EV_FORK_FAILED);
  assert_int_equal(effects.todo, ZPM_DO_TIMER);
  assert_int_equal(effects.delay_ms, 1000);
  assert_true(event(&l, ZPM_EV_TIMER).todo & ZPM_DO_SPAWN);
}

static void a_failed_fork_waits_even_without_a_backoff(void **state)
{
  struct life l = newborn();

  (void)state;
  l.policy.min_backoff_ms = 0;
  event(&l, ZPM_EV_START);
  assert_int_equal(event(&l, ZPM_EV_FORK_FAILED).delay_ms, ZPM_FORK_AGAIN_MS);
}

static void backoff_doubles_up_to_its_cap(void **state)
{
  static const uint64_t expected[] = {1000, 2000, 4000, 8000, 16000, 16000};
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 2000);
  for (size_t i = 0; i < 6; i++) {
    struct zpm_effects effects = end(&l, 1, 0);

    assert_int_equal(l.m.state, ZPM_BACKOFF);
    assert_int_equal(effects.delay_ms, expected[i]);
    assert_int_equal(l.m.due_ms, l.now_ms + expected[i]);
    assert_int_equal(l.m.crashes, i + 1);
    l.now_ms += effects.delay_ms;
    assert_true(event(&l, ZPM_EV_TIMER).todo & ZPM_DO_SPAWN);
    event(&l, ZPM_EV_UP);
    l.now_ms += 2000;
  }
  assert_int_equal(l.m.total_restarts, 6);
}

static void a_backoff_of_zero_restarts_at_once_for_ever(void **state)
{
  struct zpm_policy policy = {.min_backoff_ms = 0, .max_backoff_ms = 16000};

  (void)state;
  assert_int_equal(zpm_policy_backoff(&policy, 1), 0);
  assert_int_equal(zpm_policy_backoff(&policy, 1000000), 0);
}

static void without_a_backoff_the_next_start_waits_for_no_timer(void **state)
{
  struct life l = newborn();

  (void)state;
  l.policy.min_backoff_ms = 0;
  start_and_run(&l, 2000);
  assert_int_equal(end(&l, 1, 0).todo, ZPM_DO_SPAWN | ZPM_DO_DISARM);
  assert_int_equal(l.m.state, ZPM_STARTING);
  assert_int_equal(l.m.total_restarts, 1);
}

static void a_cap_below_the_minimum_wins(void **state)
{
  struct zpm_policy policy = {.min_backoff_ms = 3000, .max_backoff_ms = 100};

  (void)state;
  assert_int_equal(zpm_policy_backoff(&policy, 1), 100);
}

static void of_crashes_in_a_row_ever_fewer_are_told(void **state)
{
  uint32_t told = 0;

  (void)state;
  assert_true(zpm_policy_tells_crash(1));
  assert_true(zpm_policy_tells_crash(2));
  assert_false(zpm_policy_tells_crash(3));
  assert_true(zpm_policy_tells_crash(4));
  for (uint32_t crash = 1; crash <= 100000; crash++)
    told += zpm_policy_tells_crash(crash);
  assert_int_equal(told, 17);
}

static void a_stable_run_clears_crashes_and_backoff(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 2000);
  end(&l, 1, 0);
  l.now_ms += 1000;
  event(&l, ZPM_EV_TIMER);
  event(&l, ZPM_EV_UP);
  l.now_ms += ZPM_STABLE_MS - 1;
  assert_int_equal(zpm_machine_restart_count(&l.m, l.now_ms), 1);
  l.now_ms += 1;
  assert_int_equal(zpm_machine_restart_count(&l.m, l.now_ms), 0);
  assert_int_equal(end(&l, 1, 0).delay_ms, 1000);
  assert_int_equal(l.m.crashes, 1);
  assert_int_equal(l.m.total_restarts, 1);
}

static void an_immediate_crash_is_held(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, ZPM_IMMEDIATE_MS - 1);
  end(&l, 1, 0);
  assert_int_equal(l.m.state, ZPM_HELD);
  assert_true(zpm_machine_wants_up(&l.m));
}

static void a_crash_after_the_limit_is_retried(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, ZPM_IMMEDIATE_MS);
  end(&l, -1, 11);
  assert_int_equal(l.m.state, ZPM_BACKOFF);
}

static void a_proven_build_is_retried_when_it_dies_at_once(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, ZPM_STABLE_MS);
  end(&l, 1, 0);
  l.now_ms += 1000;
  event(&l, ZPM_EV_TIMER);
  event(&l, ZPM_EV_UP);
  end(&l, 1, 0);
  assert_int_equal(l.m.state, ZPM_BACKOFF);
}

static void a_changed_build_has_to_prove_itself_again(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, ZPM_STABLE_MS);
  end(&l, 1, 0);
  event(&l, ZPM_EV_TIMER);
  feed(&l, (struct zpm_fact){.event = ZPM_EV_UP, .build = OTHER_BUILD});
  end(&l, 1, 0);
  assert_int_equal(l.m.state, ZPM_HELD);
}

static void a_stop_of_a_stable_run_also_proves_the_build(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, ZPM_STABLE_MS);
  event(&l, ZPM_EV_STOP);
  assert_true(zpm_build_equal(&l.m.proven, &BUILD));
}

static void an_unknown_build_is_never_proven(void **state)
{
  struct zpm_build unknown = {0};

  (void)state;
  assert_false(zpm_build_equal(&unknown, &unknown));
}

static void immediate_crash_can_be_overridden(void **state)
{
  struct life l = newborn();

  (void)state;
  l.policy.immediate_crash = ZPM_IMMEDIATE_RETRY;
  start_and_run(&l, 1);
  end(&l, 1, 0);
  assert_int_equal(l.m.state, ZPM_BACKOFF);

  l = newborn();
  l.policy.immediate_crash = ZPM_IMMEDIATE_HOLD;
  l.m.proven = BUILD;
  start_and_run(&l, 1);
  end(&l, 1, 0);
  assert_int_equal(l.m.state, ZPM_HELD);
}

static void exit_0_is_an_end_unless_always(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 1);
  end(&l, 0, 0);
  assert_int_equal(l.m.state, ZPM_DONE);
  assert_false(zpm_machine_wants_up(&l.m));

  l = newborn();
  l.policy.autorestart = ZPM_AUTORESTART_ALWAYS;
  start_and_run(&l, 1);
  end(&l, 0, 0);
  assert_int_equal(l.m.state, ZPM_BACKOFF);
}

static void without_autorestart_a_crash_is_held(void **state)
{
  struct life l = newborn();

  (void)state;
  l.policy.autorestart = ZPM_AUTORESTART_NEVER;
  start_and_run(&l, 60000);
  end(&l, 1, 0);
  assert_int_equal(l.m.state, ZPM_HELD);
}

static void an_unknown_exit_counts_as_a_crash(void **state)
{
  struct zpm_exit unknown = {.uptime_ms = 60000};

  (void)state;
  assert_int_equal(zpm_policy_judge(&POLICY, &unknown, false),
                   ZPM_VERDICT_RETRY);
}

static void stop_is_term_then_kill_until_nothing_is_left(void **state)
{
  struct life l = newborn();
  struct zpm_effects effects;

  (void)state;
  start_and_run(&l, 2000);
  effects = event(&l, ZPM_EV_STOP);
  assert_int_equal(effects.todo, ZPM_DO_TERM | ZPM_DO_TIMER);
  assert_int_equal(effects.delay_ms, 5000);
  for (int i = 0; i < 3; i++) {
    effects = event(&l, ZPM_EV_TIMER);
    assert_int_equal(effects.todo, ZPM_DO_KILL | ZPM_DO_TIMER);
    assert_int_equal(l.m.state, ZPM_STOPPING);
  }
  assert_int_equal(event(&l, ZPM_EV_GONE).todo, ZPM_DO_DISARM);
  assert_int_equal(l.m.state, ZPM_STOPPED);
}

static void the_rest_of_a_crashed_tree_goes_before_the_next_start(void **state)
{
  struct life l = newborn();
  struct zpm_exit how = {.known = true, .code = 1};
  struct zpm_effects effects;

  (void)state;
  start_and_run(&l, 2000);
  effects = feed(&l, (struct zpm_fact){.event = ZPM_EV_EXIT, .end = how});
  assert_int_equal(effects.todo, ZPM_DO_TERM | ZPM_DO_TIMER);
  assert_int_equal(l.m.state, ZPM_STOPPING);
  assert_int_equal(event(&l, ZPM_EV_GONE).todo, ZPM_DO_TIMER);
  assert_int_equal(l.m.state, ZPM_BACKOFF);
}

static void the_last_wish_wins_while_stopping(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 2000);
  event(&l, ZPM_EV_RESTART);
  event(&l, ZPM_EV_STOP);
  event(&l, ZPM_EV_GONE);
  assert_int_equal(l.m.state, ZPM_STOPPED);

  start_and_run(&l, 2000);
  event(&l, ZPM_EV_STOP);
  event(&l, ZPM_EV_START);
  assert_true(event(&l, ZPM_EV_GONE).todo & ZPM_DO_SPAWN);
}

static void a_restart_counts_but_is_no_crash(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 2000);
  event(&l, ZPM_EV_RESTART);
  assert_true(event(&l, ZPM_EV_GONE).todo & ZPM_DO_SPAWN);
  assert_int_equal(l.m.total_restarts, 1);
  assert_int_equal(l.m.crashes, 0);
}

static void a_stop_ends_a_backoff(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 2000);
  end(&l, 1, 0);
  assert_int_equal(event(&l, ZPM_EV_STOP).todo, ZPM_DO_DISARM);
  assert_int_equal(l.m.state, ZPM_STOPPED);
  assert_int_equal(event(&l, ZPM_EV_TIMER).todo, 0);
}

static void an_adopted_run_goes_on_as_if_it_had_begun_here(void **state)
{
  struct life l = newborn();
  struct zpm_run run = {.build = BUILD, .ready = true};

  (void)state;
  zpm_machine_adopt(&l.m, &POLICY, &run, l.now_ms - ZPM_STABLE_MS);
  assert_int_equal(event(&l, ZPM_EV_START).todo, 0);
  assert_int_equal(zpm_machine_uptime(&l.m, l.now_ms), ZPM_STABLE_MS);
  end(&l, 1, 0);
  assert_int_equal(l.m.state, ZPM_BACKOFF);
  assert_true(zpm_build_equal(&l.m.proven, &BUILD));
}

/* ---- readiness and health ---- */

static struct life newborn_that_warms_up(void)
{
  struct life l = newborn();

  l.policy.ready_timeout_ms = 30000;
  event(&l, ZPM_EV_START);
  return l;
}

static void what_has_to_become_ready_warms_up_first(void **state)
{
  struct life l = newborn_that_warms_up();
  struct zpm_effects effects = event(&l, ZPM_EV_UP);

  (void)state;
  assert_int_equal(effects.todo, ZPM_DO_TIMER);
  assert_int_equal(effects.delay_ms, 30000);
  assert_int_equal(l.m.state, ZPM_WARMING);
  assert_true(zpm_machine_runs(&l.m));
  assert_int_equal(event(&l, ZPM_EV_READY).todo, ZPM_DO_DISARM);
  assert_int_equal(l.m.state, ZPM_RUNNING);
}

static void what_never_becomes_ready_counts_as_a_crash(void **state)
{
  struct life l = newborn_that_warms_up();

  (void)state;
  event(&l, ZPM_EV_UP);
  l.now_ms += 30000;
  assert_int_equal(event(&l, ZPM_EV_TIMER).todo, ZPM_DO_TERM | ZPM_DO_TIMER);
  assert_int_equal(l.m.cause, ZPM_CAUSE_NOT_READY);
  assert_int_equal(event(&l, ZPM_EV_GONE).delay_ms, 1000);
  assert_int_equal(l.m.state, ZPM_BACKOFF);
  assert_int_equal(l.m.crashes, 1);
}

/* However long it took to get ready. */
static void stability_is_counted_from_readiness(void **state)
{
  struct life l = newborn_that_warms_up();

  (void)state;
  l.m.crashes = 3;
  event(&l, ZPM_EV_UP);
  l.now_ms += 20000;
  event(&l, ZPM_EV_READY);
  l.now_ms += ZPM_STABLE_MS - 1;
  assert_int_equal(zpm_machine_restart_count(&l.m, l.now_ms), 3);
  end(&l, 1, 0);
  assert_int_equal(l.m.crashes, 4);
  assert_false(zpm_build_equal(&l.m.proven, &BUILD));
}

static void a_death_while_warming_up_is_judged_by_its_uptime(void **state)
{
  struct life l = newborn_that_warms_up();

  (void)state;
  event(&l, ZPM_EV_UP);
  l.now_ms += 100;
  end(&l, 1, 0);
  assert_int_equal(l.m.state, ZPM_HELD);
  assert_int_equal(l.m.hold, ZPM_HOLD_BUILD);
}

static void failed_liveness_is_a_crash_with_its_backoff(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 100); /* even now: it is no build error */
  assert_int_equal(event(&l, ZPM_EV_UNHEALTHY).todo,
                   ZPM_DO_TERM | ZPM_DO_TIMER);
  assert_int_equal(l.m.cause, ZPM_CAUSE_UNHEALTHY);
  event(&l, ZPM_EV_EXIT);
  assert_int_equal(event(&l, ZPM_EV_GONE).delay_ms, 1000);
  assert_int_equal(l.m.state, ZPM_BACKOFF);
  assert_int_equal(l.m.crashes, 1);
}

static void failed_liveness_without_autorestart_is_held(void **state)
{
  struct life l = newborn();

  (void)state;
  l.policy.autorestart = ZPM_AUTORESTART_NEVER;
  start_and_run(&l, 9000);
  event(&l, ZPM_EV_UNHEALTHY);
  event(&l, ZPM_EV_GONE);
  assert_int_equal(l.m.state, ZPM_HELD);
  assert_false(zpm_machine_heeds_files(&l.m, false));
}

static void an_adopted_run_that_is_not_ready_still_has_to_be(void **state)
{
  struct life l = newborn();
  struct zpm_run run = {.build = BUILD};
  struct zpm_effects effects;

  (void)state;
  l.policy.ready_timeout_ms = 30000;
  effects = zpm_machine_adopt(&l.m, &l.policy, &run, l.now_ms - 1000);
  assert_int_equal(effects.todo, ZPM_DO_TIMER);
  assert_int_equal(effects.delay_ms, 30000);
  assert_int_equal(l.m.state, ZPM_WARMING);
}

/* ---- changed files, schedules, limits ---- */

static void renewing_replaces_the_process_and_is_no_crash(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 2000);
  l.m.crashes = 2;
  event(&l, ZPM_EV_RENEW);
  assert_int_equal(l.m.cause, ZPM_CAUSE_RENEWED);
  assert_true(event(&l, ZPM_EV_GONE).todo & ZPM_DO_SPAWN);
  assert_int_equal(l.m.crashes, 0);
}

static void what_somebody_stopped_is_not_renewed(void **state)
{
  struct life l = newborn();

  (void)state;
  assert_int_equal(event(&l, ZPM_EV_RENEW).todo, 0);
  start_and_run(&l, 2000);
  event(&l, ZPM_EV_STOP);
  event(&l, ZPM_EV_RENEW);
  event(&l, ZPM_EV_GONE);
  assert_int_equal(l.m.state, ZPM_STOPPED);
}

static void a_start_knows_whether_somebody_asked_for_it(void **state)
{
  struct life l = newborn();

  (void)state;
  event(&l, ZPM_EV_START);
  assert_int_equal(l.m.cause, ZPM_CAUSE_ASKED);
  event(&l, ZPM_EV_UP);
  end(&l, 0, 0);
  event(&l, ZPM_EV_RENEW);
  assert_int_equal(l.m.state, ZPM_STARTING);
  assert_int_equal(l.m.cause, ZPM_CAUSE_RENEWED);
}

static void what_ended_well_is_renewed(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 2000);
  end(&l, 0, 0);
  assert_true(event(&l, ZPM_EV_RENEW).todo & ZPM_DO_SPAWN);

  start_and_run(&l, 2000);
  end(&l, 0, 0);
  event(&l, ZPM_EV_STOP);
  assert_int_equal(l.m.state, ZPM_STOPPED);
}

static void files_are_heeded_after_a_build_error_or_in_dev_mode(void **state)
{
  struct life l = newborn();

  (void)state;
  assert_false(zpm_machine_heeds_files(&l.m, true));
  event(&l, ZPM_EV_START);
  assert_true(zpm_machine_heeds_files(&l.m, true));
  assert_false(zpm_machine_heeds_files(&l.m, false));
  event(&l, ZPM_EV_UP);
  feed(&l, (struct zpm_fact){.event = ZPM_EV_EXIT,
                             .end = {.known = true, .code = 1}});
  assert_true(zpm_machine_heeds_files(&l.m, false)); /* on its way to HELD */
  event(&l, ZPM_EV_GONE);
  assert_true(zpm_machine_heeds_files(&l.m, false));
  event(&l, ZPM_EV_RENEW);
  event(&l, ZPM_EV_CANNOT);
  assert_int_equal(l.m.state, ZPM_HELD);
  assert_false(zpm_machine_heeds_files(&l.m, false));
  assert_true(zpm_machine_heeds_files(&l.m, true));
}

static void a_schedule_is_heeded_unless_it_is_stopped(void **state)
{
  struct life l = newborn();

  (void)state;
  assert_false(zpm_machine_heeds_clock(&l.m));
  start_and_run(&l, 2000);
  assert_true(zpm_machine_heeds_clock(&l.m));
  end(&l, 0, 0);
  assert_int_equal(l.m.state, ZPM_DONE);
  assert_true(zpm_machine_heeds_clock(&l.m));
  event(&l, ZPM_EV_START);
  event(&l, ZPM_EV_STOP); /* on its way */
  assert_false(zpm_machine_heeds_clock(&l.m));
}

/* ---- turns ---- */

static void
restarts_wait_for_their_turn_and_starts_by_people_do_not(void **state)
{
  struct zpm_budget budget = {0};
  struct life l = newborn();
  struct zpm_fact timer = {.event = ZPM_EV_TIMER, .budget = &budget};
  struct zpm_effects effects;

  (void)state;
  while (zpm_budget_take(&budget, l.now_ms) == 0)
    ;
  start_and_run(&l, 2000);
  end(&l, 1, 0);
  l.now_ms -= 2000; /* the budget is still spent */
  effects = feed(&l, timer);
  assert_int_equal(effects.todo, ZPM_DO_TIMER);
  assert_true(effects.delay_ms > 0);
  assert_int_equal(l.m.state, ZPM_QUEUED);
  assert_true(feed(&l, timer).todo & ZPM_DO_SPAWN); /* once is enough */

  end(&l, 1, 0);
  feed(&l, timer);
  assert_true(
      feed(&l, (struct zpm_fact){.event = ZPM_EV_START, .budget = &budget})
          .todo &
      ZPM_DO_SPAWN);
}

static void what_survives_sigkill_is_called_stuck(void **state)
{
  struct life l = newborn();

  (void)state;
  start_and_run(&l, 2000);
  event(&l, ZPM_EV_STOP);
  for (int i = 0; i < ZPM_STUCK_KILLS; i++)
    assert_true(event(&l, ZPM_EV_TIMER).todo & ZPM_DO_KILL);
  assert_false(zpm_machine_is_stuck(&l.m));
  event(&l, ZPM_EV_TIMER);
  assert_true(zpm_machine_is_stuck(&l.m));
  event(&l, ZPM_EV_GONE);
  assert_false(zpm_machine_is_stuck(&l.m));
}

static void a_new_supervisor_asks_for_what_was_wanted(void **state)
{
  struct zpm_machine stopped = {.state = ZPM_STOPPED};
  struct zpm_machine taken_over = {.state = ZPM_RUNNING};
  struct zpm_machine done = {.state = ZPM_DONE};
  struct zpm_machine ending = {.state = ZPM_STOPPING, .next = ZPM_DONE};

  (void)state;
  assert_int_equal(zpm_machine_resume(&stopped, true, false), ZPM_EV_START);
  assert_int_equal(zpm_machine_resume(&stopped, false, false), ZPM_EVENTS);
  assert_int_equal(zpm_machine_resume(&done, false, false), ZPM_EVENTS);
  assert_int_equal(zpm_machine_resume(&ending, true, false), ZPM_EVENTS);
  assert_int_equal(zpm_machine_resume(&taken_over, true, false), ZPM_EVENTS);
  assert_int_equal(zpm_machine_resume(&taken_over, true, true), ZPM_EV_RESTART);
  assert_int_equal(zpm_machine_resume(&taken_over, false, true), ZPM_EV_STOP);
}

/* ---- every short life ---- */

/* The world that the machine acts on, as far as the rules speak of it. */
struct world {
  struct life life;
  bool process; /* something of a tree exists */
  bool armed;   /* the timer */
  enum zpm_event last_wish;
};

static bool is_wish(enum zpm_event e)
{
  return e == ZPM_EV_START || e == ZPM_EV_STOP || e == ZPM_EV_RESTART;
}

/* Can this happen now, as the shell and the system work? */
static bool possible(const struct world *w, enum zpm_event e)
{
  switch (e) {
  case ZPM_EV_START:
  case ZPM_EV_STOP:
  case ZPM_EV_RESTART:
  case ZPM_EV_RENEW:
    return true;
  case ZPM_EV_READY:
  case ZPM_EV_UNHEALTHY:
    return zpm_machine_runs(&w->life.m);
  case ZPM_EV_TIMER:
    return w->armed;
  case ZPM_EV_GONE:
    return w->process && w->life.m.state == ZPM_STOPPING;
  case ZPM_EV_UP:
  case ZPM_EV_CANNOT:
  case ZPM_EV_FORK_FAILED:
    return w->process && w->life.m.state == ZPM_STARTING;
  case ZPM_EV_EXIT:
    return w->process;
  case ZPM_EVENTS:
    break;
  }
  return false;
}

static void carry_out(struct world *w, struct zpm_effects effects)
{
  if (effects.todo & ZPM_DO_SPAWN) {
    assert_false(w->process); /* never two processes for one slot */
    w->process = true;
  }
  if (effects.todo & (ZPM_DO_TERM | ZPM_DO_KILL))
    assert_true(w->process);
  if (effects.todo & ZPM_DO_DISARM)
    w->armed = false;
  if (effects.todo & ZPM_DO_TIMER)
    w->armed = true;
}

static void check(const struct world *w)
{
  enum zpm_state state = w->life.m.state;
  bool wants_timer = state == ZPM_STOPPING || state == ZPM_BACKOFF ||
                     state == ZPM_QUEUED || state == ZPM_WARMING;

  assert_int_equal(w->armed, wants_timer);
  assert_int_equal(w->process, zpm_machine_is_alive(&w->life.m));
  if (w->last_wish == ZPM_EV_STOP)
    assert_false(zpm_machine_wants_up(&w->life.m));
}

static void happen(struct world *w, enum zpm_event e)
{
  struct zpm_exit how = {.known = true, .code = 1};

  if (e == ZPM_EV_GONE || e == ZPM_EV_CANNOT || e == ZPM_EV_FORK_FAILED)
    w->process = false;
  if (is_wish(e))
    w->last_wish = e;
  w->life.now_ms += 700;
  carry_out(w, feed(&w->life,
                    (struct zpm_fact){.event = e, .build = BUILD, .end = how}));
  check(w);
}

static unsigned long live_all(struct world w, int depth)
{
  unsigned long lives = 1;

  for (int e = 0; depth > 0 && e < ZPM_EVENTS; e++) {
    struct world next = w;

    if (!possible(&w, (enum zpm_event)e))
      continue;
    happen(&next, (enum zpm_event)e);
    lives += live_all(next, depth - 1);
  }
  return lives;
}

static void every_short_life_keeps_the_rules(void **state)
{
  struct world w = {.life = newborn(), .last_wish = ZPM_EV_STOP};

  (void)state;
  assert_true(live_all(w, 7) > 100000);
  w.life.policy.ready_timeout_ms = 2000;
  assert_true(live_all(w, 7) > 100000);
}

/* Events that make no sense in a state must not move it. */
static void no_order_of_events_leads_outside_the_states(void **state)
{
  enum { LENGTH = 5 };

  (void)state;
  for (unsigned long n = 0; n < 12ul * 12 * 12 * 12 * 12; n++) {
    struct life l = newborn();
    unsigned long rest = n;

    for (int i = 0; i < LENGTH; i++, rest /= ZPM_EVENTS) {
      event(&l, (enum zpm_event)(rest % ZPM_EVENTS));
      assert_in_range(l.m.state, 0, ZPM_STATES - 1);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_start_spawns_and_runs),
      cmocka_unit_test(what_cannot_start_is_held_without_a_retry),
      cmocka_unit_test(a_failed_fork_is_tried_again_after_the_backoff),
      cmocka_unit_test(a_failed_fork_waits_even_without_a_backoff),
      cmocka_unit_test(backoff_doubles_up_to_its_cap),
      cmocka_unit_test(a_backoff_of_zero_restarts_at_once_for_ever),
      cmocka_unit_test(without_a_backoff_the_next_start_waits_for_no_timer),
      cmocka_unit_test(a_cap_below_the_minimum_wins),
      cmocka_unit_test(of_crashes_in_a_row_ever_fewer_are_told),
      cmocka_unit_test(a_stable_run_clears_crashes_and_backoff),
      cmocka_unit_test(an_immediate_crash_is_held),
      cmocka_unit_test(a_crash_after_the_limit_is_retried),
      cmocka_unit_test(a_proven_build_is_retried_when_it_dies_at_once),
      cmocka_unit_test(a_changed_build_has_to_prove_itself_again),
      cmocka_unit_test(a_stop_of_a_stable_run_also_proves_the_build),
      cmocka_unit_test(an_unknown_build_is_never_proven),
      cmocka_unit_test(immediate_crash_can_be_overridden),
      cmocka_unit_test(exit_0_is_an_end_unless_always),
      cmocka_unit_test(without_autorestart_a_crash_is_held),
      cmocka_unit_test(an_unknown_exit_counts_as_a_crash),
      cmocka_unit_test(stop_is_term_then_kill_until_nothing_is_left),
      cmocka_unit_test(the_rest_of_a_crashed_tree_goes_before_the_next_start),
      cmocka_unit_test(the_last_wish_wins_while_stopping),
      cmocka_unit_test(a_restart_counts_but_is_no_crash),
      cmocka_unit_test(a_stop_ends_a_backoff),
      cmocka_unit_test(an_adopted_run_goes_on_as_if_it_had_begun_here),
      cmocka_unit_test(what_has_to_become_ready_warms_up_first),
      cmocka_unit_test(what_never_becomes_ready_counts_as_a_crash),
      cmocka_unit_test(stability_is_counted_from_readiness),
      cmocka_unit_test(a_death_while_warming_up_is_judged_by_its_uptime),
      cmocka_unit_test(failed_liveness_is_a_crash_with_its_backoff),
      cmocka_unit_test(failed_liveness_without_autorestart_is_held),
      cmocka_unit_test(an_adopted_run_that_is_not_ready_still_has_to_be),
      cmocka_unit_test(renewing_replaces_the_process_and_is_no_crash),
      cmocka_unit_test(what_somebody_stopped_is_not_renewed),
      cmocka_unit_test(a_start_knows_whether_somebody_asked_for_it),
      cmocka_unit_test(what_ended_well_is_renewed),
      cmocka_unit_test(files_are_heeded_after_a_build_error_or_in_dev_mode),
      cmocka_unit_test(a_schedule_is_heeded_unless_it_is_stopped),
      cmocka_unit_test(
          restarts_wait_for_their_turn_and_starts_by_people_do_not),
      cmocka_unit_test(what_survives_sigkill_is_called_stuck),
      cmocka_unit_test(a_new_supervisor_asks_for_what_was_wanted),
      cmocka_unit_test(every_short_life_keeps_the_rules),
      cmocka_unit_test(no_order_of_events_leads_outside_the_states),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
