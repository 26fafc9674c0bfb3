#include "platform/platform.h"

#include <time.h>

int64_t zpm_platform_wall_s(void)
{
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec;
}

int32_t zpm_platform_utc_offset(int64_t at_s)
{
  time_t at = (time_t)at_s;
  struct tm local;

  if (localtime_r(&at, &local) == NULL)
    return 0;
  return (int32_t)local.tm_gmtoff;
}
