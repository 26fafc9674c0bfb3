#include "core/lines.h"

#include <string.h>

#include "base/utf8.h"

enum {
  MS_PER_DAY = 24 * 60 * 60 * 1000,
  LONGEST_ESCAPE = 8, /* of one character: \u0000 */
  LONGEST_CLOSING = 20,
};

/* ---- time ---- */

struct date {
  uint64_t year;
  uint64_t month;
  uint64_t day;
};

/* Days since 1970 in the Gregorian calendar.  Years are taken to begin in
 * March, so that the leap day is the last of a year. */
static struct date date_of_days(uint64_t days)
{
  uint64_t shifted = days + 719468;
  uint64_t era = shifted / 146097;
  uint64_t day_of_era = shifted % 146097;
  uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                          day_of_era / 146096) /
                         365;
  uint64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  uint64_t month = (5 * day_of_year + 2) / 153;

  return (struct date){
      .year = era * 400 + year_of_era + (month >= 10 ? 1 : 0),
      .month = month < 10 ? month + 3 : month - 9,
      .day = day_of_year - (153 * month + 2) / 5 + 1,
  };
}

static char *put_number(char *at, uint64_t value, size_t digits)
{
  for (size_t i = digits; i > 0; i--) {
    at[i - 1] = (char)('0' + value % 10);
    value /= 10;
  }
  return at + digits;
}

void zpm_lines_stamp(uint64_t time_ms, char stamp[ZPM_LINES_STAMP_SIZE])
{
  struct date date = date_of_days(time_ms / MS_PER_DAY);
  uint64_t ms = time_ms % MS_PER_DAY;

  memcpy(stamp, "0000-00-00T00:00:00.000Z", ZPM_LINES_STAMP_SIZE);
  put_number(stamp, date.year, 4);
  put_number(stamp + 5, date.month, 2);
  put_number(stamp + 8, date.day, 2);
  put_number(stamp + 11, ms / 3600000, 2);
  put_number(stamp + 14, ms / 60000 % 60, 2);
  put_number(stamp + 17, ms / 1000 % 60, 2);
  put_number(stamp + 20, ms % 1000, 3);
}

/* ---- formatting ---- */

struct output {
  char *at;
  char *end;
};

static size_t room_of(const struct output *out)
{
  return (size_t)(out->end - out->at);
}

static void put(struct output *out, const char *bytes, size_t len)
{
  memcpy(out->at, bytes, len);
  out->at += len;
}

static void put_text(struct output *out, const char *text)
{
  put(out, text, strlen(text));
}

/* Moves at most `most` bytes from the input to the output. */
static void move(struct zpm_lines *lines, struct output *out, size_t most)
{
  size_t len = most < room_of(out) ? most : room_of(out);

  put(out, lines->bytes, len);
  lines->bytes += len;
  lines->len -= len;
}

static void format_stamped(struct zpm_lines *lines, struct output *out)
{
  while (lines->len > 0 && room_of(out) > ZPM_LINES_STAMP_SIZE) {
    const char *newline = memchr(lines->bytes, '\n', lines->len);

    if (lines->line_start) {
      put_text(out, lines->stamp);
      put_text(out, " ");
    }
    move(lines, out,
         newline != NULL ? (size_t)(newline - lines->bytes) + 1 : lines->len);
    lines->line_start = out->at[-1] == '\n';
  }
}

static bool is_plain(char c)
{
  unsigned char byte = (unsigned char)c;

  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static void put_escape(struct output *out, unsigned char byte)
{
  static const char DIGITS[] = "0123456789abcdef";
  static const char SHORT[] = "\"\"\\\\\bb\ff\rr\tt";
  char escape[] = {'\\', 'u', '0', '0', DIGITS[byte >> 4], DIGITS[byte & 15]};

  for (size_t i = 0; i + 1 < sizeof(SHORT); i += 2) {
    if ((unsigned char)SHORT[i] == byte) {
      escape[1] = SHORT[i + 1];
      put(out, escape, 2);
      return;
    }
  }
  put(out, escape, sizeof(escape));
}

/* One character that JSON cannot hold as a plain byte. */
static void put_character(struct zpm_lines *lines, struct output *out)
{
  unsigned char byte = (unsigned char)*lines->bytes;
  size_t size = byte < 0x80 ? 1 : zpm_utf8_size(lines->bytes, lines->len);

  if (size > 1) {
    move(lines, out, size);
    return;
  }
  if (size == 1)
    put_escape(out, byte);
  else
    put_text(out, "\xEF\xBF\xBD"); /* U+FFFD */
  lines->bytes++;
  lines->len--;
}

/* The text of a line up to its newline, the end of input, or want of room. */
static void put_line(struct zpm_lines *lines, struct output *out)
{
  while (lines->len > 0 && *lines->bytes != '\n' &&
         room_of(out) >= LONGEST_ESCAPE) {
    size_t run = 0;

    while (run < lines->len && is_plain(lines->bytes[run]))
      run++;
    if (run > 0)
      move(lines, out, run);
    else
      put_character(lines, out);
  }
}

static void open_object(struct zpm_lines *lines, struct output *out)
{
  put_text(out, lines->line_start ? "{\"time\":\"" : "\n{\"time\":\"");
  put_text(out, lines->stamp);
  put_text(out, "\",\"stream\":\"");
  put_text(out, lines->stream);
  put_text(out, "\",\"line\":\"");
  lines->line_start = false;
  lines->inside = true;
}

static void close_object(struct zpm_lines *lines, struct output *out)
{
  if (lines->len > 0) { /* it has stopped at the newline */
    put_text(out, "\"}\n");
    lines->bytes++;
    lines->len--;
  } else {
    put_text(out, "\",\"partial\":true}\n");
  }
  lines->line_start = true;
  lines->inside = false;
}

static void format_json(struct zpm_lines *lines, struct output *out)
{
  while (lines->len > 0 || lines->inside) {
    if (!lines->inside && room_of(out) < ZPM_LINES_ROOM)
      return;
    if (!lines->inside)
      open_object(lines, out);
    put_line(lines, out);
    if (room_of(out) < LONGEST_CLOSING)
      return;
    close_object(lines, out);
  }
}

void zpm_lines_begin(struct zpm_lines *lines, uint64_t time_ms)
{
  lines->inside = false;
  zpm_lines_stamp(time_ms, lines->stamp);
}

size_t zpm_lines_format(struct zpm_lines *lines, char *out, size_t room)
{
  struct output output = {out, out + room};

  if (lines->style == ZPM_LINES_JSON)
    format_json(lines, &output);
  else if (lines->style == ZPM_LINES_STAMPED)
    format_stamped(lines, &output);
  else
    move(lines, &output, lines->len);
  return (size_t)(output.at - out);
}

/* ---- cutting ---- */

size_t zpm_lines_fit(const char *bytes, size_t len, size_t room)
{
  size_t end = len < room ? len : room;

  while (end > 0 && bytes[end - 1] != '\n')
    end--;
  return end;
}
