#include "base/utf8.h"

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

static const struct form *form_of(char byte)
{
  unsigned char lead = (unsigned char)byte;

  for (size_t i = 0; i < FORM_COUNT; i++) {
    if (lead >= FORMS[i].lead_min && lead <= FORMS[i].lead_max)
      return &FORMS[i];
  }
  return NULL;
}

/* Whether the bytes after the lead are right, as far as there are any. */
static bool follows(const struct form *form, const char *bytes, size_t len)
{
  size_t end = len < form->size ? len : form->size;

  if (end > 1 && ((unsigned char)bytes[1] < form->second_min ||
                  (unsigned char)bytes[1] > form->second_max))
    return false;
  for (size_t i = 2; i < end; i++) {
    if (((unsigned char)bytes[i] & 0xC0) != 0x80)
      return false;
  }
  return true;
}

size_t zpm_utf8_size(const char *bytes, size_t len)
{
  const struct form *form;

  if (len == 0)
    return 0;
  if ((unsigned char)bytes[0] < 0x80)
    return 1;
  form = form_of(bytes[0]);
  if (form == NULL || len < form->size || !follows(form, bytes, len))
    return 0;
  return form->size;
}

size_t zpm_utf8_unfinished(const char *bytes, size_t len)
{
  for (size_t tail = 1; tail <= 3 && tail <= len; tail++) {
    const char *start = bytes + len - tail;
    const struct form *form = form_of(*start);

    if (form != NULL)
      return tail < form->size && follows(form, start, tail) ? tail : 0;
  }
  return 0;
}
