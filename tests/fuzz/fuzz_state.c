/*
 * A state file as a full disk, an editor or a later version may leave it:
 * refused, or read; and what was read is written and read again as it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/state_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_APPS = 64 };

static void write_state(struct zpm_str *out, const struct zpm_roster *roster)
{
  const struct zpm_record *apps[MAX_APPS];

  for (size_t i = 0; i < roster->len; i++)
    apps[i] = &roster->items[i];
  if (zpm_state_to_json(out, apps, roster->len) != 0)
    abort();
}

static void check_round_trip(const struct zpm_roster *roster)
{
  struct zpm_str first = {0};
  struct zpm_str second = {0};
  struct zpm_roster again;

  write_state(&first, roster);
  if (zpm_state_from_json(&again, first.data, first.len, NULL) != 0)
    abort();
  write_state(&second, &again);
  if (strcmp(first.data, second.data) != 0)
    abort();
  zpm_roster_deinit(&again);
  zpm_str_deinit(&first);
  zpm_str_deinit(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct zpm_roster roster;
  struct zpm_error err = {0};
  struct zpm_str text = {0};
  int rc;

  if (zpm_str_append(&text, data, size) != 0)
    return 0;
  rc = zpm_state_from_json(&roster, text.data, text.len, &err);
  if (rc != err.code || (rc != 0 && roster.len != 0))
    abort();
  if (rc == 0 && roster.len <= MAX_APPS)
    check_round_trip(&roster);
  zpm_roster_deinit(&roster);
  zpm_str_deinit(&text);
  return 0;
}
