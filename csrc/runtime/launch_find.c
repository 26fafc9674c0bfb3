#include "runtime/launch_find.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/interpreter.h"
#include "zpm/error.h"

static int check_candidate(const char *path)
{
  struct stat file;

  if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
    return -ENOENT;
  return access(path, X_OK) == 0 ? 0 : -EACCES;
}

/* Remembers a file that may not be executed unless there is one already. */
static int try_candidate(const char *candidate, int best, struct zpm_str *out)
{
  int rc = check_candidate(candidate);

  if (rc == -ENOENT || (rc == -EACCES && best == -EACCES))
    return best;
  zpm_str_clear(out);
  return zpm_str_puts(out, candidate) == 0 ? rc : ZPM_ENOMEM;
}

static bool goes_on(int rc)
{
  return rc == -ENOENT || rc == -EACCES;
}

static int name_in_folder(const struct zpm_finder *finder, const char *folder,
                          size_t len, const char *command, struct zpm_str *out)
{
  zpm_str_clear(out);
  if (len == 0)
    return zpm_str_printf(out, "%s/%s", finder->cwd, command);
  if (folder[0] != '/' && zpm_str_printf(out, "%s/", finder->cwd) != 0)
    return ZPM_ENOMEM;
  return zpm_str_printf(out, "%.*s/%s", (int)len, folder, command);
}

static int search_path(const struct zpm_finder *finder, const char *command,
                       int best, struct zpm_str *out)
{
  const char *rest = finder->path;
  const char *folder;
  struct zpm_str candidate = {0};
  size_t len;

  while (goes_on(best) && zpm_interpreter_next_folder(&rest, &folder, &len)) {
    int rc = name_in_folder(finder, folder, len, command, &candidate);
    best = rc == 0 ? try_candidate(candidate.data, best, out) : rc;
  }
  zpm_str_deinit(&candidate);
  return best;
}

static int search_bins(const struct zpm_finder *finder, const char *command,
                       struct zpm_str *out)
{
  size_t len = strlen(finder->cwd);
  struct zpm_str candidate = {0};
  int best = -ENOENT;

  /* "/a/b", "/a", "" */
  for (;;) {
    while (len > 0 && finder->cwd[len - 1] == '/')
      len--;
    zpm_str_clear(&candidate);
    if (zpm_str_printf(&candidate, "%.*s/node_modules/.bin/%s", (int)len,
                       finder->cwd, command) != 0)
      best = ZPM_ENOMEM;
    else
      best = try_candidate(candidate.data, best, out);
    if (!goes_on(best) || len == 0)
      break;
    while (len > 0 && finder->cwd[len - 1] != '/')
      len--;
  }
  zpm_str_deinit(&candidate);
  return best;
}

int zpm_find_in_path(const struct zpm_finder *finder, const char *command,
                     struct zpm_str *out)
{
  return search_path(finder, command, -ENOENT, out);
}

int zpm_find_command(const struct zpm_finder *finder, const char *command,
                     struct zpm_str *out)
{
  return search_path(finder, command, search_bins(finder, command, out), out);
}

int zpm_find_program(const struct zpm_finder *finder, const char *program,
                     struct zpm_str *out)
{
  int rc;

  if (strchr(program, '/') == NULL)
    return zpm_find_command(finder, program, out);
  zpm_str_clear(out);
  rc = program[0] == '/' ? zpm_str_puts(out, program)
                         : zpm_str_printf(out, "%s/%s", finder->cwd, program);
  return rc == 0 ? check_candidate(out->data) : ZPM_ENOMEM;
}
