#include "core/cron.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { FIELDS = 5, WORD_MAX = 64, NOT_A_NUMBER = -1, NUMBER_MAX = 9999 };
enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };

static const char *const MONTHS[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                     "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const WEEKDAYS[] = {"sun", "mon", "tue", "wed",
                                       "thu", "fri", "sat"};

static const struct field {
  const char *label;
  int min;
  int max;
  const char *const *names; /* of min, min + 1, ...; or NULL */
  int name_count;
} FIELD[FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL, 0},
    [HOUR] = {"hour", 0, 23, NULL, 0},
    [DAY] = {"day of the month", 1, 31, NULL, 0},
    [MONTH] = {"month", 1, 12, MONTHS, 12},
    [WEEKDAY] = {"day of the week", 0, 7, WEEKDAYS, 7},
};

static const struct shorthand {
  const char *word;
  const char *fields;
} SHORTHANDS[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},  {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

/* One field being read. */
struct reader {
  const struct field *field;
  const char *at;
  struct zpm_error *err;
};

/* ---- characters ---- */

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static char lower(char c)
{
  return (char)tolower((unsigned char)c);
}

static bool is_letter(char c)
{
  return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool same_letters(const char *text, const char *word, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    if (lower(text[i]) != word[i])
      return false;
  }
  return true;
}

/* ---- one field ---- */

static int refuse(const struct reader *r)
{
  const char *rest = *r->at != '\0' ? r->at : "its end";

  return zpm_error_set(
      r->err, ZPM_ECONFIG,
      "the %s cannot be read at %s: it may be *, a number of %d-%d, a range "
      "(2-5), a step (*/2), or a list of these (1,3)",
      r->field->label, rest, r->field->min, r->field->max);
}

static int read_digits(struct reader *r)
{
  int value = 0;

  if (!is_digit(*r->at))
    return NOT_A_NUMBER;
  for (; is_digit(*r->at); r->at++) {
    if (value <= NUMBER_MAX)
      value = value * 10 + (*r->at - '0');
  }
  return value;
}

static int read_name(struct reader *r)
{
  enum { LETTERS = 3 };
  size_t len = 0;

  while (is_letter(r->at[len]))
    len++;
  for (int i = 0; len == LETTERS && i < r->field->name_count; i++) {
    if (same_letters(r->at, r->field->names[i], len)) {
      r->at += len;
      return r->field->min + i;
    }
  }
  return NOT_A_NUMBER;
}

static int read_value(struct reader *r, int *value)
{
  *value = is_letter(*r->at) ? read_name(r) : read_digits(r);
  if (*value == NOT_A_NUMBER)
    return refuse(r);
  if (*value < r->field->min || *value > r->field->max)
    return zpm_error_set(r->err, ZPM_ECONFIG,
                         "the %s: %s%d is not within %d-%d", r->field->label,
                         *value > NUMBER_MAX ? "more than " : "",
                         *value > NUMBER_MAX ? NUMBER_MAX : *value,
                         r->field->min, r->field->max);
  return 0;
}

static int read_range_end(struct reader *r, int first, int *last)
{
  bool named = is_letter(*r->at);
  int rc = read_value(r, last);

  if (rc != 0)
    return rc;
  if (r->field == &FIELD[WEEKDAY] && named && *last == 0)
    *last = 7; /* sat-sun */
  if (first > *last)
    return zpm_error_set(
        r->err, ZPM_ECONFIG,
        "the %s: a range goes from the smaller to the greater, "
        "not %d-%d. Write it as two: %d-%d,%d-%d",
        r->field->label, first, *last, first, r->field->max, r->field->min,
        *last);
  return 0;
}

static int read_step(struct reader *r, int *step)
{
  int most = r->field->max - r->field->min;

  r->at++;
  *step = read_digits(r);
  if (*step == NOT_A_NUMBER)
    return refuse(r);
  if (*step < 1 || *step > most)
    return zpm_error_set(r->err, ZPM_ECONFIG,
                         "the %s: a step may be 1 to %d; it starts anew with "
                         "each round of its field",
                         r->field->label, most);
  return 0;
}

struct range {
  int first;
  int last;
  bool lone; /* a number by itself */
};

static int read_range(struct reader *r, struct range *range)
{
  int rc;

  *range = (struct range){r->field->min, r->field->max, false};
  if (*r->at == '*') {
    r->at++;
    return 0;
  }
  rc = read_value(r, &range->first);
  range->last = range->first;
  range->lone = *r->at != '-';
  if (rc != 0 || range->lone)
    return rc;
  r->at++;
  return read_range_end(r, range->first, &range->last);
}

static int read_item(struct reader *r, uint64_t *bits)
{
  struct range range;
  int step = 1;
  int rc = read_range(r, &range);

  if (rc == 0 && *r->at == '/' && range.lone)
    rc = zpm_error_set(r->err, ZPM_ECONFIG,
                       "the %s: a step needs a range: write %d-%d%s",
                       r->field->label, range.first, r->field->max, r->at);
  else if (rc == 0 && *r->at == '/')
    rc = read_step(r, &step);
  for (int i = range.first; rc == 0 && i <= range.last; i += step)
    *bits |= (uint64_t)1 << i;
  return rc;
}

static int read_field(struct reader *r, uint64_t *bits)
{
  int rc = read_item(r, bits);

  while (rc == 0 && *r->at == ',') {
    r->at++;
    rc = read_item(r, bits);
  }
  if (rc == 0 && *r->at != '\0')
    return refuse(r);
  return rc;
}

/* ---- all of them ---- */

static int refuse_shape(const char *text, int count, struct zpm_error *err)
{
  static const char EXAMPLE[] = "minute, hour, day of the month, month, day of "
                                "the week, such as \"30 4 * * mon\"";

  if (text[0] == '@')
    return zpm_error_set(err, ZPM_ECONFIG,
                         "\"%.32s\" is not known: there are @hourly, @daily, "
                         "@weekly, @monthly and @yearly",
                         text);
  if (count == FIELDS + 1)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "a schedule has five fields, not six (no seconds): %s",
                         EXAMPLE);
  return zpm_error_set(err, ZPM_ECONFIG, "a schedule has five fields: %s",
                       EXAMPLE);
}

static const char *spelled_out(const char *text)
{
  size_t len = strlen(text);

  while (len > 0 && is_blank(text[len - 1]))
    len--;
  for (size_t i = 0; i < sizeof(SHORTHANDS) / sizeof(SHORTHANDS[0]); i++) {
    const struct shorthand *one = &SHORTHANDS[i];
    if (strlen(one->word) == len && same_letters(text, one->word, len))
      return one->fields;
  }
  return text;
}

/* -1: a field is too long to be one. */
static int split(const char *text, char words[FIELDS][WORD_MAX])
{
  int count = 0;

  while (*text != '\0') {
    size_t len = 0;

    while (text[len] != '\0' && !is_blank(text[len]))
      len++;
    if (len >= WORD_MAX)
      return -1;
    if (count < FIELDS) {
      memcpy(words[count], text, len);
      words[count][len] = '\0';
    }
    count++;
    for (text += len; is_blank(*text);)
      text++;
  }
  return count;
}

static void put(struct zpm_cron *cron, const uint64_t bits[FIELDS],
                char words[FIELDS][WORD_MAX])
{
  uint32_t weekdays = (uint32_t)bits[WEEKDAY];

  *cron = (struct zpm_cron){
      .minutes = bits[MINUTE],
      .hours = (uint32_t)bits[HOUR],
      .days = (uint32_t)bits[DAY],
      .months = (uint32_t)bits[MONTH],
      .weekdays = (weekdays | weekdays >> 7) & 0x7f,
      .either_day = words[DAY][0] != '*' && words[WEEKDAY][0] != '*',
  };
}

static bool ever_comes(const struct zpm_cron *cron)
{
  struct zpm_calendar any = {2000, 1, 1, 0, 0};
  struct zpm_calendar next;

  return zpm_cron_next(cron, &any, &next);
}

int zpm_cron_parse(const char *text, struct zpm_cron *cron,
                   struct zpm_error *err)
{
  char words[FIELDS][WORD_MAX];
  uint64_t bits[FIELDS] = {0};
  int count;

  while (is_blank(*text))
    text++;
  text = spelled_out(text);
  count = split(text, words);
  if (count != FIELDS)
    return refuse_shape(text, count, err);
  for (int i = 0; i < FIELDS; i++) {
    struct reader r = {&FIELD[i], words[i], err};
    int rc = read_field(&r, &bits[i]);
    if (rc != 0)
      return rc;
  }
  put(cron, bits, words);
  if (!ever_comes(cron))
    return zpm_error_set(err, ZPM_ECONFIG,
                         "\"%s %s\" (day of the month, month) never comes",
                         words[DAY], words[MONTH]);
  return 0;
}
