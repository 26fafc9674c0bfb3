#include "runtime/schedule.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "core/cron.h"
#include "platform/platform.h"

struct zpm_schedule {
  struct zpm_cron cron;
  struct zpm_cron_plan plan;
  int alarm;
  uv_poll_t poll;
  void (*due)(void *ctx);
  void *ctx;
};

static int32_t utc_offset(void *ctx, int64_t at_s)
{
  (void)ctx;
  return zpm_platform_utc_offset(at_s);
}

/* Sleeps until the planned time. True if a time came while it was planned. */
static bool sleep_on(struct zpm_schedule *schedule)
{
  bool due = false;

  while (zpm_platform_alarm_set(schedule->alarm, schedule->plan.due_s) ==
         -ECANCELED)
    due |= zpm_cron_plan_look(&schedule->plan, zpm_platform_wall_s());
  return due;
}

static void on_alarm(uv_poll_t *handle, int status, int events)
{
  struct zpm_schedule *schedule = handle->data;
  bool due;

  (void)status;
  (void)events;
  zpm_platform_alarm_drain(schedule->alarm);
  due = zpm_cron_plan_look(&schedule->plan, zpm_platform_wall_s());
  due |= sleep_on(schedule);
  if (due)
    schedule->due(schedule->ctx); /* may close it */
}

static int watch_alarm(struct zpm_schedule *schedule, uv_loop_t *loop)
{
  int rc = uv_poll_init(loop, &schedule->poll, schedule->alarm);

  if (rc != 0)
    return rc;
  schedule->poll.data = schedule;
  uv_unref((uv_handle_t *)&schedule->poll);
  return uv_poll_start(&schedule->poll, UV_READABLE, on_alarm);
}

int zpm_schedule_open(uv_loop_t *loop, const char *cron, void (*due)(void *ctx),
                      void *ctx, struct zpm_schedule **out,
                      struct zpm_error *err)
{
  struct zpm_schedule *schedule = zpm_alloc_zeroed(1, sizeof(*schedule));
  int rc;

  if (schedule == NULL)
    return zpm_error_set(err, ZPM_ENOMEM, "%s", zpm_code_text(ZPM_ENOMEM));
  rc = zpm_cron_parse(cron, &schedule->cron, err);
  if (rc != 0)
    goto failed;
  schedule->alarm = zpm_platform_alarm_create();
  rc = schedule->alarm >= 0 ? 0 : schedule->alarm;
  if (rc == 0)
    rc = watch_alarm(schedule, loop);
  if (rc != 0) {
    zpm_error_set(err, rc, "cannot wait for the times of cron: %s",
                  strerror(-rc));
    goto failed_alarm;
  }
  schedule->due = due;
  schedule->ctx = ctx;
  schedule->plan = (struct zpm_cron_plan){
      .cron = &schedule->cron,
      .offset = utc_offset,
  };
  zpm_cron_plan_begin(&schedule->plan, zpm_platform_wall_s());
  sleep_on(schedule);
  *out = schedule;
  return 0;

failed_alarm:
  if (schedule->alarm >= 0)
    close(schedule->alarm);
failed:
  zpm_free(schedule);
  return rc;
}

static void on_closed(uv_handle_t *handle)
{
  struct zpm_schedule *schedule = handle->data;

  close(schedule->alarm);
  zpm_free(schedule);
}

void zpm_schedule_close(struct zpm_schedule *schedule)
{
  if (schedule != NULL)
    uv_close((uv_handle_t *)&schedule->poll, on_closed);
}
