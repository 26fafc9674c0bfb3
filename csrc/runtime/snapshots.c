#include "runtime/snapshots.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "core/hashes.h"
#include "platform/platform.h"

enum {
  SLOT_SIZE = 1024, /* divides a page */
  FIRST_ROOM = 64,
};

/* Changes with the layout of a slot: one of another layout is not read. */
static const uint64_t MAGIC = 0x7a706d736e617002;

/* Place 0 holds the magic alone. */
struct slot {
  uint64_t sum; /* of all that follows; 0: the place is free */
  uint32_t instance;
  char app[ZPM_SNAPSHOT_NAME_SIZE];
  struct zpm_snapshot snapshot;
};

_Static_assert(sizeof(struct slot) <= SLOT_SIZE, "a slot fits into its place");

static uint64_t sum_of(const struct slot *slot)
{
  return zpm_hashes_of(MAGIC, (const char *)slot + sizeof(slot->sum),
                       sizeof(*slot) - sizeof(slot->sum));
}

static off_t offset_of(zpm_place place)
{
  return (off_t)(place * SLOT_SIZE);
}

static bool read_slot(int fd, zpm_place place, struct slot *slot)
{
  return pread(fd, slot, sizeof(*slot), offset_of(place)) ==
             (ssize_t)sizeof(*slot) &&
         slot->sum != 0 && slot->sum == sum_of(slot) &&
         memchr(slot->app, '\0', sizeof(slot->app)) != NULL;
}

/* ---- opening ---- */

static int make_room(struct zpm_snapshots *snapshots, size_t places)
{
  size_t room = snapshots->room > 0 ? snapshots->room : (size_t)FIRST_ROOM;
  uint8_t *use;

  while (room < places)
    room *= 2;
  if (room == snapshots->room)
    return 0;
  use = zpm_realloc(snapshots->use, room);
  if (use == NULL)
    return ZPM_ENOMEM;
  memset(use + snapshots->room, 0, room - snapshots->room);
  snapshots->use = use;
  snapshots->room = room;
  return 0;
}

/* False if the file is not one that we can go on with. */
static bool go_on(struct zpm_snapshots *snapshots)
{
  uint64_t magic = 0;
  struct stat file;
  struct slot slot;

  if (pread(snapshots->fd, &magic, sizeof(magic), 0) !=
          (ssize_t)sizeof(magic) ||
      magic != MAGIC || fstat(snapshots->fd, &file) != 0)
    return false;
  snapshots->places = ((size_t)file.st_size + SLOT_SIZE - 1) / SLOT_SIZE;
  if (make_room(snapshots, snapshots->places) != 0)
    return false;
  for (zpm_place place = 1; place < snapshots->places; place++)
    snapshots->use[place] = read_slot(snapshots->fd, place, &slot)
                                ? ZPM_SNAPSHOT_LEFT
                                : ZPM_SNAPSHOT_FREE;
  return true;
}

static void begin(struct zpm_snapshots *snapshots)
{
  snapshots->places = 1;
  snapshots->fd = zpm_platform_memfd("zpm-snapshots");
  if (snapshots->fd >= 0 && (make_room(snapshots, 1) != 0 ||
                             pwrite(snapshots->fd, &MAGIC, sizeof(MAGIC), 0) !=
                                 (ssize_t)sizeof(MAGIC)))
    zpm_snapshots_close(snapshots);
}

void zpm_snapshots_open(struct zpm_snapshots *snapshots, int fd)
{
  *snapshots = (struct zpm_snapshots){.fd = fd};
  if (fd >= 0 && go_on(snapshots))
    return;
  zpm_snapshots_close(snapshots);
  begin(snapshots);
}

void zpm_snapshots_close(struct zpm_snapshots *snapshots)
{
  if (snapshots->fd >= 0)
    close(snapshots->fd);
  zpm_free(snapshots->use);
  *snapshots = (struct zpm_snapshots){.fd = -1};
}

/* ---- one of them ---- */

zpm_place zpm_snapshots_find(struct zpm_snapshots *snapshots, const char *app,
                             unsigned instance, struct zpm_snapshot *out)
{
  struct slot slot;

  for (zpm_place place = 1; place < snapshots->places; place++) {
    if (snapshots->use[place] != ZPM_SNAPSHOT_LEFT ||
        !read_slot(snapshots->fd, place, &slot) || slot.instance != instance ||
        strcmp(slot.app, app) != 0)
      continue;
    snapshots->use[place] = ZPM_SNAPSHOT_USED;
    *out = slot.snapshot;
    return place;
  }
  return 0;
}

static zpm_place free_place(struct zpm_snapshots *snapshots)
{
  zpm_place place = 1;

  while (place < snapshots->places &&
         snapshots->use[place] != ZPM_SNAPSHOT_FREE)
    place++;
  if (place < snapshots->places)
    return place;
  if (make_room(snapshots, place + 1) != 0)
    return 0;
  snapshots->places = place + 1;
  return place;
}

static void put(struct zpm_snapshots *snapshots, zpm_place place,
                const struct slot *slot)
{
  /* For lack of memory the one before stays, which may be repeated as well. */
  if (pwrite(snapshots->fd, slot, sizeof(*slot), offset_of(place)) ==
      (ssize_t)sizeof(*slot))
    snapshots->use[place] =
        slot->sum != 0 ? ZPM_SNAPSHOT_USED : ZPM_SNAPSHOT_FREE;
}

void zpm_snapshots_write(struct zpm_snapshots *snapshots, zpm_place *place,
                         const char *app, unsigned instance,
                         const struct zpm_snapshot *snapshot)
{
  struct slot slot;

  if (snapshots->fd < 0)
    return;
  if (*place == 0)
    *place = free_place(snapshots);
  if (*place == 0)
    return;
  memset(&slot, 0, sizeof(slot)); /* the gaps count in the sum, too */
  slot.instance = instance;
  strncpy(slot.app, app, sizeof(slot.app) - 1);
  memcpy(&slot.snapshot, snapshot, sizeof(slot.snapshot));
  slot.sum = sum_of(&slot);
  put(snapshots, *place, &slot);
}

void zpm_snapshots_clear(struct zpm_snapshots *snapshots, zpm_place *place)
{
  struct slot nothing;

  if (snapshots->fd < 0 || *place == 0)
    return;
  memset(&nothing, 0, sizeof(nothing));
  put(snapshots, *place, &nothing);
  *place = 0;
}

void zpm_snapshots_sweep(struct zpm_snapshots *snapshots)
{
  for (zpm_place place = 1; place < snapshots->places; place++) {
    zpm_place cleared = place;

    if (snapshots->use[place] == ZPM_SNAPSHOT_LEFT)
      zpm_snapshots_clear(snapshots, &cleared);
  }
}
