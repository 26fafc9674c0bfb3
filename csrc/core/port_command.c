/* What to call a process that holds a port, and its service. */
#include "core/port_policy.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const char *const INTERPRETERS[] = {
    "node", "nodejs", "bun",  "python", "ruby",    "perl",
    "php",  "bash",   "dash", "sh",     "ts-node", "tsx",
};

/* "python3.11" is python. */
static bool is_interpreter(const char *name)
{
  for (size_t i = 0; i < sizeof(INTERPRETERS) / sizeof(INTERPRETERS[0]); i++) {
    size_t len = strlen(INTERPRETERS[i]);

    if (strncmp(name, INTERPRETERS[i], len) == 0 &&
        name[len + strspn(name + len, "0123456789.")] == '\0')
      return true;
  }
  return false;
}

/* An option may be followed by a piece of program, or a password: only a word
 * that looks like a file, and comes first, is one. */
static bool is_script(const char *word)
{
  return word[0] != '-' && strpbrk(word, "./") != NULL &&
         strpbrk(word, "= ") == NULL && strstr(word, "://") == NULL;
}

/* The word behind `word`, or "". `args` ends with a NUL. */
static const char *next_word(const char *args, size_t len, const char *word)
{
  const char *next = word + strlen(word) + 1;

  return next < args + len ? next : "";
}

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');

  return slash != NULL ? slash + 1 : path;
}

/* Controls of ASCII, and those of Latin-1, which UTF-8 has behind 0xc2. */
static bool is_control(const char *at)
{
  unsigned char lead = (unsigned char)at[0];

  return lead < ' ' || lead == 0x7f ||
         (lead == 0xc2 && (unsigned char)at[1] < 0xa0);
}

/* What came from a stranger must not steer a terminal, nor break JSON. */
static void put_printable(char *out, const char *text)
{
  size_t used = strlen(out);

  while (*text != '\0') {
    size_t size = zpm_utf8_size(text, strlen(text));
    bool plain = size > 0 && !is_control(text);

    size += size == 0;
    if (used + size >= ZPM_PORT_COMMAND_MAX)
      break;
    memcpy(out + used, plain ? text : "?", plain ? size : 1);
    used += plain ? size : 1;
    text += size;
  }
  out[used] = '\0';
}

void zpm_port_command(const char *comm, const char *args, size_t len,
                      char out[ZPM_PORT_COMMAND_MAX])
{
  bool whole = len > 0 && memchr(args, '\0', len) != NULL;
  const char *name = whole ? base_name(args) : "";
  const char *script;

  out[0] = '\0';
  /* Who renames itself writes a sentence there ("nginx: master process ..."),
   * with anything in it. */
  if (name[0] == '\0' || strchr(args, ' ') != NULL)
    name = comm;
  put_printable(out, name[0] != '\0' ? name : "?");
  if (!whole || !is_interpreter(name))
    return;
  script = next_word(args, len, args);
  if (!is_script(script))
    return;
  put_printable(out, " ");
  put_printable(out, script);
}

/* What is behind /system.slice/ in a line "number:controllers:path" of the tree
 * that all controllers share, or of the one that systemd keeps for itself. */
static const char *in_system_slice(const char *line)
{
  static const char *const BEGINNINGS[] = {":/system.slice/",
                                           "name=systemd:/system.slice/"};
  const char *rest = line + strspn(line, "0123456789");

  for (size_t i = 0; *rest == ':' && i < 2; i++) {
    size_t len = strlen(BEGINNINGS[i]);

    if (strncmp(rest + 1, BEGINNINGS[i], len) == 0)
      return rest + 1 + len;
  }
  return NULL;
}

static const char *find_system_folder(const char *cgroup)
{
  const char *line = cgroup;

  while (*line != '\0') {
    const char *folder = in_system_slice(line);

    if (folder != NULL)
      return folder;
    line += strcspn(line, "\n");
    line += *line == '\n';
  }
  return line;
}

void zpm_port_service(const char *cgroup, char out[ZPM_PORT_SERVICE_MAX])
{
  static const char ENDING[] = ".service";
  const char *folder = find_system_folder(cgroup);

  out[0] = '\0';
  while (*folder != '\0' && *folder != '\n') {
    size_t len = strcspn(folder, "/\n");

    if (len > strlen(ENDING) && len < ZPM_PORT_SERVICE_MAX &&
        strncmp(folder + len - strlen(ENDING), ENDING, strlen(ENDING)) == 0) {
      memcpy(out, folder, len);
      out[len] = '\0';
      return;
    }
    folder += len + (folder[len] == '/');
  }
}
