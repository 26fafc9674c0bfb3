#include "platform/platform.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* The kernel cuts off what it cannot count; a clock that is set is told even
 * while nothing is due. */
enum { NEVER_S = INT32_MAX };

int zpm_platform_alarm_create(void)
{
  int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

  return fd >= 0 ? fd : -errno;
}

int zpm_platform_alarm_set(int alarm, int64_t at_s)
{
  enum { FLAGS = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET };
  struct itimerspec when = {0};

  /* All zero would stop it. */
  when.it_value.tv_sec = (time_t)(at_s < 0 ? NEVER_S : at_s);
  when.it_value.tv_nsec = 1;
  return timerfd_settime(alarm, FLAGS, &when, NULL) == 0 ? 0 : -errno;
}

void zpm_platform_alarm_drain(int alarm)
{
  uint64_t times;
  ssize_t len = read(alarm, &times, sizeof(times));

  (void)len; /* ECANCELED when the clock was set: as good */
}
