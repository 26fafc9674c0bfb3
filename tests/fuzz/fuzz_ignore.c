/*
 * Any bytes as a .gitignore, a blank line, then a path: no crash, no leak, and
 * not longer than it should take (libFuzzer's -timeout).  What matches a
 * pattern behind "**" + slash alone matches it below any folder, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "core/glob.h"
#include "core/ignore.h"

static void judge(const char *text, size_t len, const char *path)
{
  struct zpm_ignore rules = {0};
  struct zpm_ignore globs = {0};
  struct zpm_str below = {0};

  zpm_ignore_read(&rules, text, len);
  zpm_ignore_judge(&rules, path, false);
  zpm_ignore_judge(&rules, path, true);
  for (size_t i = 0; i < rules.len; i++) {
    struct zpm_str deep = {0};

    zpm_ignore_add_glob(&globs, "/base", rules.rules[i].glob);
    zpm_str_printf(&deep, "**/%s", rules.rules[i].glob);
    zpm_str_clear(&below);
    zpm_str_printf(&below, "folder/%s", path);
    if (zpm_glob_matches(deep.data, path) &&
        !zpm_glob_matches(deep.data, below.data))
      abort();
    zpm_str_deinit(&deep);
  }
  zpm_ignore_judge(&globs, path, false);
  zpm_ignore_always(path);
  zpm_str_deinit(&below);
  zpm_ignore_deinit(&globs);
  zpm_ignore_deinit(&rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *text = (const char *)data;
  const char *blank = size > 0 ? memmem(text, size, "\n\n", 2) : NULL;
  size_t len = blank != NULL ? (size_t)(blank - text) : size / 2;
  struct zpm_str path = {0};

  if (zpm_str_append(&path, text + len, size - len) == 0)
    judge(text, len, zpm_str_text(&path));
  zpm_str_deinit(&path);
  return 0;
}
