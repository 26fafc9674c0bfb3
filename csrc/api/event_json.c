#include "api/event_json.h"

#include "api/call.h"
#include "api/view_json.h"
#include "runtime/logs.h"

static void put_text(struct zpm_writer *w, const char *key, const char *text)
{
  zpm_writer_key(w, key);
  zpm_writer_text(w, text);
}

static void put_place(struct zpm_writer *w, const struct zpm_log_place *place)
{
  char text[ZPM_LOG_PLACE_SIZE];

  zpm_log_place_put(place, text);
  put_text(w, "at", text);
}

static void begin_event(struct zpm_writer *w, const char *event)
{
  zpm_writer_begin_object(w);
  put_text(w, "event", event);
}

static int end_line(struct zpm_writer *w)
{
  zpm_call_write_tail(w);
  return w->failed ? ZPM_ENOMEM : 0;
}

int zpm_event_json_output(struct zpm_str *out, const struct zpm_request_id *id,
                          const struct zpm_output *output)
{
  struct zpm_writer writer = {.out = out};

  if (id != NULL)
    zpm_call_write_head(&writer, *id, true);
  else
    begin_event(&writer, "log");
  put_text(&writer, "name", output->app);
  put_text(&writer, "stream", output->stream == ZPM_STREAM_ERR ? "err" : "out");
  zpm_writer_key(&writer, "data");
  zpm_writer_bytes(&writer, output->bytes, output->len);
  if (output->place.file != 0)
    put_place(&writer, &output->place);
  return end_line(&writer);
}

static const char *event_name(enum zpm_event_kind kind)
{
  if (kind == ZPM_EVENT_DELETED)
    return "delete";
  return kind == ZPM_EVENT_EXIT ? "exit" : "app";
}

int zpm_event_json_app(struct zpm_str *out, enum zpm_event_kind kind,
                       const char *name, const struct zpm_app *app)
{
  struct zpm_writer writer = {.out = out};

  begin_event(&writer, event_name(kind));
  put_text(&writer, "name", name);
  zpm_writer_key(&writer, "data");
  if (kind == ZPM_EVENT_DELETED || app == NULL)
    zpm_writer_null(&writer);
  else if (kind == ZPM_EVENT_EXIT)
    zpm_view_json_exit(&writer, app);
  else
    zpm_view_json_row(&writer, app);
  return end_line(&writer);
}

int zpm_event_json_shutdown(struct zpm_str *out)
{
  struct zpm_writer writer = {.out = out};

  begin_event(&writer, "shutdown");
  return end_line(&writer);
}

int zpm_event_json_lag(struct zpm_str *out, uint64_t bytes, uint64_t events)
{
  struct zpm_writer writer = {.out = out};

  begin_event(&writer, "lag");
  zpm_writer_key(&writer, "data");
  zpm_writer_begin_object(&writer);
  zpm_writer_key(&writer, "dropped");
  zpm_writer_uint(&writer, bytes);
  zpm_writer_key(&writer, "events");
  zpm_writer_uint(&writer, events);
  zpm_writer_end_object(&writer);
  return end_line(&writer);
}
