#include "runtime/checks.h"

#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/alloc.h"
#include "core/config.h"
#include "core/health.h"
#include "core/snapshot.h"
#include "platform/notify.h"
#include "runtime/checker.h"
#include "runtime/closer.h"
#include "runtime/proc.h"
#include "runtime/word.h"

_Static_assert((int)ZPM_NOTIFY_NAME_SIZE == (int)ZPM_NOTIFY_SOCKET_NAME_SIZE,
               "one name");

struct zpm_checks {
  struct zpm_services *services;
  const struct zpm_recipe *recipe;
  const struct zpm_checks_events *events;
  void *ctx;

  struct zpm_health health;
  struct zpm_pulse pulse; /* timeout_ms 0: not watched */
  uv_timer_t clock;       /* to the next beat */
  uv_timer_t soon;        /* tells `ready` what was found within a call */
  struct zpm_word word;
  struct zpm_closer closer;
  char pending[ZPM_HEALTH_TEXT_SIZE];

  size_t len;
  struct zpm_probe *probes; /* copies */
  struct zpm_checker checkers[];
};

/* ---- what is told ---- */

static bool is_waited_for(const struct zpm_health *health, size_t probe)
{
  return health->probes[probe].kind == ZPM_PROBE_READINESS &&
         !zpm_health_probe_passed(health, probe);
}

static void note_pending(struct zpm_checks *checks)
{
  const struct zpm_health *health = &checks->health;

  checks->pending[0] = '\0';
  if (health->state != ZPM_HEALTH_WARMING)
    return;
  if (health->wants_word)
    zpm_health_why_silent(checks->word.port, checks->pending);
  for (size_t i = checks->len; i > 0; i--) { /* the first one is told */
    if (is_waited_for(health, i - 1))
      zpm_health_why_pending(health, i - 1, checks->checkers[i - 1].cause,
                             checks->pending);
  }
}

static void stop_all(struct zpm_checks *checks)
{
  uv_timer_stop(&checks->clock);
  uv_timer_stop(&checks->soon);
  for (size_t i = 0; i < checks->len; i++)
    zpm_checker_stop(&checks->checkers[i]);
}

static void fail(struct zpm_checks *checks, const char *why)
{
  stop_all(checks);
  checks->events->failing(checks->ctx, why);
}

/* ---- probes ---- */

static void on_ready(struct zpm_checks *checks);

/* The next attempt, if there is to be one. */
static void schedule(struct zpm_checks *checks, size_t probe)
{
  uint64_t delay_ms = zpm_health_delay(&checks->health, probe);

  if (delay_ms != ZPM_HEALTH_NEVER)
    zpm_checker_ask_in(&checks->checkers[probe], delay_ms);
}

static void schedule_all(struct zpm_checks *checks)
{
  for (size_t i = 0; i < checks->len; i++)
    schedule(checks, i);
}

static void on_attempted(void *ctx, struct zpm_checker *checker,
                         enum zpm_outcome outcome)
{
  struct zpm_checks *checks = ctx;
  size_t probe = (size_t)(checker - checks->checkers);
  char why[ZPM_HEALTH_TEXT_SIZE];

  if (!zpm_health_on_outcome(&checks->health, probe, outcome)) {
    note_pending(checks);
    checks->events->changed(checks->ctx);
    schedule(checks, probe);
  } else if (checks->health.state == ZPM_HEALTH_READY) {
    on_ready(checks);
  } else {
    fail(checks,
         zpm_health_why_failing(&checks->health, probe, checker->cause, why));
  }
}

/* ---- the event loop ---- */

static void on_beat(uv_timer_t *clock)
{
  struct zpm_checks *checks = clock->data;
  char why[ZPM_HEALTH_TEXT_SIZE];

  uv_update_time(clock->loop);
  if (!zpm_pulse_tick(&checks->pulse, uv_now(clock->loop))) {
    zpm_health_on_silence(&checks->health);
    fail(checks, zpm_pulse_why(&checks->pulse, why));
  } else if (checks->events->ping(checks->ctx)) {
    uv_timer_start(clock, on_beat, zpm_pulse_period(&checks->pulse), 0);
  }
}

void zpm_checks_on_pong(struct zpm_checks *checks)
{
  if (checks != NULL)
    zpm_pulse_on_answer(&checks->pulse);
}

/* ---- being ready ---- */

/* Who has just started gets the timeout once before it is asked at all. */
static void look_after(struct zpm_checks *checks)
{
  schedule_all(checks);
  if (checks->pulse.timeout_ms > 0)
    uv_timer_start(&checks->clock, on_beat, checks->pulse.timeout_ms, 0);
}

static void on_ready(struct zpm_checks *checks)
{
  note_pending(checks);
  look_after(checks);
  checks->events->ready(checks->ctx);
}

/* Not from within a call of the owner: that would be told too soon. */
static void on_soon(uv_timer_t *soon)
{
  on_ready(soon->data);
}

static void on_word(void *ctx)
{
  struct zpm_checks *checks = ctx;

  zpm_word_stop_looking(&checks->word);
  if (!checks->health.wants_word)
    return;
  if (zpm_health_on_word(&checks->health))
    uv_timer_start(&checks->soon, on_soon, 0, 0);
  else
    checks->events->changed(checks->ctx);
  note_pending(checks);
}

void zpm_checks_on_message(struct zpm_checks *checks, const char *json,
                           size_t len)
{
  if (checks != NULL && zpm_health_is_ready_json(json, len))
    on_word(checks);
}

/* ---- its end ---- */

static void free_memory(struct zpm_checks *checks)
{
  for (size_t i = 0; i < checks->len; i++)
    zpm_free(checks->probes[i].target);
  zpm_free(checks->probes);
  zpm_free(checks);
}

static void on_all_closed(void *ctx)
{
  free_memory(ctx);
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_checks *checks = handle->data;

  zpm_closer_release(&checks->closer);
}

static void close_timer(struct zpm_checks *checks, uv_timer_t *timer)
{
  zpm_closer_hold(&checks->closer);
  uv_close((uv_handle_t *)timer, on_closed);
}

void zpm_checks_end(struct zpm_checks *checks)
{
  if (checks == NULL)
    return;
  zpm_closer_init(&checks->closer, on_all_closed, checks);
  for (size_t i = 0; i < checks->len; i++)
    zpm_checker_close(&checks->checkers[i], &checks->closer);
  close_timer(checks, &checks->clock);
  close_timer(checks, &checks->soon);
  zpm_word_close(&checks->word, &checks->closer);
  zpm_closer_release(&checks->closer);
}

/* ---- its begin ---- */

static int copy_probes(struct zpm_checks *checks,
                       const struct zpm_probes *probes)
{
  checks->probes = zpm_alloc_zeroed(probes->len + 1, sizeof(struct zpm_probe));
  if (checks->probes == NULL)
    return ZPM_ENOMEM;
  for (; checks->len < probes->len && checks->len < ZPM_PROBES_MAX;
       checks->len++) {
    struct zpm_probe *copy = &checks->probes[checks->len];

    *copy = probes->items[checks->len];
    copy->target = zpm_strdup(copy->target);
    if (copy->target == NULL)
      return ZPM_ENOMEM;
  }
  return 0;
}

static bool is_ready(const struct zpm_checks_options *options)
{
  return options->before != NULL &&
         options->before->machine.state != ZPM_WARMING;
}

static bool asks_word(const struct zpm_checks_options *options)
{
  return options->recipe->config->wait_ready && !is_ready(options) &&
         (options->before == NULL || options->before->wants_word);
}

static struct zpm_checks *create(const struct zpm_checks_options *options)
{
  const struct zpm_config *config = options->recipe->config;
  struct zpm_checks *checks = zpm_alloc_zeroed(
      1, sizeof(*checks) + config->probes.len * sizeof(struct zpm_checker));

  if (checks == NULL)
    return NULL;
  checks->services = options->services;
  checks->recipe = options->recipe;
  checks->events = options->events;
  checks->ctx = options->ctx;
  checks->pulse.timeout_ms = config->event_loop_timeout_ms;
  checks->word = (struct zpm_word){
      .services = options->services,
      .leader = options->leader,
      .port = asks_word(options) && options->recipe->cluster == NULL &&
                      !options->inherits
                  ? (uint16_t)config->port
                  : 0, /* that of a cluster is ours */
      .notify_fd = options->notify_fd,
      .said = on_word,
      .ctx = checks,
  };
  if (copy_probes(checks, &config->probes) == 0)
    return checks;
  free_memory(checks);
  return NULL;
}

static void init_timer(uv_loop_t *loop, uv_timer_t *timer, void *data)
{
  uv_timer_init(loop, timer);
  uv_unref((uv_handle_t *)timer);
  timer->data = data;
}

static int init_handles(struct zpm_checks *checks)
{
  uv_loop_t *loop = checks->services->loop;
  int rc = zpm_word_start(&checks->word);

  if (rc != 0)
    return rc;
  init_timer(loop, &checks->clock, checks);
  init_timer(loop, &checks->soon, checks);
  for (size_t i = 0; i < checks->len; i++) {
    checks->checkers[i] = (struct zpm_checker){.services = checks->services,
                                               .recipe = checks->recipe,
                                               .probe = &checks->probes[i],
                                               .visit = checks->events->visit,
                                               .visit_ctx = checks->ctx,
                                               .done = on_attempted,
                                               .ctx = checks};
    zpm_checker_init(&checks->checkers[i]);
  }
  return 0;
}

static void begin(struct zpm_checks *checks,
                  const struct zpm_checks_options *options)
{
  zpm_health_init(&checks->health,
                  &(struct zpm_probes){checks->probes, checks->len},
                  asks_word(options), is_ready(options));
  if (options->before != NULL)
    memcpy(checks->health.of, options->before->probes,
           sizeof(checks->health.of));
  note_pending(checks);
  if (checks->health.state == ZPM_HEALTH_READY)
    look_after(checks);
  else
    schedule_all(checks);
}

static bool has_use(const struct zpm_checks_options *options)
{
  const struct zpm_config *config = options->recipe->config;

  if (options->notify_fd >= 0 || config->event_loop_timeout_ms > 0)
    return true;
  for (size_t i = 0; i < config->probes.len; i++) {
    if (config->probes.items[i].kind == ZPM_PROBE_LIVENESS)
      return true;
  }
  return !is_ready(options) && zpm_config_waits_ready(config);
}

int zpm_checks_begin(const struct zpm_checks_options *options,
                     struct zpm_checks **out, struct zpm_error *err)
{
  struct zpm_checks *checks;
  int rc = ZPM_ENOMEM;

  *out = NULL;
  if (!has_use(options))
    return 0;
  uv_update_time(options->services->loop);
  checks = create(options);
  if (checks != NULL)
    rc = init_handles(checks);
  if (rc == 0) {
    begin(checks, options);
    *out = checks;
    return 0;
  }
  if (checks != NULL)
    free_memory(checks);
  if (options->notify_fd >= 0)
    close(options->notify_fd);
  return zpm_error_set(err, rc, "cannot look after its health: %s",
                       rc == ZPM_ENOMEM ? zpm_code_text(rc) : uv_strerror(rc));
}

/* ---- looking ---- */

void zpm_checks_note(const struct zpm_checks *checks,
                     struct zpm_snapshot *snapshot)
{
  if (checks == NULL)
    return;
  snapshot->wants_word = checks->health.wants_word;
  memcpy(snapshot->probes, checks->health.of, sizeof(snapshot->probes));
}

int zpm_checks_notify_fd(const struct zpm_checks *checks)
{
  return checks != NULL ? checks->word.notify_fd : -1;
}

const char *zpm_checks_pending(const struct zpm_checks *checks)
{
  return checks != NULL ? checks->pending : "";
}

uint32_t zpm_checks_failures(const struct zpm_checks *checks)
{
  return checks != NULL ? zpm_health_failures(&checks->health) : 0;
}

int zpm_checks_notify_open(int *fd, char name[ZPM_NOTIFY_NAME_SIZE])
{
  return zpm_notify_open(fd, name);
}
