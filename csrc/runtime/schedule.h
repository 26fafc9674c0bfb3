#ifndef ZPM_RUNTIME_SCHEDULE_H
#define ZPM_RUNTIME_SCHEDULE_H

#include <uv.h>

#include "zpm/error.h"

/*
 * The restarts of one app by the clock (config.cron, local time).  Sleeps until
 * the next time, and looks again when the clock of the machine is set or it
 * wakes from suspend.  What the times are is decided in core/cron.h.
 */
struct zpm_schedule;

/* `cron` is valid (zpm_cron_parse). */
int zpm_schedule_open(uv_loop_t *loop, const char *cron, void (*due)(void *ctx),
                      void *ctx, struct zpm_schedule **out,
                      struct zpm_error *err);
/* No callback comes after this; memory is released by the loop. NULL is legal.
 */
void zpm_schedule_close(struct zpm_schedule *schedule);

#endif
