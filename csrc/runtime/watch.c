#include "runtime/watch_internal.h"

#include <string.h>

#include "base/alloc.h"
#include "zpm/error.h"

/* After so many events in one burst the system may have dropped some. */
enum { MANY_EVENTS = 4096 };

const struct zpm_watch_limits ZPM_WATCH_LIMITS = {
    .folders = 16384,
    .files = 262144,
    .depth = 64,
    .entries = 128,
    .poll_ms = 2000,
};

/* ---- from changes to one call ---- */

/* The calls are out: no use of the watch after it but to see that it closes. */
static void tell_changed(struct zpm_watch *watch)
{
  char *first = watch->first;

  watch->first = NULL;
  zpm_debounce_reset(&watch->debounce);
  if (watch->events > MANY_EVENTS && !watch->polling)
    zpm_watch_sweep_all(watch);
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

/* ---- opening and closing ---- */

static void on_all_closed(void *ctx)
{
  struct zpm_watch *watch = ctx;

  for (size_t i = 0; i < watch->root_count; i++)
    zpm_watch_root_deinit(&watch->roots[i]);
  zpm_free(watch->roots);
  zpm_strv_deinit(&watch->own);
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
  if (options->own != NULL)
    rc = zpm_strv_copy(&watch->own, options->own);
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
