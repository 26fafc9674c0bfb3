#ifndef ZPM_RUNTIME_SNAPSHOTS_H
#define ZPM_RUNTIME_SNAPSHOTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/snapshot.h"

/*
 * The snapshots of all process slots, in an anonymous file that outlives its
 * writer: the keeper holds it, too, and hands it to the next daemon.
 *
 * A snapshot is replaced by one write within one page, which no SIGKILL can
 * cut in two, and carries a check sum all the same: one that does not add up is
 * none.  The file is written, not mapped, as mapped pages would count as memory
 * of the daemon.
 */
enum zpm_snapshot_use {
  ZPM_SNAPSHOT_FREE,
  ZPM_SNAPSHOT_LEFT, /* by a former daemon, and not found yet */
  ZPM_SNAPSHOT_USED,
};

struct zpm_snapshots {
  int fd;        /* -1: nothing is kept */
  size_t places; /* in the file */
  uint8_t *use;  /* of each: enum zpm_snapshot_use */
  size_t room;
};

/* Of one proc; 0: it has none yet. */
typedef size_t zpm_place;

/* Goes on with the file of a former daemon (`fd` is taken over), or (-1) begins
 * a new one.  What cannot be used, as it is of a version that we do not know,
 * is let go: then nothing is found, and a new one is begun.  Without memory or
 * descriptors nothing is kept. */
void zpm_snapshots_open(struct zpm_snapshots *snapshots, int fd);
void zpm_snapshots_close(struct zpm_snapshots *snapshots);

/* The one of this proc, if a former daemon left one. 0: there is none. */
zpm_place zpm_snapshots_find(struct zpm_snapshots *snapshots, const char *app,
                             unsigned instance, struct zpm_snapshot *out);
/* Replaces it; a proc without a place gets one. */
void zpm_snapshots_write(struct zpm_snapshots *snapshots, zpm_place *place,
                         const char *app, unsigned instance,
                         const struct zpm_snapshot *snapshot);
/* Those of a former daemon that nobody has found are cleared: their apps are
 * not there any more. */
void zpm_snapshots_sweep(struct zpm_snapshots *snapshots);
void zpm_snapshots_clear(struct zpm_snapshots *snapshots, zpm_place *place);

#endif
