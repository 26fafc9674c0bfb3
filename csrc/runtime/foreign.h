#ifndef ZPM_RUNTIME_FOREIGN_H
#define ZPM_RUNTIME_FOREIGN_H

#include <stdint.h>

#include <uv.h>

/*
 * The end of a process that is no child of our keeper: its keeper was lost, and
 * somebody else is its parent now.
 */
struct zpm_foreign;

/* In place of a wait status: nobody can tell how it ended. */
enum { ZPM_WAIT_UNKNOWN = -1 };

/* A descriptor for the process that has this pid and began then (see
 * zpm_platform_watch); negative if it has ended, or cannot be watched so. */
int zpm_foreign_open(int pid, uint64_t start_ticks);

struct zpm_foreign_options {
  uv_loop_t *loop;
  int watch; /* of zpm_foreign_open (taken over), or -1: it is looked for once a
                second */
  int pid;
  uint64_t start_ticks;
  /* Once, from the loop.  May end the watching. */
  void (*exited)(void *ctx, int wait_status);
  void *ctx;
};

/* NULL without memory; then the descriptor is closed. */
struct zpm_foreign *
zpm_foreign_watch(const struct zpm_foreign_options *options);
/* Tells nothing more; the memory goes with the loop.  NULL is legal. */
void zpm_foreign_end(struct zpm_foreign *foreign);

#endif
