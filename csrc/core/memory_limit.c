#include "core/memory_limit.h"

#include <stdio.h>

#include "core/policy.h"

/* How long it is left alone after a start. */
static uint64_t grace_ms(uint32_t rounds)
{
  uint64_t wait = ZPM_STABLE_MS;

  for (uint32_t i = 0; i < rounds && wait < ZPM_MEMORY_WAIT_MAX_MS; i++)
    wait *= 2;
  return wait < ZPM_MEMORY_WAIT_MAX_MS ? wait : ZPM_MEMORY_WAIT_MAX_MS;
}

enum zpm_memory_step zpm_memory_watch_step(struct zpm_memory_watch *watch,
                                           const struct zpm_memory_look *look)
{
  bool over = look->used_bytes > look->limit_bytes;
  bool was_over = watch->over;

  watch->over = false;
  if (look->uptime_ms < ZPM_STABLE_MS)
    return ZPM_MEMORY_FINE;
  if (!over) {
    watch->rounds = 0;
    return ZPM_MEMORY_FINE;
  }
  if (look->uptime_ms < grace_ms(watch->rounds))
    return ZPM_MEMORY_FINE;
  if (!was_over) {
    watch->over = true;
    return ZPM_MEMORY_SUSPECT;
  }
  watch->rounds++;
  return ZPM_MEMORY_RESTART;
}

const char *zpm_memory_text(const struct zpm_memory_look *look,
                            char text[ZPM_MEMORY_TEXT_SIZE])
{
  static const uint64_t KB = 1024;
  static const uint64_t MB = 1048576;
  bool whole = look->limit_bytes % MB == 0;
  uint64_t unit = whole ? MB : KB;
  const char *name = whole ? "MB" : "KB";
  /* Rounded up, so that it is seen to be more. */
  uint64_t used = look->used_bytes / unit + (look->used_bytes % unit != 0);

  snprintf(text, ZPM_MEMORY_TEXT_SIZE,
           "uses %llu %s, more than its maxMemory of %llu %s",
           (unsigned long long)used, name,
           (unsigned long long)(look->limit_bytes / unit), name);
  return text;
}
