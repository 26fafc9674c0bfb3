#ifndef ZPM_CORE_HEALTH_H
#define ZPM_CORE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/probe.h"

struct zpm_exit;

/*
 * The health of one run of an app: what the results of its probes, its own word
 * and the silence of its event loop mean, and when to ask next.  Pure; the
 * shell is runtime/checks.c.
 *
 *   WARMING   readiness is looked for: each readiness probe must pass its
 *             successThreshold, and if its word is waited for, it must come
 *   READY     liveness is looked after; readiness is not looked at again
 *   FAILING   a liveness probe failed its failureThreshold; nothing follows
 */
enum zpm_health_state {
  ZPM_HEALTH_WARMING,
  ZPM_HEALTH_READY,
  ZPM_HEALTH_FAILING,
};

/* What one attempt came to. */
enum zpm_outcome {
  ZPM_OUTCOME_PASSED,
  ZPM_OUTCOME_FAILED,
  ZPM_OUTCOME_VOID, /* it could not be made (no descriptor, no memory), or we
                       were held up ourselves: says nothing of the app */
};

struct zpm_health_probe {
  uint32_t attempts;
  uint32_t failures; /* since it last was healthy */
  uint32_t passes;   /* in a row */
};

struct zpm_health {
  enum zpm_health_state state;
  bool wants_word; /* waitReady, and the app has not said that it is ready */
  const struct zpm_probe *probes; /* the caller's */
  size_t len;
  struct zpm_health_probe of[ZPM_PROBES_MAX];
};

/* `is_ready`: it was before, whoever saw it. */
void zpm_health_init(struct zpm_health *health, const struct zpm_probes *probes,
                     bool wants_word, bool is_ready);

/* Both return whether the state is another now. */
bool zpm_health_on_outcome(struct zpm_health *health, size_t probe,
                           enum zpm_outcome outcome);
bool zpm_health_on_word(struct zpm_health *health);
/* Its event loop does not answer: FAILING. */
void zpm_health_on_silence(struct zpm_health *health);

/* Milliseconds from now (the beginning of the state, or the end of the last
 * attempt) to the next attempt; ZPM_HEALTH_NEVER: in this state, none.
 *
 * An app is asked soon whether it is ready: after a tenth of a second, then
 * twice as long each time, up to the interval.  Liveness begins after its
 * initial delay or, without one, after an interval: who has just started need
 * not answer yet. */
#define ZPM_HEALTH_NEVER UINT64_MAX
uint64_t zpm_health_delay(const struct zpm_health *health, size_t probe);

/* Milliseconds to the next look whether the app listens on its port, after so
 * many: often at first. */
uint64_t zpm_health_listen_delay(uint32_t looks);
/* Whether that look is for its whole tree: the program itself is cheaper. */
bool zpm_health_listen_wide(uint32_t looks);

bool zpm_health_probe_passed(const struct zpm_health *health, size_t probe);
/* Failures of the worst liveness probe since it was healthy. */
uint32_t zpm_health_failures(const struct zpm_health *health);

/* Whether what was due at `due_ms` comes so late that we were held up: then the
 * app's answer may lie unread, and nothing is to be concluded.  `span_ms` is
 * what was waited for. */
bool zpm_health_is_late(uint64_t span_ms, uint64_t due_ms, uint64_t now_ms);

/* Whether an http probe passes with this status. */
bool zpm_health_status_passes(const struct zpm_probe *probe, unsigned status);
/* Whether an exec probe passes whose shell ended so. */
bool zpm_health_exit_passes(const struct zpm_exit *end);

/* ---- the event loop of a Node app ---- */

struct zpm_pulse {
  uint32_t timeout_ms;
  bool open;         /* a question has no answer yet: */
  uint64_t asked_ms; /* the first of them */
  uint64_t due_ms;   /* the next tick */
};

/* To be called after zpm_pulse_period() again and again: true: ask the app;
 * false: it has not answered for the whole timeout. */
bool zpm_pulse_tick(struct zpm_pulse *pulse, uint64_t now_ms);
uint64_t zpm_pulse_period(const struct zpm_pulse *pulse);
void zpm_pulse_on_answer(struct zpm_pulse *pulse);

/* ---- in words ---- */

enum {
  ZPM_HEALTH_TEXT_SIZE = 256,
  ZPM_HEALTH_CAUSE_SIZE = 160, /* of the cause of one failure */
  ZPM_HEALTH_TIME_SIZE = 32,
};

/* "liveness probe http://localhost:3000/health failed 3 times in a row: status
 * 503"; `cause` NULL or "": left out.  Returns `text`. */
const char *zpm_health_why_failing(const struct zpm_health *health,
                                   size_t probe, const char *cause,
                                   char text[ZPM_HEALTH_TEXT_SIZE]);
/* "its event loop has not answered for 10 s" */
const char *zpm_pulse_why(const struct zpm_pulse *pulse,
                          char text[ZPM_HEALTH_TEXT_SIZE]);
/* "readiness probe tcp :3000: connection refused"; the cause may be empty. */
const char *zpm_health_why_pending(const struct zpm_health *health,
                                   size_t probe, const char *cause,
                                   char text[ZPM_HEALTH_TEXT_SIZE]);
/* "it has not said that it is ready"; listening on `port` (0: none) would do.
 */
const char *zpm_health_why_silent(uint32_t port,
                                  char text[ZPM_HEALTH_TEXT_SIZE]);
/* Causes: "status 503", "status 200, not 204"; "exit code 2: its last line",
 * "SIGSEGV", "no end within 5 s" (`end` NULL).  Return `text`. */
const char *zpm_health_status_cause(const struct zpm_probe *probe,
                                    unsigned status,
                                    char text[ZPM_HEALTH_CAUSE_SIZE]);
const char *zpm_health_exit_cause(const struct zpm_probe *probe,
                                  const struct zpm_exit *end,
                                  const char *last_line,
                                  char text[ZPM_HEALTH_CAUSE_SIZE]);
/* "10 s", "1.5 s", "250 ms" */
const char *zpm_health_time(uint64_t ms, char text[ZPM_HEALTH_TIME_SIZE]);

/* Whether a program said "I am ready" in this message: to its parent, as JSON,
 * by process.send('ready'); or to its NOTIFY_SOCKET, among other lines, as
 * READY=1. */
bool zpm_health_is_ready_json(const char *json, size_t len);
bool zpm_health_is_ready_notify(const char *message, size_t len);

#endif
