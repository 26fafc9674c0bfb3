#include "cli/handover_log.h"

#include <stdbool.h>
#include <string.h>

static const char THE_OLD_ONE[] = "hand"; /* -ing over to ..., -ed over */
static const char THE_KEEPER[] = "zpm-keeper: the ";

/* Lines of a daemon begin with the time. */
static const char *without_time(const char *line, size_t *len)
{
  const char *space = memchr(line, ' ', *len);

  if (*len == 0 || *line < '0' || *line > '9' || space == NULL)
    return line;
  *len -= (size_t)(space + 1 - line);
  return space + 1;
}

static bool begins(const char *line, size_t len, const char *with)
{
  return len >= strlen(with) && strncmp(line, with, strlen(with)) == 0;
}

int zpm_handover_log_cause(struct zpm_str *out, const char *text)
{
  const char *cause = NULL;
  size_t cause_len = 0;

  while (*text != '\0') {
    size_t len = strcspn(text, "\n");
    size_t rest = len;
    const char *line = without_time(text, &rest);
    bool keeper = begins(line, rest, THE_KEEPER);

    if (rest > 0 && !begins(line, rest, THE_OLD_ONE) &&
        (!keeper || cause == NULL)) {
      cause = line;
      cause_len = rest;
    }
    if (keeper)
      break; /* what follows is said by the old one again */
    text += len + (text[len] == '\n');
  }
  return cause != NULL ? zpm_str_append(out, cause, cause_len) : 0;
}
