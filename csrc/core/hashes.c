#include "core/hashes.h"

#include "base/alloc.h"
#include "zpm/error.h"

enum { FIRST_SLOTS = 8, SLOTS_MAX = 1 << 26 };

/* FNV-1a, and the upper half folded into the lower, which picks the slot. */
uint64_t zpm_hashes_of(uint64_t seed, const void *bytes, size_t len)
{
  uint64_t hash = 0xcbf29ce484222325u ^ seed;
  const unsigned char *at = bytes;

  for (size_t i = 0; i < len; i++)
    hash = (hash ^ at[i]) * 0x100000001b3u;
  hash ^= hash >> 32;
  return hash != 0 ? hash : 1;
}

void zpm_hashes_deinit(struct zpm_hashes *hashes)
{
  zpm_free(hashes->slots);
  *hashes = (struct zpm_hashes){0};
}

/* The slot of this key, or the empty one where it belongs. */
static uint32_t slot_of(const struct zpm_hashes *hashes, uint64_t key)
{
  uint32_t at = (uint32_t)key & (hashes->cap - 1);

  while (hashes->slots[at].key != 0 && hashes->slots[at].key != key)
    at = (at + 1) & (hashes->cap - 1);
  return at;
}

static int grow(struct zpm_hashes *hashes)
{
  struct zpm_hashes bigger = {
      .cap = hashes->cap > 0 ? hashes->cap * 2 : FIRST_SLOTS,
      .len = hashes->len,
  };

  if (bigger.cap > SLOTS_MAX)
    return ZPM_ENOMEM;
  bigger.slots = zpm_alloc_zeroed(bigger.cap, sizeof(*bigger.slots));
  if (bigger.slots == NULL)
    return ZPM_ENOMEM;
  for (uint32_t i = 0; i < hashes->cap; i++) {
    const struct zpm_hashes_slot *slot = &hashes->slots[i];

    if (slot->key != 0)
      bigger.slots[slot_of(&bigger, slot->key)] = *slot;
  }
  zpm_free(hashes->slots);
  *hashes = bigger;
  return 0;
}

uint64_t *zpm_hashes_find(const struct zpm_hashes *hashes, uint64_t key)
{
  struct zpm_hashes_slot *slot;

  if (hashes->cap == 0)
    return NULL;
  slot = &hashes->slots[slot_of(hashes, key)];
  return slot->key != 0 ? &slot->value : NULL;
}

int zpm_hashes_put(struct zpm_hashes *hashes, uint64_t key, uint64_t value)
{
  uint64_t *old = zpm_hashes_find(hashes, key);

  if (old != NULL) {
    *old = value;
    return 0;
  }
  /* Three quarters full at most. */
  if ((hashes->len + 1) * 4 > hashes->cap * 3 && grow(hashes) != 0)
    return ZPM_ENOMEM;
  hashes->slots[slot_of(hashes, key)] =
      (struct zpm_hashes_slot){.key = key, .value = value};
  hashes->len++;
  return 0;
}

/* Whether an entry that belongs to `home` and lies at `at` may not move back
 * to `hole`: its home is cyclically in (hole, at]. */
static int is_stuck(uint32_t hole, uint32_t home, uint32_t at)
{
  return hole <= at ? hole < home && home <= at : hole < home || home <= at;
}

void zpm_hashes_remove(struct zpm_hashes *hashes, uint64_t key)
{
  uint32_t mask = hashes->cap - 1;
  uint32_t hole;

  if (zpm_hashes_find(hashes, key) == NULL)
    return;
  hole = slot_of(hashes, key);
  for (uint32_t at = (hole + 1) & mask; hashes->slots[at].key != 0;
       at = (at + 1) & mask) {
    if (is_stuck(hole, (uint32_t)hashes->slots[at].key & mask, at))
      continue;
    hashes->slots[hole] = hashes->slots[at];
    hole = at;
  }
  hashes->slots[hole] = (struct zpm_hashes_slot){0};
  hashes->len--;
}
