#include "runtime/watch_internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "zpm/error.h"

enum { CHUNK = 4096, FILE_MAX_BYTES = 256 * 1024 };

/* ---- judging ---- */

/* The .gitignore files of the folder and those above it; the nearest that has
 * something to say decides.  `len`: of the folder's path. */
static enum zpm_ignore_verdict
judge_by_files(const struct zpm_watch_folder *folder, const char *path,
               size_t len, bool is_folder)
{
  enum zpm_ignore_verdict verdict = ZPM_IGNORE_SILENT;
  const struct zpm_watch_root *root = folder->root;

  for (; folder != NULL && verdict == ZPM_IGNORE_SILENT;
       folder = folder->parent) {
    if (folder->rules != NULL)
      verdict = zpm_ignore_judge(folder->rules, path + len + 1, is_folder);
    len -= folder->parent != NULL ? strlen(folder->name) + 1 : 0;
  }
  for (size_t i = 0; i < root->above_len && verdict == ZPM_IGNORE_SILENT; i++) {
    const struct zpm_watch_above *above = &root->above[i];

    verdict =
        zpm_ignore_judge(&above->rules, path + above->base_len + 1, is_folder);
  }
  return verdict;
}

/* "state.json" is the beginning of its temporary file as well. */
static bool is_own(const struct zpm_watch *watch, const char *path)
{
  for (size_t i = 0; i < watch->own.len; i++) {
    if (strncmp(path, watch->own.items[i], strlen(watch->own.items[i])) == 0)
      return true;
  }
  return false;
}

bool zpm_watch_rules_ignore(const struct zpm_watch_folder *folder,
                            const char *name, bool is_folder)
{
  const struct zpm_watch *watch = folder->watch;
  const char *path = zpm_watch_folder_path(folder, name);
  enum zpm_ignore_verdict verdict;

  if (path == NULL)
    return true;
  if (is_own(watch, path))
    return true;
  verdict = zpm_ignore_judge(&folder->root->rules,
                             path + strlen(folder->root->path) + 1, is_folder);
  if (verdict != ZPM_IGNORE_SILENT)
    return verdict == ZPM_IGNORE_YES;
  return zpm_ignore_always(name) ||
         judge_by_files(folder, path, watch->path.len - strlen(name) - 1,
                        is_folder) == ZPM_IGNORE_YES;
}

/* ---- reading ---- */

/* The .gitignore in the folder at `path`, of which the first `len` bytes count.
 * There is none in most: that is no failure. */
static int read_file(struct zpm_ignore *rules, const char *path, size_t len)
{
  struct zpm_str text = {0};
  ssize_t got = 1;
  int fd = -1;
  int rc = zpm_str_printf(&text, "%.*s/.gitignore", (int)len, path);

  if (rc == 0)
    fd = open(text.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  zpm_str_clear(&text);
  while (fd >= 0 && rc == 0 && got > 0 && text.len < FILE_MAX_BYTES) {
    rc = zpm_str_reserve(&text, CHUNK);
    got = rc == 0 ? read(fd, text.data + text.len, CHUNK) : 0;
    text.len += got > 0 ? (size_t)got : 0;
  }
  if (fd >= 0)
    close(fd);
  rc = rc == 0 && text.len > 0 ? zpm_ignore_read(rules, text.data, text.len)
                               : rc;
  zpm_str_deinit(&text);
  return rc;
}

void zpm_watch_rules_read(struct zpm_watch_folder *folder)
{
  const char *path = zpm_watch_folder_path(folder, NULL);
  struct zpm_ignore rules = {0};

  zpm_watch_rules_drop(folder);
  if (path == NULL || read_file(&rules, path, strlen(path)) != 0 ||
      rules.len == 0) {
    zpm_ignore_deinit(&rules);
    return;
  }
  folder->rules = zpm_alloc(sizeof(*folder->rules));
  if (folder->rules != NULL)
    *folder->rules = rules;
  else
    zpm_ignore_deinit(&rules);
}

void zpm_watch_rules_drop(struct zpm_watch_folder *folder)
{
  if (folder->rules == NULL)
    return;
  zpm_ignore_deinit(folder->rules);
  zpm_free(folder->rules);
  folder->rules = NULL;
}

/* ---- above the root ---- */

/* The length of the parent's path. */
static size_t parent_len(const char *path, size_t len)
{
  while (len > 0 && path[--len] != '/') {
  }
  return len;
}

/* Of the first `len` bytes of the path: whether that is the top of a
 * repository. */
static bool is_top(struct zpm_str *scratch, const char *path, size_t len)
{
  uv_stat_t stat;

  zpm_str_clear(scratch);
  return zpm_str_printf(scratch, "%.*s/.git", (int)len, path) == 0 &&
         zpm_watch_stat(scratch->data, true, &stat) == 0;
}

static int add_above(struct zpm_watch_root *root, size_t len)
{
  struct zpm_watch_above one = {.base_len = len};
  struct zpm_watch_above *above;
  int rc = read_file(&one.rules, root->path, len);

  if (rc != 0 || one.rules.len == 0) {
    zpm_ignore_deinit(&one.rules);
    return rc;
  }
  above = zpm_realloc(root->above, (root->above_len + 1) * sizeof(*above));
  if (above == NULL) {
    zpm_ignore_deinit(&one.rules);
    return ZPM_ENOMEM;
  }
  root->above = above;
  above[root->above_len++] = one;
  return 0;
}

/* Whether these rules leave out the root, a folder it lies in, or all that is
 * in it: "dist/", when dist is what shall be watched. */
static bool is_against(const struct zpm_watch_above *above,
                       struct zpm_str *scratch, const char *path)
{
  static const char ANY_NAME[] = "/\x7f";
  size_t len = strlen(path);

  zpm_str_clear(scratch);
  if (zpm_str_printf(scratch, "%s%s", path, ANY_NAME) != 0)
    return true;
  if (zpm_ignore_judge(&above->rules, scratch->data + above->base_len + 1,
                       false) == ZPM_IGNORE_YES)
    return true;
  for (; len > above->base_len; len = parent_len(path, len)) {
    scratch->data[len] = '\0';
    if (zpm_ignore_judge(&above->rules, scratch->data + above->base_len + 1,
                         true) == ZPM_IGNORE_YES)
      return true;
  }
  return false;
}

void zpm_watch_rules_read_above(struct zpm_watch_root *root)
{
  struct zpm_str scratch = {0};
  size_t whole = strlen(root->path);
  size_t top = whole;
  bool dropped = false;

  zpm_watch_rules_drop_above(root);
  while (top > 0 && !is_top(&scratch, root->path, top))
    top = parent_len(root->path, top);
  for (size_t len = whole; top > 0 && len > top;) {
    len = parent_len(root->path, len);
    dropped = dropped || add_above(root, len) != 0;
  }
  for (size_t i = 0; i < root->above_len && !dropped; i++)
    dropped = is_against(&root->above[i], &scratch, root->path);
  if (dropped)
    zpm_watch_rules_drop_above(root);
  zpm_str_deinit(&scratch);
}

void zpm_watch_rules_drop_above(struct zpm_watch_root *root)
{
  for (size_t i = 0; i < root->above_len; i++)
    zpm_ignore_deinit(&root->above[i].rules);
  zpm_free(root->above);
  root->above = NULL;
  root->above_len = 0;
}
