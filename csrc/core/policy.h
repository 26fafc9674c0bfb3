#ifndef ZPM_CORE_POLICY_H
#define ZPM_CORE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/record.h"

/*
 * The rules of restarting, as numbers and as one judgement.
 */
struct zpm_policy {
  uint32_t min_backoff_ms;
  uint32_t max_backoff_ms;
  uint32_t kill_timeout_ms;  /* from the stop signal to SIGKILL */
  uint32_t ready_timeout_ms; /* 0: it need not become ready */
  int autorestart;           /* enum zpm_autorestart */
  int immediate_crash;       /* enum zpm_immediate_crash */
};

enum {
  /* Up this long, a run counts as good: the crash count starts anew. */
  ZPM_STABLE_MS = 5000,
  /* A crash sooner than this is taken for a build error. */
  ZPM_IMMEDIATE_MS = 1500,
  /* After so many SIGKILLs what still lives is called stuck. */
  ZPM_STUCK_KILLS = 3,
  /* SIGKILL is repeated this often while something of the tree is left. */
  ZPM_KILL_AGAIN_MS = 1000,
  /* Nothing is gained by asking a system that is out of memory or pids sooner,
   * whatever the backoff of the app. */
  ZPM_FORK_AGAIN_MS = 1000,
};

/* What follows the end of a run that nobody asked for. */
enum zpm_verdict {
  ZPM_VERDICT_REST,  /* it is done: exit 0 */
  ZPM_VERDICT_RETRY, /* again, after the backoff */
  ZPM_VERDICT_BUILD, /* a build error: not before a file changes */
  ZPM_VERDICT_HOLD,  /* not again until a command */
};

void zpm_policy_of_config(struct zpm_policy *policy,
                          const struct zpm_config *config);

/* `proven`: this very build has been stable once, so that a fast death is the
 * fault of its surroundings (a database that is down), not of the build. */
enum zpm_verdict zpm_policy_judge(const struct zpm_policy *policy,
                                  const struct zpm_exit *end, bool proven);

/* Milliseconds to wait before the restart that follows crash number `crash` in
 * a row (1, 2, ...): minBackoff, doubled each time, at most maxBackoff. */
uint64_t zpm_policy_backoff(const struct zpm_policy *policy, uint32_t crash);

/* Whether crash number `crash` in a row is worth a line in a log: 1, 2, 4, 8...
 * An app that crashes all night fills no disk. */
bool zpm_policy_tells_crash(uint32_t crash);

/* Same script, unchanged?  An unknown build is like no other. */
bool zpm_build_equal(const struct zpm_build *a, const struct zpm_build *b);

#endif
