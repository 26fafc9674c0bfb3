#include "runtime/watch_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "zpm/error.h"

/* After so many events in one burst the system may have dropped some. */
enum { MANY_EVENTS = 4096, TROUBLE_MAX = 1024 };

const struct zpm_watch_limits ZPM_WATCH_LIMITS = {
    .folders = 16384,
    .files = 262144,
    .depth = 64,
    .entries = 512,
    .poll_ms = 2000,
};

/* ---- from changes to one call ---- */

static void sweep_all(struct zpm_watch *watch)
{
  for (size_t i = 0; i < watch->root_count; i++) {
    if (watch->roots[i].folder != NULL)
      zpm_watch_folder_sweep(watch->roots[i].folder);
    else if (watch->polling)
      zpm_watch_root_seek(&watch->roots[i], true);
  }
}

/* The calls are out: no use of the watch after it but to see that it closes. */
static void tell_changed(struct zpm_watch *watch)
{
  char *first = watch->first;

  watch->first = NULL;
  zpm_debounce_reset(&watch->debounce);
  if (watch->events > MANY_EVENTS && !watch->polling)
    sweep_all(watch);
  watch->events = 0;
  watch->options.changed(watch->options.ctx,
                         first != NULL ? first : watch->roots[0].path);
  zpm_free(first);
}

static void on_burst(uv_timer_t *timer);

/* Changes wait while a build runs: it ends with one call. */
static void arm_burst(struct zpm_watch *watch)
{
  uint64_t now = uv_now(watch->loop);
  uint64_t due = zpm_debounce_due_ms(&watch->debounce);
  uint64_t over = zpm_outputs_build_over_ms(&watch->outputs, now);

  due = due > over ? due : over;
  if (due == UINT64_MAX)
    uv_timer_stop(&watch->burst);
  else
    uv_timer_start(&watch->burst, on_burst, due > now ? due - now : 0, 0);
}

static void on_burst(uv_timer_t *timer)
{
  struct zpm_watch *watch = timer->data;

  if (watch->debounce.pending)
    tell_changed(watch);
}

void zpm_watch_note(struct zpm_watch *watch, const char *path, bool is_added)
{
  uint64_t now = uv_now(watch->loop);
  enum zpm_outputs_verdict verdict =
      zpm_outputs_judge(&watch->outputs, path, is_added, now);

  if (verdict == ZPM_OUTPUTS_LEARNED)
    zpm_watch_say(watch,
                  "%s changed right after each of the last %d starts, so the "
                  "app writes it: it is not watched any more. Name it in "
                  "ignoreWatch, or write it outside of the watched folder",
                  path, ZPM_OUTPUTS_STARTS);
  if (verdict != ZPM_OUTPUTS_EDIT)
    return;
  if (watch->first == NULL)
    watch->first = zpm_strdup(path);
  zpm_debounce_note(&watch->debounce, now);
  arm_burst(watch);
}

void zpm_watch_build_began(struct zpm_watch *watch)
{
  zpm_outputs_build_began(&watch->outputs);
  arm_burst(watch);
}

void zpm_watch_build_ended(struct zpm_watch *watch)
{
  zpm_outputs_build_ended(&watch->outputs, uv_now(watch->loop));
  arm_burst(watch);
}

void zpm_watch_app_started(struct zpm_watch *watch)
{
  zpm_outputs_app_started(&watch->outputs, uv_now(watch->loop));
}

/* ---- turns: troubles, slices, polling ---- */

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
    sweep_all(watch);
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

/* ---- the system ---- */

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

/* ---- opening and closing ---- */

static void on_all_closed(void *ctx)
{
  struct zpm_watch *watch = ctx;

  for (size_t i = 0; i < watch->root_count; i++)
    zpm_watch_root_deinit(&watch->roots[i]);
  zpm_free(watch->roots);
  zpm_free(watch->logs_folder);
  zpm_free(watch->first);
  zpm_strv_deinit(&watch->ignore);
  zpm_strv_deinit(&watch->troubles);
  zpm_outputs_deinit(&watch->outputs);
  zpm_str_deinit(&watch->path);
  zpm_free(watch);
}

static void on_timer_closed(uv_handle_t *handle)
{
  struct zpm_watch *watch = handle->data;

  zpm_closer_release(&watch->closer);
}

static void init_timer(struct zpm_watch *watch, uv_timer_t *timer)
{
  uv_timer_init(watch->loop, timer);
  uv_unref((uv_handle_t *)timer);
  timer->data = watch;
  zpm_closer_hold(&watch->closer);
}

/* Without the slashes at its end. */
static int copy_root(struct zpm_watch *watch, const char *path)
{
  struct zpm_watch_root *root = &watch->roots[watch->root_count];
  size_t len = strlen(path);

  *root = (struct zpm_watch_root){.watch = watch, .path = zpm_strdup(path)};
  if (root->path == NULL)
    return ZPM_ENOMEM;
  watch->root_count++;
  while (len > 0 && root->path[len - 1] == '/')
    root->path[--len] = '\0';
  for (size_t i = 0; i < watch->ignore.len; i++) {
    if (zpm_ignore_add_glob(&root->rules, root->path, watch->ignore.items[i]) !=
        0)
      return ZPM_ENOMEM;
  }
  return 0;
}

static int copy_options(struct zpm_watch *watch,
                        const struct zpm_watch_options *options)
{
  int rc = 0;

  watch->roots = zpm_alloc_zeroed(options->roots->len, sizeof(*watch->roots));
  if (watch->roots == NULL)
    return ZPM_ENOMEM;
  if (options->logs_folder != NULL) {
    watch->logs_folder = zpm_strdup(options->logs_folder);
    rc = watch->logs_folder == NULL ? ZPM_ENOMEM : 0;
  }
  if (rc == 0 && options->ignore != NULL)
    rc = zpm_strv_copy(&watch->ignore, options->ignore);
  for (size_t i = 0; i < options->roots->len && rc == 0; i++)
    rc = copy_root(watch, options->roots->items[i]);
  return rc;
}

static void seek_all(struct zpm_watch *watch)
{
  for (size_t i = 0; i < watch->root_count; i++) {
    struct zpm_watch_root *root = &watch->roots[i];
    uv_stat_t stat;

    zpm_watch_root_seek(root, false);
    if (root->folder == NULL && zpm_watch_stat(root->path, true, &stat) != 0)
      zpm_watch_say(watch,
                    "there is no %s to watch: it is watched as soon as "
                    "it comes. Check the path",
                    root->path);
  }
  /* Most trees are known after this. */
  if (zpm_watch_look_slice(watch) || watch->polling)
    zpm_watch_turn(watch);
}

int zpm_watch_open_within(uv_loop_t *loop,
                          const struct zpm_watch_options *options,
                          const struct zpm_watch_limits *limits,
                          struct zpm_watch **out, struct zpm_error *err)
{
  struct zpm_watch *watch;

  if (options->roots->len == 0)
    return zpm_error_set(err, ZPM_EARG, "there is nothing to watch");
  watch = zpm_alloc_zeroed(1, sizeof(*watch));
  if (watch == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  watch->loop = loop;
  watch->options = *options;
  watch->limits = *limits;
  zpm_list_init(&watch->waiting);
  zpm_closer_init(&watch->closer, on_all_closed, watch);
  if (copy_options(watch, options) != 0) {
    on_all_closed(watch);
    return zpm_error_set(err, ZPM_ENOMEM, "out of memory");
  }
  init_timer(watch, &watch->burst);
  init_timer(watch, &watch->turn);
  seek_all(watch);
  *out = watch;
  return 0;
}

int zpm_watch_open(uv_loop_t *loop, const struct zpm_watch_options *options,
                   struct zpm_watch **out, struct zpm_error *err)
{
  return zpm_watch_open_within(loop, options, &ZPM_WATCH_LIMITS, out, err);
}

void zpm_watch_close(struct zpm_watch *watch)
{
  if (watch == NULL || watch->closing)
    return;
  watch->closing = true;
  for (size_t i = 0; i < watch->root_count; i++)
    zpm_watch_root_close(&watch->roots[i]);
  uv_close((uv_handle_t *)&watch->burst, on_timer_closed);
  uv_close((uv_handle_t *)&watch->turn, on_timer_closed);
  zpm_closer_release(&watch->closer);
}
