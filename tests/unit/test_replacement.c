#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/replacement.h"

enum { NOW = 5000, READY_MS = 30000 };

static struct zpm_replacement in(enum zpm_replacement_phase phase)
{
  struct zpm_replacement replacement = {.ready_ms = READY_MS};

  zpm_replacement_begin(&replacement, phase, NOW);
  return replacement;
}

/* The phase that follows is checked, too. */
#define assert_step(replacement, facts, act, next)                             \
  do {                                                                         \
    assert_int_equal(zpm_replacement_step(&(replacement), &(facts)), act);     \
    assert_int_equal((replacement).phase, next);                               \
  } while (0)

/* ---- its sockets ---- */

static void it_is_replaced_if_it_gives_its_sockets(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_ASKING);
  struct zpm_replace_facts facts = {.now_ms = NOW};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_ASKING);
  facts.sockets = ZPM_SOCKETS_GIVEN;
  assert_step(replacement, facts, ZPM_REPLACE_START, ZPM_REPLACE_STARTING);
  assert_int_equal(replacement.due_ms, NOW + READY_MS);
}

static void it_cannot_be_replaced_without_sockets(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_ASKING);
  struct zpm_replace_facts facts = {.now_ms = NOW, .sockets = ZPM_SOCKETS_NONE};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_REFUSE, ZPM_REPLACE_IDLE);
}

static void nobody_waits_long_for_sockets(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_ASKING);
  struct zpm_replace_facts facts = {.now_ms = NOW + ZPM_REPLACE_ASK_MS - 1};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_ASKING);
  facts.now_ms++;
  assert_step(replacement, facts, ZPM_REPLACE_REFUSE, ZPM_REPLACE_IDLE);
}

/* ---- the successor ---- */

static void a_successor_is_promoted_when_it_runs_and_listens(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_STARTING);
  struct zpm_replace_facts facts = {
      .now_ms = NOW, .old_lives = true, .old_listens = true};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_STARTING);
  facts.successor_listens = true; /* though its probes have not passed */
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_STARTING);
  facts.successor_listens = false;
  facts.successor = ZPM_SUCCESSOR_RUNS;
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_STARTING);
  facts.successor_listens = true;
  assert_step(replacement, facts, ZPM_REPLACE_PROMOTE, ZPM_REPLACE_DRAINING);
  assert_int_equal(replacement.due_ms, NOW + ZPM_REPLACE_DRAIN_MS);
}

static void who_succeeds_one_that_does_not_listen_need_not_either(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_STARTING);
  struct zpm_replace_facts facts = {
      .now_ms = NOW, .old_lives = true, .successor = ZPM_SUCCESSOR_RUNS};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_PROMOTE, ZPM_REPLACE_DRAINING);
}

static void a_successor_that_ends_is_given_up(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_STARTING);
  struct zpm_replace_facts facts = {
      .now_ms = NOW, .old_lives = true, .successor = ZPM_SUCCESSOR_ENDED};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_ABANDON, ZPM_REPLACE_LEAVING);
}

static void a_successor_must_be_ready_in_time(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_STARTING);
  struct zpm_replace_facts facts = {.now_ms = NOW + READY_MS - 1};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_STARTING);
  facts.now_ms++;
  assert_step(replacement, facts, ZPM_REPLACE_EXPIRE, ZPM_REPLACE_LEAVING);
}

static void one_that_is_ready_at_the_last_moment_is_in_time(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_STARTING);
  struct zpm_replace_facts facts = {.now_ms = NOW + READY_MS,
                                    .successor = ZPM_SUCCESSOR_RUNS};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_PROMOTE, ZPM_REPLACE_DRAINING);
}

static void another_command_comes_first(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_STARTING);
  struct zpm_replace_facts facts = {.now_ms = NOW + READY_MS,
                                    .successor = ZPM_SUCCESSOR_OVERTAKEN};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_YIELD, ZPM_REPLACE_LEAVING);
}

/* ---- the old one ---- */

static void the_old_one_goes_when_it_has_drained(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_DRAINING);
  struct zpm_replace_facts facts = {
      .now_ms = NOW, .old_lives = true, .old_drains = true};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_DRAINING);
  facts.old_drains = false;
  assert_step(replacement, facts, ZPM_REPLACE_DISMISS, ZPM_REPLACE_LEAVING);
}

static void draining_does_not_take_for_ever(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_DRAINING);
  struct zpm_replace_facts facts = {.now_ms = NOW + ZPM_REPLACE_DRAIN_MS - 1,
                                    .old_lives = true,
                                    .old_drains = true};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_DRAINING);
  facts.now_ms++;
  assert_step(replacement, facts, ZPM_REPLACE_DISMISS, ZPM_REPLACE_LEAVING);
  /* What follows is limited by drainTimeout, which is not ours. */
  assert_int_equal(replacement.due_ms, 0);
}

static void one_that_died_need_not_drain(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_DRAINING);
  struct zpm_replace_facts facts = {.now_ms = NOW, .old_drains = true};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_DISMISS, ZPM_REPLACE_LEAVING);
}

static void it_is_over_when_who_leaves_is_gone(void **state)
{
  struct zpm_replacement replacement = in(ZPM_REPLACE_LEAVING);
  struct zpm_replace_facts facts = {.now_ms = NOW, .leaver_lives = true};

  (void)state;
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_LEAVING);
  facts.leaver_lives = false;
  assert_step(replacement, facts, ZPM_REPLACE_FINISH, ZPM_REPLACE_IDLE);
  assert_step(replacement, facts, ZPM_REPLACE_WAIT, ZPM_REPLACE_IDLE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_replaced_if_it_gives_its_sockets),
      cmocka_unit_test(it_cannot_be_replaced_without_sockets),
      cmocka_unit_test(nobody_waits_long_for_sockets),
      cmocka_unit_test(a_successor_is_promoted_when_it_runs_and_listens),
      cmocka_unit_test(who_succeeds_one_that_does_not_listen_need_not_either),
      cmocka_unit_test(a_successor_that_ends_is_given_up),
      cmocka_unit_test(a_successor_must_be_ready_in_time),
      cmocka_unit_test(one_that_is_ready_at_the_last_moment_is_in_time),
      cmocka_unit_test(another_command_comes_first),
      cmocka_unit_test(the_old_one_goes_when_it_has_drained),
      cmocka_unit_test(draining_does_not_take_for_ever),
      cmocka_unit_test(one_that_died_need_not_drain),
      cmocka_unit_test(it_is_over_when_who_leaves_is_gone),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
