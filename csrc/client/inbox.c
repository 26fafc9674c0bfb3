#include "client/inbox.h"

#include <string.h>

void zpm_inbox_deinit(struct zpm_inbox *inbox)
{
  zpm_str_deinit(&inbox->bytes);
  *inbox = (struct zpm_inbox){0};
}

char *zpm_inbox_room(struct zpm_inbox *inbox)
{
  zpm_str_consume(&inbox->bytes, inbox->start);
  inbox->scanned -= inbox->start;
  inbox->start = 0;
  if (inbox->bytes.len > ZPM_INBOX_LINE_MAX ||
      zpm_str_reserve(&inbox->bytes, ZPM_INBOX_ROOM) != 0)
    return NULL;
  return inbox->bytes.data + inbox->bytes.len;
}

void zpm_inbox_filled(struct zpm_inbox *inbox, size_t len)
{
  inbox->bytes.len += len;
  inbox->bytes.data[inbox->bytes.len] = '\0';
}

/* The end of the next line (its newline), or NULL. */
static char *find_newline(struct zpm_inbox *inbox)
{
  size_t unseen = inbox->bytes.len - inbox->scanned;
  char *newline = NULL;

  if (unseen > 0)
    newline = memchr(inbox->bytes.data + inbox->scanned, '\n', unseen);
  if (newline == NULL)
    inbox->scanned = inbox->bytes.len;
  else
    inbox->scanned = (size_t)(newline - inbox->bytes.data) + 1;
  return newline;
}

const char *zpm_inbox_take(struct zpm_inbox *inbox, size_t *len)
{
  char *newline;

  while ((newline = find_newline(inbox)) != NULL) {
    char *line = inbox->bytes.data + inbox->start;
    char *end = newline;

    inbox->start = inbox->scanned;
    if (end > line && end[-1] == '\r')
      end--;
    *end = '\0';
    *len = (size_t)(end - line);
    if (*len > 0)
      return line;
  }
  return NULL;
}
