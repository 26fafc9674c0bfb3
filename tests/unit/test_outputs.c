#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/outputs.h"
#include "failing_alloc.c"

enum { LATER = 1000 * 1000, LONG = 60 * 1000 };

/* Time goes on by itself; a build and a start are told in order. */
struct story {
  struct zpm_outputs outputs;
  uint64_t now;
};

static enum zpm_outputs_verdict changes(struct story *s, const char *path)
{
  return zpm_outputs_judge(&s->outputs, path, false, s->now);
}

static enum zpm_outputs_verdict appears(struct story *s, const char *path)
{
  return zpm_outputs_judge(&s->outputs, path, true, s->now);
}

static void build_begins(struct story *s)
{
  zpm_outputs_build_began(&s->outputs);
  s->now += LONG;
}

static void build_ends(struct story *s)
{
  zpm_outputs_build_ended(&s->outputs, s->now);
  s->now += LONG;
}

/* One build during which only this file changes. */
static enum zpm_outputs_verdict built(struct story *s, const char *path)
{
  enum zpm_outputs_verdict verdict;

  build_begins(s);
  verdict = changes(s, path);
  assert_int_equal(changes(s, path), verdict); /* a second write: the same */
  build_ends(s);
  return verdict;
}

static enum zpm_outputs_verdict written_at_start(struct story *s,
                                                 const char *path)
{
  zpm_outputs_app_started(&s->outputs, s->now += LONG);
  s->now += 500;
  return changes(s, path);
}

static void story_begins(struct story *s)
{
  *s = (struct story){.now = LATER};
}

static void without_builds_and_starts_all_are_edits(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  for (int i = 0; i < 10; i++)
    assert_int_equal(changes(&s, "/a"), ZPM_OUTPUTS_EDIT);
  assert_true(zpm_outputs_build_over_ms(&s.outputs, s.now) == 0);
  zpm_outputs_deinit(&s.outputs);
}

static void what_a_build_makes_leads_to_one_more_build(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  assert_int_equal(changes(&s, "/src/a.ts"), ZPM_OUTPUTS_EDIT);
  assert_int_equal(built(&s, "/dist/a.js"), ZPM_OUTPUTS_EDIT);
  for (int i = 0; i < 10; i++)
    assert_int_equal(built(&s, "/dist/a.js"), ZPM_OUTPUTS_OURS);
  zpm_outputs_deinit(&s.outputs);
}

static void what_is_built_at_times_is_learned_too(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  assert_int_equal(built(&s, "/dist/a.js"), ZPM_OUTPUTS_EDIT);
  build_begins(&s);
  build_ends(&s);
  assert_int_equal(built(&s, "/dist/a.js"), ZPM_OUTPUTS_OURS);
  zpm_outputs_deinit(&s.outputs);
}

static void what_is_built_counts_when_no_build_runs(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  built(&s, "/dist/a.js");
  built(&s, "/dist/a.js");
  assert_int_equal(changes(&s, "/dist/a.js"), ZPM_OUTPUTS_EDIT);
  assert_int_equal(built(&s, "/dist/a.js"), ZPM_OUTPUTS_OURS);
  zpm_outputs_deinit(&s.outputs);
}

static void the_last_writes_of_a_build_come_late(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  build_begins(&s);
  assert_true(zpm_outputs_build_over_ms(&s.outputs, s.now) == UINT64_MAX);
  zpm_outputs_build_ended(&s.outputs, s.now);
  assert_int_equal(zpm_outputs_build_over_ms(&s.outputs, s.now),
                   s.now + ZPM_OUTPUTS_SETTLE_MS);
  s.now += ZPM_OUTPUTS_SETTLE_MS - 1;
  assert_int_equal(changes(&s, "/dist/a.js"), ZPM_OUTPUTS_EDIT);
  s.now += LONG;
  assert_true(zpm_outputs_build_over_ms(&s.outputs, s.now) == 0);
  assert_int_equal(built(&s, "/dist/a.js"), ZPM_OUTPUTS_OURS);
  zpm_outputs_deinit(&s.outputs);
}

/* Whoever polls notices later. */
static void the_lag_of_who_looks_rarely_is_allowed_for(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  s.outputs.lag_ms = 2000;
  build_begins(&s);
  zpm_outputs_build_ended(&s.outputs, s.now);
  s.now += 2000;
  assert_true(zpm_outputs_build_over_ms(&s.outputs, s.now) > 0);
  zpm_outputs_deinit(&s.outputs);
}

static void an_edit_during_each_of_some_long_builds_is_not_missed(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  changes(&s, "/src/a.ts");
  for (int i = 0; i + 1 < ZPM_OUTPUTS_BUILDS_EDITED; i++)
    assert_int_equal(built(&s, "/src/a.ts"), ZPM_OUTPUTS_EDIT);
  changes(&s, "/src/a.ts"); /* between two builds: the proof begins anew */
  for (int i = 0; i + 1 < ZPM_OUTPUTS_BUILDS_EDITED; i++)
    assert_int_equal(built(&s, "/src/a.ts"), ZPM_OUTPUTS_EDIT);
  zpm_outputs_deinit(&s.outputs);
}

static void an_edit_right_after_a_start_is_known_as_one(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  assert_int_equal(written_at_start(&s, "/a.js"), ZPM_OUTPUTS_EDIT);
  for (int i = 0; i < 3; i++)
    assert_int_equal(built(&s, "/a.js"), ZPM_OUTPUTS_EDIT);
  zpm_outputs_deinit(&s.outputs);
}

static void what_was_built_by_hand_before_does_not_loop_for_ever(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  changes(&s, "/dist/a.js");
  for (int i = 0; i + 1 < ZPM_OUTPUTS_BUILDS_EDITED; i++)
    built(&s, "/dist/a.js");
  assert_int_equal(built(&s, "/dist/a.js"), ZPM_OUTPUTS_OURS);
  zpm_outputs_deinit(&s.outputs);
}

static void different_edits_during_builds_are_all_told(void **state)
{
  char path[32];
  struct story s;

  (void)state;
  story_begins(&s);
  for (int i = 0; i < 20; i++) {
    snprintf(path, sizeof(path), "/src/%d.ts", i);
    assert_int_equal(built(&s, path), ZPM_OUTPUTS_EDIT);
  }
  zpm_outputs_deinit(&s.outputs);
}

static void new_names_at_each_build_do_not_loop(void **state)
{
  enum zpm_outputs_verdict verdict = ZPM_OUTPUTS_EDIT;
  char path[32];
  unsigned builds = 0;
  struct story s;

  (void)state;
  story_begins(&s);
  while (verdict == ZPM_OUTPUTS_EDIT && builds < 100) {
    build_begins(&s);
    snprintf(path, sizeof(path), "/dist/bundle-%u.js", builds++);
    verdict = appears(&s, path);
    build_ends(&s);
  }
  assert_int_equal(builds, ZPM_OUTPUTS_BUILDS_EDITED);
  assert_int_equal(appears(&s, "/dist/by-hand.js"), ZPM_OUTPUTS_EDIT);
  build_begins(&s);
  assert_int_equal(appears(&s, "/dist/bundle-x.js"), ZPM_OUTPUTS_OURS);
  assert_int_equal(appears(&s, "/src/new.js"), ZPM_OUTPUTS_EDIT);
  zpm_outputs_deinit(&s.outputs);
}

static void new_names_at_some_builds_prove_nothing(void **state)
{
  char path[32];
  struct story s;

  (void)state;
  story_begins(&s);
  for (unsigned i = 0; i < 20; i++) {
    build_begins(&s);
    snprintf(path, sizeof(path), "/src/%u.js", i);
    assert_int_equal(appears(&s, path), ZPM_OUTPUTS_EDIT);
    build_ends(&s);
    build_begins(&s);
    build_ends(&s);
  }
  zpm_outputs_deinit(&s.outputs);
}

static void what_is_written_at_each_start_is_learned(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  for (int i = 0; i + 1 < ZPM_OUTPUTS_STARTS; i++)
    assert_int_equal(written_at_start(&s, "/state.json"), ZPM_OUTPUTS_EDIT);
  assert_int_equal(written_at_start(&s, "/state.json"), ZPM_OUTPUTS_LEARNED);
  assert_int_equal(written_at_start(&s, "/state.json"), ZPM_OUTPUTS_OURS);
  s.now += LONG;
  assert_int_equal(changes(&s, "/state.json"), ZPM_OUTPUTS_OURS);
  assert_int_equal(changes(&s, "/app.js"), ZPM_OUTPUTS_EDIT);
  zpm_outputs_deinit(&s.outputs);
}

static void only_starts_in_a_row_prove_it(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  for (int i = 0; i < 20; i++) {
    if (i % 3 == 0)
      zpm_outputs_app_started(&s.outputs, s.now += LONG);
    assert_int_equal(written_at_start(&s, "/state.json"), ZPM_OUTPUTS_EDIT);
  }
  zpm_outputs_deinit(&s.outputs);
}

static void only_the_moment_after_a_start_proves_it(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  for (int i = 0; i < 20; i++) {
    zpm_outputs_app_started(&s.outputs, s.now += LONG);
    s.now += ZPM_OUTPUTS_MOMENT_MS;
    assert_int_equal(changes(&s, "/app.js"), ZPM_OUTPUTS_EDIT);
  }
  zpm_outputs_deinit(&s.outputs);
}

static void many_changes_after_one_start_are_one(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  written_at_start(&s, "/state.json");
  for (int i = 0; i < 20; i++)
    assert_int_equal(changes(&s, "/state.json"), ZPM_OUTPUTS_EDIT);
  zpm_outputs_deinit(&s.outputs);
}

static void new_names_at_each_start_do_not_loop(void **state)
{
  enum zpm_outputs_verdict verdict = ZPM_OUTPUTS_EDIT;
  char path[32];
  unsigned starts = 0;
  struct story s;

  (void)state;
  story_begins(&s);
  while (verdict == ZPM_OUTPUTS_EDIT && starts < 100) {
    zpm_outputs_app_started(&s.outputs, s.now += LONG);
    snprintf(path, sizeof(path), "/run/%u.tmp", starts++);
    verdict = appears(&s, path);
  }
  assert_int_equal(starts, ZPM_OUTPUTS_STARTS);
  assert_int_equal(verdict, ZPM_OUTPUTS_LEARNED);
  zpm_outputs_app_started(&s.outputs, s.now += LONG);
  assert_int_equal(appears(&s, "/run/x.tmp"), ZPM_OUTPUTS_OURS);
  s.now += LONG;
  assert_int_equal(appears(&s, "/run/y.tmp"), ZPM_OUTPUTS_EDIT);
  zpm_outputs_deinit(&s.outputs);
}

static void out_of_memory_a_change_is_an_edit(void **state)
{
  struct story s;

  (void)state;
  story_begins(&s);
  build_begins(&s);
  failing_alloc.armed = true;
  failing_alloc.left = 0;
  assert_int_equal(appears(&s, "/a"), ZPM_OUTPUTS_EDIT);
  failing_alloc.left = 1;
  assert_int_equal(appears(&s, "/a"), ZPM_OUTPUTS_EDIT);
  failing_alloc.armed = false;
  assert_int_equal(appears(&s, "/a"), ZPM_OUTPUTS_EDIT);
  zpm_outputs_deinit(&s.outputs);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_builds_and_starts_all_are_edits),
      cmocka_unit_test(what_a_build_makes_leads_to_one_more_build),
      cmocka_unit_test(what_is_built_at_times_is_learned_too),
      cmocka_unit_test(what_is_built_counts_when_no_build_runs),
      cmocka_unit_test(the_last_writes_of_a_build_come_late),
      cmocka_unit_test(the_lag_of_who_looks_rarely_is_allowed_for),
      cmocka_unit_test(an_edit_during_each_of_some_long_builds_is_not_missed),
      cmocka_unit_test(an_edit_right_after_a_start_is_known_as_one),
      cmocka_unit_test(what_was_built_by_hand_before_does_not_loop_for_ever),
      cmocka_unit_test(different_edits_during_builds_are_all_told),
      cmocka_unit_test(new_names_at_each_build_do_not_loop),
      cmocka_unit_test(new_names_at_some_builds_prove_nothing),
      cmocka_unit_test(what_is_written_at_each_start_is_learned),
      cmocka_unit_test(only_starts_in_a_row_prove_it),
      cmocka_unit_test(only_the_moment_after_a_start_proves_it),
      cmocka_unit_test(many_changes_after_one_start_are_one),
      cmocka_unit_test(new_names_at_each_start_do_not_loop),
      cmocka_unit_test(out_of_memory_a_change_is_an_edit),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
