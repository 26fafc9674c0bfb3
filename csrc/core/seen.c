#include "core/seen.h"

#include <string.h>

/* The lowest bit of a look says that this round has noted it. */
static const uint64_t NOTED = 1;

static uint64_t key_of(const char *name)
{
  return zpm_hashes_of(0, name, strlen(name));
}

int zpm_seen_note(struct zpm_seen *seen, const char *name, uint64_t look)
{
  uint64_t key = key_of(name);
  uint64_t *found = zpm_hashes_find(&seen->files, key);
  uint64_t before = found != NULL ? *found | NOTED : 0;
  int rc;

  look |= NOTED;
  if (found != NULL) {
    *found = look;
    return before == look ? ZPM_SEEN_SAME : ZPM_SEEN_CHANGED;
  }
  rc = zpm_hashes_put(&seen->files, key, look);
  return rc < 0 ? rc : (int)ZPM_SEEN_NEW;
}

bool zpm_seen_has(const struct zpm_seen *seen, const char *name)
{
  return zpm_hashes_find(&seen->files, key_of(name)) != NULL;
}

void zpm_seen_forget(struct zpm_seen *seen, const char *name)
{
  zpm_hashes_remove(&seen->files, key_of(name));
}

void zpm_seen_round_begin(struct zpm_seen *seen)
{
  for (uint32_t i = 0; i < seen->files.cap; i++)
    seen->files.slots[i].value &= ~NOTED;
}

void zpm_seen_round_end(struct zpm_seen *seen)
{
  uint32_t i = 0;

  while (i < seen->files.cap) {
    const struct zpm_hashes_slot *slot = &seen->files.slots[i];

    /* Removing may move another entry to this place. */
    if (slot->key != 0 && (slot->value & NOTED) == 0)
      zpm_hashes_remove(&seen->files, slot->key);
    else
      i++;
  }
}

void zpm_seen_deinit(struct zpm_seen *seen)
{
  zpm_hashes_deinit(&seen->files);
}
