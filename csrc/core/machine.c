#include "core/machine.h"

#include <stddef.h>

struct step {
  struct zpm_machine *m;
  const struct zpm_policy *policy;
  const struct zpm_fact *fact;
};

typedef struct zpm_effects transition(const struct step *s);

static const struct zpm_effects NOTHING = {0};

static struct zpm_effects timer(unsigned todo, uint64_t delay_ms)
{
  return (struct zpm_effects){.todo = todo | ZPM_DO_TIMER,
                              .delay_ms = delay_ms};
}

static uint64_t run_length(const struct step *s)
{
  return s->fact->now_ms - s->m->started_ms;
}

/* A run that ends after it became stable clears its past. */
static void note_stability(const struct step *s)
{
  if (s->m->state != ZPM_RUNNING ||
      s->fact->now_ms - s->m->ready_ms < ZPM_STABLE_MS)
    return;
  s->m->crashes = 0;
  s->m->proven = s->m->build;
}

static struct zpm_effects spawn(const struct step *s)
{
  if (s->m->state != ZPM_STOPPED)
    s->m->total_restarts++;
  s->m->state = ZPM_STARTING;
  s->m->started_ms = s->fact->now_ms;
  return (struct zpm_effects){.todo = ZPM_DO_SPAWN | ZPM_DO_DISARM};
}

static struct zpm_effects spawn_fresh(const struct step *s)
{
  s->m->crashes = 0;
  s->m->cause =
      s->fact->event == ZPM_EV_RENEW ? ZPM_CAUSE_RENEWED : ZPM_CAUSE_ASKED;
  return spawn(s);
}

static struct zpm_effects terminate(const struct step *s, enum zpm_state next,
                                    enum zpm_cause cause)
{
  s->m->state = ZPM_STOPPING;
  s->m->next = next;
  s->m->cause = cause;
  s->m->kills = 0;
  return timer(ZPM_DO_TERM, s->policy->kill_timeout_ms);
}

static struct zpm_effects stop(const struct step *s)
{
  note_stability(s);
  return terminate(s, ZPM_STOPPED, ZPM_CAUSE_ASKED);
}

static struct zpm_effects replace(const struct step *s, enum zpm_cause cause)
{
  note_stability(s);
  s->m->crashes = 0;
  return terminate(s, ZPM_STARTING, cause);
}

static struct zpm_effects restart(const struct step *s)
{
  return replace(s, ZPM_CAUSE_ASKED);
}

static struct zpm_effects renew(const struct step *s)
{
  return replace(s, ZPM_CAUSE_RENEWED);
}

static struct zpm_effects settle_in(const struct step *s, enum zpm_state state)
{
  s->m->state = state;
  return (struct zpm_effects){.todo = ZPM_DO_DISARM};
}

static struct zpm_effects rest(const struct step *s)
{
  return settle_in(s, ZPM_STOPPED);
}

static struct zpm_effects cannot(const struct step *s)
{
  s->m->hold = ZPM_HOLD_CANNOT;
  return settle_in(s, ZPM_HELD);
}

static struct zpm_effects wait_in(const struct step *s, enum zpm_state state,
                                  uint64_t delay)
{
  s->m->state = state;
  s->m->due_ms = s->fact->now_ms + delay;
  return timer(0, delay);
}

/* A restart that nobody asked for has to wait for its turn. */
static struct zpm_effects spawn_in_turn(const struct step *s)
{
  struct zpm_budget *budget = s->fact->budget;
  uint64_t delay =
      budget != NULL ? zpm_budget_take(budget, s->fact->now_ms) : 0;

  return delay > 0 ? wait_in(s, ZPM_QUEUED, delay) : spawn(s);
}

static struct zpm_effects back_off(const struct step *s)
{
  uint64_t delay = zpm_policy_backoff(s->policy, s->m->crashes);

  return delay > 0 ? wait_in(s, ZPM_BACKOFF, delay) : spawn_in_turn(s);
}

static struct zpm_effects fork_failed(const struct step *s)
{
  uint64_t delay = zpm_policy_backoff(s->policy, ++s->m->crashes);

  return wait_in(s, ZPM_BACKOFF,
                 delay > ZPM_FORK_AGAIN_MS ? delay : ZPM_FORK_AGAIN_MS);
}

static struct zpm_effects ready(const struct step *s)
{
  s->m->ready_ms = s->fact->now_ms;
  return settle_in(s, ZPM_RUNNING);
}

static struct zpm_effects up(const struct step *s)
{
  s->m->started_ms = s->fact->now_ms;
  s->m->build = s->fact->build;
  if (s->policy->ready_timeout_ms == 0)
    return ready(s);
  s->m->state = ZPM_WARMING;
  return timer(0, s->policy->ready_timeout_ms);
}

static enum zpm_state after_exit(const struct step *s)
{
  struct zpm_exit end = s->fact->end;
  bool proven = zpm_build_equal(&s->m->proven, &s->m->build);

  end.uptime_ms = run_length(s);
  switch (zpm_policy_judge(s->policy, &end, proven)) {
  case ZPM_VERDICT_REST:
    return ZPM_DONE;
  case ZPM_VERDICT_RETRY:
    return ZPM_BACKOFF;
  case ZPM_VERDICT_BUILD:
    s->m->hold = ZPM_HOLD_BUILD;
    return ZPM_HELD;
  case ZPM_VERDICT_HOLD:
    break;
  }
  s->m->hold = ZPM_HOLD_NEVER;
  return ZPM_HELD;
}

/* The leader ended unasked: end what it left behind, then see. */
static struct zpm_effects ended(const struct step *s)
{
  enum zpm_state next;

  note_stability(s);
  next = after_exit(s);
  if (next != ZPM_DONE)
    s->m->crashes++;
  return terminate(s, next, ZPM_CAUSE_ITSELF);
}

/* It runs, but to no good: a crash that has to be brought about. */
static struct zpm_effects fail(const struct step *s, enum zpm_cause cause)
{
  bool never = s->policy->autorestart == ZPM_AUTORESTART_NEVER;

  note_stability(s);
  s->m->crashes++;
  s->m->hold = ZPM_HOLD_NEVER;
  return terminate(s, never ? ZPM_HELD : ZPM_BACKOFF, cause);
}

static struct zpm_effects unhealthy(const struct step *s)
{
  return fail(s, ZPM_CAUSE_UNHEALTHY);
}

static struct zpm_effects never_ready(const struct step *s)
{
  return fail(s, ZPM_CAUSE_NOT_READY);
}

static struct zpm_effects gone(const struct step *s)
{
  if (s->m->next == ZPM_STARTING)
    return spawn(s);
  return s->m->next == ZPM_BACKOFF ? back_off(s) : settle_in(s, s->m->next);
}

static struct zpm_effects kill_now(const struct step *s)
{
  s->m->kills++;
  return timer(ZPM_DO_KILL, ZPM_KILL_AGAIN_MS);
}

static struct zpm_effects then_start(const struct step *s)
{
  s->m->next = ZPM_STARTING;
  s->m->crashes = 0;
  return NOTHING;
}

static struct zpm_effects then_start_unless_stopped(const struct step *s)
{
  return s->m->next != ZPM_STOPPED ? then_start(s) : NOTHING;
}

static struct zpm_effects then_rest(const struct step *s)
{
  s->m->next = ZPM_STOPPED;
  return NOTHING;
}

/* An empty cell is an event that means nothing in that state. */
static transition *const TABLE[ZPM_STATES][ZPM_EVENTS] = {
    [ZPM_STOPPED][ZPM_EV_START] = spawn_fresh,
    [ZPM_STOPPED][ZPM_EV_RESTART] = spawn_fresh,

    [ZPM_STARTING][ZPM_EV_STOP] = stop,
    [ZPM_STARTING][ZPM_EV_RESTART] = restart,
    [ZPM_STARTING][ZPM_EV_RENEW] = renew,
    [ZPM_STARTING][ZPM_EV_UP] = up,
    [ZPM_STARTING][ZPM_EV_CANNOT] = cannot,
    [ZPM_STARTING][ZPM_EV_FORK_FAILED] = fork_failed,
    [ZPM_STARTING][ZPM_EV_EXIT] = ended,

    [ZPM_WARMING][ZPM_EV_STOP] = stop,
    [ZPM_WARMING][ZPM_EV_RESTART] = restart,
    [ZPM_WARMING][ZPM_EV_RENEW] = renew,
    [ZPM_WARMING][ZPM_EV_READY] = ready,
    [ZPM_WARMING][ZPM_EV_UNHEALTHY] = unhealthy,
    [ZPM_WARMING][ZPM_EV_EXIT] = ended,
    [ZPM_WARMING][ZPM_EV_TIMER] = never_ready,

    [ZPM_RUNNING][ZPM_EV_STOP] = stop,
    [ZPM_RUNNING][ZPM_EV_RESTART] = restart,
    [ZPM_RUNNING][ZPM_EV_RENEW] = renew,
    [ZPM_RUNNING][ZPM_EV_UNHEALTHY] = unhealthy,
    [ZPM_RUNNING][ZPM_EV_EXIT] = ended,

    [ZPM_STOPPING][ZPM_EV_START] = then_start,
    [ZPM_STOPPING][ZPM_EV_STOP] = then_rest,
    [ZPM_STOPPING][ZPM_EV_RESTART] = then_start,
    [ZPM_STOPPING][ZPM_EV_RENEW] = then_start_unless_stopped,
    [ZPM_STOPPING][ZPM_EV_GONE] = gone,
    [ZPM_STOPPING][ZPM_EV_TIMER] = kill_now,

    [ZPM_BACKOFF][ZPM_EV_START] = spawn_fresh,
    [ZPM_BACKOFF][ZPM_EV_STOP] = rest,
    [ZPM_BACKOFF][ZPM_EV_RESTART] = spawn_fresh,
    [ZPM_BACKOFF][ZPM_EV_RENEW] = spawn_fresh,
    [ZPM_BACKOFF][ZPM_EV_TIMER] = spawn_in_turn,

    [ZPM_QUEUED][ZPM_EV_START] = spawn_fresh,
    [ZPM_QUEUED][ZPM_EV_STOP] = rest,
    [ZPM_QUEUED][ZPM_EV_RESTART] = spawn_fresh,
    [ZPM_QUEUED][ZPM_EV_RENEW] = spawn_fresh,
    [ZPM_QUEUED][ZPM_EV_TIMER] = spawn,

    [ZPM_HELD][ZPM_EV_START] = spawn_fresh,
    [ZPM_HELD][ZPM_EV_STOP] = rest,
    [ZPM_HELD][ZPM_EV_RESTART] = spawn_fresh,
    [ZPM_HELD][ZPM_EV_RENEW] = spawn_fresh,

    [ZPM_DONE][ZPM_EV_START] = spawn_fresh,
    [ZPM_DONE][ZPM_EV_STOP] = rest,
    [ZPM_DONE][ZPM_EV_RESTART] = spawn_fresh,
    [ZPM_DONE][ZPM_EV_RENEW] = spawn_fresh,
};

struct zpm_effects zpm_machine_step(struct zpm_machine *machine,
                                    const struct zpm_policy *policy,
                                    const struct zpm_fact *fact)
{
  transition *go = TABLE[machine->state][fact->event];

  if (go == NULL)
    return NOTHING;
  return go(&(struct step){machine, policy, fact});
}

struct zpm_effects zpm_machine_adopt(struct zpm_machine *machine,
                                     const struct zpm_policy *policy,
                                     const struct zpm_run *run,
                                     uint64_t started_ms)
{
  machine->started_ms = started_ms;
  machine->ready_ms = started_ms;
  machine->build = run->build;
  machine->state = ZPM_RUNNING;
  if (run->ready || policy->ready_timeout_ms == 0)
    return NOTHING;
  machine->state = ZPM_WARMING;
  return timer(0, policy->ready_timeout_ms);
}

/* Where it is, or is bound for. */
static enum zpm_state lasting(const struct zpm_machine *machine)
{
  return machine->state == ZPM_STOPPING ? machine->next : machine->state;
}

enum zpm_event zpm_machine_resume(const struct zpm_machine *machine,
                                  bool want_up, bool leaving)
{
  if (lasting(machine) == ZPM_STOPPED)
    return want_up ? ZPM_EV_START : ZPM_EVENTS;
  if (lasting(machine) == ZPM_DONE)
    return ZPM_EVENTS;
  if (!want_up)
    return ZPM_EV_STOP;
  /* A process that ended by itself meanwhile is judged as ever: exit 0 is its
   * end, unless a restart was under way. */
  return leaving ? ZPM_EV_RESTART : ZPM_EVENTS;
}

bool zpm_machine_wants_up(const struct zpm_machine *machine)
{
  return lasting(machine) != ZPM_STOPPED && lasting(machine) != ZPM_DONE;
}

bool zpm_machine_is_alive(const struct zpm_machine *machine)
{
  return machine->state == ZPM_STARTING || machine->state == ZPM_STOPPING ||
         zpm_machine_runs(machine);
}

bool zpm_machine_runs(const struct zpm_machine *machine)
{
  return machine->state == ZPM_WARMING || machine->state == ZPM_RUNNING;
}

bool zpm_machine_heeds_files(const struct zpm_machine *machine, bool dev)
{
  if (dev)
    return lasting(machine) != ZPM_STOPPED;
  return lasting(machine) == ZPM_HELD && machine->hold == ZPM_HOLD_BUILD;
}

bool zpm_machine_heeds_clock(const struct zpm_machine *machine)
{
  return lasting(machine) != ZPM_STOPPED;
}

bool zpm_machine_is_stuck(const struct zpm_machine *machine)
{
  return machine->state == ZPM_STOPPING && machine->kills > ZPM_STUCK_KILLS;
}

uint32_t zpm_machine_restart_count(const struct zpm_machine *machine,
                                   uint64_t now_ms)
{
  bool stable = machine->state == ZPM_RUNNING &&
                now_ms - machine->ready_ms >= ZPM_STABLE_MS;

  return stable ? 0 : machine->crashes;
}

uint64_t zpm_machine_uptime(const struct zpm_machine *machine, uint64_t now_ms)
{
  bool runs = zpm_machine_runs(machine) || machine->state == ZPM_STOPPING;

  return runs ? now_ms - machine->started_ms : 0;
}
