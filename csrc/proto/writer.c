#include "proto/writer.h"

#include <string.h>

#include "base/utf8.h"

static void put(struct zpm_writer *writer, const char *bytes, size_t len)
{
  if (!writer->failed && zpm_str_append(writer->out, bytes, len) != 0)
    writer->failed = true;
}

static void begin_value(struct zpm_writer *writer)
{
  if (writer->comma)
    put(writer, ",", 1);
  writer->comma = true;
}

static void begin_nest(struct zpm_writer *writer, const char *bracket)
{
  begin_value(writer);
  put(writer, bracket, 1);
  writer->comma = false;
}

static void end_nest(struct zpm_writer *writer, const char *bracket)
{
  put(writer, bracket, 1);
  writer->comma = true;
}

void zpm_writer_begin_object(struct zpm_writer *writer)
{
  begin_nest(writer, "{");
}

void zpm_writer_end_object(struct zpm_writer *writer)
{
  end_nest(writer, "}");
}

void zpm_writer_begin_array(struct zpm_writer *writer)
{
  begin_nest(writer, "[");
}

void zpm_writer_end_array(struct zpm_writer *writer)
{
  end_nest(writer, "]");
}

void zpm_writer_key(struct zpm_writer *writer, const char *name)
{
  begin_value(writer);
  put(writer, "\"", 1);
  put(writer, name, strlen(name));
  put(writer, "\":", 2);
  writer->comma = false;
}

static void put_control(struct zpm_writer *writer, unsigned char c)
{
  static const char HEX[] = "0123456789abcdef";
  const char escape[6] = {'\\', 'u', '0', '0', HEX[c >> 4], HEX[c & 15]};

  if (c == '\n')
    put(writer, "\\n", 2);
  else if (c == '\t')
    put(writer, "\\t", 2);
  else if (c == '\r')
    put(writer, "\\r", 2);
  else
    put(writer, escape, sizeof(escape));
}

/* Writes the byte that cannot stand in a string as it is. */
static void put_special(struct zpm_writer *writer, unsigned char c)
{
  const char escape[2] = {'\\', (char)c};

  if (c == '"' || c == '\\')
    put(writer, escape, sizeof(escape));
  else if ((c < 0x20 && c != '\0') || c == 0x7F)
    put_control(writer, c);
  else
    put(writer, "\xEF\xBF\xBD", 3);
}

static bool is_plain(unsigned char c)
{
  return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* Bytes from here on that may stand in a string as they are. */
static size_t plain_length(const char *at, size_t left)
{
  size_t len = 0;

  while (len < left) {
    unsigned char c = (unsigned char)at[len];
    size_t step = is_plain(c) ? 1
                  : c >= 0x80 ? zpm_utf8_size(at + len, left - len)
                              : 0;

    if (step == 0)
      break;
    len += step;
  }
  return len;
}

void zpm_writer_bytes(struct zpm_writer *writer, const char *bytes, size_t len)
{
  size_t at = 0;

  begin_value(writer);
  put(writer, "\"", 1);
  while (at < len && !writer->failed) {
    size_t plain = plain_length(bytes + at, len - at);

    put(writer, bytes + at, plain);
    at += plain;
    if (at < len)
      put_special(writer, (unsigned char)bytes[at++]);
  }
  put(writer, "\"", 1);
}

void zpm_writer_text(struct zpm_writer *writer, const char *text)
{
  if (text == NULL)
    zpm_writer_null(writer);
  else
    zpm_writer_bytes(writer, text, strlen(text));
}

void zpm_writer_uint(struct zpm_writer *writer, uint64_t value)
{
  char digits[20];
  size_t at = sizeof(digits);

  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  zpm_writer_raw(writer, digits + at, sizeof(digits) - at);
}

void zpm_writer_int(struct zpm_writer *writer, int64_t value)
{
  if (value >= 0) {
    zpm_writer_uint(writer, (uint64_t)value);
    return;
  }
  begin_value(writer);
  put(writer, "-", 1);
  writer->comma = false;
  zpm_writer_uint(writer, ~(uint64_t)value + 1);
}

void zpm_writer_tenths(struct zpm_writer *writer, double value)
{
  uint64_t tenths = 0;
  char fraction[2] = {'.', '0'};

  if (value > 0 && value < 1e15)
    tenths = (uint64_t)(value * 10 + 0.5);
  zpm_writer_uint(writer, tenths / 10);
  fraction[1] = (char)('0' + tenths % 10);
  if (tenths % 10 != 0)
    put(writer, fraction, sizeof(fraction));
}

void zpm_writer_bool(struct zpm_writer *writer, bool value)
{
  zpm_writer_raw(writer, value ? "true" : "false", value ? 4 : 5);
}

void zpm_writer_null(struct zpm_writer *writer)
{
  zpm_writer_raw(writer, "null", 4);
}

void zpm_writer_raw(struct zpm_writer *writer, const char *json, size_t len)
{
  begin_value(writer);
  put(writer, json, len);
}
