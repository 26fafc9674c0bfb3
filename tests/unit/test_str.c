#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/failing_alloc.c"
#include "zpm/error.h"

static void empty_text_is_never_null(void **state)
{
  struct zpm_str str = {0};

  (void)state;
  assert_string_equal(zpm_str_text(&str), "");
  zpm_str_clear(&str);
  zpm_str_consume(&str, 0);
  zpm_str_deinit(&str);
}

static void text_grows_and_keeps_what_it_had(void **state)
{
  struct zpm_str str = {0};

  (void)state;
  for (int i = 0; i < 1000; i++)
    assert_int_equal(zpm_str_printf(&str, "%d,", i), 0);
  assert_int_equal(str.len, 10 * 2 + 90 * 3 + 900 * 4);
  assert_memory_equal(str.data, "0,1,2,3,", 8);
  assert_string_equal(str.data + str.len - 8, "998,999,");
  zpm_str_deinit(&str);
}

static void bytes_may_hold_nul(void **state)
{
  struct zpm_str str = {0};

  (void)state;
  assert_int_equal(zpm_str_append(&str, "a\0b", 3), 0);
  assert_int_equal(str.len, 3);
  assert_int_equal(str.data[3], '\0');
  zpm_str_deinit(&str);
}

static void what_is_consumed_is_gone(void **state)
{
  struct zpm_str str = {0};

  (void)state;
  zpm_str_puts(&str, "hello world");
  zpm_str_consume(&str, 6);
  assert_string_equal(str.data, "world");
  zpm_str_consume(&str, 5);
  assert_string_equal(str.data, "");
  zpm_str_deinit(&str);
}

static void an_absurd_size_is_refused(void **state)
{
  struct zpm_str str = {0};

  (void)state;
  assert_int_equal(zpm_str_reserve(&str, SIZE_MAX), ZPM_ENOMEM);
  assert_int_equal(zpm_str_reserve(&str, SIZE_MAX / 2), ZPM_ENOMEM);
  assert_null(str.data);
}

static void a_list_is_an_argv(void **state)
{
  struct zpm_strv list = {0};
  struct zpm_strv copy;

  (void)state;
  zpm_strv_push(&list, "a");
  zpm_strv_push(&list, "");
  assert_int_equal(zpm_strv_copy(&copy, &list), 0);
  assert_true(zpm_strv_equal(&list, &copy));
  assert_int_equal(copy.len, 2);
  assert_null(copy.items[2]);
  zpm_strv_push(&copy, "b");
  assert_false(zpm_strv_equal(&list, &copy));
  zpm_strv_deinit(&list);
  zpm_strv_deinit(&copy);
}

static void a_variable_is_replaced_not_added_twice(void **state)
{
  struct zpm_strv env = {0};

  (void)state;
  zpm_strv_env_set(&env, "A", "1");
  zpm_strv_env_set(&env, "AB", "2");
  zpm_strv_env_put(&env, "A=x=y");
  assert_int_equal(env.len, 2);
  assert_string_equal(zpm_strv_env_get(&env, "A"), "x=y");
  assert_string_equal(zpm_strv_env_get(&env, "AB"), "2");
  assert_null(zpm_strv_env_get(&env, "B"));
  zpm_strv_deinit(&env);
}

static int fill(void *ctx)
{
  struct zpm_strv env = {0};
  struct zpm_strv copy = {0};
  int rc = zpm_strv_env_set(&env, "A", "1");

  (void)ctx;
  if (rc == 0)
    rc = zpm_strv_env_put(&env, "B=2");
  if (rc == 0)
    rc = zpm_strv_env_set(&env, "B", "3");
  if (rc == 0)
    rc = zpm_strv_copy(&copy, &env);
  zpm_strv_deinit(&env);
  zpm_strv_deinit(&copy);
  return rc;
}

static void a_failed_allocation_is_told_and_leaks_nothing(void **state)
{
  (void)state;
  failing_alloc_sweep(fill, NULL);
}

static void a_failed_append_leaves_the_old_text(void **state)
{
  struct zpm_str str = {0};

  (void)state;
  zpm_str_puts(&str, "old");
  failing_alloc.armed = true;
  failing_alloc.left = 0;
  assert_int_equal(zpm_str_printf(&str, "%100d", 1), ZPM_ENOMEM);
  failing_alloc.armed = false;
  assert_string_equal(str.data, "old");
  zpm_str_deinit(&str);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(empty_text_is_never_null),
      cmocka_unit_test(text_grows_and_keeps_what_it_had),
      cmocka_unit_test(bytes_may_hold_nul),
      cmocka_unit_test(what_is_consumed_is_gone),
      cmocka_unit_test(an_absurd_size_is_refused),
      cmocka_unit_test(a_list_is_an_argv),
      cmocka_unit_test(a_variable_is_replaced_not_added_twice),
      cmocka_unit_test(a_failed_allocation_is_told_and_leaks_nothing),
      cmocka_unit_test(a_failed_append_leaves_the_old_text),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
