/*
 * A config from anybody: refused with a message, or valid; and a valid one
 * written and read again is the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "proto/config_json.h"
#include "proto/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_config(struct zpm_config *config, const cJSON *json)
{
  struct zpm_error err = {0};
  int rc;

  zpm_config_init(config);
  rc = zpm_config_from_json(config, json, &err);
  if (rc == 0)
    rc = zpm_config_validate(config, &err);
  if (rc != err.code || (rc != 0 && err.message[0] == '\0'))
    abort();
  return rc;
}

static void check_round_trip(const struct zpm_config *config)
{
  cJSON *json = zpm_config_to_json(config, true);
  struct zpm_config again;

  if (json == NULL || read_config(&again, json) != 0 ||
      again.given != config->given || zpm_config_diff(config, &again) != 0)
    abort();
  zpm_config_deinit(&again);
  cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct zpm_config config;
  struct zpm_str text = {0};
  cJSON *json = NULL;

  if (zpm_str_append(&text, data, size) != 0)
    return 0;
  if (zpm_json_parse(text.data, text.len, &json, NULL) == 0) {
    if (read_config(&config, json) == 0)
      check_round_trip(&config);
    zpm_config_deinit(&config);
  }
  cJSON_Delete(json);
  zpm_str_deinit(&text);
  return 0;
}
