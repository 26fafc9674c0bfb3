#include "core/verdicts.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "zpm/error.h"

struct zpm_finding {
  struct zpm_binary binary;
  enum zpm_selftest is;
  bool doubtful;
};

/* ---- a binary ---- */

void zpm_binary_deinit(struct zpm_binary *binary)
{
  zpm_free(binary->path);
  *binary = (struct zpm_binary){0};
}

int zpm_binary_copy(struct zpm_binary *to, const struct zpm_binary *from)
{
  char *path = zpm_strdup(from->path);

  if (path == NULL)
    return ZPM_ENOMEM;
  *to = *from;
  to->path = path;
  return 0;
}

bool zpm_binary_equal(const struct zpm_binary *a, const struct zpm_binary *b)
{
  return a->inode == b->inode && a->mtime_ns == b->mtime_ns &&
         a->size == b->size && strcmp(a->path, b->path) == 0;
}

/* ---- all of them ---- */

void zpm_verdicts_deinit(struct zpm_verdicts *verdicts)
{
  for (size_t i = 0; i < verdicts->len; i++)
    zpm_binary_deinit(&verdicts->items[i].binary);
  zpm_free(verdicts->items);
  *verdicts = (struct zpm_verdicts){0};
}

enum zpm_selftest zpm_verdicts_find(const struct zpm_verdicts *verdicts,
                                    const struct zpm_binary *binary)
{
  for (size_t i = 0; i < verdicts->len; i++) {
    if (zpm_binary_equal(&verdicts->items[i].binary, binary))
      return verdicts->items[i].is;
  }
  return ZPM_SELFTEST_UNKNOWN;
}

static void drop(struct zpm_verdicts *verdicts, size_t at)
{
  zpm_binary_deinit(&verdicts->items[at].binary);
  verdicts->len--;
  memmove(&verdicts->items[at], &verdicts->items[at + 1],
          (verdicts->len - at) * sizeof(*verdicts->items));
}

static void make_room(struct zpm_verdicts *verdicts, const char *path)
{
  for (size_t i = 0; i < verdicts->len; i++) {
    if (strcmp(verdicts->items[i].binary.path, path) == 0)
      drop(verdicts, i--);
  }
  if (verdicts->len == ZPM_VERDICTS_MAX)
    drop(verdicts, 0);
}

int zpm_verdicts_set(struct zpm_verdicts *verdicts,
                     const struct zpm_binary *binary, enum zpm_selftest verdict,
                     bool doubtful)
{
  struct zpm_finding item = {.is = verdict, .doubtful = doubtful};
  struct zpm_finding *items;

  if (zpm_binary_copy(&item.binary, binary) != 0)
    return ZPM_ENOMEM;
  make_room(verdicts, binary->path);
  items = zpm_realloc(verdicts->items, (verdicts->len + 1) * sizeof(*items));
  if (items == NULL) {
    zpm_binary_deinit(&item.binary);
    return ZPM_ENOMEM;
  }
  verdicts->items = items;
  items[verdicts->len++] = item;
  return 0;
}

/* ---- as text ---- */

static int put_one(const struct zpm_finding *verdict, struct zpm_str *text)
{
  const struct zpm_binary *binary = &verdict->binary;
  const char *word = zpm_selftest_word(verdict->is);

  if (word == NULL || verdict->doubtful || strchr(binary->path, '\n') != NULL)
    return 0;
  return zpm_str_printf(text, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
                        word, binary->inode, binary->mtime_ns, binary->size,
                        binary->path);
}

int zpm_verdicts_put(const struct zpm_verdicts *verdicts, const char *version,
                     struct zpm_str *text)
{
  int rc = zpm_str_printf(text, "zpm %s\n", version);

  for (size_t i = 0; rc == 0 && i < verdicts->len; i++)
    rc = put_one(&verdicts->items[i], text);
  return rc;
}

/* Decimal digits and a blank.  Returns what follows them, or NULL; `text` may
 * be that already. */
static const char *read_number(const char *text, const char *end,
                               uint64_t *number)
{
  const char *at = text;

  *number = 0;
  for (; at != NULL && at < end && *at >= '0' && *at <= '9'; at++) {
    uint64_t digit = (uint64_t)(*at - '0');

    if (*number > (UINT64_MAX - digit) / 10)
      return NULL;
    *number = *number * 10 + digit;
  }
  return at != text && at < end && *at == ' ' ? at + 1 : NULL;
}

static int read_one(struct zpm_verdicts *verdicts, const char *line,
                    const char *end)
{
  const char *blank = memchr(line, ' ', (size_t)(end - line));
  struct zpm_str path = {0};
  struct zpm_binary binary;
  enum zpm_selftest verdict;
  const char *at;
  int rc;

  if (blank == NULL)
    return 0;
  verdict = zpm_selftest_of_word(line, (size_t)(blank - line));
  at = read_number(blank + 1, end, &binary.inode);
  at = read_number(at, end, &binary.mtime_ns);
  at = read_number(at, end, &binary.size);
  if (at == NULL || at == end || *at != '/' || verdict == ZPM_SELFTEST_UNKNOWN)
    return 0;
  rc = zpm_str_append(&path, at, (size_t)(end - at));
  binary.path = path.data;
  if (rc == 0)
    rc = zpm_verdicts_set(verdicts, &binary, verdict, false);
  zpm_str_deinit(&path);
  return rc;
}

static bool is_of_version(const char *line, size_t len, const char *version)
{
  static const char WHO[] = "zpm ";
  size_t who = sizeof(WHO) - 1;

  return len == who + strlen(version) && memcmp(line, WHO, who) == 0 &&
         memcmp(line + who, version, len - who) == 0;
}

int zpm_verdicts_read(struct zpm_verdicts *verdicts, const char *version,
                      const char *text, size_t len)
{
  const char *end = text + len;
  const char *line = text;
  int rc = 0;

  while (rc == 0 && line < end) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));

    if (newline == NULL)
      break; /* the rest of it is missing */
    if (line != text)
      rc = read_one(verdicts, line, newline);
    else if (!is_of_version(line, (size_t)(newline - line), version))
      break;
    line = newline + 1;
  }
  return rc;
}
