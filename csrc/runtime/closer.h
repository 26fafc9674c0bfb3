#ifndef ZPM_RUNTIME_CLOSER_H
#define ZPM_RUNTIME_CLOSER_H

#include <stddef.h>

/*
 * Memory that holds uv handles may go only after the last close callback.  A
 * closer counts what is still closing and calls back once when nothing is.
 */
struct zpm_closer {
  size_t pending;
  void (*closed)(void *ctx);
  void *ctx;
};

/* Holds one count, so that nothing is called before it is released. */
static inline void zpm_closer_init(struct zpm_closer *closer,
                                   void (*closed)(void *ctx), void *ctx)
{
  *closer = (struct zpm_closer){.pending = 1, .closed = closed, .ctx = ctx};
}

static inline void zpm_closer_hold(struct zpm_closer *closer)
{
  closer->pending++;
}

static inline void zpm_closer_release(struct zpm_closer *closer)
{
  if (--closer->pending == 0)
    closer->closed(closer->ctx);
}

/* zpm_closer_release as a callback. */
static inline void zpm_closer_on_closed(void *closer)
{
  zpm_closer_release(closer);
}

#endif
