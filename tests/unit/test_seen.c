#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/seen.h"

static void the_first_sight_is_new_and_then_the_look_decides(void **state)
{
  struct zpm_seen seen = {0};

  (void)state;
  assert_false(zpm_seen_has(&seen, "a"));
  assert_int_equal(zpm_seen_note(&seen, "a", 100), ZPM_SEEN_NEW);
  assert_int_equal(zpm_seen_note(&seen, "a", 100), ZPM_SEEN_SAME);
  assert_int_equal(zpm_seen_note(&seen, "a", 200), ZPM_SEEN_CHANGED);
  assert_int_equal(zpm_seen_note(&seen, "a", 200), ZPM_SEEN_SAME);
  assert_int_equal(zpm_seen_note(&seen, "b", 200), ZPM_SEEN_NEW);
  assert_true(zpm_seen_has(&seen, "a"));
  zpm_seen_deinit(&seen);
}

static void what_is_forgotten_is_new_again(void **state)
{
  struct zpm_seen seen = {0};

  (void)state;
  zpm_seen_forget(&seen, "a");
  zpm_seen_note(&seen, "a", 100);
  zpm_seen_forget(&seen, "a");
  assert_int_equal(zpm_seen_note(&seen, "a", 100), ZPM_SEEN_NEW);
  zpm_seen_deinit(&seen);
}

static void a_round_forgets_what_it_did_not_see(void **state)
{
  enum { FILES = 1000 };
  struct zpm_seen seen = {0};
  char name[16];

  (void)state;
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof(name), "f%d", i);
    zpm_seen_note(&seen, name, 100);
  }
  zpm_seen_round_begin(&seen);
  for (int i = 0; i < FILES; i += 3) {
    snprintf(name, sizeof(name), "f%d", i);
    assert_int_equal(zpm_seen_note(&seen, name, 100), ZPM_SEEN_SAME);
  }
  zpm_seen_round_end(&seen);
  assert_int_equal(seen.files.len, (FILES + 2) / 3);
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof(name), "f%d", i);
    assert_int_equal(zpm_seen_has(&seen, name), i % 3 == 0);
  }
  zpm_seen_deinit(&seen);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_sight_is_new_and_then_the_look_decides),
      cmocka_unit_test(what_is_forgotten_is_new_again),
      cmocka_unit_test(a_round_forgets_what_it_did_not_see),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
