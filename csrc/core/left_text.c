#include "core/left_text.h"

#include <stdio.h>

static const char *state_words(char state)
{
  switch (state) {
  case 'D':
    return "uninterruptible sleep: it waits for a disk, a network file system "
           "or a driver, or it is frozen";
  case 'R':
    return "running";
  case 'S':
  case 'I':
    return "sleeping";
  case 'T':
    return "stopped";
  case 't':
    return "stopped by a debugger";
  case 'Z':
  case 'X':
    return "ended";
  default:
    return "unknown";
  }
}

static size_t put(char *text, size_t size, size_t used,
                  const struct zpm_left *left)
{
  int len = snprintf(text + used, size - used, "%spid %d (%s), state %c: %s",
                     used > 0 ? "; " : "", left->pid, left->name, left->state,
                     state_words(left->state));

  return len > 0 && (size_t)len < size - used ? used + (size_t)len : size - 1;
}

char *zpm_left_text(const struct zpm_left *left, size_t shown, size_t count,
                    char *text, size_t size)
{
  size_t used = 0;

  snprintf(text, size, "nothing that can be seen");
  for (size_t i = 0; i < shown; i++)
    used = put(text, size, used, &left[i]);
  if (count > shown)
    snprintf(text + used, size - used, "; and %zu more", count - shown);
  return text;
}
