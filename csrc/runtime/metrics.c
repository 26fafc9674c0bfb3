#include "runtime/metrics.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "core/hashes.h"
#include "core/usage.h"
#include "platform/platform.h"
#include "runtime/run_group.h"

enum { FIRST_SLOTS = 128, VALUE_MAX = 128, KEY_MAX = 64 };

/* A process that has been looked at. */
struct seen {
  int pid;   /* 0: an empty slot */
  bool gone; /* while rebuilding */
  uint64_t start_ticks;
  uint64_t round; /* the last time it was looked at */
  uint64_t owner; /* hash of the marker it carries; 0: none is known */
  struct zpm_usage_mark mark;
};

/* An open-addressing table by pid.  Entries are never taken out one by one:
 * when it is half full, it is built anew from those that still live. */
struct zpm_metrics {
  struct seen *slots;
  size_t slot_count; /* a power of two */
  size_t used;
  uint64_t round;
  struct zpm_pids adopted; /* children of the keeper */
  struct zpm_pids pending; /* members whose turn is to come */
};

struct zpm_metrics *zpm_metrics_create(void)
{
  return zpm_alloc_zeroed(1, sizeof(struct zpm_metrics));
}

void zpm_metrics_destroy(struct zpm_metrics *metrics)
{
  if (metrics == NULL)
    return;
  zpm_pids_deinit(&metrics->adopted);
  zpm_pids_deinit(&metrics->pending);
  zpm_free(metrics->slots);
  zpm_free(metrics);
}

/* ---- the table ---- */

/* The slot of this pid, or the empty one where it belongs. */
static struct seen *slot_of(struct seen *slots, size_t count, int pid)
{
  size_t at = ((size_t)pid * 2654435761u) & (count - 1);

  while (slots[at].pid != 0 && slots[at].pid != pid)
    at = (at + 1) & (count - 1);
  return &slots[at];
}

static bool still_lives(const struct seen *seen)
{
  struct zpm_process_sample sample;

  return zpm_platform_sample(seen->pid, &sample) == 0 &&
         sample.start_ticks == seen->start_ticks;
}

static size_t mark_the_gone(struct zpm_metrics *metrics)
{
  size_t alive = 0;

  for (size_t i = 0; i < metrics->slot_count; i++) {
    struct seen *seen = &metrics->slots[i];

    if (seen->pid == 0)
      continue;
    seen->gone = seen->round != metrics->round && !still_lives(seen);
    alive += !seen->gone;
  }
  return alive;
}

static bool rebuild(struct zpm_metrics *metrics)
{
  size_t alive = mark_the_gone(metrics);
  size_t count = FIRST_SLOTS;
  struct seen *slots;

  while (count < alive * 4)
    count *= 2;
  slots = zpm_alloc_zeroed(count, sizeof(*slots));
  if (slots == NULL)
    return false;
  for (size_t i = 0; i < metrics->slot_count; i++) {
    const struct seen *seen = &metrics->slots[i];

    if (seen->pid != 0 && !seen->gone)
      *slot_of(slots, count, seen->pid) = *seen;
  }
  zpm_free(metrics->slots);
  metrics->slots = slots;
  metrics->slot_count = count;
  metrics->used = alive;
  return true;
}

/* The entry of this very process, begun now if it is new. NULL: no memory. */
static struct seen *look_up(struct zpm_metrics *metrics, int pid,
                            const struct zpm_process_sample *sample,
                            uint64_t now_ns)
{
  struct seen *seen;

  if (metrics->used * 2 >= metrics->slot_count && !rebuild(metrics))
    return NULL;
  seen = slot_of(metrics->slots, metrics->slot_count, pid);
  if (seen->pid == 0)
    metrics->used++;
  else if (seen->start_ticks == sample->start_ticks)
    return seen;
  *seen = (struct seen){.pid = pid, .start_ticks = sample->start_ticks};
  zpm_usage_begin(&seen->mark, sample->cpu_ns, sample->age_ns, now_ns);
  return seen;
}

/* ---- whose is it ---- */

static uint64_t hash(const char *text)
{
  return zpm_hashes_of(0, text, strlen(text));
}

/* Of the value in "KEY=value". */
static uint64_t owner_of_marker(const char *marker)
{
  const char *equals = strchr(marker, '=');

  return equals != NULL ? hash(equals + 1) : 0;
}

/* The same of a process, or of the group that it lives in: it may have thrown
 * its environment away.  Read once in its life: but not while it is in exec,
 * when there is nothing to be read yet. */
static uint64_t owner_of_process(struct seen *seen, const char *marker)
{
  char key[KEY_MAX] = "";
  char value[VALUE_MAX];
  size_t len = strcspn(marker, "=") + 1;

  if (seen->owner != 0 || len >= sizeof(key))
    return seen->owner;
  memcpy(key, marker, len);
  if (zpm_platform_env(seen->pid, key, value, sizeof(value)) ||
      zpm_run_group_of(seen->pid, value, sizeof(value)))
    seen->owner = hash(value);
  return seen->owner;
}

/* ---- one look ---- */

static void add(struct zpm_usage *usage, const struct seen *seen,
                const struct zpm_process_sample *sample)
{
  usage->cpu_percent += seen->mark.percent;
  usage->rss_bytes += sample->rss_bytes;
  usage->processes++;
}

/* Adds `pid` and all its descendants.  What has ended meanwhile is left out,
 * and so is what was counted before in this look. */
static void add_tree(struct zpm_metrics *metrics, int pid, uint64_t now_ns,
                     struct zpm_usage *usage)
{
  struct zpm_pids *pending = &metrics->pending;
  struct zpm_process_sample sample;

  pending->len = 0;
  for (;;) {
    struct seen *seen = NULL;

    if (zpm_platform_sample(pid, &sample) == 0)
      seen = look_up(metrics, pid, &sample, now_ns);
    if (seen != NULL && seen->round != metrics->round) {
      seen->round = metrics->round;
      zpm_usage_advance(&seen->mark, sample.cpu_ns, now_ns);
      add(usage, seen, &sample);
      zpm_platform_children(pid, sample.threads, pending);
    }
    if (pending->len == 0)
      return;
    pid = pending->items[--pending->len];
  }
}

static struct zpm_metrics_tree *tree_of_owner(struct zpm_metrics_tree *trees,
                                              size_t count, uint64_t owner)
{
  for (size_t i = 0; i < count; i++) {
    if (trees[i].marker != NULL && owner_of_marker(trees[i].marker) == owner)
      return &trees[i];
  }
  return NULL;
}

/* The tree that a child of the keeper, which leads none of them, belongs to. */
static struct zpm_metrics_tree *tree_of_orphan(struct zpm_metrics *metrics,
                                               int pid,
                                               struct zpm_metrics_tree *trees,
                                               size_t count, uint64_t now_ns)
{
  struct zpm_process_sample sample;
  struct seen *seen;
  uint64_t owner;

  if (trees[0].marker == NULL || zpm_platform_sample(pid, &sample) != 0)
    return NULL;
  seen = look_up(metrics, pid, &sample, now_ns);
  if (seen == NULL || seen->round == metrics->round)
    return NULL;
  owner = owner_of_process(seen, trees[0].marker);
  return owner != 0 ? tree_of_owner(trees, count, owner) : NULL;
}

static bool was_counted(const struct zpm_metrics *metrics, int pid)
{
  return metrics->slot_count > 0 &&
         slot_of(metrics->slots, metrics->slot_count, pid)->round ==
             metrics->round;
}

static void add_orphans(struct zpm_metrics *metrics, int keeper,
                        struct zpm_metrics_tree *trees, size_t count,
                        uint64_t now_ns)
{
  struct zpm_pids *adopted = &metrics->adopted;

  adopted->len = 0;
  zpm_platform_children(keeper, 1, adopted); /* a keeper has one thread */
  for (size_t i = 0; i < adopted->len; i++) {
    struct zpm_metrics_tree *tree = NULL;

    if (!was_counted(metrics, adopted->items[i]))
      tree = tree_of_orphan(metrics, adopted->items[i], trees, count, now_ns);
    if (tree != NULL)
      add_tree(metrics, adopted->items[i], now_ns, &tree->usage);
  }
}

void zpm_metrics_sample(struct zpm_metrics *metrics, int keeper,
                        struct zpm_metrics_tree *trees, size_t count,
                        uint64_t now_ns)
{
  metrics->round++;
  for (size_t i = 0; i < count; i++) {
    trees[i].usage = (struct zpm_usage){0};
    if (trees[i].leader > 0)
      add_tree(metrics, trees[i].leader, now_ns, &trees[i].usage);
  }
  if (keeper > 0 && count > 0)
    add_orphans(metrics, keeper, trees, count, now_ns);
}
