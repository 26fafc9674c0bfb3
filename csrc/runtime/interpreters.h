#ifndef ZPM_RUNTIME_INTERPRETERS_H
#define ZPM_RUNTIME_INTERPRETERS_H

#include <stdint.h>

#include "base/list.h"
#include "core/verdicts.h"

/*
 * What is known of the Node binaries that run workers: each is tested once
 * (trial.h), before the first of them.  All starts that need its verdict wait
 * for the one test; nobody waits any more: it is ended.  What was found is kept
 * in a file for the next daemon.
 */
struct zpm_config;
struct zpm_interpreter_wait;
struct zpm_services;

struct zpm_interpreters {
  struct zpm_verdicts verdicts;
  struct zpm_list tests; /* that are under way; interpreters.c */
  char *path;            /* of the file; NULL: there is none */
  uint64_t limit_ms;     /* of a test; and until a worker is to be online */
};

/* What is about to be started. */
struct zpm_interpreter_use {
  struct zpm_binary binary;
  const struct zpm_config *config; /* of its app */
  const struct zpm_strv *env;      /* of its process */
};

typedef void zpm_interpreter_done_cb(void *ctx);

/* The file lies beside that of the state (NULL: none); reads what it can.  0 or
 * ZPM_ENOMEM. */
int zpm_interpreters_open(struct zpm_interpreters *interpreters,
                          const char *state_path);
/* When nobody waits any more. */
void zpm_interpreters_close(struct zpm_interpreters *interpreters);

enum zpm_selftest
zpm_interpreters_verdict(const struct zpm_interpreters *interpreters,
                         const struct zpm_binary *binary);

/* Fills in what is there at that path now (copied).  0, ZPM_ENOMEM, or the
 * negative code of stat(). */
int zpm_interpreters_look(struct zpm_binary *binary, const char *path);

/* Has it tested: `done` comes once, from the loop, unless it is given up
 * before.  NULL: there is nothing to wait for. */
struct zpm_interpreter_wait *
zpm_interpreters_await(struct zpm_services *services,
                       const struct zpm_interpreter_use *use,
                       zpm_interpreter_done_cb *done, void *ctx);
/* No callback comes after this.  NULL is legal. */
void zpm_interpreters_give_up(struct zpm_interpreter_wait *wait);

/* DOUBTED, from now on.  For want of memory it is not. */
void zpm_interpreters_doubt(struct zpm_interpreters *interpreters,
                            const struct zpm_binary *binary);

#endif
