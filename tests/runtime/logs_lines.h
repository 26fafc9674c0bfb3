#ifndef ZPM_TESTS_LOGS_LINES_H
#define ZPM_TESTS_LOGS_LINES_H

#include "logs_fixture.h"
#include "runtime/log_path.h"

/*
 * Numbered lines, and whether a log holds each of them once.
 */
enum { LINE_MAX_LEN = 256 };

/* Line number `n` of a stream: of a length that depends on the number. */
static inline size_t make_line(uint32_t n, char line[LINE_MAX_LEN])
{
  size_t len = (size_t)snprintf(line, LINE_MAX_LEN, "%08u ", n);
  size_t filler = n * 2654435761u >> 25;

  memset(line + len, 'a' + (int)(n % 26), filler);
  line[len + filler] = '\n';
  return len + filler + 1;
}

/* All parts of the log, the oldest first.  One may be missing: the kill came in
 * the middle of a rotation. */
static inline void collect(const char *folder, const char *app,
                           struct zpm_str *all)
{
  char name[64];
  char path[ZPM_LOG_PATH_MAX];
  uint32_t part = 0;

  for (uint32_t missing = 0; missing < 2; part++) {
    snprintf(name, sizeof(name), "%s/out.log", app);
    assert_int_equal(zpm_log_path(path, folder, name, part), 0);
    missing += access(path, F_OK) != 0;
  }
  while (part-- > 0) {
    const struct zpm_str *content;

    snprintf(name, sizeof(name), part > 0 ? "%s/out.log.%u" : "%s/out.log", app,
             part);
    content = logs_read(folder, name);
    if (content != NULL)
      assert_int_equal(zpm_str_append(all, content->data, content->len), 0);
  }
}

#define JSON_HEAD                                                              \
  "{\"time\":\"2026-01-01T00:00:00.000Z\",\"stream\":\"out\",\"line\":\""
#define JSON_END "\"}"
#define JSON_PARTIAL "\",\"partial\":true}"

/* One line of a JSON log: what the app wrote of it. */
static inline void strip_json(const char *line, size_t len,
                              struct zpm_str *plain)
{
  size_t head = strlen(JSON_HEAD);
  size_t end = strlen(JSON_END);
  size_t partial = strlen(JSON_PARTIAL);

  assert_true(len >= head + end);
  assert_memory_equal(line, JSON_HEAD, strlen("{\"time\":\""));
  assert_memory_equal(&line[head - 20], &JSON_HEAD[head - 20], 20);
  if (len >= head + partial &&
      memcmp(line + len - partial, JSON_PARTIAL, partial) == 0) {
    zpm_str_append(plain, line + head, len - head - partial);
    return;
  }
  assert_memory_equal(line + len - end, JSON_END, end);
  zpm_str_append(plain, line + head, len - head - end);
  zpm_str_append(plain, "\n", 1);
}

static inline void strip(const struct zpm_log_rules *rules,
                         const struct zpm_str *all, struct zpm_str *plain)
{
  size_t at = 0;

  while (at < all->len) {
    const char *line = all->data + at;
    const char *newline = memchr(line, '\n', all->len - at);
    size_t len = newline != NULL ? (size_t)(newline - line) : all->len - at;

    assert_non_null(newline);
    if (rules->json) {
      strip_json(line, len, plain);
    } else if (rules->timestamps) {
      assert_true(len > 25 && line[23] == 'Z' && line[24] == ' ');
      zpm_str_append(plain, line + 25, len - 25 + 1);
    } else {
      zpm_str_append(plain, line, len + 1);
    }
    at += len + 1;
  }
}

/* The log holds the lines 0 to count - 1, each once, in order. */
static inline void assert_lines(const char *folder, const char *app,
                                const struct zpm_log_rules *rules,
                                uint32_t count)
{
  struct zpm_str all = {0};
  struct zpm_str plain = {0};
  char line[LINE_MAX_LEN];
  size_t at = 0;

  collect(folder, app, &all);
  strip(rules, &all, &plain);
  for (uint32_t n = 0; n < count; n++) {
    size_t len = make_line(n, line);

    if (plain.data == NULL || at + len > plain.len ||
        memcmp(plain.data + at, line, len) != 0)
      fail_msg("%s: line %u of %u is missing, doubled or torn", app, n, count);
    at += len;
  }
  assert_int_equal(plain.len, at);
  zpm_str_deinit(&all);
  zpm_str_deinit(&plain);
}

#endif
