#include "core/steering.h"

bool zpm_steering_on_connection(struct zpm_steering *steering, uint64_t now_ms)
{
  if (!steering->spreads &&
      now_ms - steering->window_ms >= ZPM_STEERING_WINDOW_MS) {
    steering->window_ms = now_ms;
    steering->count = 0;
  }
  steering->count++;
  if (steering->spreads || steering->count < ZPM_STEERING_MANY)
    return false;
  *steering = (struct zpm_steering){.spreads = true};
  return true;
}

bool zpm_steering_on_window(struct zpm_steering *steering)
{
  bool few;

  if (++steering->windows < ZPM_STEERING_LOOK_WINDOWS)
    return false;
  few = steering->count < ZPM_STEERING_FEW;
  steering->windows = 0;
  steering->count = 0;
  if (few)
    *steering = (struct zpm_steering){0};
  return few;
}
