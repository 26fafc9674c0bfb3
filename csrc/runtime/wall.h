#ifndef ZPM_RUNTIME_WALL_H
#define ZPM_RUNTIME_WALL_H

#include <stdint.h>

#include <uv.h>

/* The clock on the wall, for what is shown or saved: milliseconds since 1970.
 * It may be set at any time; nothing waits by it. */
static inline uint64_t zpm_wall_ms(void)
{
  uv_timeval64_t wall;

  uv_gettimeofday(&wall);
  return (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_usec / 1000;
}

#endif
