#include "runtime/watch_internal.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"

/* ---- paths ---- */

/* The root first. Recursion is as deep as the tree, which is bounded. */
static int append_path(struct zpm_str *path,
                       const struct zpm_watch_folder *folder)
{
  int rc;

  if (folder->parent == NULL)
    return zpm_str_puts(path, folder->root->path);
  rc = append_path(path, folder->parent);
  rc = rc == 0 ? zpm_str_puts(path, "/") : rc;
  return rc == 0 ? zpm_str_puts(path, folder->name) : rc;
}

const char *zpm_watch_folder_path(const struct zpm_watch_folder *folder,
                                  const char *name)
{
  struct zpm_str *path = &folder->watch->path;
  int rc;

  zpm_str_clear(path);
  rc = append_path(path, folder);
  if (rc == 0 && name != NULL)
    rc = zpm_str_puts(path, "/");
  if (rc == 0 && name != NULL)
    rc = zpm_str_puts(path, name);
  return rc == 0 ? zpm_str_text(path) : NULL;
}

struct zpm_watch_folder *
zpm_watch_folder_child(const struct zpm_watch_folder *folder, const char *name)
{
  struct zpm_watch_folder *it = folder->child;

  while (it != NULL && strcmp(it->name, name) != 0)
    it = it->next;
  return it;
}

/* ---- events ---- */

static bool is_root_itself(const struct zpm_watch_folder *folder,
                           const char *name)
{
  const char *slash = strrchr(folder->root->path, '/');

  return folder->parent == NULL && slash != NULL &&
         strcmp(slash + 1, name) == 0;
}

static void forget_file(struct zpm_watch_folder *folder, const char *name)
{
  uint32_t before = folder->seen.files.len;

  zpm_seen_forget(&folder->seen, name);
  folder->watch->files -= before - folder->seen.files.len;
}

static void on_gone(struct zpm_watch_folder *folder, const char *name)
{
  struct zpm_watch_folder *child = zpm_watch_folder_child(folder, name);

  forget_file(folder, name);
  if (child != NULL)
    zpm_watch_folder_forget(child);
  /* What happens to a root is told under its own name. */
  if (is_root_itself(folder, name))
    zpm_watch_root_seek(folder->root, true);
}

/* `is_new`: it has come, or gone and come back. */
static void on_folder_there(struct zpm_watch_folder *folder, const char *name,
                            bool is_new)
{
  struct zpm_watch_folder *child = zpm_watch_folder_child(folder, name);

  forget_file(folder, name);
  if (zpm_watch_rules_ignore(folder, name, true))
    return;
  if (child == NULL)
    zpm_watch_folder_add(folder->root, folder, name, true);
  else if (is_new)
    zpm_watch_folder_sweep(child);
}

static void on_file_there(struct zpm_watch_folder *folder, const char *name,
                          const uv_stat_t *stat)
{
  struct zpm_watch_folder *child = zpm_watch_folder_child(folder, name);

  if (child != NULL)
    zpm_watch_folder_forget(child);
  if (!zpm_watch_rules_ignore(folder, name, false))
    zpm_watch_look_file(folder, name, stat, true);
}

/* What can be passed over without a look: a log that is written all the time
 * costs next to nothing. */
static bool is_noise(const struct zpm_watch_folder *folder, const char *name)
{
  return folder->root->rules.len == 0 && zpm_ignore_always(name) &&
         !is_root_itself(folder, name);
}

/* Something about the entry `name`: what is there now tells what it was. */
static void on_event(uv_fs_event_t *events, const char *name, int what,
                     int status)
{
  struct zpm_watch_folder *folder = events->data;
  const char *path;
  uv_stat_t stat;

  if (folder->watch->closing)
    return;
  folder->watch->events++;
  if (status < 0 || name == NULL || strcmp(name, ".gitignore") == 0) {
    zpm_watch_folder_sweep(folder);
    return;
  }
  if (is_noise(folder, name))
    return;
  path = zpm_watch_folder_path(folder, name);
  if (path == NULL)
    return;
  if (zpm_watch_stat(path, false, &stat) != 0)
    on_gone(folder, name);
  else if (S_ISDIR(stat.st_mode))
    on_folder_there(folder, name, (what & UV_RENAME) != 0);
  else if (S_ISREG(stat.st_mode) || S_ISLNK(stat.st_mode))
    on_file_there(folder, name, &stat);
}

void zpm_watch_folder_listen(struct zpm_watch_folder *folder)
{
  struct zpm_watch *watch = folder->watch;
  const char *path = zpm_watch_folder_path(folder, NULL);

  zpm_watch_unlisten(watch, &folder->events);
  if (path != NULL)
    zpm_watch_listen(watch, &folder->events, on_event,
                     path[0] != '\0' ? path : "/");
}

void zpm_watch_folder_unlisten_all(struct zpm_watch_folder *folder)
{
  zpm_watch_unlisten(folder->watch, &folder->events);
  for (struct zpm_watch_folder *it = folder->child; it != NULL; it = it->next)
    zpm_watch_folder_unlisten_all(it);
}

void zpm_watch_folder_sweep(struct zpm_watch_folder *folder)
{
  zpm_watch_look_at(folder, true, true);
}

/* ---- coming and going ---- */

static bool has_room(const struct zpm_watch *watch,
                     const struct zpm_watch_folder *parent)
{
  uint32_t depth = 0;

  for (; parent != NULL; parent = parent->parent)
    depth++;
  return depth <= watch->limits.depth && watch->folders < watch->limits.folders;
}

static void link_to_tree(struct zpm_watch_folder *folder)
{
  if (folder->parent == NULL) {
    folder->root->folder = folder;
    return;
  }
  folder->next = folder->parent->child;
  folder->parent->child = folder;
}

struct zpm_watch_folder *zpm_watch_folder_add(struct zpm_watch_root *root,
                                              struct zpm_watch_folder *parent,
                                              const char *name, bool report)
{
  struct zpm_watch *watch = root->watch;
  size_t size = strlen(name) + 1;
  struct zpm_watch_folder *folder;

  if (!has_room(watch, parent)) {
    zpm_watch_say_too_much(watch);
    return NULL;
  }
  folder = zpm_alloc_zeroed(1, sizeof(*folder) + size);
  if (folder == NULL) {
    zpm_watch_say(watch, "watching %s: out of memory, a part of it is left out",
                  root->path);
    return NULL;
  }
  memcpy(folder->name, name, size);
  folder->watch = watch;
  folder->root = root;
  folder->parent = parent;
  folder->noted = true;
  zpm_list_init(&folder->waiting);
  link_to_tree(folder);
  watch->folders++;
  zpm_closer_hold(&watch->closer);
  uv_fs_event_init(watch->loop, &folder->events);
  uv_unref((uv_handle_t *)&folder->events);
  folder->events.data = folder;
  zpm_watch_folder_listen(folder);
  zpm_watch_look_at(folder, report, false);
  return folder;
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_watch_folder *folder = handle->data;
  struct zpm_watch *watch = folder->watch;

  zpm_free(folder);
  zpm_closer_release(&watch->closer);
}

/* All but the link from above. */
static void release(struct zpm_watch_folder *folder)
{
  struct zpm_watch *watch = folder->watch;
  struct zpm_watch_folder *it = folder->child;

  while (it != NULL) {
    struct zpm_watch_folder *next = it->next;

    release(it);
    it = next;
  }
  zpm_watch_look_off(folder);
  zpm_watch_unlisten(watch, &folder->events);
  zpm_watch_rules_drop(folder);
  watch->files -= folder->seen.files.len;
  zpm_seen_deinit(&folder->seen);
  watch->folders--;
  uv_close((uv_handle_t *)&folder->events, on_closed);
}

void zpm_watch_folder_forget(struct zpm_watch_folder *folder)
{
  struct zpm_watch_folder **link = &folder->root->folder;

  if (folder->parent != NULL)
    link = &folder->parent->child;
  while (*link != folder)
    link = &(*link)->next;
  *link = folder->next;
  release(folder);
}
