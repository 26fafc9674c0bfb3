#ifndef ZPM_RUNTIME_KEEPER_EXEC_H
#define ZPM_RUNTIME_KEEPER_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/list.h"
#include "keeper/wire.h"
#include "runtime/closer.h"

/*
 * The exec-error pipe of one start: silence and end of file when the program
 * runs, a struct zpm_spawn_failure when it does not.  The end of file means
 * that only once the child is known to have been forked, so watching begins
 * with zpm_keeper_exec_watch.
 */
typedef void zpm_keeper_exec_cb(void *ctx, uint64_t id,
                                enum zpm_spawn_stage stage, int error);

/* What all starts of one link have in common. */
struct zpm_keeper_execs {
  uv_loop_t *loop;
  struct zpm_closer *closer; /* held by each until its handle has closed */
  struct zpm_list list;      /* those that are still to tell */
  zpm_keeper_exec_cb *on_result;
  void *ctx;
};

struct zpm_keeper_exec;

/* Makes the pipe; `write_end` is the caller's to close.  0 or negative. */
int zpm_keeper_exec_create(struct zpm_keeper_execs *execs, uint64_t id,
                           struct zpm_keeper_exec **out, int *write_end);
/* Of a start that somebody else asked for; takes `fd`, our end, over. */
int zpm_keeper_exec_adopt(struct zpm_keeper_execs *execs, uint64_t id, int fd,
                          struct zpm_keeper_exec **out);
/* Our end of the pipe; stays its own. */
int zpm_keeper_exec_fd(const struct zpm_keeper_exec *exec);
/* Ends it without a result; the memory goes with the loop. */
void zpm_keeper_exec_drop(struct zpm_keeper_exec *exec);
void zpm_keeper_exec_watch(struct zpm_keeper_exec *exec);
/* The child is dead, so the result is there: gives it now. */
void zpm_keeper_exec_finish(struct zpm_keeper_exec *exec);
/* NULL if it has told, or there never was one. */
struct zpm_keeper_exec *
zpm_keeper_exec_find(const struct zpm_keeper_execs *execs, uint64_t id);
/* Nobody is left to say that they were forked. */
void zpm_keeper_exec_watch_all(const struct zpm_keeper_execs *execs);
void zpm_keeper_exec_drop_all(struct zpm_keeper_execs *execs);

#endif
