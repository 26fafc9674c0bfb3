#ifndef ZPM_RUNTIME_REAPER_H
#define ZPM_RUNTIME_REAPER_H

#include <uv.h>

#include "zpm/error.h"

/*
 * Finds out when nothing of a process tree is left, and signals what the
 * process group does not reach (children that called setsid or forked twice).
 *
 * A run with a group of its own (run_group.h) is over when nobody lives there.
 * All others that are being ended, and those whose group is not empty, share
 * one pass over the process table: at once when one is added, then again after
 * 2, 4,
 * ... 50 ms while something is left.
 * With nothing to watch there is no timer.
 */
struct zpm_reaper;
struct zpm_run_tree;

int zpm_reaper_create(uv_loop_t *loop, struct zpm_reaper **out);
void zpm_reaper_close(struct zpm_reaper *reaper, void (*closed)(void *ctx),
                      void *ctx);

/* Looks at the tree from now on: sends it tree->signal once, and says that it
 * is gone when its leader has ended and no other member is left. */
void zpm_reaper_watch(struct zpm_reaper *reaper, struct zpm_run_tree *tree);

/* Looks now, so that signals that were asked for are sent before this returns.
 */
void zpm_reaper_look(struct zpm_reaper *reaper);

#endif
