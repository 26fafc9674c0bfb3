#include "core/snapshot.h"

static uint64_t started_at(const struct zpm_run *run, uint64_t now_ms,
                           uint64_t wall_ms)
{
  uint64_t up_ms = wall_ms > run->started_ms ? wall_ms - run->started_ms : 0;

  return up_ms < now_ms ? now_ms - up_ms : 0;
}

void zpm_snapshot_of_record(struct zpm_snapshot *snapshot,
                            const struct zpm_record *record, zpm_seat seat,
                            const struct zpm_policy *policy, uint64_t now_ms,
                            uint64_t wall_ms)
{
  static const struct zpm_life NONE = {0};
  const struct zpm_life *found = zpm_record_life(record, seat);
  const struct zpm_life *life = found != NULL ? found : &NONE;
  const struct zpm_run *run = &life->run;
  struct zpm_effects effects = {0};

  *snapshot = (struct zpm_snapshot){
      .machine = {.state = life->done ? ZPM_DONE : ZPM_STOPPED,
                  .crashes = life->restart_count,
                  .total_restarts = life->total_restarts,
                  .proven = life->proven},
      .run = run->id,
      .start_ticks = run->start_ticks,
      .leader = run->pid,
      .build = run->build,
      .executed = true,
      .want_up = record->want_up,
      .wants_word = true,
  };
  if (record->past.len > 0)
    snapshot->last = record->past.exits[0];
  if (life->last_error != NULL)
    zpm_error_set(&snapshot->error, ZPM_ESTART, "%s", life->last_error);
  if (run->id == 0)
    return;
  effects = zpm_machine_adopt(&snapshot->machine, policy, run,
                              started_at(run, now_ms, wall_ms));
  if (effects.todo & ZPM_DO_TIMER)
    snapshot->timer_due_ms = now_ms + effects.delay_ms;
}

enum zpm_succession zpm_snapshot_succession(const struct zpm_snapshot *snapshot,
                                            bool held)
{
  if (snapshot->run == 0)
    return ZPM_SUCCEED_NONE;
  if (snapshot->leader_ended)
    return ZPM_SUCCEED_REMAINS;
  return held ? ZPM_SUCCEED_RUN : ZPM_SUCCEED_SEARCH;
}

void zpm_snapshot_forget_run(struct zpm_snapshot *snapshot)
{
  snapshot->machine.state = ZPM_STOPPED;
  snapshot->timer_due_ms = 0;
  snapshot->run = 0;
}

/* One that was to be started never was: the keeper did not hear of it. */
enum zpm_succession zpm_snapshot_lost(const struct zpm_snapshot *snapshot)
{
  if (zpm_machine_runs(&snapshot->machine))
    return ZPM_SUCCEED_RUN;
  return snapshot->machine.state == ZPM_STOPPING ? ZPM_SUCCEED_REMAINS
                                                 : ZPM_SUCCEED_NONE;
}

bool zpm_snapshot_timer(const struct zpm_snapshot *snapshot, uint64_t now_ms,
                        uint64_t *delay_ms)
{
  uint64_t due_ms = snapshot->timer_due_ms;

  *delay_ms = due_ms > now_ms ? due_ms - now_ms : 0;
  return due_ms != 0;
}
