#include "proto/project_text.h"

#include <stdbool.h>
#include <string.h>

enum { PORT_MAX = 65535, NAME_MAX_BYTES = 64 };

/* ---- names ---- */

static bool is_fit(char c, bool at_an_end)
{
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
      (c >= '0' && c <= '9'))
    return true;
  return !at_an_end && c != '\0' && strchr("._-@+", c) != NULL;
}

int zpm_project_put_name(struct zpm_str *out, const char *text)
{
  const char *slash = text[0] == '@' ? strchr(text, '/') : NULL;
  size_t len;

  if (slash != NULL)
    text = slash + 1;
  len = strlen(text);
  while (len > 0 && !is_fit(text[0], true)) {
    text++;
    len--;
  }
  len = len > NAME_MAX_BYTES ? NAME_MAX_BYTES : len;
  while (len > 0 && !is_fit(text[len - 1], true))
    len--;
  if (len == 0)
    return zpm_str_puts(out, "app");
  if (len == 3 && strncmp(text, "all", 3) == 0)
    return zpm_str_puts(out, "all-app"); /* "all" is every app */
  if (zpm_str_append(out, text, len) != 0)
    return ZPM_ENOMEM;
  for (char *c = out->data; *c != '\0'; c++) {
    if (!is_fit(*c, false))
      *c = '-';
  }
  return 0;
}

/* ---- lines ---- */

static const char *skip_blanks(const char *at)
{
  return at + strspn(at, " \t");
}

static const char *next_line(const char *at)
{
  at += strcspn(at, "\n");
  return at + (*at == '\n');
}

/* What follows "key =" on this line, or NULL. */
static const char *value_of(const char *line, const char *key)
{
  size_t len = strlen(key);

  line = skip_blanks(line);
  if (strncmp(line, key, len) != 0)
    return NULL;
  line = skip_blanks(line + len);
  return *line == '=' ? skip_blanks(line + 1) : NULL;
}

static bool is_section(const char *line, const char *section)
{
  size_t len = strlen(section);

  return line[0] == '[' && strncmp(line + 1, section, len) == 0 &&
         line[len + 1] == ']';
}

int zpm_project_put_toml(struct zpm_str *out, const char *text,
                         const char *section, const char *key)
{
  bool inside = false;

  for (; *text != '\0'; text = next_line(text)) {
    const char *line = skip_blanks(text);
    const char *value = inside ? value_of(line, key) : NULL;

    if (line[0] == '[')
      inside = is_section(line, section);
    if (value != NULL && (value[0] == '"' || value[0] == '\''))
      return zpm_str_append(out, value + 1, strcspn(value + 1, "\"'\n"));
  }
  return 0;
}

/* "v2" and so on: no name. */
static bool is_version(const char *part, size_t len)
{
  return len >= 2 && part[0] == 'v' &&
         strspn(part + 1, "0123456789") >= len - 1;
}

int zpm_project_put_module(struct zpm_str *out, const char *text)
{
  static const char WORD[] = "module";
  const char *path;
  size_t end;
  size_t begin;

  while (*text != '\0' && (strncmp(text, WORD, sizeof(WORD) - 1) != 0 ||
                           strchr(" \t", text[sizeof(WORD) - 1]) == NULL))
    text = next_line(text);
  if (*text == '\0')
    return 0;
  path = skip_blanks(text + sizeof(WORD) - 1);
  path += *path == '"';
  end = strcspn(path, " \t\r\n\"");
  for (;;) {
    begin = end;
    while (begin > 0 && path[begin - 1] != '/')
      begin--;
    if (begin == 0 || !is_version(path + begin, end - begin))
      break;
    end = begin - 1;
  }
  return zpm_str_append(out, path + begin, end - begin);
}

/* ---- ports ---- */

/* The number that the text begins with, up to a character of `ends`. */
static uint32_t port_of(const char *text, const char *ends)
{
  uint32_t port = 0;

  for (; *text >= '0' && *text <= '9' && port <= PORT_MAX; text++)
    port = port * 10 + (uint32_t)(*text - '0');
  if (port > PORT_MAX || (*text != '\0' && strchr(ends, *text) == NULL))
    return 0;
  return port;
}

uint32_t zpm_project_dotenv_port(const char *text)
{
  static const char EXPORT[] = "export ";

  for (; *text != '\0'; text = next_line(text)) {
    const char *line = skip_blanks(text);
    const char *value;

    if (strncmp(line, EXPORT, sizeof(EXPORT) - 1) == 0)
      line += sizeof(EXPORT) - 1;
    value = value_of(line, "PORT");
    if (value != NULL)
      return port_of(value + (*value == '"' || *value == '\''), "\"' \t\r\n#");
  }
  return 0;
}

uint32_t zpm_project_words_port(const struct zpm_strv *words)
{
  static const char *const PREFIXES[] = {"--port=", "-p=", "PORT="};
  uint32_t port = 0;

  for (size_t i = 0; port == 0 && i < words->len; i++) {
    const char *word = words->items[i];
    bool is_flag = strcmp(word, "-p") == 0 || strcmp(word, "--port") == 0;

    if (is_flag && i + 1 < words->len)
      port = port_of(words->items[i + 1], "");
    for (size_t k = 0; k < sizeof(PREFIXES) / sizeof(PREFIXES[0]); k++) {
      if (strncmp(word, PREFIXES[k], strlen(PREFIXES[k])) == 0)
        port = port_of(word + strlen(PREFIXES[k]), "");
    }
  }
  return port;
}
