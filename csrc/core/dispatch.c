#include "core/dispatch.h"

bool zpm_dispatch_has_room(const struct zpm_dispatch_load *load)
{
  return load->in_flight < ZPM_DISPATCH_WINDOW;
}

bool zpm_dispatch_prefers(const struct zpm_dispatch_load *a,
                          const struct zpm_dispatch_load *b)
{
  if (a->in_flight != b->in_flight)
    return a->in_flight < b->in_flight;
  return a->last_turn < b->last_turn;
}
