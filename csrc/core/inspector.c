#include "core/inspector.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_PORT = 9229, PORT_MAX = 65535, DIGITS_MAX = 5 };

static const char *const OPTIONS[] = {"--inspect", "--inspect-brk",
                                      "--inspect-wait", "--inspect-port",
                                      "--debug-port"};

static bool is_option(const char *name, size_t len)
{
  for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++) {
    if (strlen(OPTIONS[i]) == len && memcmp(OPTIONS[i], name, len) == 0)
      return true;
  }
  return false;
}

static bool read_port(const char *text, size_t len, unsigned *port)
{
  unsigned value = 0;

  if (len == 0 || len > DIGITS_MAX)
    return false;
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    value = value * 10 + (unsigned)(text[i] - '0');
  }
  *port = value;
  return value <= PORT_MAX;
}

static void take_host(struct zpm_inspector *inspector, const char *text,
                      size_t len)
{
  if (len >= sizeof(inspector->host))
    return;
  memcpy(inspector->host, text, len);
  inspector->host[len] = '\0';
}

/* "9230", "0.0.0.0:9230", "[::1]:9230", "localhost" */
static void take_value(struct zpm_inspector *inspector, const char *text,
                       size_t len)
{
  size_t colon = len;

  if (read_port(text, len, &inspector->port))
    return;
  while (colon > 0 && text[colon - 1] != ':' && text[colon - 1] != ']')
    colon--;
  if (colon > 1 && text[colon - 1] == ':' &&
      read_port(text + colon, len - colon, &inspector->port))
    len = colon - 1;
  take_host(inspector, text, len);
}

void zpm_inspector_take(struct zpm_inspector *inspector, const char *option,
                        size_t len)
{
  const char *equals = memchr(option, '=', len);
  size_t name = equals != NULL ? (size_t)(equals - option) : len;

  if (!is_option(option, name))
    return;
  if (!inspector->asked)
    inspector->port = DEFAULT_PORT;
  inspector->asked = true;
  if (equals != NULL)
    take_value(inspector, equals + 1, len - name - 1);
}

void zpm_inspector_take_words(struct zpm_inspector *inspector,
                              const char *words)
{
  while (*words != '\0') {
    size_t len = strcspn(words, " ");

    zpm_inspector_take(inspector, words, len);
    words += len + (words[len] != '\0');
  }
}

bool zpm_inspector_option(const struct zpm_inspector *inspector,
                          unsigned offset, char *option, size_t size)
{
  unsigned port = inspector->port + offset;
  int len;

  if (!inspector->asked || inspector->port == 0 || port > PORT_MAX)
    return false;
  len = snprintf(option, size, "--inspect-port=%s%s%u", inspector->host,
                 inspector->host[0] != '\0' ? ":" : "", port);
  return len > 0 && (size_t)len < size;
}
