/*
 * Included by the tests of config*.c: a config per test, short setters, and a
 * check that nothing is left behind.
 */
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "unit/failing_alloc.c"

struct fixture {
  struct zpm_config config;
  struct zpm_error err;
};

static int set_up(void **state)
{
  struct fixture *f = calloc(1, sizeof(*f));

  zpm_config_init(&f->config);
  *state = f;
  return 0;
}

static int tear_down(void **state)
{
  struct fixture *f = *state;

  zpm_config_deinit(&f->config);
  free(f);
  return failing_alloc.live == 0 ? 0 : -1;
}

static inline int set(struct zpm_config *config, const char *name,
                      const char *text, struct zpm_error *err)
{
  int field = zpm_config_field_of_name(name, strlen(name));

  assert_true(field >= 0);
  return zpm_config_set_text(config, field, text, err);
}

static inline void give(struct zpm_config *config, const char *name,
                        const char *text)
{
  assert_int_equal(set(config, name, text, NULL), 0);
}

#define TEST(function)                                                         \
  cmocka_unit_test_setup_teardown(function, set_up, tear_down)
