#include "runtime/watch_internal.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"

/* Things may come and go while we look; the next event tells the rest. */
enum { TRIES = 8 };

enum found { NOTHING, A_FILE, A_FOLDER };

static enum found what_is_at(const char *path, uv_stat_t *stat)
{
  if (zpm_watch_stat(path[0] != '\0' ? path : "/", true, stat) != 0)
    return NOTHING;
  return S_ISDIR(stat->st_mode) ? A_FOLDER : A_FILE;
}

/* ---- the anchor: where to wait for a root that is no folder ---- */

static void on_anchor_closed(uv_handle_t *handle)
{
  struct zpm_watch_root *root = handle->data;

  zpm_free(handle);
  zpm_closer_release(&root->watch->closer);
}

static void weigh_anchor(struct zpm_watch_root *root)
{
  if (root->anchor == NULL)
    return;
  zpm_watch_unlisten(root->watch, root->anchor);
  uv_close((uv_handle_t *)root->anchor, on_anchor_closed);
  root->anchor = NULL;
}

/* Whether an event of this name in the anchor's folder may be about what we
 * wait for: the next part of the path, or the folder itself. */
static bool concerns(const struct zpm_watch_root *root, const char *name)
{
  const char *wanted = root->path + root->anchor_len + 1;
  size_t wanted_len = strcspn(wanted, "/");
  size_t len = strlen(name);
  const char *own = root->path + root->anchor_len;

  if (len == wanted_len && memcmp(name, wanted, len) == 0)
    return true;
  return root->anchor_len > len && memcmp(own - len, name, len) == 0 &&
         own[-(ptrdiff_t)len - 1] == '/';
}

static void look_at_file(struct zpm_watch_root *root, const uv_stat_t *stat,
                         bool report)
{
  int result = zpm_seen_note(&root->seen, "", zpm_watch_look_of(stat));

  if (result != ZPM_SEEN_SAME && report)
    zpm_watch_note(root->watch, root->path, result != ZPM_SEEN_CHANGED);
}

static void on_anchor_event(uv_fs_event_t *events, const char *name, int what,
                            int status)
{
  struct zpm_watch_root *root = events->data;
  bool is_settled = (what & UV_RENAME) == 0;
  uv_stat_t stat;

  if (root->watch->closing || root->anchor != events)
    return;
  if (status == 0 && name != NULL && !concerns(root, name))
    return;
  if (is_settled && what_is_at(root->path, &stat) == A_FILE)
    look_at_file(root, &stat, true);
  else
    zpm_watch_root_seek(root, true);
}

/* The length of the path of the nearest folder above the root. */
static size_t nearest_folder(struct zpm_watch_root *root)
{
  struct zpm_str *path = &root->watch->path;
  size_t len = strlen(root->path);
  uv_stat_t stat;

  do {
    while (len > 0 && root->path[--len] != '/') {
    }
    zpm_str_clear(path);
    if (zpm_str_append(path, root->path, len) != 0)
      return 0;
  } while (len > 0 && what_is_at(path->data, &stat) != A_FOLDER);
  return len;
}

static void drop_anchor(struct zpm_watch_root *root, size_t len)
{
  struct zpm_watch *watch = root->watch;

  root->anchor_len = len;
  zpm_str_clear(&watch->path);
  if (zpm_str_append(&watch->path, len > 0 ? root->path : "/",
                     len > 0 ? len : 1) != 0)
    return;
  zpm_watch_unlisten(watch, root->anchor);
  zpm_watch_listen(watch, root->anchor, on_anchor_event, watch->path.data);
}

static bool make_anchor(struct zpm_watch_root *root)
{
  if (root->anchor != NULL)
    return true;
  root->anchor = zpm_alloc(sizeof(*root->anchor));
  if (root->anchor == NULL) {
    zpm_watch_say(root->watch, "watching %s: out of memory, it is not watched",
                  root->path);
    return false;
  }
  zpm_closer_hold(&root->watch->closer);
  uv_fs_event_init(root->watch->loop, root->anchor);
  uv_unref((uv_handle_t *)root->anchor);
  root->anchor->data = root;
  return true;
}

/* ---- seeking ---- */

static void become_folder(struct zpm_watch_root *root, bool report)
{
  weigh_anchor(root);
  zpm_seen_deinit(&root->seen);
  if (root->folder != NULL) {
    zpm_watch_folder_sweep(root->folder);
    return;
  }
  zpm_watch_rules_read_above(root);
  zpm_watch_folder_add(root, NULL, "", report);
}

void zpm_watch_root_lost(struct zpm_watch_root *root)
{
  if (root->folder != NULL)
    zpm_watch_folder_forget(root->folder);
  zpm_watch_rules_drop_above(root);
  zpm_watch_root_seek(root, true);
}

void zpm_watch_root_seek(struct zpm_watch_root *root, bool report)
{
  enum found before = A_FOLDER;
  uv_stat_t stat;

  for (unsigned i = 0; i < TRIES; i++) {
    enum found found = what_is_at(root->path, &stat);
    size_t nearest = nearest_folder(root);

    if (found == A_FOLDER) {
      become_folder(root, report);
      return;
    }
    if (root->folder != NULL)
      zpm_watch_folder_forget(root->folder);
    if (found == A_FILE)
      look_at_file(root, &stat, report);
    else
      zpm_seen_forget(&root->seen, "");
    /* It may have changed before we listened: so look once more. */
    if ((found == before && nearest == root->anchor_len) || !make_anchor(root))
      return;
    before = found;
    drop_anchor(root, nearest);
  }
}

void zpm_watch_root_deinit(struct zpm_watch_root *root)
{
  zpm_watch_rules_drop_above(root);
  zpm_ignore_deinit(&root->rules);
  zpm_seen_deinit(&root->seen);
  zpm_free(root->path);
}

void zpm_watch_root_close(struct zpm_watch_root *root)
{
  if (root->folder != NULL)
    zpm_watch_folder_forget(root->folder);
  weigh_anchor(root);
}
