#include "runtime/watch_internal.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"

enum { ENTRIES_AT_ONCE = 64 };

void zpm_watch_look_at(struct zpm_watch_folder *folder, bool report, bool deep)
{
  struct zpm_watch *watch = folder->watch;
  bool is_looked = watch->looked == folder;

  /* What is not known yet is no change, whoever asks meanwhile. */
  if (zpm_list_empty(&folder->waiting) && !is_looked)
    folder->report = report;
  folder->deep = folder->deep || deep;
  if (is_looked)
    zpm_watch_look_off(folder);
  if (zpm_list_empty(&folder->waiting))
    zpm_list_append(&watch->waiting, &folder->waiting);
  zpm_watch_turn(watch);
}

void zpm_watch_look_off(struct zpm_watch_folder *folder)
{
  struct zpm_watch *watch = folder->watch;
  uv_fs_t req;

  zpm_list_remove(&folder->waiting);
  if (watch->looked != folder)
    return;
  uv_fs_closedir(watch->loop, &req, watch->dir, NULL);
  uv_fs_req_cleanup(&req);
  watch->dir = NULL;
  watch->looked = NULL;
}

/* ---- one entry ---- */

void zpm_watch_look_file(struct zpm_watch_folder *folder, const char *name,
                         const uv_stat_t *stat, bool report)
{
  struct zpm_watch *watch = folder->watch;
  uint32_t before = folder->seen.files.len;
  int result = zpm_seen_note(&folder->seen, name, zpm_watch_look_of(stat));
  const char *path;

  watch->files += folder->seen.files.len - before;
  if (watch->files > watch->limits.files) {
    zpm_seen_forget(&folder->seen, name);
    watch->files--;
    zpm_watch_say_too_much(watch);
  }
  if (result == ZPM_SEEN_SAME || !report)
    return;
  path = zpm_watch_folder_path(folder, name);
  if (path != NULL)
    zpm_watch_note(watch, path, result != ZPM_SEEN_CHANGED);
}

static void look_folder(struct zpm_watch_folder *folder, const char *name)
{
  struct zpm_watch_folder *child = zpm_watch_folder_child(folder, name);

  if (zpm_watch_rules_ignore(folder, name, true))
    return;
  if (child == NULL) {
    zpm_watch_folder_add(folder->root, folder, name, folder->report);
    return;
  }
  child->noted = true;
  if (folder->deep)
    zpm_watch_look_at(child, folder->report, true);
}

static void look_entry(struct zpm_watch_folder *folder,
                       const uv_dirent_t *entry)
{
  struct zpm_watch *watch = folder->watch;
  uv_stat_t stat;
  const char *path;

  if (entry->type == UV_DIRENT_DIR) {
    look_folder(folder, entry->name);
    return;
  }
  if (entry->type != UV_DIRENT_FILE && entry->type != UV_DIRENT_LINK &&
      entry->type != UV_DIRENT_UNKNOWN)
    return;
  if (zpm_watch_rules_ignore(folder, entry->name, false))
    return;
  path = zpm_watch_folder_path(folder, entry->name);
  if (path == NULL || zpm_watch_stat(path, false, &stat) != 0)
    return;
  if (S_ISDIR(stat.st_mode))
    look_folder(folder, entry->name);
  else if (!S_ISREG(stat.st_mode) && !S_ISLNK(stat.st_mode))
    return;
  else if (watch->files < watch->limits.files ||
           zpm_seen_has(&folder->seen, entry->name))
    zpm_watch_look_file(folder, entry->name, &stat, folder->report);
  else
    zpm_watch_say_too_much(watch);
}

/* ---- one folder ---- */

/* A folder that is there but cannot be read now is watched as it is. */
static void on_cannot_read(struct zpm_watch_folder *folder, int why)
{
  bool is_first = !folder->deep;

  folder->report = false;
  folder->deep = false;
  if (folder->parent == NULL && (why == UV_ENOENT || why == UV_ENOTDIR))
    zpm_watch_root_lost(folder->root);
  else if (folder->parent == NULL && is_first)
    zpm_watch_say(folder->watch, "cannot watch what is in %s: %s",
                  folder->root->path, uv_strerror(why));
  else if (why == UV_ENOENT || why == UV_ENOTDIR || why == UV_EACCES)
    zpm_watch_folder_forget(folder);
}

static void begin(struct zpm_watch_folder *folder)
{
  struct zpm_watch *watch = folder->watch;
  const char *path;
  uv_fs_t req;
  int rc;

  zpm_list_remove(&folder->waiting);
  if (folder->deep)
    zpm_watch_folder_listen(folder);
  zpm_watch_rules_read(folder);
  path = zpm_watch_folder_path(folder, NULL);
  rc = path == NULL ? UV_ENOMEM
                    : uv_fs_opendir(watch->loop, &req,
                                    path[0] != '\0' ? path : "/", NULL);
  if (rc == 0)
    watch->dir = req.ptr;
  if (path != NULL)
    uv_fs_req_cleanup(&req);
  if (rc != 0) {
    on_cannot_read(folder, rc);
    return;
  }
  watch->looked = folder;
  zpm_seen_round_begin(&folder->seen);
  for (struct zpm_watch_folder *it = folder->child; it != NULL; it = it->next)
    it->noted = false;
}

static void finish(struct zpm_watch_folder *folder)
{
  struct zpm_watch *watch = folder->watch;
  struct zpm_watch_folder *it = folder->child;

  zpm_watch_look_off(folder);
  watch->files -= folder->seen.files.len;
  zpm_seen_round_end(&folder->seen);
  watch->files += folder->seen.files.len;
  while (it != NULL) {
    struct zpm_watch_folder *next = it->next;

    if (!it->noted)
      zpm_watch_folder_forget(it);
    it = next;
  }
  folder->report = false;
  folder->deep = false;
}

/* Some entries of the folder that is being read; how many. */
static uint32_t look_some(struct zpm_watch *watch)
{
  uv_dirent_t entries[ENTRIES_AT_ONCE];
  struct zpm_watch_folder *folder = watch->looked;
  uv_fs_t req;
  int got;

  watch->dir->dirents = entries;
  watch->dir->nentries = ENTRIES_AT_ONCE;
  got = uv_fs_readdir(watch->loop, &req, watch->dir, NULL);
  for (int i = 0; i < got && watch->looked == folder; i++)
    look_entry(folder, &entries[i]);
  uv_fs_req_cleanup(&req);
  if (got <= 0 && watch->looked == folder)
    finish(folder);
  return got > 0 ? (uint32_t)got : 0;
}

bool zpm_watch_look_slice(struct zpm_watch *watch)
{
  uint32_t looked = 0;

  while (looked < watch->limits.entries) {
    if (watch->looked != NULL) {
      looked += look_some(watch);
    } else if (!zpm_list_empty(&watch->waiting)) {
      begin(ZPM_CONTAINER_OF(watch->waiting.next, struct zpm_watch_folder,
                             waiting));
      looked++;
    } else {
      return false;
    }
  }
  return true;
}
