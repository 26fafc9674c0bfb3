#include "core/outputs.h"

#include <string.h>

#include "base/alloc.h"
#include "zpm/error.h"

/* Beyond this all is learned anew. */
enum { FILES_MAX = 1 << 17, FIRST_FILES = 16 };

/* A file, or the files with new names in a folder. */
struct zpm_output {
  uint32_t build; /* the last in which it changed */
  uint32_t start; /* the last after which it changed */
  uint8_t builds; /* in how many it did since it was edited */
  uint8_t starts; /* after how many in a row */
  bool edited;
  bool is_built;
  bool is_written;
};

void zpm_outputs_deinit(struct zpm_outputs *outputs)
{
  zpm_hashes_deinit(&outputs->index);
  zpm_free(outputs->files);
  *outputs = (struct zpm_outputs){0};
}

void zpm_outputs_build_began(struct zpm_outputs *outputs)
{
  outputs->build++;
  outputs->building = true;
}

void zpm_outputs_build_ended(struct zpm_outputs *outputs, uint64_t now_ms)
{
  outputs->building = false;
  outputs->build_until_ms = now_ms + ZPM_OUTPUTS_SETTLE_MS + outputs->lag_ms;
}

void zpm_outputs_app_started(struct zpm_outputs *outputs, uint64_t now_ms)
{
  outputs->start++;
  outputs->start_until_ms = now_ms + ZPM_OUTPUTS_MOMENT_MS + outputs->lag_ms;
}

uint64_t zpm_outputs_build_over_ms(const struct zpm_outputs *outputs,
                                   uint64_t now_ms)
{
  if (outputs->building)
    return UINT64_MAX;
  return now_ms < outputs->build_until_ms ? outputs->build_until_ms : 0;
}

/* ---- what is known ---- */

static int make_room(struct zpm_outputs *outputs)
{
  uint32_t cap = outputs->cap > 0 ? outputs->cap * 2 : FIRST_FILES;
  struct zpm_output *files;

  if (outputs->len == FILES_MAX) {
    zpm_hashes_deinit(&outputs->index);
    outputs->len = 0;
  }
  if (outputs->len < outputs->cap)
    return 0;
  files = zpm_realloc(outputs->files, cap * sizeof(*files));
  if (files == NULL)
    return ZPM_ENOMEM;
  outputs->files = files;
  outputs->cap = cap;
  return 0;
}

/* NULL: no memory. */
static struct zpm_output *look_up(struct zpm_outputs *outputs, uint64_t key,
                                  bool *is_new)
{
  uint64_t *place = zpm_hashes_find(&outputs->index, key);

  *is_new = place == NULL;
  if (place != NULL)
    return &outputs->files[*place];
  if (make_room(outputs) != 0 ||
      zpm_hashes_put(&outputs->index, key, outputs->len) != 0)
    return NULL;
  outputs->files[outputs->len] = (struct zpm_output){0};
  return &outputs->files[outputs->len++];
}

/* ---- judging ---- */

static enum zpm_outputs_verdict in_build(struct zpm_output *file,
                                         uint32_t build)
{
  uint8_t needed =
      file->edited ? ZPM_OUTPUTS_BUILDS_EDITED : ZPM_OUTPUTS_BUILDS;

  if (file->is_built)
    return ZPM_OUTPUTS_OURS;
  if (file->build == build)
    return ZPM_OUTPUTS_EDIT;
  file->build = build;
  file->is_built = ++file->builds == needed;
  return file->is_built ? ZPM_OUTPUTS_OURS : ZPM_OUTPUTS_EDIT;
}

static enum zpm_outputs_verdict after_start(struct zpm_output *file,
                                            uint32_t start)
{
  if (file->start == start)
    return file->is_written ? ZPM_OUTPUTS_OURS : ZPM_OUTPUTS_EDIT;
  file->starts = file->start + 1 == start ? (uint8_t)(file->starts + 1) : 1;
  file->start = start;
  if (file->is_written)
    return ZPM_OUTPUTS_OURS;
  file->is_written = file->starts == ZPM_OUTPUTS_STARTS;
  return file->is_written ? ZPM_OUTPUTS_LEARNED : ZPM_OUTPUTS_EDIT;
}

static enum zpm_outputs_verdict judge(struct zpm_outputs *outputs,
                                      struct zpm_output *file, uint64_t now_ms)
{
  if (zpm_outputs_build_over_ms(outputs, now_ms) != 0)
    return in_build(file, outputs->build);
  file->edited = true;
  file->builds = 0;
  if (now_ms < outputs->start_until_ms)
    return after_start(file, outputs->start);
  return ZPM_OUTPUTS_EDIT;
}

/* Of a file that is new in its folder, and that nothing is known of. */
static enum zpm_outputs_verdict judge_folder(struct zpm_outputs *outputs,
                                             const char *path, uint64_t now_ms)
{
  const char *slash = strrchr(path, '/');
  size_t len = slash != NULL ? (size_t)(slash - path) + 1 : 0;
  struct zpm_output *folder;
  bool is_new;

  folder = look_up(outputs, zpm_hashes_of(0, path, len), &is_new);
  if (folder == NULL)
    return ZPM_OUTPUTS_EDIT;
  if (folder->build + 1 < outputs->build)
    folder->builds = 0;  /* not in a row */
  folder->edited = true; /* the longer proof */
  return judge(outputs, folder, now_ms);
}

enum zpm_outputs_verdict zpm_outputs_judge(struct zpm_outputs *outputs,
                                           const char *path, bool is_added,
                                           uint64_t now_ms)
{
  enum zpm_outputs_verdict verdict;
  struct zpm_output *file;
  bool is_new;

  file = look_up(outputs, zpm_hashes_of(0, path, strlen(path)), &is_new);
  if (file == NULL)
    return ZPM_OUTPUTS_EDIT;
  if (file->is_written)
    return ZPM_OUTPUTS_OURS;
  verdict = judge(outputs, file, now_ms);
  return is_new && is_added ? judge_folder(outputs, path, now_ms) : verdict;
}
