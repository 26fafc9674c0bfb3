#include "core/field.h"

#include "core/config.h"

#include <stdio.h>
#include <string.h>

/* Numbers: what text means one, and which of them a field takes. */

enum {
  THOUSAND = 1000,
  NICE_MIN = -20,
  NICE_MAX = 19,
  UMASK_MAX = 0777,
  BOUND_SIZE = 32,
  EXPECTED_SIZE = 120,
};

/* ---- what should have been there ---- */

/* 1048576 as "1M". */
static void put_size(char text[BOUND_SIZE], uint64_t bytes)
{
  static const char UNITS[] = " KMG";
  size_t unit = 0;

  while (unit < 3 && bytes >= 1024 && bytes % 1024 == 0) {
    bytes /= 1024;
    unit++;
  }
  snprintf(text, BOUND_SIZE, "%llu%.*s", (unsigned long long)bytes, unit > 0,
           &UNITS[unit]);
}

static void put_sizes(char text[EXPECTED_SIZE], const struct zpm_field *field)
{
  char min[BOUND_SIZE];
  char max[BOUND_SIZE];

  put_size(min, field->min);
  put_size(max, field->max);
  snprintf(text, EXPECTED_SIZE, "a size such as 200M, of %s to %s%s", min, max,
           field->off ? ", or 0" : "");
}

static void put_expected(char text[EXPECTED_SIZE],
                         const struct zpm_field *field)
{
  const char *zero = field->off && field->min > 0 ? "0 or " : "";

  if (field->type == ZPM_FIELD_UINT64)
    put_sizes(text, field);
  else if (field->type == ZPM_FIELD_SECONDS)
    snprintf(text, EXPECTED_SIZE, "%sa number of %.15g to %.15g seconds", zero,
             (double)field->min / THOUSAND, (double)field->max / THOUSAND);
  else if (field->type == ZPM_FIELD_UMASK)
    snprintf(text, EXPECTED_SIZE, "an octal number of 000 to 777, such as 022");
  else if (field->type == ZPM_FIELD_NICE)
    snprintf(text, EXPECTED_SIZE, "a whole number of %d to %d", NICE_MIN,
             NICE_MAX);
  else if (field->type == ZPM_FIELD_INSTANCES)
    snprintf(text, EXPECTED_SIZE,
             "a whole number of 1 to %llu, \"max\" for one per CPU core, or -1 "
             "for one less",
             (unsigned long long)field->max);
  else
    snprintf(text, EXPECTED_SIZE, "%sa whole number of %llu to %llu%s%s", zero,
             (unsigned long long)field->min, (unsigned long long)field->max,
             field->unit != NULL ? " " : "",
             field->unit != NULL ? field->unit : "");
}

int zpm_field_refuse_number(const struct zpm_field *field, const char *label,
                            const char *found, struct zpm_error *err)
{
  char expected[EXPECTED_SIZE];

  put_expected(expected, field);
  return zpm_error_set(err, ZPM_ECONFIG, "%s must be %s, not %s", label,
                       expected, found);
}

/* ---- a number ---- */

/* The unit of a member: seconds are kept as milliseconds. */
static double scale_of(const struct zpm_field *field)
{
  return field->type == ZPM_FIELD_SECONDS ? THOUSAND : 1;
}

static bool is_within(const struct zpm_field *field, double value)
{
  if (field->type == ZPM_FIELD_NICE)
    return value >= NICE_MIN && value <= NICE_MAX;
  if (field->type == ZPM_FIELD_UMASK)
    return value >= 0 && value <= UMASK_MAX;
  if (field->type == ZPM_FIELD_INSTANCES)
    return value != 0 && value <= (double)field->max &&
           value >= -(double)field->max;
  return (field->off && value == 0) ||
         (value >= (double)field->min && value <= (double)field->max);
}

static void store(void *base, const struct zpm_field *field, int64_t value)
{
  void *member = zpm_field_member(base, field);

  if (field->type == ZPM_FIELD_UINT64)
    *(uint64_t *)member = (uint64_t)value;
  else if (field->type == ZPM_FIELD_NICE || field->type == ZPM_FIELD_UMASK ||
           field->type == ZPM_FIELD_INSTANCES)
    *(int *)member = (int)value;
  else
    *(uint32_t *)member = (uint32_t)value;
}

int zpm_field_set_number(void *base, const struct zpm_field *field,
                         double value, const char *label, struct zpm_error *err)
{
  bool whole = field->type != ZPM_FIELD_SECONDS;
  double scaled = value * scale_of(field);
  char found[BOUND_SIZE];

  /* Bounds first: only what is within them fits an int64_t. */
  if (is_within(field, scaled) &&
      (!whole || scaled == (double)(int64_t)scaled)) {
    store(base, field, (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5));
    return 0;
  }
  snprintf(found, sizeof(found), "%.15g", value);
  return zpm_field_refuse_number(field, label, found, err);
}

/* ---- sizes ---- */

/* What may follow the letter: "MB" and "MiB" are "M". */
static bool is_byte(const char *text, size_t len)
{
  if (len == 2 && text[0] == 'i')
    text++;
  else if (len != 1)
    return len == 0;
  return text[0] == 'B' || text[0] == 'b';
}

/* "M" is 1024 * 1024; 0: no such unit. */
static uint64_t unit_factor(const char *suffix, size_t len)
{
  if (len == 0)
    return 1;
  if (!is_byte(suffix + 1, len - 1))
    return 0;
  switch (suffix[0]) {
  case 'k':
  case 'K':
    return (uint64_t)1 << 10;
  case 'm':
  case 'M':
    return (uint64_t)1 << 20;
  case 'g':
  case 'G':
    return (uint64_t)1 << 30;
  default:
    return 0;
  }
}

/* Thousandths of the decimal number that the text begins with.  Returns how
 * long it is; 0 if there is none, or it is above `max`, or has more than three
 * decimals. */
static size_t read_thousandths(const char *text, size_t len, uint64_t max,
                               uint64_t *out)
{
  size_t at = 0;
  size_t point;

  *out = 0;
  for (; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
    *out = *out * 10 + (uint64_t)(text[at] - '0');
    if (*out > max)
      return 0;
  }
  point = at;
  if (at > 0 && at < len && text[at] == '.')
    at++;
  for (; at > point && at < len && text[at] >= '0' && text[at] <= '9'; at++)
    *out = *out * 10 + (uint64_t)(text[at] - '0');
  if (at - point == 1 || at - point > 4)
    return 0; /* "1." or "1.0001" */
  for (size_t decimals = at > point ? at - point - 1 : 0; decimals < 3;
       decimals++)
    *out *= 10;
  return at;
}

bool zpm_field_read_size(const char *text, size_t len, uint64_t max,
                         uint64_t *bytes)
{
  uint64_t thousandths;
  size_t digits = read_thousandths(text, len, max, &thousandths);
  uint64_t factor;

  if (digits == 0)
    return false;
  factor = unit_factor(text + digits, len - digits);
  if (factor == 0 || thousandths / THOUSAND > max / factor)
    return false;
  *bytes = thousandths / THOUSAND * factor +
           thousandths % THOUSAND * factor / THOUSAND;
  return *bytes <= max && (factor > 1 || thousandths % THOUSAND == 0);
}

/* ---- text ---- */

/* At most `most` digits of `base`, after a sign, to the end of the text. */
static bool read_digits(const char *text, int base, int most, double *value)
{
  bool negative = text[0] == '-' && base == 10;
  int count = 0;

  *value = 0;
  for (text += negative; *text >= '0' && *text < '0' + base; text++, count++)
    *value = *value * base + (*text - '0');
  if (negative)
    *value = -*value;
  return *text == '\0' && count > 0 && count <= most;
}

static bool read_number(const struct zpm_field *field, const char *text,
                        double *value)
{
  enum { MAX_DIGITS = 15 }; /* exact as a double */
  uint64_t thousandths;
  uint64_t bytes;
  size_t len = strlen(text);

  if (field->type == ZPM_FIELD_UMASK)
    return read_digits(strncmp(text, "0o", 2) == 0 ? text + 2 : text, 8,
                       MAX_DIGITS, value);
  if (field->type == ZPM_FIELD_UINT64) {
    bool good = zpm_field_read_size(text, len, field->max, &bytes);

    *value = good ? (double)bytes : 0;
    return good;
  }
  if (field->type != ZPM_FIELD_SECONDS)
    return read_digits(text, 10, MAX_DIGITS, value);
  if (len == 0 || read_thousandths(text, len, field->max, &thousandths) != len)
    return false;
  *value = (double)thousandths / THOUSAND;
  return true;
}

int zpm_field_set_number_text(void *base, const struct zpm_field *field,
                              const char *text, const char *label,
                              struct zpm_error *err)
{
  char quoted[80];
  double value;

  if (read_number(field, text, &value) &&
      zpm_field_set_number(base, field, value, label, NULL) == 0)
    return 0;
  snprintf(quoted, sizeof(quoted), "\"%.60s\"", text);
  return zpm_field_refuse_number(field, label, quoted, err);
}
