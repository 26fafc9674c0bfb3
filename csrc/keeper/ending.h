#ifndef ZPM_KEEPER_ENDING_H
#define ZPM_KEEPER_ENDING_H

#include "keeper/keeper.h"

/*
 * The end: nothing may stay behind.  All that are children of the keeper, apps
 * and adopted orphans, with their groups, get SIGTERM and SIGCONT, after a
 * grace SIGKILL.  Whoever a dying process leaves to us is treated the same.
 * keeper->finished is set when no child is left.
 */
void zpm_ending_begin(struct zpm_keeper *keeper);
/* After a child's death, and when keeper->scan_due_ms has come. */
void zpm_ending_step(struct zpm_keeper *keeper);

#endif
