#include "keeper/watchdog.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/sys.h"

enum { MS_PER_S = 1000, LONG = 3 };

void zpm_watchdog_reset(struct zpm_keeper *keeper)
{
  keeper->watchdog =
      (struct zpm_watchdog){.patience_ms = keeper->watchdog.patience_ms};
}

void zpm_watchdog_look(struct zpm_keeper *keeper)
{
  siginfo_t info = {0};

  if (keeper->daemon_pid == 0)
    return;
  while (waitid(P_PID, (id_t)keeper->daemon_pid, &info,
                WSTOPPED | WCONTINUED | WNOHANG) == 0 &&
         info.si_pid != 0) {
    keeper->watchdog.stopped_ms =
        info.si_code == CLD_STOPPED ? zpm_sys_now_ms() : 0;
    info.si_pid = 0;
  }
}

void zpm_watchdog_on_told(struct zpm_keeper *keeper)
{
  if (keeper->daemon_pid != 0 && keeper->watchdog.owed_ms == 0)
    keeper->watchdog.owed_ms = zpm_sys_now_ms();
}

void zpm_watchdog_on_heard(struct zpm_keeper *keeper)
{
  keeper->watchdog.owed_ms = 0;
  keeper->watchdog.asked_ms = 0;
}

/* ---- what is due ---- */

static uint64_t after(uint64_t since_ms, uint64_t wait_ms)
{
  return since_ms != 0 ? since_ms + wait_ms : 0;
}

static uint64_t stop_due(const struct zpm_keeper *keeper)
{
  return after(keeper->watchdog.stopped_ms, keeper->watchdog.patience_ms);
}

static uint64_t trial_due(const struct zpm_keeper *keeper)
{
  return keeper->daemon_on_trial
             ? keeper->daemon_started_ms + LONG * keeper->watchdog.patience_ms
             : 0;
}

/* To be asked, or, if it was, to have answered. */
static uint64_t answer_due(const struct zpm_keeper *keeper)
{
  const struct zpm_watchdog *watchdog = &keeper->watchdog;
  uint64_t since_ms =
      watchdog->asked_ms != 0 ? watchdog->asked_ms : watchdog->owed_ms;

  return after(since_ms, LONG * watchdog->patience_ms);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
  if (a == 0 || b == 0)
    return a + b;
  return a < b ? a : b;
}

uint64_t zpm_watchdog_due(const struct zpm_keeper *keeper)
{
  if (keeper->daemon_pid == 0 || keeper->watchdog.over)
    return 0;
  return earlier(stop_due(keeper),
                 earlier(trial_due(keeper), answer_due(keeper)));
}

/* ---- what is done ---- */

static bool has_come(uint64_t due, uint64_t now)
{
  return due != 0 && now >= due;
}

static void ask(struct zpm_keeper *keeper, uint64_t now)
{
  const struct zpm_wire_record question = {.magic = ZPM_WIRE_MAGIC,
                                           .type = ZPM_WIRE_ASK};

  keeper->watchdog.asked_ms = now;
  if (keeper->ctl.fd >= 0 && zpm_ctl_has_room(&keeper->ctl))
    zpm_ctl_push(&keeper->ctl, &question);
}

static void end(struct zpm_keeper *keeper, uint64_t since_ms, uint64_t now,
                const char *why)
{
  dprintf(STDERR_FILENO,
          "zpm-keeper: the daemon (pid %d) %s for %llu s: it is ended, the "
          "next one takes over\n",
          (int)keeper->daemon_pid, why,
          (unsigned long long)((now - since_ms) / MS_PER_S));
  kill(keeper->daemon_pid, SIGKILL);
  keeper->watchdog.over = true;
}

void zpm_watchdog_step(struct zpm_keeper *keeper)
{
  const struct zpm_watchdog *watchdog = &keeper->watchdog;
  uint64_t now = zpm_sys_now_ms();

  if (!has_come(zpm_watchdog_due(keeper), now))
    return;
  if (has_come(stop_due(keeper), now))
    end(keeper, watchdog->stopped_ms, now, "has been stopped");
  else if (has_come(trial_due(keeper), now))
    end(keeper, keeper->daemon_started_ms, now, "has not begun to serve");
  else if (has_come(answer_due(keeper), now) && watchdog->asked_ms != 0)
    end(keeper, watchdog->owed_ms, now, "has not answered");
  else if (has_come(answer_due(keeper), now))
    ask(keeper, now);
}
