#include "proto/utf8.h"

#include <stdbool.h>

/* The lead bytes of one form, and what its second byte may be. */
struct form {
  unsigned char lead_min;
  unsigned char lead_max;
  unsigned char second_min;
  unsigned char second_max;
  unsigned char size;
};

/* Unicode Standard, table 3-7. */
static const struct form FORMS[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
    {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

enum { FORM_COUNT = sizeof(FORMS) / sizeof(FORMS[0]) };

static bool fits(const struct form *form, const char *bytes, size_t len)
{
  unsigned char second;

  if (len < form->size)
    return false;
  second = (unsigned char)bytes[1];
  if (second < form->second_min || second > form->second_max)
    return false;
  for (size_t i = 2; i < form->size; i++) {
    if (((unsigned char)bytes[i] & 0xC0) != 0x80)
      return false;
  }
  return true;
}

size_t zpm_utf8_size(const char *bytes, size_t len)
{
  unsigned char lead;

  if (len == 0)
    return 0;
  lead = (unsigned char)bytes[0];
  if (lead < 0x80)
    return 1;
  for (size_t i = 0; i < FORM_COUNT; i++) {
    if (lead >= FORMS[i].lead_min && lead <= FORMS[i].lead_max)
      return fits(&FORMS[i], bytes, len) ? FORMS[i].size : 0;
  }
  return 0;
}
