#include "core/last_line.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static void add_head(struct zpm_last_line *last, const char *bytes, size_t len)
{
  size_t room = sizeof(last->head) - last->head_len;
  size_t taken = len < room ? len : room;

  memcpy(last->head + last->head_len, bytes, taken);
  last->head_len += taken;
}

static bool is_blank(const char *bytes, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r')
      return false;
  }
  return true;
}

/* Shows what fits of the bytes, as clean UTF-8. */
static void show(struct zpm_last_line *last, const char *bytes, size_t len)
{
  size_t used = 0;

  while (len > 0) {
    size_t size = *bytes == '\0' ? 0 : zpm_utf8_size(bytes, len);
    const char *from = size > 0 ? bytes : "\xEF\xBF\xBD";
    size_t put = size > 0 ? size : 3;

    if (used + put > ZPM_LAST_LINE_MAX)
      break;
    memcpy(last->text + used, from, put);
    used += put;
    size = size > 0 ? size : 1;
    bytes += size;
    len -= size;
  }
  last->text[used] = '\0';
}

/* Takes the complete line for the last one, unless it is blank. */
static bool take(struct zpm_last_line *last, const char *bytes, size_t len)
{
  if (is_blank(bytes, len))
    return false;
  if (bytes[len - 1] == '\r')
    len--;
  if (len > ZPM_LAST_LINE_MAX) {
    len = ZPM_LAST_LINE_MAX;
    len -= zpm_utf8_unfinished(bytes, len);
  }
  show(last, bytes, len);
  return true;
}

/* Where the line begins whose newline would be at `end`. */
static size_t line_start(const char *bytes, size_t end)
{
  while (end > 0 && bytes[end - 1] != '\n')
    end--;
  return end;
}

void zpm_last_line_feed(struct zpm_last_line *last, const char *bytes,
                        size_t len)
{
  size_t tail = line_start(bytes, len);
  size_t start = tail;

  while (start > 0) {
    size_t end = start - 1;

    start = line_start(bytes, end);
    if (start > 0 && take(last, bytes + start, end - start))
      break;
    if (start == 0) { /* it began in an earlier batch */
      add_head(last, bytes, end);
      take(last, last->head, last->head_len);
    }
  }
  if (tail > 0)
    last->head_len = 0;
  add_head(last, bytes + tail, len - tail);
}
