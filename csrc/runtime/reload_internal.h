#ifndef ZPM_RUNTIME_RELOAD_INTERNAL_H
#define ZPM_RUNTIME_RELOAD_INTERNAL_H

#include <uv.h>

#include "core/record.h"
#include "core/replacement.h"
#include "runtime/closer.h"
#include "runtime/reload.h"

/* What reload.c (all instances of an app) and reload_change.c (one of them)
 * share. */

/* One instance that is being replaced. */
struct zpm_change {
  struct zpm_reload *reload;
  struct zpm_replacement replacement;
  zpm_seat old; /* in these seats */
  zpm_seat successor;
  zpm_seat leaver; /* the one of them who has to go */
  uv_timer_t timer;
};

struct zpm_reload {
  struct zpm_app *app;
  struct zpm_reload_options asked;
  unsigned next;     /* instance */
  unsigned replaced; /* instances */
  bool stepping;     /* what happens meanwhile is seen when it looks again */
  bool refused;      /* the app can only be restarted */
  struct zpm_error failure; /* code 0: it has not failed */
  struct zpm_closer closer;
  unsigned change_count;
  struct zpm_change changes[];
};

/* Idle. */
void zpm_change_init(struct zpm_change *change, struct zpm_reload *reload);
/* Nothing happens to an instance that is not there. */
void zpm_change_begin(struct zpm_change *change, unsigned instance);
/* True if something was done, so that there may be more to do. */
bool zpm_change_step(struct zpm_change *change);
/* Whatever it was about to do; `closed` comes from the loop for its timer,
 * whose data it is. */
void zpm_change_end(struct zpm_change *change, uv_close_cb closed);

#endif
