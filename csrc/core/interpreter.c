#include "core/interpreter.h"

#include <string.h>

static const struct {
  const char *extension;
  enum zpm_interpreter interpreter;
} EXTENSIONS[] = {
    {".js", ZPM_INTERPRETER_NODE},    {".mjs", ZPM_INTERPRETER_NODE},
    {".cjs", ZPM_INTERPRETER_NODE},   {".ts", ZPM_INTERPRETER_NODE},
    {".mts", ZPM_INTERPRETER_NODE},   {".cts", ZPM_INTERPRETER_NODE},
    {".py", ZPM_INTERPRETER_PYTHON3}, {".sh", ZPM_INTERPRETER_BASH},
};

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');

  return slash != NULL ? slash + 1 : path;
}

enum zpm_interpreter zpm_interpreter_of_path(const char *path)
{
  const char *base = base_name(path);
  const char *dot = strrchr(base, '.');

  if (dot == NULL || dot == base)
    return ZPM_INTERPRETER_AUTO;
  for (size_t i = 0; i < sizeof(EXTENSIONS) / sizeof(EXTENSIONS[0]); i++) {
    if (strcmp(dot, EXTENSIONS[i].extension) == 0)
      return EXTENSIONS[i].interpreter;
  }
  return ZPM_INTERPRETER_AUTO;
}

const char *zpm_interpreter_command(enum zpm_interpreter interpreter)
{
  switch (interpreter) {
  case ZPM_INTERPRETER_NODE:
    return "node";
  case ZPM_INTERPRETER_PYTHON3:
    return "python3";
  case ZPM_INTERPRETER_BASH:
    return "bash";
  case ZPM_INTERPRETER_AUTO:
  case ZPM_INTERPRETER_CUSTOM:
    break;
  }
  return NULL;
}

bool zpm_interpreter_is_node(const char *command)
{
  const char *base = base_name(command);

  return strcmp(base, "node") == 0 || strcmp(base, "nodejs") == 0;
}

bool zpm_interpreter_is_typescript(const char *path)
{
  const char *dot = strrchr(base_name(path), '.');

  return dot != NULL && (strcmp(dot, ".ts") == 0 || strcmp(dot, ".mts") == 0 ||
                         strcmp(dot, ".cts") == 0);
}

/* ---- the first line ---- */

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

/* Copies the first word of [*at, end) and moves behind it. */
static void take_word(const char **at, const char *end, char *word)
{
  size_t len = 0;

  while (*at < end && is_blank(**at))
    (*at)++;
  while (*at < end && !is_blank(**at) && len < ZPM_SHEBANG_MAX - 1)
    word[len++] = *(*at)++;
  word[len] = '\0';
}

static void take_rest(const char *at, const char *end, char *rest)
{
  size_t len;

  while (at < end && is_blank(*at))
    at++;
  while (end > at && is_blank(end[-1]))
    end--;
  len = (size_t)(end - at);
  memcpy(rest, at, len);
  rest[len] = '\0';
}

bool zpm_interpreter_shebang(const char *bytes, size_t len,
                             struct zpm_shebang *shebang)
{
  const char *at = bytes + 2;
  const char *end;

  *shebang = (struct zpm_shebang){0};
  if (len > ZPM_SHEBANG_MAX - 1)
    len = ZPM_SHEBANG_MAX - 1;
  if (len < 2 || bytes[0] != '#' || bytes[1] != '!')
    return false;
  end = memchr(bytes, '\n', len);
  if (end == NULL)
    end = bytes + len;
  if (end > at && end[-1] == '\r') {
    shebang->carriage_return = true;
    end--;
  }
  take_word(&at, end, shebang->program);
  take_rest(at, end, shebang->argument);
  return shebang->program[0] != '\0';
}

bool zpm_interpreter_env_command(const struct zpm_shebang *shebang,
                                 char command[ZPM_SHEBANG_MAX], bool *options)
{
  const char *at = shebang->argument;
  const char *end = at + strlen(at);
  bool splits = false;

  if (strcmp(base_name(shebang->program), "env") != 0)
    return false;
  take_word(&at, end, command);
  if (strcmp(command, "-S") == 0) {
    splits = true;
    take_word(&at, end, command);
  }
  /* Other options and assignments of env are left to env. */
  if (command[0] == '\0' || command[0] == '-' || strchr(command, '=') != NULL)
    return false;
  while (at < end && is_blank(*at))
    at++;
  *options = at < end;
  return splits || !*options; /* without -S blanks belong to the name */
}

/* ---- PATH ---- */

bool zpm_interpreter_next_folder(const char **rest, const char **folder,
                                 size_t *len)
{
  const char *colon;

  if (*rest == NULL)
    return false;
  *folder = *rest;
  colon = strchr(*rest, ':');
  *len = colon != NULL ? (size_t)(colon - *rest) : strlen(*rest);
  *rest = colon != NULL ? colon + 1 : NULL;
  return true;
}
