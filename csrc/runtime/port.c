#include "runtime/port.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/alloc.h"
#include "core/config.h"
#include "core/port_policy.h"
#include "platform/platform.h"
#include "runtime/port_standing.h"
#include "runtime/services.h"

enum {
  FIRST_PAUSE_MS = 20,
  LONGEST_PAUSE_MS = 100,
  NOTES_MAX = ZPM_PORT_ROUNDS * (ZPM_PORT_LIST_MAX + 32) + 64,
};

struct zpm_port_clearing {
  struct zpm_services *services;
  const struct zpm_config *config; /* whose contents may change */
  uint16_t port;
  bool may_clear;
  zpm_port_done_cb *done;
  void *ctx;

  struct zpm_process_table table; /* as last seen */
  struct zpm_port_owners owners;
  struct zpm_port_owners told; /* those that have had their SIGTERM */
  unsigned rounds;
  bool killed; /* in this round */
  uint64_t term_ms;
  uint64_t pause_ms;
  uv_timer_t timer;
  char notes[NOTES_MAX];
};

static void release(struct zpm_port_clearing *clearing)
{
  zpm_process_table_deinit(&clearing->table);
  zpm_port_owners_deinit(&clearing->owners);
  zpm_port_owners_deinit(&clearing->told);
  zpm_free(clearing);
}

static enum zpm_port_verdict look(struct zpm_port_clearing *clearing,
                                  struct zpm_error *err)
{
  struct zpm_port_facts facts = {
      .port = clearing->port,
      .may_clear = clearing->may_clear,
      .uid = (int)geteuid(),
      .owners = &clearing->owners,
  };

  if (zpm_platform_port_owners(clearing->port, &clearing->table,
                               &clearing->owners) != 0)
    return ZPM_PORT_IS_FREE;
  zpm_port_standing_fill(clearing->services, clearing->config, &clearing->table,
                         &clearing->owners);
  return zpm_port_judge(&facts, err);
}

/* ---- ending them ---- */

static void note(struct zpm_port_clearing *clearing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct zpm_port_clearing *clearing, const char *format, ...)
{
  size_t used = strlen(clearing->notes);
  va_list args;

  va_start(args, format);
  vsnprintf(clearing->notes + used, NOTES_MAX - used, format, args);
  va_end(args);
}

static void note_ended(struct zpm_port_clearing *clearing)
{
  note(clearing, ": ended by %s", clearing->killed ? "SIGKILL" : "SIGTERM");
}

static bool is_told(const struct zpm_port_clearing *clearing,
                    const struct zpm_port_owner *owner)
{
  for (size_t i = 0; i < clearing->told.len; i++) {
    const struct zpm_port_owner *told = &clearing->told.items[i];

    if (told->pid == owner->pid && told->start_ticks == owner->start_ticks)
      return true;
  }
  return false;
}

static int signal_all(struct zpm_port_clearing *clearing, int signal,
                      struct zpm_error *err)
{
  for (size_t i = 0; i < clearing->owners.len; i++) {
    const struct zpm_port_owner *owner = &clearing->owners.items[i];
    int rc;

    if (owner->standing == ZPM_PORT_SIBLING ||
        (signal == SIGTERM && is_told(clearing, owner)))
      continue;
    rc = zpm_platform_signal(owner->pid, owner->start_ticks, signal);
    if (rc != 0 && rc != -ESRCH)
      return zpm_error_set(err, ZPM_ESTART,
                           "port %u is held by %s (pid %d, user %s), and the "
                           "system does not let zpm end it: %s. Stop it, or "
                           "choose another port.",
                           (unsigned)clearing->port, owner->command, owner->pid,
                           owner->user, uv_strerror(rc));
    if (signal == SIGTERM) /* one that stands still could not act on it */
      zpm_platform_signal(owner->pid, owner->start_ticks, SIGCONT);
  }
  return 0;
}

static bool has_newcomer(const struct zpm_port_clearing *clearing)
{
  for (size_t i = 0; i < clearing->owners.len; i++) {
    const struct zpm_port_owner *owner = &clearing->owners.items[i];

    if (owner->standing != ZPM_PORT_SIBLING && !is_told(clearing, owner))
      return true;
  }
  return false;
}

static int remember_told(struct zpm_port_clearing *clearing,
                         struct zpm_error *err)
{
  for (size_t i = 0; i < clearing->owners.len; i++) {
    struct zpm_port_owner *told;

    if (is_told(clearing, &clearing->owners.items[i]))
      continue;
    told = zpm_port_owners_add(&clearing->told);
    if (told == NULL)
      return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
    *told = clearing->owners.items[i];
  }
  return 0;
}

static int begin_round(struct zpm_port_clearing *clearing,
                       struct zpm_error *err)
{
  char who[ZPM_PORT_LIST_MAX];
  int rc;

  zpm_port_list(&clearing->owners, who);
  if (clearing->rounds == ZPM_PORT_ROUNDS)
    return zpm_error_set(err, ZPM_ESTART,
                         "port %u is taken again each time it is freed, now by "
                         "%s: something starts it anew. Stop that, or choose "
                         "another port.",
                         (unsigned)clearing->port, who);
  rc = signal_all(clearing, SIGTERM, err);
  if (rc == 0)
    rc = remember_told(clearing, err);
  if (rc != 0)
    return rc;
  if (clearing->rounds++ == 0) {
    note(clearing, "port %u was held by %s", (unsigned)clearing->port, who);
  } else {
    note_ended(clearing);
    note(clearing, ", then by %s", who);
  }
  clearing->killed = false;
  clearing->term_ms = uv_now(clearing->services->loop);
  clearing->pause_ms = FIRST_PAUSE_MS;
  return 0;
}

static int give_up(const struct zpm_port_clearing *clearing,
                   struct zpm_error *err)
{
  char who[ZPM_PORT_LIST_MAX];

  zpm_port_list(&clearing->owners, who);
  return zpm_error_set(err, ZPM_ESTART,
                       "port %u is still held by %s: neither SIGTERM nor "
                       "SIGKILL has freed it. Choose another port.",
                       (unsigned)clearing->port, who);
}

/* The owners are all such that may be ended. */
static int pursue(struct zpm_port_clearing *clearing, struct zpm_error *err)
{
  uint64_t since_ms = uv_now(clearing->services->loop) - clearing->term_ms;

  if (has_newcomer(clearing))
    return begin_round(clearing, err);
  switch (zpm_port_next(since_ms, clearing->killed)) {
  case ZPM_PORT_KILL:
    clearing->killed = true;
    return signal_all(clearing, SIGKILL, err);
  case ZPM_PORT_GIVE_UP:
    return give_up(clearing, err);
  case ZPM_PORT_WAIT:
    break;
  }
  return 0;
}

/* ---- until the port is free ---- */

static void on_closed(uv_handle_t *handle)
{
  release(handle->data);
}

static void finish(struct zpm_port_clearing *clearing,
                   const struct zpm_error *err)
{
  uv_close((uv_handle_t *)&clearing->timer, on_closed);
  clearing->done(clearing->ctx, err, clearing->notes);
}

static void on_timer(uv_timer_t *timer);

static void look_again(struct zpm_port_clearing *clearing)
{
  uint64_t pause_ms = clearing->pause_ms;

  clearing->pause_ms =
      pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
  uv_timer_start(&clearing->timer, on_timer, pause_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
  struct zpm_port_clearing *clearing = timer->data;
  struct zpm_error err = {0};
  enum zpm_port_verdict verdict = look(clearing, &err);

  if (verdict == ZPM_PORT_IS_FREE) {
    note_ended(clearing);
    finish(clearing, NULL);
  } else if (verdict == ZPM_PORT_MUST_NOT || pursue(clearing, &err) != 0) {
    finish(clearing, &err);
  } else {
    look_again(clearing);
  }
}

static void keep_looking(struct zpm_port_clearing *clearing)
{
  uv_timer_init(clearing->services->loop, &clearing->timer);
  uv_unref((uv_handle_t *)&clearing->timer);
  clearing->timer.data = clearing;
  look_again(clearing);
}

enum zpm_port_answer zpm_port_clear(struct zpm_services *services,
                                    const struct zpm_config *config,
                                    zpm_port_done_cb *done, void *ctx,
                                    struct zpm_port_clearing **out,
                                    struct zpm_error *err)
{
  struct zpm_port_clearing *clearing;
  enum zpm_port_verdict verdict;

  *out = NULL;
  if (config->port == 0)
    return ZPM_PORT_FREE;
  clearing = zpm_alloc_zeroed(1, sizeof(*clearing));
  if (clearing == NULL) {
    zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
    return ZPM_PORT_REFUSED;
  }
  clearing->services = services;
  clearing->config = config;
  clearing->port = (uint16_t)config->port;
  clearing->may_clear = config->clear_port;
  clearing->done = done;
  clearing->ctx = ctx;
  verdict = look(clearing, err);
  if (verdict == ZPM_PORT_MAY_END && begin_round(clearing, err) == 0) {
    keep_looking(clearing);
    *out = clearing;
    return ZPM_PORT_CLEARING;
  }
  release(clearing);
  return verdict == ZPM_PORT_IS_FREE ? ZPM_PORT_FREE : ZPM_PORT_REFUSED;
}

void zpm_port_cancel(struct zpm_port_clearing *clearing)
{
  if (clearing == NULL)
    return;
  uv_timer_stop(&clearing->timer);
  uv_close((uv_handle_t *)&clearing->timer, on_closed);
}
