#include "runtime/watch_internal.h"

#include <stdarg.h>
#include <stdio.h>

#include "zpm/error.h"

enum { TROUBLE_MAX = 1024 };

/* ---- troubles ---- */

void zpm_watch_say(struct zpm_watch *watch, const char *format, ...)
{
  char text[TROUBLE_MAX];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  /* Without memory for it, it stays unsaid. */
  if (zpm_strv_push(&watch->troubles, text) == 0)
    zpm_watch_turn(watch);
}

void zpm_watch_say_too_much(struct zpm_watch *watch)
{
  if (watch->too_much_said)
    return;
  watch->too_much_said = true;
  zpm_watch_say(watch,
                "watching %s: there is too much in it, and only a part is "
                "watched (at most %u folders, %u deep, and %u files). Name the "
                "folders that matter in watch, or others in ignoreWatch",
                watch->roots[0].path, watch->limits.folders,
                watch->limits.depth, watch->limits.files);
}

static void tell_troubles(struct zpm_watch *watch)
{
  struct zpm_strv troubles = watch->troubles;

  watch->troubles = (struct zpm_strv){0};
  for (size_t i = 0; i < troubles.len && !watch->closing; i++)
    watch->options.trouble(watch->options.ctx, troubles.items[i]);
  zpm_strv_deinit(&troubles);
}

/* ---- turns ---- */

void zpm_watch_sweep_all(struct zpm_watch *watch)
{
  for (size_t i = 0; i < watch->root_count; i++) {
    if (watch->roots[i].folder != NULL)
      zpm_watch_folder_sweep(watch->roots[i].folder);
    else if (watch->polling)
      zpm_watch_root_seek(&watch->roots[i], true);
  }
}

static void on_turn(uv_timer_t *timer);

static void wait_for_poll(struct zpm_watch *watch)
{
  uint64_t now = uv_now(watch->loop);

  if (watch->next_poll_ms == UINT64_MAX)
    watch->next_poll_ms = now + watch->limits.poll_ms;
  uv_timer_start(&watch->turn, on_turn,
                 watch->next_poll_ms > now ? watch->next_poll_ms - now : 0, 0);
}

static void on_turn(uv_timer_t *timer)
{
  struct zpm_watch *watch = timer->data;
  bool is_idle = zpm_list_empty(&watch->waiting) && watch->looked == NULL;

  tell_troubles(watch);
  if (watch->closing)
    return;
  if (watch->polling && is_idle && uv_now(watch->loop) >= watch->next_poll_ms) {
    watch->next_poll_ms = UINT64_MAX; /* when this look is over */
    zpm_watch_sweep_all(watch);
  }
  if (zpm_watch_look_slice(watch) || watch->troubles.len > 0)
    zpm_watch_turn(watch);
  else if (watch->polling)
    wait_for_poll(watch);
}

/* A millisecond later: a timer of none would come again at once, for ever. */
void zpm_watch_turn(struct zpm_watch *watch)
{
  if (uv_is_active((uv_handle_t *)&watch->turn) &&
      uv_timer_get_due_in(&watch->turn) <= 1)
    return;
  uv_timer_start(&watch->turn, on_turn, 1, 0);
}

/* ---- listening, and polling instead ---- */

static void say_polling(struct zpm_watch *watch, int why)
{
  const char *cure = "";

  if (why == UV_ENOSPC)
    cure = ". To be told at once, raise it: sysctl "
           "fs.inotify.max_user_watches=524288, and restart the app";
  if (why == UV_EMFILE)
    cure = ". To be told at once, raise it: sysctl "
           "fs.inotify.max_user_instances=1024 (or the limit of open files), "
           "and restart the app";
  zpm_watch_say(watch,
                "watching %s: the system %s; it is looked at every %u s "
                "instead%s",
                watch->roots[0].path,
                why == UV_ENOSPC   ? "has no inotify watches left"
                : why == UV_EMFILE ? "has no inotify instances left"
                                   : uv_strerror(why),
                (watch->limits.poll_ms + 999) / 1000, cure);
}

static void begin_polling(struct zpm_watch *watch, int why)
{
  watch->polling = true;
  watch->outputs.lag_ms = watch->limits.poll_ms;
  for (size_t i = 0; i < watch->root_count; i++) {
    struct zpm_watch_root *root = &watch->roots[i];

    if (root->folder != NULL)
      zpm_watch_folder_unlisten_all(root->folder);
    if (root->anchor != NULL)
      zpm_watch_unlisten(watch, root->anchor);
  }
  say_polling(watch, why);
}

void zpm_watch_listen(struct zpm_watch *watch, uv_fs_event_t *events,
                      uv_fs_event_cb on_event, const char *path)
{
  uint32_t most = watch->limits.os_watches;
  int rc = UV_ENOSPC;

  if (watch->polling)
    return;
  if (most == 0 || watch->os_watches < most)
    rc = uv_fs_event_start(events, on_event, path, 0);
  if (rc == 0)
    watch->os_watches++;
  else if (rc != UV_ENOENT && rc != UV_ENOTDIR && rc != UV_EACCES)
    begin_polling(watch, rc);
}

void zpm_watch_unlisten(struct zpm_watch *watch, uv_fs_event_t *events)
{
  if (!uv_is_active((uv_handle_t *)events))
    return;
  uv_fs_event_stop(events);
  watch->os_watches--;
}

int zpm_watch_stat(const char *path, bool follow, uv_stat_t *stat)
{
  uv_fs_t req;
  int rc = follow ? uv_fs_stat(NULL, &req, path, NULL)
                  : uv_fs_lstat(NULL, &req, path, NULL);

  *stat = req.statbuf;
  uv_fs_req_cleanup(&req);
  return rc;
}

uint64_t zpm_watch_look_of(const uv_stat_t *stat)
{
  const uint64_t parts[] = {
      (uint64_t)stat->st_mtim.tv_sec,
      (uint64_t)stat->st_mtim.tv_nsec,
      stat->st_size,
      stat->st_ino,
  };

  return zpm_hashes_of(0, parts, sizeof(parts));
}
