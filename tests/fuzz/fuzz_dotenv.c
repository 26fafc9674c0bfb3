/*
 * A .env file of anybody: refused with the number of a line and nothing of what
 * is in it, or variables that an environment can carry.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/dotenv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_variables(const struct zpm_strv *vars)
{
  for (size_t i = 0; i < vars->len; i++) {
    const char *pair = vars->items[i];
    size_t key = strcspn(pair, "=");

    if (key == 0 || pair[key] != '=')
      abort();
    for (size_t j = 0; j < i; j++) {
      if (strncmp(vars->items[j], pair, key + 1) == 0)
        abort();
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *text = malloc(size); /* exactly as long, for what reads too far */
  struct zpm_strv vars;
  struct zpm_error err = {0};
  int rc;

  if (size > 0)
    memcpy(text, data, size);
  rc = zpm_dotenv_parse(&vars, text, size, &err);
  if (rc != err.code || (rc != 0 && vars.len != 0))
    abort();
  if (rc != 0 && strncmp(err.message, "line ", 5) != 0 &&
      strncmp(err.message, "it holds", 8) != 0)
    abort();
  check_variables(&vars);
  zpm_strv_deinit(&vars);
  free(text);
  return 0;
}
