#include "runtime/supervisor_internal.h"

#include "base/alloc.h"

/* In which order apps were started, and so come back after a boot. */

void zpm_supervisor_note_start(const struct zpm_supervisor *supervisor,
                               struct zpm_app *app)
{
  uint64_t last = 0;

  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    const struct zpm_app *other = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    if (other != app && other->record.start_order > last)
      last = other->record.start_order;
  }
  if (app->record.start_order <= last)
    app->record.start_order = last + 1;
}

/* The wishes in the record still are what was saved, or what the snapshots
 * say: nothing has been saved since. */
static void resume_app(struct zpm_supervisor *supervisor, struct zpm_app *app)
{
  app->feeding = true;
  zpm_app_resume(app);
  app->feeding = false;
  zpm_supervisor_limits_settle(supervisor, app); /* taken over, perhaps */
  if (app->forget)
    zpm_supervisor_settle(supervisor, app);
}

void zpm_supervisor_resume(struct zpm_supervisor *supervisor)
{
  struct zpm_record **records =
      zpm_alloc((supervisor->app_count + 1) * sizeof(struct zpm_record *));
  size_t count = 0;

  supervisor->resuming = true;
  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    if (records != NULL)
      records[count++] = &app->record;
    else /* in another order is better than not at all */
      resume_app(supervisor, app);
  }
  zpm_records_sort_by_start(records, count);
  for (size_t i = 0; i < count; i++)
    resume_app(supervisor,
               ZPM_CONTAINER_OF(records[i], struct zpm_app, record));
  zpm_free(records);
  supervisor->resuming = false;
}
