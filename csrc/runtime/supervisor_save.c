#include "runtime/supervisor_internal.h"

#include "base/alloc.h"
#include "proto/state_json.h"
#include "runtime/keeper_link.h"
#include "runtime/store.h"

/* Facts may come in storms (500 apps that crash): they are written at most this
 * often.  Wishes are written before they are answered. */
enum { PAUSE_MS = 100, SYNC_AFTER_MS = 1000, TRY_AGAIN_MS = 2000 };

static void on_timer(uv_timer_t *timer)
{
  zpm_supervisor_save_flush(timer->data, ZPM_SAVED);
}

/* Said once when it begins, and once when it is over. */
static void note_result(struct zpm_supervisor *supervisor,
                        const struct zpm_error *err)
{
  if (err->code != 0 && supervisor->save_error == 0)
    zpm_supervisor_tell_trouble(supervisor, err->message);
  if (err->code == 0 && supervisor->save_error != 0)
    zpm_supervisor_tell_trouble(supervisor, "the state is saved again");
  supervisor->save_error = err->code;
}

static void sync_state(struct zpm_supervisor *supervisor)
{
  struct zpm_error err = {0};

  if (supervisor->save_error != 0)
    return; /* the new contents are not there yet */
  zpm_store_sync(supervisor->state_path, &err);
  note_result(supervisor, &err);
}

static void on_sync_due(uv_timer_t *timer)
{
  sync_state(timer->data);
}

static void init_timer(struct zpm_supervisor *supervisor, uv_timer_t *timer)
{
  uv_timer_init(supervisor->services.loop, timer);
  uv_unref((uv_handle_t *)timer);
  timer->data = supervisor;
}

void zpm_supervisor_save_init(struct zpm_supervisor *supervisor)
{
  init_timer(supervisor, &supervisor->save_timer);
  init_timer(supervisor, &supervisor->sync_timer);
}

static uint64_t pause_for(const struct zpm_supervisor *supervisor,
                          enum zpm_unsaved what)
{
  uint64_t due_ms = supervisor->saved_at_ms + PAUSE_MS;
  uint64_t now_ms = uv_now(supervisor->services.loop);

  if (what == ZPM_UNSAVED_WISHES || supervisor->state_path == NULL)
    return 0;
  return due_ms > now_ms ? due_ms - now_ms : 0;
}

bool zpm_supervisor_save_is_due(const struct zpm_supervisor *supervisor)
{
  return pause_for(supervisor, ZPM_UNSAVED_FACTS) == 0;
}

void zpm_supervisor_save_mark(struct zpm_supervisor *supervisor,
                              enum zpm_unsaved what)
{
  uv_timer_t *timer = &supervisor->save_timer;

  if (what > supervisor->unsaved)
    supervisor->unsaved = what;
  else if (uv_is_active((uv_handle_t *)timer))
    return;
  uv_timer_start(timer, on_timer, pause_for(supervisor, what), 0);
}

/* ---- writing ---- */

static void write_records(struct zpm_supervisor *supervisor,
                          const struct zpm_record **records,
                          struct zpm_error *err)
{
  struct zpm_str text = {0};
  size_t count = 0;
  int rc;

  ZPM_LIST_EACH(it, &supervisor->apps)
  {
    struct zpm_app *app = ZPM_CONTAINER_OF(it, struct zpm_app, link);

    zpm_app_sync_record(app, !supervisor->suspended);
    records[count++] = &app->record;
  }
  rc = zpm_state_to_json(&text, records, count);
  if (rc == 0)
    zpm_store_write(supervisor->state_path, text.data, text.len, err);
  else
    zpm_error_set(err, rc, "cannot save the state: %s", zpm_code_text(rc));
  zpm_str_deinit(&text);
}

static void write_state(struct zpm_supervisor *supervisor)
{
  const struct zpm_record **records;
  struct zpm_error err = {0};

  if (supervisor->state_path == NULL)
    return;
  records =
      zpm_alloc((supervisor->app_count + 1) * sizeof(struct zpm_record *));
  if (records != NULL)
    write_records(supervisor, records, &err);
  else
    zpm_error_set(&err, ZPM_ENOMEM, "cannot save the state: out of memory");
  zpm_free(records);
  note_result(supervisor, &err);
}

static void acknowledge(struct zpm_supervisor *supervisor)
{
  for (size_t i = 0; i < supervisor->ack_count; i++)
    zpm_keeper_link_ack(supervisor->services.link, supervisor->acks[i]);
  supervisor->ack_count = 0;
}

/* A failed write is tried again at the next change, or after a while; until
 * then the old file stands.  Exits are acknowledged all the same: zombies would
 * help nobody. */
void zpm_supervisor_save_flush(struct zpm_supervisor *supervisor,
                               enum zpm_unsaved at_least)
{
  if (supervisor->unsaved == ZPM_SAVED || supervisor->unsaved < at_least ||
      supervisor->resuming)
    return;
  uv_timer_stop(&supervisor->save_timer);
  supervisor->unsaved = ZPM_SAVED;
  supervisor->saved_at_ms = uv_now(supervisor->services.loop);
  write_state(supervisor);
  if (supervisor->save_error != 0) {
    supervisor->unsaved = ZPM_UNSAVED_FACTS;
    uv_timer_start(&supervisor->save_timer, on_timer, TRY_AGAIN_MS, 0);
  }
  if (supervisor->state_path != NULL &&
      !uv_is_active((uv_handle_t *)&supervisor->sync_timer))
    uv_timer_start(&supervisor->sync_timer, on_sync_due, SYNC_AFTER_MS, 0);
  acknowledge(supervisor);
}

void zpm_supervisor_save_sync(struct zpm_supervisor *supervisor)
{
  uv_timer_t *timer = &supervisor->sync_timer;

  if (!uv_is_active((uv_handle_t *)timer))
    return;
  uv_timer_stop(timer);
  sync_state(supervisor);
}

int zpm_supervisor_save(struct zpm_supervisor *supervisor,
                        struct zpm_error *err)
{
  int rc;

  zpm_supervisor_save_flush(supervisor, ZPM_UNSAVED_FACTS);
  zpm_supervisor_save_sync(supervisor);
  rc = supervisor->save_error;
  if (rc == 0)
    return 0;
  return zpm_error_set(err, ZPM_EIO,
                       "the state cannot be saved: %s. The log of the daemon "
                       "tells more; it is tried again every two seconds",
                       rc <= ZPM_ENOMEM ? zpm_code_text(rc) : uv_strerror(rc));
}

void zpm_supervisor_save_ack(struct zpm_supervisor *supervisor, uint64_t id)
{
  if (supervisor->ack_count == supervisor->ack_room) {
    size_t room = supervisor->ack_room > 0 ? supervisor->ack_room * 2 : 16;
    uint64_t *acks =
        zpm_realloc(supervisor->acks, room * sizeof(*supervisor->acks));

    if (acks == NULL) { /* a zombie less is better than a run less */
      zpm_keeper_link_ack(supervisor->services.link, id);
      return;
    }
    supervisor->acks = acks;
    supervisor->ack_room = room;
  }
  supervisor->acks[supervisor->ack_count++] = id;
  zpm_supervisor_save_mark(supervisor, ZPM_UNSAVED_FACTS);
}
