#include "daemon/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

void zpm_journal_write(const char *format, ...)
{
  char line[LINE_MAX_BYTES];
  time_t now = time(NULL);
  struct tm utc = {0};
  size_t used;
  va_list args;
  int len;

  gmtime_r(&now, &utc);
  used = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ ", &utc);
  va_start(args, format);
  len = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
  va_end(args);
  if (len < 0)
    return;
  used += (size_t)len;
  if (used > sizeof(line) - 2)
    used = sizeof(line) - 2;
  line[used++] = '\n';
  /* One write: lines of a daemon and its successor do not mix. */
  if (write(STDERR_FILENO, line, used) < 0)
    return; /* nowhere left to say it */
}
