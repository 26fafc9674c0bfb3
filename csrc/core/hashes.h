#ifndef ZPM_CORE_HASHES_H
#define ZPM_CORE_HASHES_H

#include <stddef.h>
#include <stdint.h>

/*
 * A table from 64-bit hashes to 64-bit values: 32 bytes per entry at most, and
 * nothing while it is empty.  All zero is an empty table.  Keys are taken for
 * unique: use it where two names with the same hash do no harm.
 */
struct zpm_hashes_slot {
  uint64_t key; /* 0: empty */
  uint64_t value;
};

struct zpm_hashes {
  struct zpm_hashes_slot *slots;
  uint32_t cap; /* a power of two, or 0 */
  uint32_t len;
};

/* Never 0.  `seed` is the hash of what comes before, or 0. */
uint64_t zpm_hashes_of(uint64_t seed, const void *bytes, size_t len);

void zpm_hashes_deinit(struct zpm_hashes *hashes);
/* The value of this key, or NULL; good until the table changes. */
uint64_t *zpm_hashes_find(const struct zpm_hashes *hashes, uint64_t key);
int zpm_hashes_put(struct zpm_hashes *hashes, uint64_t key, uint64_t value);
void zpm_hashes_remove(struct zpm_hashes *hashes, uint64_t key);

#endif
