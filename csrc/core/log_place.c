#include "core/log_place.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

void zpm_log_place_put(const struct zpm_log_place *place,
                       char text[ZPM_LOG_PLACE_SIZE])
{
  snprintf(text, ZPM_LOG_PLACE_SIZE, "%" PRIu64 ":%" PRIu64, place->file,
           place->offset);
}

/* Decimal digits, at least one. Returns what follows them, or NULL. */
static const char *read_number(const char *text, uint64_t *number)
{
  const char *at = text;

  *number = 0;
  for (; *at >= '0' && *at <= '9'; at++) {
    uint64_t digit = (uint64_t)(*at - '0');

    if (*number > (UINT64_MAX - digit) / 10)
      return NULL;
    *number = *number * 10 + digit;
  }
  return at > text ? at : NULL;
}

bool zpm_log_place_read(const char *text, struct zpm_log_place *place)
{
  const char *at = read_number(text, &place->file);

  if (at == NULL || *at != ':')
    return false;
  at = read_number(at + 1, &place->offset);
  return at != NULL && *at == '\0';
}

struct zpm_log_place zpm_log_place_before(struct zpm_log_place place,
                                          uint64_t bytes)
{
  place.offset -= bytes < place.offset ? bytes : place.offset;
  return place;
}
