#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/hashes.h"
#include "failing_alloc.c"
#include "zpm/error.h"

static void an_empty_table_costs_nothing_and_finds_nothing(void **state)
{
  struct zpm_hashes hashes = {0};

  (void)state;
  assert_null(zpm_hashes_find(&hashes, 1));
  zpm_hashes_remove(&hashes, 1);
  assert_null(hashes.slots);
  zpm_hashes_deinit(&hashes);
}

/* All sequences of puts and removes agree with a plain array.  Keys are such
 * that they collide, and wrap around the end. */
static void whatever_is_put_and_removed_the_rest_is_found(void **state)
{
  enum { KEYS = 40, STEPS = 20000 };
  uint64_t values[KEYS] = {0};
  struct zpm_hashes hashes = {0};
  uint32_t random = 1;

  (void)state;
  for (int step = 0; step < STEPS; step++) {
    uint64_t key;

    random = random * 1664525u + 1013904223u;
    key = (random >> 16) % KEYS;
    if ((random >> 8) % 3 == 0) {
      zpm_hashes_remove(&hashes, (key + 1) * 7);
      values[key] = 0;
    } else {
      values[key] = (uint64_t)step + 1;
      assert_int_equal(zpm_hashes_put(&hashes, (key + 1) * 7, values[key]), 0);
    }
    for (uint64_t i = 0; i < KEYS; i++) {
      const uint64_t *found = zpm_hashes_find(&hashes, (i + 1) * 7);

      assert_int_equal(found != NULL ? *found : 0, values[i]);
    }
  }
  assert_true(hashes.len <= KEYS);
  assert_true(hashes.cap <= 64);
  zpm_hashes_deinit(&hashes);
}

static void a_hash_depends_on_all_that_goes_in(void **state)
{
  (void)state;
  assert_int_not_equal(zpm_hashes_of(0, "ab", 2), zpm_hashes_of(0, "ba", 2));
  assert_int_not_equal(zpm_hashes_of(0, "ab", 2), zpm_hashes_of(1, "ab", 2));
  assert_int_not_equal(zpm_hashes_of(0, "", 0), 0);
}

static int put_many(void *ctx)
{
  struct zpm_hashes hashes = {0};
  int rc = 0;

  (void)ctx;
  for (uint64_t key = 1; key < 100 && rc == 0; key++)
    rc = zpm_hashes_put(&hashes, key, key);
  zpm_hashes_deinit(&hashes);
  return rc;
}

static void out_of_memory_is_returned(void **state)
{
  (void)state;
  failing_alloc_sweep(put_many, NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_empty_table_costs_nothing_and_finds_nothing),
      cmocka_unit_test(whatever_is_put_and_removed_the_rest_is_found),
      cmocka_unit_test(a_hash_depends_on_all_that_goes_in),
      cmocka_unit_test(out_of_memory_is_returned),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
