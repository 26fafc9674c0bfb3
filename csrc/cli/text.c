#include "cli/text.h"

#include <string.h>

#include "base/utf8.h"

enum { MINUTE = 60, HOUR = 60 * 60, DAY = 24 * 60 * 60 };

/* ---- figures ---- */

int zpm_text_bytes(struct zpm_str *out, double bytes)
{
  static const char *const UNITS[] = {"KB", "MB", "GB", "TB"};
  size_t unit = 0;

  if (bytes < 1024)
    return zpm_str_printf(out, "%.0f B", bytes);
  bytes /= 1024;
  /* 1023.95 would be shown as 1024.0 */
  while (bytes >= 1023.95 && unit + 1 < sizeof(UNITS) / sizeof(UNITS[0])) {
    bytes /= 1024;
    unit++;
  }
  return zpm_str_printf(out, "%.1f %s", bytes, UNITS[unit]);
}

int zpm_text_duration(struct zpm_str *out, double ms)
{
  unsigned long long seconds;

  if (ms < 1000)
    return zpm_str_printf(out, "%.0fms", ms < 0 ? 0 : ms);
  seconds = (unsigned long long)(ms / 1000);
  if (seconds < MINUTE)
    return zpm_str_printf(out, "%llus", seconds);
  if (seconds < HOUR)
    return zpm_str_printf(out, "%llum %llus", seconds / MINUTE,
                          seconds % MINUTE);
  if (seconds < DAY)
    return zpm_str_printf(out, "%lluh %llum", seconds / HOUR,
                          seconds % HOUR / MINUTE);
  return zpm_str_printf(out, "%llud %lluh", seconds / DAY,
                        seconds % DAY / HOUR);
}

int zpm_text_percent(struct zpm_str *out, double percent)
{
  if (percent < 0.05)
    return zpm_str_puts(out, "0%");
  if (percent < 99.95)
    return zpm_str_printf(out, "%.1f%%", percent);
  return zpm_str_printf(out, "%.0f%%", percent);
}

/* ---- UTF-8 ---- */

static bool is_continuation(char byte)
{
  return ((unsigned char)byte & 0xC0) == 0x80;
}

/* C0, DEL, and the C1 controls U+0080 to U+009F. */
static bool is_control(const char *text, size_t size)
{
  unsigned char first = (unsigned char)text[0];

  if (size == 1)
    return first < 0x20 || first == 0x7F;
  return first == 0xC2 && (unsigned char)text[1] < 0xA0;
}

static int escape_byte(struct zpm_str *out, char byte)
{
  switch (byte) {
  case '\n':
    return zpm_str_puts(out, "\\n");
  case '\r':
    return zpm_str_puts(out, "\\r");
  case '\t':
    return zpm_str_puts(out, "\\t");
  default:
    return zpm_str_printf(out, "\\x%02x", (unsigned)(unsigned char)byte);
  }
}

int zpm_text_escape(struct zpm_str *out, const char *text)
{
  const char *plain = text; /* not yet appended */
  const char *end = text + strlen(text);

  while (text < end) {
    size_t size = zpm_utf8_size(text, (size_t)(end - text));

    if (size > 0 && !is_control(text, size)) {
      text += size;
      continue;
    }
    if (zpm_str_append(out, plain, (size_t)(text - plain)) != 0 ||
        escape_byte(out, *text) != 0)
      return -1;
    plain = ++text;
  }
  return zpm_str_append(out, plain, (size_t)(text - plain));
}

size_t zpm_text_width(const char *text)
{
  size_t width = 0;

  for (; *text != '\0'; text++)
    width += !is_continuation(*text);
  return width;
}

size_t zpm_text_prefix(const char *text, size_t width)
{
  size_t len = 0;

  while (text[len] != '\0') {
    if (!is_continuation(text[len]) && width-- == 0)
      break;
    len++;
  }
  return len;
}

/* ---- paragraphs ---- */

static int break_line(struct zpm_str *out, size_t indent)
{
  return zpm_str_printf(out, "\n%*s", (int)indent, "");
}

int zpm_text_wrap(struct zpm_str *out, const char *text, size_t indent,
                  size_t width)
{
  size_t column = indent;
  int rc = 0;

  while (rc == 0 && *text != '\0') {
    size_t len = strcspn(text, " \n");
    size_t word = len; /* its columns: help texts are ASCII */

    if (column > indent && column + 1 + word > width) {
      rc = break_line(out, indent);
      column = indent;
    } else if (column > indent) {
      rc = zpm_str_puts(out, " ");
      column++;
    }
    if (rc == 0)
      rc = zpm_str_append(out, text, len);
    column += word;
    text += len;
    if (rc == 0 && *text == '\n') {
      rc = break_line(out, indent);
      column = indent;
    }
    text += *text != '\0';
  }
  return rc;
}
