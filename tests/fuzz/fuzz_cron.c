/*
 * Any text is a schedule or is not.  One that is has a next time, later than
 * now, and the one after that is later still.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 256, ROUNDS = 4 };

/* Clocks are put forward and back twice a year, by an hour. */
static int32_t offset(void *ctx, int64_t at_s)
{
  enum { HALF_YEAR_S = 15778800 };

  (void)ctx;
  return at_s / HALF_YEAR_S % 2 == 0 ? 3600 : 7200;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char text[TEXT_MAX + 1];
  struct zpm_cron cron;
  struct zpm_error err = {0};
  int64_t at_s = 1700000000;

  if (size > TEXT_MAX)
    return 0;
  memcpy(text, data, size);
  text[size] = '\0';
  if (zpm_cron_parse(text, &cron, &err) != 0) {
    if (err.code != ZPM_ECONFIG || err.message[0] == '\0')
      abort();
    return 0;
  }
  for (int i = 0; i < ROUNDS; i++) {
    int64_t next_s = zpm_cron_next_time(&cron, at_s, offset, NULL);

    if (next_s <= at_s)
      abort();
    at_s = next_s;
  }
  return 0;
}
