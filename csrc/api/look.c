#include "api/handlers.h"

#include "api/state.h"
#include "api/view_json.h"

/*
 * Commands that only look.  Those that show figures measure first.
 */

static const struct zpm_app *find(const struct zpm_call *call)
{
  const char *name = zpm_request_string(&call->request, "name");

  return name != NULL ? zpm_supervisor_find(call->api->supervisor, name) : NULL;
}

typedef void write_app(struct zpm_writer *writer, const struct zpm_app *app);

static void answer_array(struct zpm_call *call, write_app *write)
{
  const struct zpm_supervisor *supervisor = call->api->supervisor;
  size_t count = zpm_supervisor_count(supervisor);
  struct zpm_writer w;

  zpm_call_begin(call, &w);
  zpm_writer_begin_array(&w);
  for (size_t i = 0; i < count; i++)
    write(&w, zpm_supervisor_app(supervisor, i));
  zpm_writer_end_array(&w);
  zpm_call_end(call, &w);
}

/* Measures the app of the request, or all, then goes on with `done`. */
static void measure(struct zpm_call *call, zpm_done_cb *done)
{
  const char *name = zpm_request_string(&call->request, "name");

  if (name != NULL && find(call) == NULL)
    zpm_call_answer_no_app(call, name);
  else
    zpm_supervisor_measure(call->api->supervisor, name, done, call);
}

/* ---- stats ---- */

/* Figures that could not be had are shown as they were: `err` tells nothing
 * that the answer does not. */
static void on_measured_stats(void *ctx, const char *text,
                              const struct zpm_error *err)
{
  struct zpm_call *call = ctx;
  const char *name = zpm_request_string(&call->request, "name");
  const struct zpm_app *app = find(call);
  struct zpm_writer w;

  (void)text;
  (void)err;
  if (name == NULL) {
    answer_array(call, zpm_view_json_stats);
  } else if (app == NULL) {
    zpm_call_answer_no_app(call, name);
  } else {
    zpm_call_begin(call, &w);
    zpm_writer_begin_array(&w);
    zpm_view_json_stats(&w, app);
    zpm_writer_end_array(&w);
    zpm_call_end(call, &w);
  }
}

void zpm_look_stats(struct zpm_call *call)
{
  measure(call, on_measured_stats);
}

/* ---- describe ---- */

static void on_measured_describe(void *ctx, const char *text,
                                 const struct zpm_error *err)
{
  struct zpm_call *call = ctx;
  const char *folder = zpm_supervisor_logs_folder(call->api->supervisor);
  const struct zpm_app *app = find(call);
  struct zpm_writer w;

  (void)text;
  (void)err;
  if (app == NULL) {
    zpm_call_answer_no_app(call, zpm_request_string(&call->request, "name"));
    return;
  }
  zpm_call_begin(call, &w);
  zpm_view_json_describe(&w, app, folder,
                         zpm_request_bool(&call->request, "showEnv", false));
  zpm_call_end(call, &w);
}

void zpm_look_describe(struct zpm_call *call)
{
  measure(call, on_measured_describe);
}

/* ---- list, find-worker, get-store ---- */

static void write_name(struct zpm_writer *writer, const struct zpm_app *app)
{
  struct zpm_app_view view;

  zpm_app_view(app, &view);
  zpm_writer_text(writer, view.name);
}

void zpm_look_list(struct zpm_call *call)
{
  answer_array(call, write_name);
}

void zpm_look_find(struct zpm_call *call)
{
  const struct zpm_app *app = find(call);
  struct zpm_writer w;

  zpm_call_begin(call, &w);
  if (app != NULL)
    zpm_view_json_config(&w, app,
                         zpm_request_bool(&call->request, "showEnv", false));
  else
    zpm_writer_null(&w);
  zpm_call_end(call, &w);
}

void zpm_look_store(struct zpm_call *call)
{
  answer_array(call, zpm_view_json_row);
}
