#include "core/config.h"

#include <stdio.h>
#include <string.h>

static const char *const NAMES[ZPM_RLIMIT_KINDS] = {
    [ZPM_RLIMIT_AS] = "as",         [ZPM_RLIMIT_CORE] = "core",
    [ZPM_RLIMIT_CPU] = "cpu",       [ZPM_RLIMIT_DATA] = "data",
    [ZPM_RLIMIT_FSIZE] = "fsize",   [ZPM_RLIMIT_MEMLOCK] = "memlock",
    [ZPM_RLIMIT_NOFILE] = "nofile", [ZPM_RLIMIT_NPROC] = "nproc",
    [ZPM_RLIMIT_STACK] = "stack",
};

static const char ALL_NAMES[] =
    "as, core, cpu, data, fsize, memlock, nofile, nproc or stack";
static const char UNLIMITED[] = "unlimited";

const char *zpm_rlimit_name(int kind)
{
  return NAMES[kind];
}

int zpm_rlimit_of_name(const char *name, size_t len)
{
  for (int i = 0; i < ZPM_RLIMIT_KINDS; i++) {
    if (strlen(NAMES[i]) == len && memcmp(NAMES[i], name, len) == 0)
      return i;
  }
  return -1;
}

bool zpm_rlimit_read(const char *text, size_t len, uint64_t *value)
{
  if (len == sizeof(UNLIMITED) - 1 && memcmp(text, UNLIMITED, len) == 0) {
    *value = ZPM_RLIMIT_UNLIMITED;
    return true;
  }
  return zpm_field_read_size(text, len, ZPM_SIZE_MAX, value);
}

int zpm_rlimits_set(struct zpm_rlimits *limits, int kind,
                    struct zpm_rlimit limit, const char *label,
                    struct zpm_error *err)
{
  if (limit.soft > limit.hard)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "%s: the soft limit of %s must not be above its hard "
                         "limit",
                         label, NAMES[kind]);
  limits->of[kind] = limit;
  limits->given |= (uint32_t)1 << kind;
  return 0;
}

static bool read_pair(const char *text, struct zpm_rlimit *limit)
{
  size_t len = strcspn(text, ":");

  if (!zpm_rlimit_read(text, len, &limit->soft))
    return false;
  limit->hard = limit->soft;
  return text[len] == '\0' ||
         zpm_rlimit_read(text + len + 1, strlen(text + len + 1), &limit->hard);
}

int zpm_rlimits_set_text(struct zpm_rlimits *limits, const char *text,
                         const char *label, struct zpm_error *err)
{
  size_t len = strcspn(text, "=");
  int kind = zpm_rlimit_of_name(text, len);
  struct zpm_rlimit limit;

  if (text[len] == '\0')
    return zpm_error_set(err, ZPM_ECONFIG,
                         "%s must have the form nofile=4096 or "
                         "nofile=4096:8192 (soft:hard), not \"%.60s\"",
                         label, text);
  if (kind < 0)
    return zpm_error_set(err, ZPM_ECONFIG,
                         "%s: there is no limit \"%.*s\", only %s", label,
                         (int)(len < 60 ? len : 60), text, ALL_NAMES);
  if (!read_pair(text + len + 1, &limit))
    return zpm_error_set(err, ZPM_ECONFIG,
                         "%s: %s must be a number, a size such as 2G, or "
                         "unlimited, or two of them as soft:hard, not "
                         "\"%.60s\"",
                         label, NAMES[kind], text + len + 1);
  return zpm_rlimits_set(limits, kind, limit, label, err);
}

bool zpm_rlimits_equal(const struct zpm_rlimits *a, const struct zpm_rlimits *b)
{
  if (a->given != b->given)
    return false;
  for (int i = 0; i < ZPM_RLIMIT_KINDS; i++) {
    bool given = (a->given >> i & 1) != 0;

    if (given &&
        (a->of[i].soft != b->of[i].soft || a->of[i].hard != b->of[i].hard))
      return false;
  }
  return true;
}
