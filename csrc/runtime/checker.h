#ifndef ZPM_RUNTIME_CHECKER_H
#define ZPM_RUNTIME_CHECKER_H

#include <stdint.h>

#include <uv.h>

#include "core/health.h"

/*
 * One probe of a run: makes an attempt when it is told to, one at a time.
 */
struct zpm_attempt;
struct zpm_closer;
struct zpm_endpoint;
struct zpm_recipe;
struct zpm_services;

struct zpm_checker {
  struct zpm_services *services;
  const struct zpm_recipe *recipe;
  const struct zpm_probe *probe;
  int (*visit)(void *ctx, const struct zpm_endpoint *endpoint, int *fd);
  void *visit_ctx;  /* checks.h */
  uv_timer_t timer; /* to the next attempt */
  struct zpm_attempt *attempt;
  char cause[ZPM_HEALTH_CAUSE_SIZE]; /* of the last one; "" if it passed */
  void (*done)(void *ctx, struct zpm_checker *checker,
               enum zpm_outcome outcome);
  void *ctx;
  struct zpm_closer *closer; /* while it closes */
};

/* `checker` is the owner's memory, with the members up to visit_ctx, done
 * and ctx set.  `done` comes from the loop. */
void zpm_checker_init(struct zpm_checker *checker);
void zpm_checker_ask_in(struct zpm_checker *checker, uint64_t delay_ms);
/* An attempt that is under way is broken off. */
void zpm_checker_stop(struct zpm_checker *checker);
/* Holds the closer until it is closed. */
void zpm_checker_close(struct zpm_checker *checker, struct zpm_closer *closer);

#endif
