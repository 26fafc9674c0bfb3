/*
 * V8's structured clone as a worker may send it: any bytes are a value, opaque
 * or malformed; and a value is written and read again as it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/v8_read.h"
#include "proto/v8_write.h"
#include "zpm/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_both(const cJSON *value, struct zpm_str *text,
                       struct zpm_str *bytes)
{
  if (zpm_json_print(text, value) != 0 || zpm_v8_write(bytes, value) != 0)
    abort();
}

static void check_round_trip(const cJSON *value)
{
  struct zpm_str text = {0};
  struct zpm_str bytes = {0};
  struct zpm_str text_again = {0};
  struct zpm_str bytes_again = {0};
  cJSON *again;

  write_both(value, &text, &bytes);
  if (zpm_v8_read((const unsigned char *)bytes.data, bytes.len, &again) != 0)
    abort();
  write_both(again, &text_again, &bytes_again);
  if (strcmp(text.data, text_again.data) != 0)
    abort();
  if (bytes.len != bytes_again.len ||
      memcmp(bytes.data, bytes_again.data, bytes.len) != 0)
    abort();
  cJSON_Delete(again);
  zpm_str_deinit(&text);
  zpm_str_deinit(&bytes);
  zpm_str_deinit(&text_again);
  zpm_str_deinit(&bytes_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  cJSON *value;
  int rc = zpm_v8_read(data, size, &value);

  if (rc != 0 && rc != ZPM_V8_OPAQUE && rc != ZPM_EPROTO)
    abort();
  if ((rc == 0) != (value != NULL))
    abort();
  if (rc == 0)
    check_round_trip(value);
  cJSON_Delete(value);
  return 0;
}
