#ifndef ZPM_KEEPER_HANDOVER_H
#define ZPM_KEEPER_HANDOVER_H

#include "keeper/keeper.h"

/*
 * All that a keeper knows, in a file, for the one that it becomes: a head, its
 * children, its stored descriptors (their numbers stay the same).
 *
 * Head and items are written with their sizes, and fields are only ever
 * appended.  So keepers of two versions read each other: what the writer did
 * not know is 0, what the reader does not know is left out.  The magic changes
 * when that is not enough; a file with another magic is not read.
 */

/* Both: 0, or -1 with errno. */
int zpm_handover_write(const struct zpm_keeper *keeper, int fd);
/* Into a keeper that holds nothing yet.  Touches no descriptor but `fd`. */
int zpm_handover_read(struct zpm_keeper *keeper, int fd);

#endif
